// The schedule of a reference trajectory as rows for the simulator: from the file's own columns or from a list.

import Patients
import PositionedJSON

enum TrajectorySchedule {
    /// Most rows that a list may unfold to.
    static let maximumRows = 1_000_000

    /// Inputs that stand as columns in the trajectory's file.
    static func rows(
        _ table: NumericTable, _ times: [Double], _ model: EnvironmentModel
    ) -> [CourseSimulator.Row] {
        let inputs = model.inputs.map {
            (name: $0.name, rate: table.index($0.column), amount: table.index("\($0.column).impulse"))
        }
        return zip(times, table.rows).map { time, row in
            var result = CourseSimulator.Row(time: time, rates: [:])
            for input in inputs {
                if let column = input.rate { result.rates[input.name] = row[column] }
                if let column = input.amount { result.impulses[input.name] = row[column] }
            }
            return result
        }
    }

    /// A list: what an entry names is set from its time on; `NAME.impulse` is given at once; both again every `every`
    /// as long as the time is before `until`.
    static func rows(
        _ list: [JSONNode], _ model: EnvironmentModel, until end: Double, _ complaints: Complaints
    ) -> [CourseSimulator.Row] {
        struct Change {
            var time: Double
            var input: String
            var value: Double
            var isImpulse: Bool
        }
        var changes: [Change] = []
        for node in list {
            let reader = ObjectReader(node, what: "an entry of the schedule", complaints: complaints)
            let start = reader.number("time") ?? 0
            let every = reader.optionalNumber("every", in: .positive)
            let until = reader.optionalNumber("until") ?? end
            var times = [start]
            if let every {
                let count = ((min(until, end) - start) / every).rounded(.up)
                guard count <= Double(maximumRows) else {
                    complaints.add(node, "this repeats \(count) times; a schedule has at most \(maximumRows) rows")
                    continue
                }
                times = (0..<max(1, Int(max(0, count)))).map { start + Double($0) * every }
            }
            for input in model.inputs {
                for name in Set([input.column, input.name]).sorted() {
                    for isImpulse in [false, true] {
                        guard let value = reader.optionalNumber(isImpulse ? "\(name).impulse" : name) else { continue }
                        for time in times {
                            changes.append(Change(time: time, input: input.name, value: value, isImpulse: isImpulse))
                        }
                    }
                }
            }
            reader.finish()
        }
        var rows: [CourseSimulator.Row] = []
        var rates: [String: Double] = [:]
        for change in changes.enumerated().sorted(by: { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }) {
            if rows.last?.time != change.element.time {
                rows.append(CourseSimulator.Row(time: change.element.time, rates: rates))
            }
            if change.element.isImpulse {
                rows[rows.count - 1].impulses[change.element.input, default: 0] += change.element.value
            } else {
                rates[change.element.input] = change.element.value
                rows[rows.count - 1].rates = rates
            }
        }
        return rows
    }
}

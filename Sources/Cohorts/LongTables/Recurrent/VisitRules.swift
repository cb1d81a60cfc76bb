// What never happens in a long table, and so must not in a synthetic one: leaving a final state, falling where all rise.

import PositionedJSON

/// Rules that the visits of a table keep without exception, found where chance would hardly keep them.
package struct VisitRules: Sendable, Equatable {
    /// Per column and state: whoever has it has no further visit (a death, a transplant).
    package var terminal: [[Bool]]
    /// Per column and state: whoever has it keeps it.
    package var absorbing: [[Bool]]
    /// Per column: 1 where no patient's value ever falls, −1 where none ever rises, 0 otherwise.
    package var direction: [Int]
    /// Every patient's last visit is in a terminal state of some column, so that nothing else ends the visits.
    package var isEndTold: Bool

    /// Visits after a state, or changes of a number, below which chance may have kept the rule.
    static let leastEvidence = 20
    /// Largest probability that a state would be met at last visits only by chance.
    static let chance = 1e-3

    init(_ table: PatientTable, _ encoding: TableEncoding, starts: [Int]) {
        let visits = table.rowCount
        let patients = starts.count - 1
        // Of a visit, to be a patient's last.
        let lastShare = Double(patients) / Double(max(visits, 1))
        terminal = []
        absorbing = []
        direction = []
        var isTold = [Bool](repeating: false, count: patients)
        for plan in encoding.plans {
            let column = table.columns[plan.column]
            let states = column.values.map { plan.state(of: $0) ?? 0 }
            var count = [Int](repeating: 0, count: plan.states.count)
            var followed = count
            var left = count
            var rises = 0
            var falls = 0
            for patient in 0..<patients {
                for row in starts[patient]..<starts[patient + 1] {
                    count[states[row]] += 1
                    guard row + 1 < starts[patient + 1] else { continue }
                    followed[states[row]] += 1
                    if states[row + 1] != states[row] { left[states[row]] += 1 }
                }
                // The value before may lie several visits back.
                var last = Double.nan
                for row in starts[patient]..<starts[patient + 1] where !column.values[row].isNaN {
                    if column.values[row] > last { rises += 1 } else if column.values[row] < last { falls += 1 }
                    last = column.values[row]
                }
            }
            let isValue = plan.states.map { state in
                if case .value = state { return true }
                return false
            }
            let ends = plan.states.indices.map { state in
                isValue[state] && plan.states.count > 1 && followed[state] == 0 && count[state] > 0
                    && VisitRules.power(lastShare, count[state]) < VisitRules.chance
            }
            terminal.append(ends)
            absorbing.append(
                plan.states.indices.map {
                    isValue[$0] && plan.states.count > 1 && left[$0] == 0 && followed[$0] >= VisitRules.leastEvidence
                })
            let isOrdered = column.isNumeric || column.schema.type == .ordinal
            direction.append(
                !isOrdered || min(rises, falls) > 0 || max(rises, falls) < VisitRules.leastEvidence
                    ? 0 : rises > 0 ? 1 : -1)
            for patient in 0..<patients where ends[states[starts[patient + 1] - 1]] { isTold[patient] = true }
        }
        isEndTold = patients > 0 && isTold.allSatisfy { $0 }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<min(exponent, 1000)).reduce(1.0) { product, _ in product * base }
    }

    func json() -> JSONValue {
        func flags(_ rows: [[Bool]]) -> JSONValue { .array(rows.map { .array($0.map { .bool($0) }) }) }
        return [
            "terminal": flags(terminal), "absorbing": flags(absorbing),
            "direction": .array(direction.map { .integer($0) }),
            "end_told": .bool(isEndTold),
        ]
    }

    /// Reads what `json` writes; complains and returns nil where it cannot.
    init?(_ reader: ObjectReader, _ encoding: TableEncoding) {
        let before = reader.complaints.items.count
        func flags(_ key: String) -> [[Bool]] {
            let rows = (reader.array(key) ?? []).map { node -> [Bool] in
                guard case .array(let items) = node.value else { return [] }
                return items.compactMap { item in
                    if case .bool(let value) = item.value { return value }
                    return nil
                }
            }
            if rows.map(\.count) != encoding.plans.map(\.states.count) {
                reader.complain("\"\(key)\" must say true or false of every state of every column")
            }
            return rows
        }
        terminal = flags("terminal")
        absorbing = flags("absorbing")
        direction = (reader.numbers("direction") ?? []).map { Int(max(-1, min(1, $0))) }
        isEndTold = reader.boolean("end_told") ?? false
        if direction.count != encoding.plans.count { reader.complain("\"direction\" must hold a number a column") }
        guard reader.complaints.items.count == before else { return nil }
    }
}

// Why a course could not go on, in the words of the environment's file.

import Numerics

extension TreatmentFactory {
    /// What went wrong with the course in a slot. May allocate: it is asked once.
    func failure(_ course: CourseSlots, slot: Int, patient: Int) -> SimulationError {
        let layout = program.layout
        let time = course.table.row(layout.time)[slot]
        let result = course.results[slot]
        switch result.failure {
        case .stepValue:
            let state = layout.stateRows.firstIndex(of: Int(result.item)) ?? 0
            return .notFinite(patient: patient, time: time, what: "the new value of \(model.states[state].name)")
        case .doseSize:
            let dose = model.doses[Int(result.item)].name
            let size = course.sizes.row(Int(result.item))[slot]
            if size.isFinite {
                return .invalid("patient \(patient), time \(time): the dose '\(dose)' has the negative size \(size)")
            }
            return .notFinite(patient: patient, time: time, what: "the size of the dose '\(dose)'")
        case .none, .stuck, .tooLong: break
        }
        let fastest = fastestRate(course, slot)
        if let fastest, !fastest.rate.isFinite {
            return .notFinite(patient: patient, time: time, what: "the rate of \(fastest.state)")
        }
        let states = model.states.indices.map { index -> (name: String, value: Double) in
            let value = course.table.row(layout.stateRows[index])[slot]
            let state = model.states[index]
            return (state.name, state.isLog && !state.isHeld ? laneScalar(LaneMath.exp, value) : value)
        }
        let cause = result.failure == .tooLong ? "too many steps in one interval" : "the step has shrunk to nothing"
        let rate =
            fastest.map { ", fastest is the rate of \($0.state), \(shortNumber($0.rate)) per \(model.timeUnit)" } ?? ""
        return .stuck(
            patient: patient, time: time, reason: "the integration does not get on (\(cause)\(rate))", states: states)
    }

    /// The first state whose rate is not a finite number where the course has come to, or else the one that changes
    /// fastest for its size.
    private func fastestRate(_ course: CourseSlots, _ slot: Int) -> (state: String, rate: Double)? {
        let layout = program.layout
        let inputs = LaneMemory(rows: layout.courseRows, width: 8)
        let rates = LaneMemory(rows: max(1, layout.integrated), width: 8)
        for row in 0..<layout.courseRows { inputs.row(row)[0] = course.table.row(row)[slot] }
        program.rates.evaluate(
            inputs: inputs.base, inputStride: 8, outputs: rates.base, outputStride: 8, lanes: 1,
            scratch: program.rates.makeScratch())
        let integrated = model.states.filter { !$0.isHeld }
        let found = integrated.indices.map { index -> (state: String, rate: Double, share: Double) in
            let state = integrated[index]
            // Of a state kept as its logarithm the rate is relative already.
            let size = state.isLog ? 1 : max(abs(inputs.row(index)[0]), state.negligible)
            return (state.name, rates.row(index)[0], abs(rates.row(index)[0]) / size)
        }
        let worst = found.first { !$0.rate.isFinite } ?? found.max { $0.share < $1.share }
        return worst.map { ($0.state, $0.rate) }
    }
}

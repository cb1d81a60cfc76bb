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
        if let bad = rateNotFinite(course, slot) {
            return .notFinite(patient: patient, time: time, what: "the rate of \(bad)")
        }
        let states = model.states.indices.map { index -> (name: String, value: Double) in
            let value = course.table.row(layout.stateRows[index])[slot]
            let state = model.states[index]
            return (state.name, state.isLog && !state.isHeld ? laneScalar(LaneMath.exp, value) : value)
        }
        let cause = result.failure == .tooLong ? "too many steps in one interval" : "the step has shrunk to nothing"
        return .stuck(
            patient: patient, time: time, reason: "the integration does not get on (\(cause))", states: states)
    }

    /// The first state whose rate is not a finite number where the course has come to.
    private func rateNotFinite(_ course: CourseSlots, _ slot: Int) -> String? {
        let layout = program.layout
        let inputs = LaneMemory(rows: layout.courseRows, width: 8)
        let rates = LaneMemory(rows: max(1, layout.integrated), width: 8)
        for row in 0..<layout.courseRows { inputs.row(row)[0] = course.table.row(row)[slot] }
        program.rates.evaluate(
            inputs: inputs.base, inputStride: 8, outputs: rates.base, outputStride: 8, lanes: 1,
            scratch: program.rates.makeScratch())
        let integrated = model.states.filter { !$0.isHeld }
        return integrated.indices.first { !rates.row($0)[0].isFinite }.map { integrated[$0].name }
    }
}

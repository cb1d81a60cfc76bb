// One patient under a given schedule, without decisions, endings or noise: how a model is checked against trajectories.

import Numerics

/// Integrates a single course, stopping exactly at every change of an input and at every wanted time.
public struct CourseSimulator {
    /// Inputs and impulses from a time on.
    public struct Row: Sendable {
        public var time: Double
        /// Rates by input name; what is not named is 0.
        public var rates: [String: Double]
        /// Amounts given at once, by input name.
        public var impulses: [String: Double]

        public init(time: Double, rates: [String: Double], impulses: [String: Double] = [:]) {
            self.time = time
            self.rates = rates
            self.impulses = impulses
        }
    }

    /// States at each of `times` (not decreasing), [time][state]. The course begins at time 0, or
    /// earlier where the schedule or the first time asked for is.
    ///
    /// - Parameter values: parameters and initial states that differ from the file's.
    /// - Throws: `SimulationError`.
    public static func simulate(
        _ model: EnvironmentModel, values: [String: Double] = [:], schedule: [Row], times: [Double],
        tolerance: Double = 1e-9
    ) throws -> [[Double]] {
        let names = values.keys.sorted()
        let cohort = CohortTable(names: names, rows: [names.map { values[$0]! }])
        let factory = try TreatmentFactory(model, cohort: cohort, tolerance: tolerance)
        let program = factory.program
        let layout = program.layout
        let system = CourseSystem(program, width: 8)
        let solver = Rodas4(
            system: system, width: 8, relative: program.relativeScale.map { $0 * tolerance },
            absolute: program.absoluteScale.map { $0 * tolerance })
        for row in 0..<layout.stateCount { solver.states.row(row)[0] = factory.columns[0][row] }
        for (index, row) in layout.parameters.enumerated() {
            solver.inputs.row(row)[0] = factory.columns[0][layout.stateCount + index]
        }
        guard let first = times.first else { return [] }
        var now = min(0, first, schedule.first?.time ?? 0)
        solver.time.base[0] = now
        var nextRow = 0
        var proposal = 0.0
        var output: [[Double]] = []
        for time in times {
            while nextRow < schedule.count, schedule[nextRow].time <= time {
                let row = schedule[nextRow]
                try carry(solver, from: &now, to: row.time, proposal: &proposal, model)
                apply(row, solver, model, layout)
                proposal *= 0.1
                nextRow += 1
            }
            try carry(solver, from: &now, to: time, proposal: &proposal, model)
            output.append(
                model.states.indices.map { index in
                    let value = solver.states.row(index)[0]
                    return model.states[index].isLog ? laneScalar(LaneMath.exp, value) : value
                })
        }
        return output
    }

    private static func apply(_ row: Row, _ solver: Rodas4, _ model: EnvironmentModel, _ layout: InputLayout) {
        let begin = layout.inputs.lowerBound
        for (index, input) in model.inputs.enumerated() {
            guard let amount = row.impulses[input.name], amount != 0 else { continue }
            // An impulse moves the states by what the input's rate would add: the rates are linear in their inputs.
            for state in 0..<layout.stateCount { solver.inputs.row(state)[0] = solver.states.row(state)[0] }
            func rates(_ value: Double) -> [Double] {
                solver.inputs.row(begin + index)[0] = value
                let memory = LaneMemory(rows: layout.stateCount, width: 8)
                solver.system.evaluateRates(solver.inputs.base, memory.base, stride: 8, lanes: 1)
                return (0..<layout.stateCount).map { memory.row($0)[0] }
            }
            let without = rates(0)
            let with = rates(amount)
            for state in 0..<layout.stateCount {
                let change = with[state] - without[state]
                solver.states.row(state)[0] += model.states[state].isLog ? laneScalar(LaneMath.log, 1 + change) : change
            }
        }
        for (index, input) in model.inputs.enumerated() {
            solver.inputs.row(begin + index)[0] = row.rates[input.name] ?? 0
        }
    }

    private static func carry(
        _ solver: Rodas4, from now: inout Double, to end: Double, proposal: inout Double, _ model: EnvironmentModel
    ) throws {
        guard end > now else { return }
        if proposal <= 0 { proposal = 1e-4 * (end - now) }
        var attempts = 0
        while now < end {
            let clipped = proposal >= (end - now) * (1 - 1e-9)
            solver.step.base[0] = clipped ? end - now : proposal
            solver.attempt(lanes: 1)
            attempts += 1
            if solver.error.base[0] <= 1 {
                now = clipped ? end : solver.time.base[0]
                solver.time.base[0] = now
                proposal = clipped ? max(proposal, solver.step.base[0]) : solver.step.base[0]
            } else {
                proposal = solver.step.base[0]
            }
            if proposal < 1e-14 * max(1, abs(now)) || attempts > 2_000_000 {
                throw SimulationError.stuck(
                    patient: 0, time: now, reason: "the integration does not get on",
                    states: model.states.enumerated().map { ($1.name, solver.states.row($0)[0]) })
            }
        }
    }
}

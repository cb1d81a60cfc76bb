// One patient under a given schedule, without decisions, endings or chance: how a model is checked against trajectories.

import Numerics

/// Carries a single course, stopping exactly at every change of an input, at every step and at every wanted time.
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

    /// States and outputs (see `EnvironmentModel.outputColumns`) at each of `times` (not decreasing), [time][column].
    ///
    /// Schedules say when treatment is given; an input with a lag acts later.
    /// The course begins at time 0, or earlier where the schedule or the first time asked for is. What is printed at a
    /// time is before the impulses of that time; at the beginning of a step it is after the new values of
    /// `at_step_start`, except at the last time asked for.
    ///
    /// - Parameter values: parameters and initial states that differ from the file's.
    /// - Throws: `SimulationError`.
    public static func simulate(
        _ model: EnvironmentModel, values: [String: Double] = [:], schedule: [Row], times: [Double],
        tolerance: Double = 1e-9
    ) throws -> [[Double]] {
        guard let first = times.first, let last = times.last else { return [] }
        var simulator = try CourseSimulator(model, values: values, schedule: schedule, tolerance: tolerance)
        simulator.now = min(0, first, schedule.first?.time ?? 0)
        var output: [[Double]] = []
        while true {
            simulator.follow()
            if simulator.now < last, simulator.isStep(simulator.now) { try simulator.beginStep() }
            while output.count < times.count, times[output.count] <= simulator.now { output.append(simulator.read()) }
            guard output.count < times.count else { return output }
            try simulator.carry(to: simulator.nextStop(before: times[output.count]))
        }
    }

    private let model: EnvironmentModel
    private let factory: TreatmentFactory
    private let schedule: [Row]
    private let course: CourseSlots
    private let integrator: CourseIntegrator
    private let plan: TreatmentPlan
    private let outputs: Program
    private let outputScratch: ProgramScratch
    private let outputValues: LaneMemory
    private var now = 0.0
    private var nextRow = 0
    /// The first row of the schedule that a step still to begin may have to do with.
    private var stepRow = 0
    private var levels: [Double]
    /// Impulses that wait for the phase that begins now.
    private var impulses: [Double]

    private init(
        _ model: EnvironmentModel, values: [String: Double], schedule: [Row], tolerance: Double
    ) throws {
        self.model = model
        self.schedule = model.lagged(schedule, by: try model.lags(try model.completed(values).parameters))
        let names = values.keys.sorted()
        let cohort = CohortTable(names: names, rows: [names.map { values[$0]! }])
        factory = try TreatmentFactory(model, cohort: cohort, tolerance: tolerance)
        let program = factory.program
        for row in schedule {
            for name in row.impulses.keys.sorted() where row.impulses[name] != 0 {
                guard let input = model.inputs.firstIndex(where: { $0.name == name }),
                    program.impulseUse[input] == .impossible
                else { continue }
                throw SimulationError.invalid(
                    "an impulse of \(name) is not possible: rates must be linear in it, and steps must not name it "
                        + "beside rates")
            }
        }
        course = CourseSlots(program, count: 1)
        factory.begin(patient: 0, table: course.table, column: 0)
        integrator = CourseIntegrator(
            program, width: 8, tolerance: tolerance, watches: false, maximumAttempts: 5_000_000)
        plan = TreatmentPlan(administrations: 2 * model.inputs.count, steps: 1)
        outputs = try program.courseProgram(
            of: model, varying: factory.varying, model.definitions.filter(\.isOutput).map(\.expression))
        outputScratch = outputs.makeScratch()
        outputValues = LaneMemory(rows: max(1, outputs.outputCount), width: 8)
        levels = Array(repeating: 0, count: model.inputs.count)
        impulses = levels
        course.plans[0] = Unmanaged.passUnretained(plan)
    }

    /// Whether steps end and begin at a time.
    private func isStep(_ time: Double) -> Bool {
        guard model.step > 0 else { return false }
        return abs((time / model.step).rounded() * model.step - time) <= near
    }

    /// What lies closer together than this happens at the same time.
    private var near: Double { 1e-9 * max(model.step, abs(now)) }

    /// Rows of the schedule that have come into effect.
    private mutating func follow() {
        let before = levels
        defer { if levels != before { course.steps[0] *= 0.1 } }
        while nextRow < schedule.count, schedule[nextRow].time <= now {
            let row = schedule[nextRow]
            for (index, input) in model.inputs.enumerated() {
                levels[index] = row.rates[input.name] ?? 0
                if factory.program.impulseUse[index] == .jump { impulses[index] += row.impulses[input.name] ?? 0 }
            }
            nextRow += 1
        }
    }

    /// A step begins now. An impulse of an input that only steps name is part of its level in the step it falls in.
    private mutating func beginStep() throws {
        var stepLevels = levels
        while stepRow < schedule.count, schedule[stepRow].time < now - near { stepRow += 1 }
        var row = stepRow
        while row < schedule.count, schedule[row].time < now + model.step - near {
            for (index, input) in model.inputs.enumerated() where factory.program.impulseUse[index] == .step {
                stepLevels[index] += (schedule[row].impulses[input.name] ?? 0) / model.step
            }
            row += 1
        }
        plan.fill(phaseOf: 0, beginsStep: true, endsStep: false, levels: stepLevels, impulses: [])
        course.starts[0] = now
        course.ends[0] = now
        integrator.begin(0, course)
        if course.results[0].failure != .none { throw factory.failure(course, slot: 0, patient: 0) }
    }

    /// The next time at which anything changes, at most `time`.
    private func nextStop(before time: Double) -> Double {
        var stop = time
        if nextRow < schedule.count { stop = min(stop, schedule[nextRow].time) }
        if model.step > 0 {
            let next = ((now + near) / model.step).rounded(.down) * model.step + model.step
            if next < stop + near { stop = abs(next - stop) <= near ? stop : next }
        }
        return stop
    }

    private mutating func carry(to end: Double) throws {
        plan.fill(
            phaseOf: end - now, beginsStep: false, endsStep: isStep(end), levels: levels, impulses: impulses)
        for index in impulses.indices { impulses[index] = 0 }
        course.starts[0] = now
        course.ends[0] = end
        integrator.advance([0], course)
        if course.results[0].failure != .none { throw factory.failure(course, slot: 0, patient: 0) }
        now = end
    }

    private func read() -> [Double] {
        let table = course.table
        let layout = factory.program.layout
        for (index, row) in layout.inputs.enumerated() { table.row(row)[0] = levels[index] }
        table.row(layout.time)[0] = now
        let states = model.states.enumerated().map { index, state -> Double in
            let value = table.row(layout.stateRows[index])[0]
            return state.isLog && !state.isHeld ? laneScalar(LaneMath.exp, value) : value
        }
        outputs.evaluate(
            inputs: table.base, inputStride: table.width, outputs: outputValues.base, outputStride: 8, lanes: 1,
            scratch: outputScratch)
        return states + (0..<outputs.outputCount).map { outputValues.row($0)[0] }
    }
}

extension EnvironmentModel {
    /// What a simulation prints at every time: states, then definitions that are outputs.
    public var outputColumns: [String] { states.map(\.column) + definitions.filter(\.isOutput).map(\.column) }
}

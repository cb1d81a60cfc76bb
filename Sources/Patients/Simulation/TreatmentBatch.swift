// Patients treated in step: what a batch keeps of them, how a course begins and what can be asked of it.

import Numerics

/// The batch behind `TreatmentFactory`. One thread's own.
final class TreatmentBatch: BatchEnvironment {
    let task: TaskDescription
    let slots: Int
    let patients: Int
    let factory: TreatmentFactory
    let seed: UInt64
    let program: CourseProgram
    let layout: InputLayout
    let course: CourseSlots
    let chance: CourseChance?
    let integrator: CourseIntegrator
    let rules: DecisionRules
    let shown: ShownObservations
    /// By action; filled anew for every slot where lags differ among patients.
    let plans: [TreatmentPlan]
    let slotPlans: [TreatmentPlan]
    /// slots × doses: lags, where they differ among patients.
    let slotLags: UnsafeMutableBufferPointer<Double>
    let administrations: [[Administration]]

    let decisionScratch: ProgramScratch
    let decisionValues: LaneMemory
    let notedScratch: ProgramScratch
    /// Values at the last decision of what is remembered.
    let notedValues: LaneMemory
    let sizeScratch: ProgramScratch
    let sizeValues: LaneMemory
    private let outcomeScratch: ProgramScratch
    private let monitorScratch: ProgramScratch
    private let lagScratch: ProgramScratch
    /// One patient's column, for what is computed of a single patient.
    let groupTable: LaneMemory
    let groupValues: LaneMemory

    let allowedBuffer: UnsafeMutableBufferPointer<Bool>
    let rewardBuffer: UnsafeMutableBufferPointer<Double>
    let statusBuffer: UnsafeMutableBufferPointer<EpisodeStatus>
    let decisionBuffer: UnsafeMutableBufferPointer<Int32>
    let patientBuffer: UnsafeMutableBufferPointer<Int32>
    let endingBuffer: UnsafeMutableBufferPointer<Int32>
    var running: [Int32] = []

    /// - Parameter hasChance: false leaves random numbers at their centres, and nothing happens unasked.
    init(_ factory: TreatmentFactory, slots: Int, seed: UInt64, hasChance: Bool = true) {
        self.factory = factory
        self.slots = slots
        self.seed = seed
        let model = factory.model
        let program = factory.program
        task = factory.task
        patients = factory.patients
        self.program = program
        layout = program.layout
        course = CourseSlots(program, count: slots)
        chance =
            hasChance && model.hasChance ? CourseChance(model, layout: program.layout, slots: slots, seed: seed) : nil
        let padded = course.table.width
        integrator = CourseIntegrator(
            program, width: min(CourseIntegrator.usualWidth, padded), tolerance: factory.tolerance, chance: chance,
            longestStep: model.decisionInterval / 32)
        rules = DecisionRules(model)
        shown = ShownObservations(
            model, firstOutput: program.rewardTerms + program.rules, slots: slots, seed: seed)
        administrations = model.actions.map { model.administrations(of: $0) }
        let most = model.largestAdministrationCount
        func plan() -> TreatmentPlan { TreatmentPlan(administrations: most, steps: model.stepsPerDecision) }
        slotPlans = factory.lags.isEmpty ? [] : (0..<slots).map { _ in plan() }
        slotLags = allocated(factory.lags.isEmpty ? 0 : slots * model.doses.count, 0)
        plans = factory.lags.isEmpty ? model.actions.map { _ in plan() } : []
        decisionScratch = program.decision.makeScratch()
        decisionValues = LaneMemory(rows: max(1, program.decision.outputCount), width: padded)
        notedScratch = program.noted.makeScratch()
        notedValues = LaneMemory(rows: max(1, program.noted.outputCount), width: padded)
        sizeScratch = program.sizes.makeScratch()
        sizeValues = LaneMemory(rows: max(1, program.sizes.outputCount), width: padded)
        outcomeScratch = program.outcome.makeScratch()
        monitorScratch = program.monitor.makeScratch()
        lagScratch = program.lags.makeScratch()
        groupTable = LaneMemory(rows: program.layout.rowCount, width: 8)
        let outputs = [program.decision, program.outcome, program.monitor, program.noted, program.rates, program.lags]
        groupValues = LaneMemory(rows: max(1, outputs.map(\.outputCount).max() ?? 1), width: 8)
        allowedBuffer = allocated(slots * task.actions.count, true)
        rewardBuffer = allocated(slots, 0)
        statusBuffer = allocated(slots, .idle)
        decisionBuffer = allocated(slots, 0)
        patientBuffer = allocated(slots, 0)
        endingBuffer = allocated(slots, -1)
        running.reserveCapacity(slots)
        for (action, plan) in plans.enumerated() { fill(plan, action) { program.constantLags[$0] } }
    }

    deinit {
        slotLags.deallocate()
        allowedBuffer.deallocate()
        rewardBuffer.deallocate()
        statusBuffer.deallocate()
        decisionBuffer.deallocate()
        patientBuffer.deallocate()
        endingBuffer.deallocate()
    }

    /// Lays out an interval under an action.
    func fill(_ plan: TreatmentPlan, _ action: Int, lags: (Int) -> Double) {
        plan.fill(
            length: rules.interval, step: program.step, administrations[action], lags: lags,
            isStepInput: { program.impulseUse[$0] == .step })
    }

    var observations: UnsafeBufferPointer<Double> { UnsafeBufferPointer(shown.values) }
    var allowed: UnsafeBufferPointer<Bool> { UnsafeBufferPointer(allowedBuffer) }
    var rewards: UnsafeBufferPointer<Double> { UnsafeBufferPointer(rewardBuffer) }
    var status: UnsafeBufferPointer<EpisodeStatus> { UnsafeBufferPointer(statusBuffer) }
    var decisions: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(decisionBuffer) }
    var patientInSlot: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(patientBuffer) }

    func start(slot: Int, patient: Int, episode: Int) throws {
        try start(slot: slot, patient: patient, episode: episode, numbers: nil)
    }

    /// - Parameter numbers: takes the place of the patient's own numbers, in the order of the factory's columns.
    func start(slot: Int, patient: Int, episode: Int, numbers: UnsafeBufferPointer<Double>?) throws {
        guard patient >= 0, patient < patients else {
            throw SimulationError.invalid("there is no patient \(patient) in a cohort of \(patients)")
        }
        let table = course.table
        factory.begin(patient: patient, table: table, column: slot)
        if let numbers { for row in 0..<numbers.count { table.row(row)[slot] = numbers[row] } }
        setLags(slot, patient, areOwn: numbers == nil)
        let identity = CourseChance.identity(patient: patient, episode: episode)
        course.identities[slot] = identity
        course.steps[slot] = 0
        course.mildSteps[slot] = 0
        chance?.begin(slot: slot, identity: identity, table: table)
        statusBuffer[slot] = .running
        decisionBuffer[slot] = 0
        patientBuffer[slot] = Int32(patient)
        rewardBuffer[slot] = 0
        endingBuffer[slot] = -1
        remember(slot)
        evaluate(program.decision, decisionScratch)
        if let error = publish(slot, values: groupValues, column: 0) { throw error }
    }

    /// Keeps how much later than given each dose acts in a slot's patient.
    private func setLags(_ slot: Int, _ patient: Int, areOwn: Bool) {
        guard !slotPlans.isEmpty else { return }
        let doses = rules.doses
        if !areOwn {
            gather(slot)
            evaluate(program.lags, lagScratch)
        }
        for dose in 0..<doses {
            let output = program.lagOutputs[dose]
            slotLags[slot * doses + dose] =
                areOwn
                ? factory.lags[patient * doses + dose]
                : output < 0 ? program.constantLags[dose] : groupValues.row(output)[0]
        }
    }

    /// What is remembered from the start on: extremes, values at the start.
    private func remember(_ slot: Int) {
        gather(slot)
        func set(_ row: Int, _ value: Double) {
            course.table.row(row)[slot] = value
            groupTable.row(row)[0] = value
        }
        if !program.extremes.isEmpty { evaluate(program.monitor, monitorScratch) }
        for (index, extreme) in program.extremes.enumerated() {
            set(extreme.row, groupValues.row(program.endings + index)[0])
        }
        if !program.notes.isEmpty { evaluate(program.noted, notedScratch) }
        for (index, note) in program.notes.enumerated() {
            notedValues.row(index)[slot] = groupValues.row(index)[0]
            set(note.row, note.memory == .sum ? 0 : groupValues.row(index)[0])
        }
    }

    /// Copies a slot's column to the first column of the group table.
    func gather(_ slot: Int) {
        for row in 0..<layout.rowCount { groupTable.row(row)[0] = course.table.row(row)[slot] }
    }

    /// Evaluates a program for the patient in the group table.
    private func evaluate(_ program: Program, _ scratch: ProgramScratch) {
        program.evaluate(
            inputs: groupTable.base, inputStride: 8, outputs: groupValues.base, outputStride: 8, lanes: 1,
            scratch: scratch)
    }

    func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>) {
        gather(slot)
        evaluate(program.outcome, outcomeScratch)
        for index in 0..<task.outcomes.count { values[index] = groupValues.row(index)[0] }
    }

    func ending(slot: Int) -> String {
        endingBuffer[slot] >= 0 ? factory.model.endings[Int(endingBuffer[slot])].name : "horizon"
    }
}

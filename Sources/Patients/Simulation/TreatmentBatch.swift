// Patients treated in step: doses, course, endings, rewards, observations and rules of one batch.

import Numerics

/// The batch behind `TreatmentFactory`. One thread's own.
final class TreatmentBatch: BatchEnvironment {
    let task: TaskDescription
    let slots: Int
    let patients: Int
    private let factory: TreatmentFactory
    private let program: CourseProgram
    private let integrator: CourseIntegrator
    /// Rows of the layout × slots (padded to eights).
    private let table: LaneMemory
    private let decisionScratch: ProgramScratch
    private let decisionValues: LaneMemory
    private let outcomeScratch: ProgramScratch
    private let startScratch: ProgramScratch
    private let monitorScratch: ProgramScratch
    private let scratchObservation: UnsafeMutableBufferPointer<Double>
    private let groupTable: LaneMemory
    private let groupValues: LaneMemory
    private let observationBuffer: UnsafeMutableBufferPointer<Double>
    private let allowedBuffer: UnsafeMutableBufferPointer<Bool>
    private let rewardBuffer: UnsafeMutableBufferPointer<Double>
    private let statusBuffer: UnsafeMutableBufferPointer<EpisodeStatus>
    private let decisionBuffer: UnsafeMutableBufferPointer<Int32>
    private let patientBuffer: UnsafeMutableBufferPointer<Int32>
    private let stepBuffer: UnsafeMutableBufferPointer<Double>
    private let startBuffer: UnsafeMutableBufferPointer<Double>
    private let actionBuffer: UnsafeMutableBufferPointer<Int32>
    private let endingBuffer: UnsafeMutableBufferPointer<Int32>
    private let resultBuffer: UnsafeMutableBufferPointer<CourseIntegrator.Result>
    private let segments: [UnsafeMutableBufferPointer<Segment>]
    private let rules: DecisionRules
    private var running: [Int32] = []

    /// Lanes of the integrator; measured: wider blocks gain nothing, narrower ones pay for dispatch.
    static let integratorWidth = 32

    init(_ factory: TreatmentFactory, slots: Int) {
        self.factory = factory
        self.slots = slots
        task = factory.task
        patients = factory.patients
        program = factory.program
        let padded = (slots + 7) & ~7
        integrator = CourseIntegrator(
            program, width: min(TreatmentBatch.integratorWidth, padded), tolerance: factory.tolerance)
        table = LaneMemory(rows: program.layout.rowCount, width: padded)
        decisionScratch = program.decision.makeScratch()
        decisionValues = LaneMemory(rows: max(1, program.decision.outputCount), width: padded)
        outcomeScratch = program.outcome.makeScratch()
        startScratch = program.decision.makeScratch()
        monitorScratch = program.monitor.makeScratch()
        scratchObservation = allocated(task.observations.count, 0)
        groupTable = LaneMemory(rows: program.layout.rowCount, width: 8)
        groupValues = LaneMemory(
            rows: max(1, program.decision.outputCount, program.outcome.outputCount, program.monitor.outputCount),
            width: 8)
        observationBuffer = allocated(slots * task.observations.count, 0)
        allowedBuffer = allocated(slots * task.actions.count, true)
        rewardBuffer = allocated(slots, 0)
        statusBuffer = allocated(slots, .idle)
        decisionBuffer = allocated(slots, 0)
        patientBuffer = allocated(slots, 0)
        stepBuffer = allocated(slots, 0)
        startBuffer = allocated(slots, 0)
        actionBuffer = allocated(slots, 0)
        endingBuffer = allocated(slots, -1)
        resultBuffer = allocated(slots, CourseIntegrator.Result())
        segments = factory.segments.map { list in
            let buffer = UnsafeMutableBufferPointer<Segment>.allocate(capacity: list.count)
            _ = buffer.initialize(from: list)
            return buffer
        }
        rules = DecisionRules(factory.model, firstObservation: program.rewardTerms + program.rules)
        running.reserveCapacity(slots)
    }

    deinit {
        scratchObservation.deallocate()
        observationBuffer.deallocate()
        allowedBuffer.deallocate()
        rewardBuffer.deallocate()
        statusBuffer.deallocate()
        decisionBuffer.deallocate()
        patientBuffer.deallocate()
        stepBuffer.deallocate()
        startBuffer.deallocate()
        actionBuffer.deallocate()
        endingBuffer.deallocate()
        resultBuffer.deallocate()
        for buffer in segments {
            buffer.deinitialize()
            buffer.deallocate()
        }
    }

    var observations: UnsafeBufferPointer<Double> { UnsafeBufferPointer(observationBuffer) }
    var allowed: UnsafeBufferPointer<Bool> { UnsafeBufferPointer(allowedBuffer) }
    var rewards: UnsafeBufferPointer<Double> { UnsafeBufferPointer(rewardBuffer) }
    var status: UnsafeBufferPointer<EpisodeStatus> { UnsafeBufferPointer(statusBuffer) }
    var decisions: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(decisionBuffer) }
    var patientInSlot: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(patientBuffer) }

    func start(slot: Int, patient: Int, episode: Int) throws {
        guard patient >= 0, patient < patients else {
            throw SimulationError.invalid("there is no patient \(patient) in a cohort of \(patients)")
        }
        let layout = program.layout
        let values = factory.columns[patient]
        for row in 0..<layout.rowCount { table.row(row)[slot] = 0 }
        for row in 0..<layout.stateCount { table.row(row)[slot] = values[row] }
        for (index, row) in layout.parameters.enumerated() {
            table.row(row)[slot] = values[layout.stateCount + index]
        }
        for row in layout.endedAt { table.row(row)[slot] = .nan }
        gather(slot)
        program.monitor.evaluate(
            inputs: groupTable.base, inputStride: 8, outputs: groupValues.base, outputStride: 8, lanes: 1,
            scratch: monitorScratch)
        for (index, row) in layout.extremes.enumerated() {
            table.row(row)[slot] = groupValues.row(layout.ended.count + index)[0]
            groupTable.row(row)[0] = table.row(row)[slot]
        }
        statusBuffer[slot] = .running
        decisionBuffer[slot] = 0
        patientBuffer[slot] = Int32(patient)
        rewardBuffer[slot] = 0
        stepBuffer[slot] = 0
        endingBuffer[slot] = -1
        program.decision.evaluate(
            inputs: groupTable.base, inputStride: 8, outputs: groupValues.base, outputStride: 8, lanes: 1,
            scratch: startScratch)
        publish(slot, values: groupValues, column: 0, atStart: true)
    }

    /// Copies a slot's column to the first column of the group table.
    private func gather(_ slot: Int) {
        for row in 0..<program.layout.rowCount { groupTable.row(row)[0] = table.row(row)[slot] }
    }

    func step(_ actions: UnsafeBufferPointer<Int32>) throws {
        let layout = program.layout
        running.removeAll(keepingCapacity: true)
        for slot in 0..<slots where statusBuffer[slot] == .running {
            let action = Int(actions[slot])
            guard action >= 0, action < rules.actions, allowedBuffer[slot * rules.actions + action] else {
                throw SimulationError.forbiddenAction(
                    patient: Int(patientBuffer[slot]), decision: Int(decisionBuffer[slot]),
                    action: task.actions.indices.contains(action) ? task.actions[action].name : "\(action)")
            }
            running.append(Int32(slot))
            actionBuffer[slot] = actions[slot]
            resultBuffer[slot] = CourseIntegrator.Result()
            startBuffer[slot] = table.row(layout.time)[slot]
            for dose in 0..<rules.doses {
                let given = rules.given[action * rules.doses + dose]
                table.row(layout.given.lowerBound + dose)[slot] = given
                table.row(layout.counts.lowerBound + dose)[slot] += given
            }
        }
        integrator.advance(
            running, table: table, steps: stepBuffer.baseAddress!, start: startBuffer.baseAddress!,
            segments: { UnsafeBufferPointer(self.segments[Int(self.actionBuffer[$0])]) },
            results: resultBuffer.baseAddress!)
        for slot in running { settle(Int(slot)) }
        program.decision.evaluate(
            inputs: table.base, inputStride: table.width, outputs: decisionValues.base,
            outputStride: decisionValues.width, lanes: slots, scratch: decisionScratch)
        var failure: SimulationError?
        for slot in running {
            if let error = reward(Int(slot)), failure == nil { failure = error }
        }
        if let failure { throw failure }
    }

    /// Decisions and endings after an interval.
    private func settle(_ index: Int) {
        let layout = program.layout
        let result = resultBuffer[index]
        if result.failed {
            statusBuffer[index] = .idle
            return
        }
        decisionBuffer[index] += 1
        if result.ending >= 0 {
            let ending = Int(result.ending)
            endingBuffer[index] = result.ending
            table.row(layout.ended.lowerBound + ending)[index] = 1
            table.row(layout.endedAt.lowerBound + ending)[index] = table.row(layout.time)[index]
            statusBuffer[index] = .terminated
        } else if Int(decisionBuffer[index]) >= rules.horizon {
            statusBuffer[index] = rules.terminatesAtEnd ? .terminated : .truncated
        }
    }

    /// Reward, observations and mask after an interval; what went wrong, if something did.
    private func reward(_ index: Int) -> SimulationError? {
        if resultBuffer[index].failed { return stuck(index) }
        var sum = 0.0
        for term in 0..<program.rewardTerms { sum += decisionValues.row(term)[index] }
        if endingBuffer[index] >= 0 { sum += rules.endingRewards[Int(endingBuffer[index])] }
        guard sum.isFinite else {
            statusBuffer[index] = .idle
            return .notFinite(
                patient: Int(patientBuffer[index]), time: table.row(program.layout.time)[index], what: "the reward")
        }
        rewardBuffer[index] = sum
        publish(index, values: decisionValues, column: index, atStart: false)
        return nil
    }

    /// Writes observations and the mask of a slot from the decision program's values.
    private func publish(_ slot: Int, values: LaneMemory, column: Int, atStart: Bool) {
        let count = rules.observations
        let observations = observationBuffer.baseAddress! + slot * count
        // All that have an expression first: changes need the value of the last decision as well.
        for index in 0..<count where rules.outputs[index] >= 0 {
            scratchObservation[index] = values.row(Int(rules.outputs[index]))[column]
        }
        for index in 0..<count where rules.outputs[index] < 0 {
            let source = Int(rules.changeOf[index])
            scratchObservation[index] = atStart ? 0 : scratchObservation[source] - observations[source]
        }
        for index in 0..<count { observations[index] = scratchObservation[index] }
        let allowed = allowedBuffer.baseAddress! + slot * rules.actions
        for action in 0..<rules.actions { allowed[action] = true }
        for rule in 0..<program.rules where values.row(program.rewardTerms + rule)[column] != 0 {
            for action in 0..<rules.actions where rules.forbids[rule * rules.actions + action] {
                allowed[action] = false
            }
        }
    }

    func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>) {
        gather(slot)
        program.outcome.evaluate(
            inputs: groupTable.base, inputStride: 8, outputs: groupValues.base, outputStride: 8, lanes: 1,
            scratch: outcomeScratch)
        for index in 0..<task.outcomes.count { values[index] = groupValues.row(index)[0] }
    }

    func ending(slot: Int) -> String {
        endingBuffer[slot] >= 0 ? factory.model.endings[Int(endingBuffer[slot])].name : "horizon"
    }

    private func stuck(_ slot: Int) -> SimulationError {
        let layout = program.layout
        let states = factory.model.states.enumerated().map { index, state -> (name: String, value: Double) in
            let value = table.row(index)[slot]
            return (state.name, state.isLog ? laneScalar(LaneMath.exp, value) : value)
        }
        return .stuck(
            patient: Int(patientBuffer[slot]), time: table.row(layout.time)[slot],
            reason: "the integration does not get on (the step has shrunk to nothing)", states: states)
    }
}

/// A buffer filled with one value.
private func allocated<Element>(_ count: Int, _ value: Element) -> UnsafeMutableBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, count))
    buffer.initialize(repeating: value)
    return buffer
}

// Patients of a tabular environment treated in step. Nothing is allocated by a step.

import Numerics

/// The batch behind `TabularFactory`. One thread's own.
///
/// The number that decides a transition is a pure function of (seed, patient, episode, decision): the same patient and
/// episode meet the same chance under every policy, in any slot.
final class TabularBatch: BatchEnvironment {
    let task: TaskDescription
    let slots: Int
    let patients: Int
    private let factory: TabularFactory
    private let layout: TabularLayout
    private let chance: RandomStream
    private let startChance: RandomStream
    private let outcomeLayout: OutcomeLayout
    private let outcomeScratch: ProgramScratch
    /// One patient's rows in the first of eight lanes.
    private let outcomeInputs: LaneMemory
    private let outcomeValues: LaneMemory
    private let states: UnsafeMutableBufferPointer<Int32>
    private let firstStates: UnsafeMutableBufferPointer<Int32>
    /// The index of each slot's stream of chance.
    private let streams: UnsafeMutableBufferPointer<UInt64>
    private let observationBuffer: UnsafeMutableBufferPointer<Double>
    private let allowedBuffer: UnsafeMutableBufferPointer<Bool>
    private let rewardBuffer: UnsafeMutableBufferPointer<Double>
    private let statusBuffer: UnsafeMutableBufferPointer<EpisodeStatus>
    private let decisionBuffer: UnsafeMutableBufferPointer<Int32>
    private let patientBuffer: UnsafeMutableBufferPointer<Int32>

    init(_ factory: TabularFactory, slots: Int, seed: UInt64) {
        self.factory = factory
        self.slots = slots
        task = factory.task
        patients = factory.patients
        layout = factory.layout
        chance = RandomStream(seed: seed, purpose: "tabular.chance")
        startChance = RandomStream(seed: seed, purpose: "tabular.start")
        outcomeLayout = OutcomeLayout(
            variables: factory.model.variables.count, endings: factory.model.endings.count)
        outcomeScratch = factory.model.outcomeProgram.makeScratch()
        outcomeInputs = LaneMemory(rows: outcomeLayout.rows, width: 8)
        outcomeValues = LaneMemory(rows: max(1, factory.model.outcomeProgram.outputCount), width: 8)
        func buffer<Element>(_ count: Int, _ value: Element) -> UnsafeMutableBufferPointer<Element> {
            .copy(of: Array(repeating: value, count: count))
        }
        states = buffer(slots, 0)
        firstStates = buffer(slots, 0)
        streams = buffer(slots, 0)
        observationBuffer = buffer(slots * task.observations.count, 0)
        allowedBuffer = buffer(slots * task.actions.count, true)
        rewardBuffer = buffer(slots, 0)
        statusBuffer = buffer(slots, .idle)
        decisionBuffer = buffer(slots, 0)
        patientBuffer = buffer(slots, 0)
    }

    deinit {
        states.deallocate()
        firstStates.deallocate()
        streams.deallocate()
        observationBuffer.deallocate()
        allowedBuffer.deallocate()
        rewardBuffer.deallocate()
        statusBuffer.deallocate()
        decisionBuffer.deallocate()
        patientBuffer.deallocate()
    }

    var observations: UnsafeBufferPointer<Double> { UnsafeBufferPointer(observationBuffer) }
    var allowed: UnsafeBufferPointer<Bool> { UnsafeBufferPointer(allowedBuffer) }
    var rewards: UnsafeBufferPointer<Double> { UnsafeBufferPointer(rewardBuffer) }
    var status: UnsafeBufferPointer<EpisodeStatus> { UnsafeBufferPointer(statusBuffer) }
    var decisions: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(decisionBuffer) }
    var patientInSlot: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(patientBuffer) }
    var stateInSlot: UnsafeBufferPointer<Int32>? { UnsafeBufferPointer(states) }

    func start(slot: Int, patient: Int, episode: Int) throws {
        guard patient >= 0, patient < patients else {
            throw SimulationError.invalid("there is no patient \(patient) in a cohort of \(patients)")
        }
        let stream = UInt64(UInt32(truncatingIfNeeded: patient)) << 32 | UInt64(UInt32(truncatingIfNeeded: episode))
        let state =
            factory.starts.map { $0[patient] }
            ?? Int32(layout.chance.draw(0, startChance.uniform(index: stream, position: 0)))
        streams[slot] = stream
        states[slot] = state
        firstStates[slot] = state
        statusBuffer[slot] = .running
        decisionBuffer[slot] = 0
        patientBuffer[slot] = Int32(patient)
        rewardBuffer[slot] = 0
        publish(slot, Int(state))
    }

    func step(_ actions: UnsafeBufferPointer<Int32>) throws {
        for slot in 0..<slots where statusBuffer[slot] == .running {
            let action = Int(actions[slot])
            guard action >= 0, action < layout.actions, allowedBuffer[slot * layout.actions + action] else {
                throw SimulationError.forbiddenAction(
                    patient: Int(patientBuffer[slot]), decision: Int(decisionBuffer[slot]),
                    action: task.actions.indices.contains(action) ? task.actions[action].name : "\(action)")
            }
        }
        for slot in 0..<slots where statusBuffer[slot] == .running {
            let decision = decisionBuffer[slot]
            let number = chance.uniform(index: streams[slot], position: UInt64(UInt32(bitPattern: decision)))
            let state = layout.next(Int(states[slot]), Int(actions[slot]), number)
            states[slot] = Int32(state)
            rewardBuffer[slot] = layout.rewards[state]
            decisionBuffer[slot] = decision + 1
            if layout.endings[state] >= 0 {
                statusBuffer[slot] = .terminated
            } else if decision + 1 >= layout.horizon {
                statusBuffer[slot] = layout.atHorizon
            }
            publish(slot, state)
        }
    }

    /// Shows a state in a slot.
    @inline(__always)
    private func publish(_ slot: Int, _ state: Int) {
        let count = layout.observationCount
        (observationBuffer.baseAddress! + slot * count)
            .update(from: layout.observations.baseAddress! + state * count, count: count)
        if !layout.allowsAll {
            (allowedBuffer.baseAddress! + slot * layout.actions)
                .update(from: layout.allowed.baseAddress! + state * layout.actions, count: layout.actions)
        }
    }

    func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>) {
        let model = factory.model
        let time = Double(decisionBuffer[slot]) * model.interval
        let last = Int(states[slot])
        let first = Int(firstStates[slot])
        for index in model.outcomeVariables {
            outcomeInputs.row(index)[0] = model.columns[index][last]
            outcomeInputs.row(outcomeLayout.initial + index)[0] = model.columns[index][first]
        }
        outcomeInputs.row(outcomeLayout.state)[0] = Double(last)
        outcomeInputs.row(outcomeLayout.initial + outcomeLayout.state)[0] = Double(first)
        outcomeInputs.row(outcomeLayout.time)[0] = time
        let met = Int(layout.endings[last])
        for ending in 0..<outcomeLayout.ended.count {
            outcomeInputs.row(outcomeLayout.ended.lowerBound + ending)[0] = ending == met ? 1 : 0
            outcomeInputs.row(outcomeLayout.endedAt.lowerBound + ending)[0] = ending == met ? time : .nan
        }
        model.outcomeProgram.evaluate(
            inputs: outcomeInputs.base, inputStride: 8, outputs: outcomeValues.base, outputStride: 8, lanes: 1,
            scratch: outcomeScratch)
        for index in 0..<task.outcomes.count { values[index] = outcomeValues.row(index)[0] }
    }

    func ending(slot: Int) -> String {
        let met = Int(layout.endings[Int(states[slot])])
        return met >= 0 ? factory.model.endings[met].name : "horizon"
    }
}

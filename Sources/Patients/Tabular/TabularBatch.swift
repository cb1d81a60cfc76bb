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
    private let seed: UInt64
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
    // Of a step: the slots that run, one after the other, filled up to whole vectors; and for each of them what has been
    // found out so far.
    private let running: UnsafeMutableBufferPointer<Int32>
    private let bits: UnsafeMutableBufferPointer<UInt64>
    private let drawn: UnsafeMutableBufferPointer<Draw>

    /// What is drawn from, and with which number.
    private struct Draw {
        var row: ChanceRows.Row
        var guide: Int32
        var number: Double
    }

    init(_ factory: TabularFactory, slots: Int, seed: UInt64) {
        self.factory = factory
        self.slots = slots
        self.seed = seed
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
        let lanes = (slots + 7) / 8 * 8
        running = buffer(lanes, 0)
        bits = buffer(lanes, 0)
        drawn = buffer(lanes, Draw(row: .init(begin: 0, count: 1), guide: 0, number: 0))
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
        running.deallocate()
        bits.deallocate()
        drawn.deallocate()
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
        let stream = TabularBatch.stream(patient, episode)
        let state =
            factory.starts.map { $0[patient] }
            ?? Int32(layout.chance.draw(layout.chance.rows[0], startChance.uniform(index: stream, position: 0)))
        streams[slot] = stream
        states[slot] = state
        firstStates[slot] = state
        statusBuffer[slot] = .running
        decisionBuffer[slot] = 0
        patientBuffer[slot] = Int32(patient)
        rewardBuffer[slot] = 0
        publish(slot, Int(state))
    }

    func stop(slot: Int) { statusBuffer[slot] = .idle }

    func makeSibling(slots: Int, seed: UInt64?) throws -> any BatchEnvironment {
        TabularBatch(factory, slots: slots, seed: seed ?? self.seed)
    }

    func copy(slot: Int, of source: any BatchEnvironment, to target: Int, episode: Int?) {
        guard let source = source as? TabularBatch, source.factory.kinship === factory.kinship else {
            preconditionFailure("courses are copied between batches of one factory")
        }
        streams[target] = source.streams[slot]
        if let episode { streams[target] = TabularBatch.stream(Int(source.patientBuffer[slot]), episode) }
        states[target] = source.states[slot]
        firstStates[target] = source.firstStates[slot]
        statusBuffer[target] = source.statusBuffer[slot]
        decisionBuffer[target] = source.decisionBuffer[slot]
        patientBuffer[target] = source.patientBuffer[slot]
        rewardBuffer[target] = source.rewardBuffer[slot]
        publish(target, Int(states[target]))
    }

    /// Which stream of chance is a patient's.
    private static func stream(_ patient: Int, _ episode: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: patient)) << 32 | UInt64(UInt32(truncatingIfNeeded: episode))
    }

    /// In passes over all patients, each with little to do: the table is larger than the near caches, and where no
    /// patient's work waits for another's, the processor fetches for many at once.
    func step(_ actions: UnsafeBufferPointer<Int32>) throws {
        let count = findRunning()
        try check(actions, count)
        drawBits(count)
        let layout = layout
        for place in 0..<count {
            let slot = Int(running[place])
            let number = Double(Int64(bitPattern: bits[place] &>> 11)) * 0x1p-53
            let (row, rest) = layout.row(Int(states[slot]), Int(actions[slot]), number)
            drawn[place] = Draw(row: row, guide: layout.chance.guide(row, rest), number: rest)
        }
        for place in 0..<count {
            let draw = drawn[place]
            bits[place] = UInt64(truncatingIfNeeded: layout.chance.target(draw.row, draw.guide, draw.number))
        }
        for place in 0..<count {
            let slot = Int(running[place])
            let state = Int(truncatingIfNeeded: bits[place])
            let decision = decisionBuffer[slot] &+ 1
            states[slot] = Int32(truncatingIfNeeded: state)
            rewardBuffer[slot] = layout.rewards[state]
            decisionBuffer[slot] = decision
            if layout.endings[state] >= 0 {
                statusBuffer[slot] = .terminated
            } else if decision >= layout.horizon {
                statusBuffer[slot] = layout.atHorizon
            }
            publish(slot, state)
        }
    }

    /// Lists the slots that run; how many they are.
    private func findRunning() -> Int {
        var count = 0
        for slot in 0..<slots {
            running[count] = Int32(truncatingIfNeeded: slot)
            count &+= statusBuffer[slot] == .running ? 1 : 0
        }
        for place in count..<((count &+ 7) & ~7) { running[place] = 0 }
        return count
    }

    private func check(_ actions: UnsafeBufferPointer<Int32>, _ count: Int) throws {
        for place in 0..<count {
            let slot = Int(running[place])
            let action = Int(actions[slot])
            guard action >= 0, action < layout.actions,
                layout.allowsAll || allowedBuffer[slot * layout.actions + action]
            else {
                throw SimulationError.forbiddenAction(
                    patient: Int(patientBuffer[slot]), decision: Int(decisionBuffer[slot]),
                    action: task.actions.indices.contains(action) ? task.actions[action].name : "\(action)")
            }
        }
    }

    /// The random bits of each running slot's present decision.
    private func drawBits(_ count: Int) {
        let chance = chance
        for base in stride(from: 0, to: count, by: 8) {
            var indices = SIMD8<UInt64>()
            var positions = SIMD8<UInt64>()
            for lane in 0..<8 {
                let slot = Int(running[base &+ lane])
                indices[lane] = streams[slot]
                positions[lane] = UInt64(UInt32(bitPattern: decisionBuffer[slot]))
            }
            let drawn = chance.bits(indices: indices, positions: positions)
            for lane in 0..<8 { bits[base &+ lane] = drawn[lane] }
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

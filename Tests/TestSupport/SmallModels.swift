// Exactly solvable problems that every learner must solve: identity, chain, random MDP. They are ordinary batch
// environments, so that learners meet them just as they meet patients.

import Numerics
import Patients

/// A finite Markov decision process with known transition probabilities and expected rewards.
public struct FiniteModel: Sendable {
    public var stateCount: Int
    public var actionCount: Int
    /// [state][action][next state]; what is missing from 1 is the probability of termination.
    public var transitions: [[[Double]]]
    /// [state][action], the reward received
    public var rewards: [[Double]]
    public var discount: Double
    public var horizon: Int
    /// Start states, used in turn by patient number.
    public var starts: [Int]

    public init(
        transitions: [[[Double]]], rewards: [[Double]], discount: Double, horizon: Int, starts: [Int]
    ) {
        stateCount = transitions.count
        actionCount = transitions[0].count
        self.transitions = transitions
        self.rewards = rewards
        self.discount = discount
        self.horizon = horizon
        self.starts = starts
    }

    /// Reward 1 for naming the state one is in, 0 otherwise; the next state is uniform.
    public static func identity(states: Int, horizon: Int = 10, discount: Double = 0.9) -> FiniteModel {
        let next = Array(repeating: 1 / Double(states), count: states)
        return FiniteModel(
            transitions: (0..<states).map { _ in (0..<states).map { _ in next } },
            rewards: (0..<states).map { s in (0..<states).map { $0 == s ? 1 : 0 } },
            discount: discount, horizon: horizon, starts: Array(0..<states))
    }

    /// A walk: action 1 goes right, action 0 ends the episode with a small reward; the right end pays 1 and ends.
    public static func chain(length: Int, smallReward: Double = 0.1, discount: Double = 0.95) -> FiniteModel {
        var transitions = Array(
            repeating: [Array(repeating: 0.0, count: length), Array(repeating: 0.0, count: length)], count: length)
        var rewards = Array(repeating: [smallReward, 0.0], count: length)
        for state in 0..<(length - 1) { transitions[state][1][state + 1] = 1 }
        rewards[length - 1][1] = 1
        return FiniteModel(
            transitions: transitions, rewards: rewards, discount: discount, horizon: 4 * length, starts: [0])
    }

    /// Transition rows drawn at random, rewards uniform on [0, 1), a tenth of every row's mass terminates.
    public static func random(
        states: Int, actions: Int, discount: Double = 0.9, horizon: Int = 200, seed: UInt64
    ) -> FiniteModel {
        var stream = RandomStream(seed: seed, purpose: "test.random-mdp")
        let transitions = (0..<states).map { _ in
            (0..<actions).map { _ -> [Double] in
                let weights = (0..<states).map { _ in
                    let u = stream.uniform(); return u * u * u
                }
                let total = weights.reduce(0, +)
                return weights.map { 0.9 * $0 / total }
            }
        }
        let rewards = (0..<states).map { _ in (0..<actions).map { _ in stream.uniform() } }
        return FiniteModel(
            transitions: transitions, rewards: rewards, discount: discount, horizon: horizon,
            starts: Array(0..<states))
    }

    /// Optimal action values by value iteration to 1e-12: [state][action].
    public func optimalActionValues() -> [[Double]] {
        var values = Array(repeating: 0.0, count: stateCount)
        while true {
            let q = actionValues(of: values)
            let next = q.map { $0.max()! }
            let change = zip(values, next).map { abs($0 - $1) }.max()!
            values = next
            if change < 1e-12 { return actionValues(of: values) }
        }
    }

    private func actionValues(of values: [Double]) -> [[Double]] {
        (0..<stateCount).map { state in
            (0..<actionCount).map { action in
                rewards[state][action]
                    + discount * zip(transitions[state][action], values).map { $0 * $1 }.reduce(0, +)
            }
        }
    }

    /// The exact discounted value, without a horizon, of a deterministic policy, per state.
    public func values(of policy: [Int]) -> [Double] {
        var values = Array(repeating: 0.0, count: stateCount)
        for _ in 0..<100_000 {
            let next = (0..<stateCount).map { state -> Double in
                let action = policy[state]
                return rewards[state][action]
                    + discount * zip(transitions[state][action], values).map { $0 * $1 }.reduce(0, +)
            }
            let change = zip(values, next).map { abs($0 - $1) }.max()!
            values = next
            if change < 1e-13 { break }
        }
        return values
    }
}

/// A finite model as an environment; the observation is one-hot, or the bare state number when `oneHot` is false.
public struct FiniteModelFactory: EnvironmentFactory {
    public let model: FiniteModel
    public let patients: Int
    public let oneHot: Bool
    /// [state][action]; nil allows everything.
    public let permitted: [[Bool]]?
    /// Whether batches tell their states, as tabular environments do.
    public let showsStates: Bool
    public let task: TaskDescription

    public init(
        _ model: FiniteModel, patients: Int = 1000, oneHot: Bool = true, permitted: [[Bool]]? = nil,
        showsStates: Bool = false
    ) {
        self.showsStates = showsStates
        self.model = model
        self.patients = patients
        self.oneHot = oneHot
        self.permitted = permitted
        let states = model.stateCount
        task = TaskDescription(
            name: "finite",
            observations: oneHot
                ? (0..<states).map { ObservationDescription(name: "state\($0)") }
                : [ObservationDescription(name: "state", range: 0...Double(states - 1))],
            actions: (0..<model.actionCount).map { ActionDescription(name: "a\($0)") },
            outcomes: [OutcomeDescription(name: "steps")],
            discount: model.discount, horizon: model.horizon)
    }

    public func makeBatch(slots: Int, seed: UInt64) -> any BatchEnvironment {
        FiniteModelBatch(factory: self, slots: slots, seed: seed)
    }
}

/// The batch behind `FiniteModelFactory`; plain and slow, for tests only.
public final class FiniteModelBatch: BatchEnvironment {
    public let task: TaskDescription
    public let slots: Int
    public let patients: Int
    private let factory: FiniteModelFactory
    private let seed: UInt64
    private var streams: [RandomStream]
    private var states: [Int]
    private let observationBuffer: UnsafeMutableBufferPointer<Double>
    private let allowedBuffer: UnsafeMutableBufferPointer<Bool>
    private let rewardBuffer: UnsafeMutableBufferPointer<Double>
    private let statusBuffer: UnsafeMutableBufferPointer<EpisodeStatus>
    private let decisionBuffer: UnsafeMutableBufferPointer<Int32>
    private let patientBuffer: UnsafeMutableBufferPointer<Int32>
    private let stateBuffer: UnsafeMutableBufferPointer<Int32>

    init(factory: FiniteModelFactory, slots: Int, seed: UInt64) {
        self.factory = factory
        task = factory.task
        self.slots = slots
        self.seed = seed
        patients = factory.patients
        streams = Array(repeating: RandomStream(seed: seed, purpose: "none"), count: slots)
        states = Array(repeating: 0, count: slots)
        observationBuffer = .allocate(capacity: slots * task.observations.count)
        observationBuffer.initialize(repeating: 0)
        allowedBuffer = .allocate(capacity: slots * task.actions.count)
        allowedBuffer.initialize(repeating: true)
        rewardBuffer = .allocate(capacity: slots)
        rewardBuffer.initialize(repeating: 0)
        statusBuffer = .allocate(capacity: slots)
        statusBuffer.initialize(repeating: .idle)
        decisionBuffer = .allocate(capacity: slots)
        decisionBuffer.initialize(repeating: 0)
        patientBuffer = .allocate(capacity: slots)
        patientBuffer.initialize(repeating: 0)
        stateBuffer = .allocate(capacity: slots)
        stateBuffer.initialize(repeating: 0)
    }

    deinit {
        observationBuffer.deallocate()
        allowedBuffer.deallocate()
        rewardBuffer.deallocate()
        statusBuffer.deallocate()
        decisionBuffer.deallocate()
        patientBuffer.deallocate()
        stateBuffer.deallocate()
    }

    public var observations: UnsafeBufferPointer<Double> { UnsafeBufferPointer(observationBuffer) }
    public var allowed: UnsafeBufferPointer<Bool> { UnsafeBufferPointer(allowedBuffer) }
    public var rewards: UnsafeBufferPointer<Double> { UnsafeBufferPointer(rewardBuffer) }
    public var status: UnsafeBufferPointer<EpisodeStatus> { UnsafeBufferPointer(statusBuffer) }
    public var decisions: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(decisionBuffer) }
    public var patientInSlot: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(patientBuffer) }
    public var stateInSlot: UnsafeBufferPointer<Int32>? {
        factory.showsStates ? UnsafeBufferPointer(stateBuffer) : nil
    }

    public func start(slot: Int, patient: Int, episode: Int) {
        streams[slot] = RandomStream(
            seed: seed, purpose: "test.environment", index: UInt64(patient) << 32 | UInt64(episode))
        states[slot] = factory.model.starts[patient % factory.model.starts.count]
        statusBuffer[slot] = .running
        decisionBuffer[slot] = 0
        patientBuffer[slot] = Int32(patient)
        rewardBuffer[slot] = 0
        observe(slot)
    }

    public func stop(slot: Int) { statusBuffer[slot] = .idle }

    public func makeSibling(slots: Int, seed: UInt64?) -> any BatchEnvironment {
        FiniteModelBatch(factory: factory, slots: slots, seed: seed ?? self.seed)
    }

    public func copy(slot: Int, of source: any BatchEnvironment, to target: Int, episode: Int?) {
        guard let source = source as? FiniteModelBatch else { preconditionFailure("a course of another environment") }
        streams[target] = source.streams[slot]
        states[target] = source.states[slot]
        statusBuffer[target] = source.statusBuffer[slot]
        decisionBuffer[target] = source.decisionBuffer[slot]
        patientBuffer[target] = source.patientBuffer[slot]
        rewardBuffer[target] = source.rewardBuffer[slot]
        if let episode {
            streams[target] = RandomStream(
                seed: seed, purpose: "test.environment",
                index: UInt64(UInt32(bitPattern: patientBuffer[target])) << 32 | UInt64(episode))
        }
        observe(target)
    }

    private func observe(_ slot: Int) {
        let state = states[slot]
        stateBuffer[slot] = Int32(state)
        if factory.oneHot {
            let states = factory.model.stateCount
            for other in 0..<states { observationBuffer[slot * states + other] = other == state ? 1 : 0 }
        } else {
            observationBuffer[slot] = Double(state)
        }
        for action in 0..<task.actions.count {
            allowedBuffer[slot * task.actions.count + action] = factory.permitted?[state][action] ?? true
        }
    }

    public func step(_ actions: UnsafeBufferPointer<Int32>) {
        for slot in 0..<slots where statusBuffer[slot] == .running {
            let state = states[slot]
            let action = Int(actions[slot])
            precondition(allowedBuffer[slot * task.actions.count + action], "a forbidden action was chosen")
            rewardBuffer[slot] = factory.model.rewards[state][action]
            decisionBuffer[slot] += 1
            var u = streams[slot].uniform()
            var next = -1
            for (candidate, probability) in factory.model.transitions[state][action].enumerated() {
                u -= probability
                if u < 0 {
                    next = candidate
                    break
                }
            }
            if next < 0 {
                statusBuffer[slot] = .terminated
            } else {
                states[slot] = next
                observe(slot)
                if decisionBuffer[slot] >= factory.model.horizon { statusBuffer[slot] = .truncated }
            }
        }
    }

    public func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>) {
        values[0] = Double(decisionBuffer[slot])
    }

    public func ending(slot: Int) -> String { statusBuffer[slot] == .truncated ? "horizon" : "end" }
}

// Treats patients with a policy and keeps everything: the episodes are those of `Rollout` with the same seed.

import Numerics

/// Records episodes.
public enum EpisodeRecorder {
    /// One episode for every patient listed, in that order; what is recorded does not depend on `slots`.
    ///
    /// - Parameters:
    ///   - epsilon: how often the policy acts at random instead (`ActionDistribution`).
    ///   - seed: of the patients' chance and of the exploration.
    public static func record(
        _ factory: any EnvironmentFactory, policy: any Policy, epsilon: Double = 0, patients: [Int], episode: Int = 0,
        seed: UInt64, slots: Int = 128
    ) throws -> EpisodeLog {
        let width = max(1, min(slots, patients.count))
        let run = RecordingRun(
            try factory.makeBatch(slots: width, seed: seed),
            ActionDistribution(policy, slots: width, epsilon: epsilon, seed: seed), patients: patients, episode: episode
        )
        return try run.record()
    }

    /// As many episodes as asked for: every patient of the factory in turn, in rounds. Each round has chance of its own,
    /// for the patients and, through `policy`, which is given a seed, for the behaviour.
    public static func record(
        _ factory: any EnvironmentFactory, episodes: Int, epsilon: Double = 0, seed: UInt64,
        policy: (_ seed: UInt64) throws -> any Policy
    ) throws -> EpisodeLog {
        var log = EpisodeLog(factory.task)
        guard factory.patients > 0 else { return log }
        var round = 0
        while log.episodes < episodes {
            let count = min(factory.patients, episodes - log.episodes)
            var stream = RandomStream(seed: seed, purpose: "log.round", index: UInt64(round))
            let own = stream.nextBits()
            log.append(
                try record(
                    factory, policy: try policy(own), epsilon: epsilon, patients: Array(0..<count),
                    episode: 1 + round, seed: own))
            round += 1
        }
        return log
    }
}

/// One run over a batch. Rows are written as they come, patients interleaved, and sorted by episode at the end.
private final class RecordingRun {
    private let environment: any BatchEnvironment
    private let behaviour: ActionDistribution
    private let patients: [Int]
    private let episode: Int
    private let observationCount: Int
    private let actionCount: Int
    private var mixed: EpisodeLog
    /// The place in `patients` of every row of `mixed`.
    private var owners: [Int32] = []
    private var lengths: [Int]
    private var isTerminated: [Bool]
    /// By slot: the place in `patients`; −1 for none.
    private var owner: [Int]
    private var next = 0
    private var running = 0

    init(_ environment: any BatchEnvironment, _ behaviour: ActionDistribution, patients: [Int], episode: Int) {
        self.environment = environment
        self.behaviour = behaviour
        self.patients = patients
        self.episode = episode
        mixed = EpisodeLog(environment.task)
        observationCount = mixed.observationCount
        actionCount = mixed.actionCount
        lengths = Array(repeating: 0, count: patients.count)
        isTerminated = Array(repeating: false, count: patients.count)
        owner = Array(repeating: -1, count: environment.slots)
    }

    private func refill(_ slot: Int) throws {
        owner[slot] = -1
        guard next < patients.count else { return }
        try environment.start(slot: slot, patient: patients[next], episode: episode)
        owner[slot] = next
        next += 1
        running += 1
    }

    func record() throws -> EpisodeLog {
        let width = environment.slots
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: width)
        actions.initialize(repeating: 0)
        let probabilities = UnsafeMutableBufferPointer<Double>.allocate(capacity: width * actionCount)
        probabilities.initialize(repeating: 0)
        defer {
            actions.deallocate()
            probabilities.deallocate()
        }
        for slot in 0..<width { try refill(slot) }
        while running > 0 {
            behaviour.act(DecisionBatch(environment), actions: actions, probabilities: probabilities)
            let first = mixed.rows
            for slot in 0..<width where owner[slot] >= 0 {
                add(slot, action: actions[slot], probability: probabilities[slot * actionCount + Int(actions[slot])])
            }
            try environment.step(UnsafeBufferPointer(actions))
            var row = first
            for slot in 0..<width where owner[slot] >= 0 {
                mixed.rewards[row] = environment.rewards[slot]
                row += 1
                guard environment.status[slot] != .running else { continue }
                isTerminated[owner[slot]] = environment.status[slot] == .terminated
                add(slot, action: -1, probability: 1)
                running -= 1
                try refill(slot)
            }
        }
        return sorted()
    }

    /// One row of what a slot shows now.
    private func add(_ slot: Int, action: Int32, probability: Double) {
        mixed.observations += environment.observations[(slot * observationCount)..<((slot + 1) * observationCount)]
        mixed.allowed += environment.allowed[(slot * actionCount)..<((slot + 1) * actionCount)]
        mixed.actions.append(action)
        mixed.probabilities.append(probability)
        mixed.rewards.append(0)
        owners.append(Int32(owner[slot]))
        lengths[owner[slot]] += 1
    }

    private func sorted() -> EpisodeLog {
        var log = EpisodeLog(environment.task)
        log.patients = patients.map(Int32.init)
        log.terminated = isTerminated
        for length in lengths { log.begins.append(log.begins[log.begins.count - 1] + length) }
        var places = Array(log.begins.dropLast())
        // The row of `mixed` for every row of the log.
        var order = Array(repeating: 0, count: owners.count)
        for (row, owner) in owners.enumerated() {
            order[places[Int(owner)]] = row
            places[Int(owner)] += 1
        }
        log.observations.reserveCapacity(mixed.observations.count)
        log.allowed.reserveCapacity(mixed.allowed.count)
        for row in order {
            log.observations += mixed.observations[(row * observationCount)..<((row + 1) * observationCount)]
            log.allowed += mixed.allowed[(row * actionCount)..<((row + 1) * actionCount)]
        }
        log.actions = order.map { mixed.actions[$0] }
        log.probabilities = order.map { mixed.probabilities[$0] }
        log.rewards = order.map { mixed.rewards[$0] }
        return log
    }
}

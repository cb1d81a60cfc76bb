// Many trees at once: every patient of a batch is treated by a tree of its own.

import Foundation
import Numerics
import Patients
import Trees

/// Treats patients with many trees in common batches.
///
/// A batch of one patient under one tree leaves the lanes of a simulator empty; as many patients under as many trees
/// fill them (measured on hiv, whose cohort is one patient: eight times the decisions per CPU second). What becomes of a
/// patient depends on patient, episode and actions alone, so that results are those of a rollout of each tree, whatever
/// `jobs`.
package struct TreeTrials: Sendable {
    /// One episode to be simulated: indices of a tree and a patient.
    package struct Trial: Sendable, Equatable {
        package var tree: Int
        package var patient: Int

        package init(tree: Int, patient: Int) {
            self.tree = tree
            self.patient = patient
        }
    }

    /// What was seen on the way, row after row, in the order of the trials.
    package struct Outcome: Sendable {
        package var value: Double
        /// decisions × observations; empty where not asked for.
        package var observations: [Double] = []
    }

    let factory: any EnvironmentFactory
    let episode: Int
    let seed: UInt64
    let objective: RefinementObjective
    let jobs: Int
    private let pool = BatchPool()

    package init(
        _ factory: any EnvironmentFactory, episode: Int, seed: UInt64, objective: RefinementObjective, jobs: Int
    ) {
        self.factory = factory
        self.episode = episode
        self.seed = seed
        self.objective = objective
        self.jobs = jobs
    }

    /// What every trial is worth, in their order.
    ///
    /// - Parameter watched: patients below this number leave their observations.
    package func run(_ trees: [DecisionTree], _ trials: [Trial], watched: Set<Int> = []) throws -> [Outcome] {
        let pieces = max(1, min(jobs, (trials.count + 15) / 16))
        let parts = try Parallel.map(pieces, jobs: jobs) { piece in
            let low = trials.count * piece / pieces
            let high = trials.count * (piece + 1) / pieces
            return try runPiece(trees, trials[low..<high], watched)
        }
        return parts.flatMap { $0 }
    }

    private func runPiece(
        _ trees: [DecisionTree], _ trials: ArraySlice<Trial>, _ watched: Set<Int>
    ) throws -> [Outcome] {
        let task = factory.task
        let discount = objective == .discounted ? task.discount : 1
        let (width, choices) = (task.observations.count, task.actions.count)
        let environment = try pool.take(factory, seed, for: trials.count)
        let slots = environment.slots
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: slots)
        actions.initialize(repeating: 0)
        defer { actions.deallocate() }
        var outcomes = Array(repeating: Outcome(value: 0), count: trials.count)
        for (index, trial) in trials.enumerated() where watched.contains(trial.patient) {
            outcomes[index].observations.reserveCapacity(min(task.horizon, 256) * width)
        }
        var weight = Array(repeating: 1.0, count: slots)
        // The trial of each slot, −1 for none.
        var place = Array(repeating: -1, count: slots)
        var next = 0
        var running = 0
        func refill(_ slot: Int) throws {
            place[slot] = -1
            guard next < trials.count else { return }
            let trial = trials[trials.startIndex + next]
            try environment.start(slot: slot, patient: trial.patient, episode: episode)
            place[slot] = next
            weight[slot] = 1
            next += 1
            running += 1
        }
        for slot in 0..<slots { try refill(slot) }
        while running > 0 {
            let observations = environment.observations.baseAddress!
            let allowed = environment.allowed.baseAddress!
            for slot in 0..<slots where place[slot] >= 0 {
                let trial = trials[trials.startIndex + place[slot]]
                let row = observations + slot * width
                let leaf = trees[trial.tree].leaf(of: row)
                actions[slot] = trees[trial.tree].action(atLeaf: leaf, allowed: allowed + slot * choices)
                if watched.contains(trial.patient) {
                    outcomes[place[slot]].observations.append(contentsOf: UnsafeBufferPointer(start: row, count: width))
                }
            }
            try environment.step(UnsafeBufferPointer(actions))
            for slot in 0..<slots where place[slot] >= 0 {
                outcomes[place[slot]].value += weight[slot] * environment.rewards[slot]
                weight[slot] *= discount
                guard environment.status[slot] != .running else { continue }
                running -= 1
                try refill(slot)
            }
        }
        pool.give(environment)
        return outcomes
    }
}

/// Batches kept for the next trials: making one costs as much as several episodes.
private final class BatchPool: @unchecked Sendable {
    private let lock = NSLock()
    // Under the lock. All their slots are idle.
    private var free: [any BatchEnvironment] = []

    /// A batch with about as many slots as there are trials, at most the factory's usual ones.
    func take(_ factory: any EnvironmentFactory, _ seed: UInt64, for trials: Int) throws -> any BatchEnvironment {
        var slots = 1
        while slots < min(trials, factory.usualSlots) { slots *= 2 }
        let kept = lock.withLock {
            free.firstIndex { $0.slots == slots }.map { free.remove(at: $0) }
        }
        return try kept ?? factory.makeBatch(slots: slots, seed: seed)
    }

    func give(_ batch: any BatchEnvironment) { lock.withLock { free.append(batch) } }
}

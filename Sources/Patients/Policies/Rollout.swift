// Episodes of any policy on any patients: the loop that evaluation, validation, distillation and the command line share.

import Numerics

/// Runs policies on patients.
public enum Rollout {
    /// What a visitor sees after the policy has decided and before the patients are treated: the batch, the chosen
    /// actions and which slots run.
    public typealias Visitor = (
        _ batch: DecisionBatch, _ actions: UnsafeBufferPointer<Int32>, _ status: UnsafeBufferPointer<EpisodeStatus>
    ) -> Void

    /// One episode for every patient of `patients` (all of the cohort by default).
    ///
    /// Results come in the patients' order and do not depend on `slots` (by default the factory's usual ones) or `jobs`.
    public static func run(
        _ factory: any EnvironmentFactory, policy: any Policy, patients: Range<Int>? = nil, episode: Int = 0,
        seed: UInt64, slots: Int? = nil, jobs: Int = 1
    ) throws -> EpisodeTable {
        let range = patients ?? 0..<factory.patients
        return try run(
            factory, policy: policy, patients: Array(range), episode: episode, seed: seed, slots: slots, jobs: jobs)
    }

    /// One episode for every patient listed.
    public static func run(
        _ factory: any EnvironmentFactory, policy: any Policy, patients: [Int], episode: Int = 0, seed: UInt64,
        slots: Int? = nil, jobs: Int = 1
    ) throws -> EpisodeTable {
        let pieces = max(1, min(jobs, (patients.count + 15) / 16))
        let tables = try Parallel.map(pieces, jobs: jobs) { piece in
            let low = patients.count * piece / pieces
            let high = patients.count * (piece + 1) / pieces
            return try visit(
                factory, policy: policy, patients: Array(patients[low..<high]), episode: episode, seed: seed,
                slots: slots ?? factory.usualSlots, visitor: nil)
        }
        var all = EpisodeTable(outcomeNames: factory.task.outcomes.map(\.name), capacity: patients.count)
        for table in tables { all.append(table) }
        return all
    }

    /// The same on one thread, showing every decision to `visitor`. Slots are refilled as episodes end, so decisions
    /// of different patients come interleaved, each patient's in its own order.
    public static func visit(
        _ factory: any EnvironmentFactory, policy: any Policy, patients: [Int], episode: Int = 0, seed: UInt64,
        slots: Int = 128, visitor: Visitor?
    ) throws -> EpisodeTable {
        let task = factory.task
        let discount = task.discount
        let outcomeCount = task.outcomes.count
        let width = max(1, min(slots, patients.count))
        let environment = try factory.makeBatch(slots: width, seed: seed)
        let session = policy.makeSession(slots: width)
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: width)
        actions.initialize(repeating: 0)
        let outcomes = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, outcomeCount))
        outcomes.initialize(repeating: 0)
        defer {
            actions.deallocate()
            outcomes.deallocate()
        }
        var table = EpisodeTable(outcomeNames: task.outcomes.map(\.name))
        table.patients = patients
        table.returns = Array(repeating: 0, count: patients.count)
        table.discountedReturns = table.returns
        table.lengths = Array(repeating: 0, count: patients.count)
        table.endings = Array(repeating: "", count: patients.count)
        table.outcomes = Array(repeating: table.returns, count: outcomeCount)

        var next = 0
        var running = 0
        var row = Array(repeating: -1, count: width)
        var weight = Array(repeating: 1.0, count: width)
        func refill(_ slot: Int) throws {
            guard next < patients.count else {
                row[slot] = -1
                return
            }
            try environment.start(slot: slot, patient: patients[next], episode: episode)
            row[slot] = next
            weight[slot] = 1
            next += 1
            running += 1
        }
        for slot in 0..<width { try refill(slot) }
        while running > 0 {
            let batch = DecisionBatch(environment)
            session.act(batch, actions: actions)
            visitor?(batch, UnsafeBufferPointer(actions), environment.status)
            try environment.step(UnsafeBufferPointer(actions))
            let rewards = environment.rewards
            let status = environment.status
            for slot in 0..<width where row[slot] >= 0 {
                let index = row[slot]
                let reward = rewards[slot]
                table.returns[index] += reward
                table.discountedReturns[index] += weight[slot] * reward
                weight[slot] *= discount
                guard status[slot] != .running else { continue }
                table.lengths[index] = Int(environment.decisions[slot])
                table.endings[index] = environment.ending(slot: slot)
                environment.readOutcomes(slot: slot, into: outcomes)
                for outcome in 0..<outcomeCount { table.outcomes[outcome][index] = outcomes[outcome] }
                running -= 1
                try refill(slot)
            }
        }
        return table
    }
}

// The search for one patient after the other, in memory made once.

import Numerics
import Patients

/// The inside of `ClairvoyantSearch`. One thread's own.
final class ClairvoyantRun {
    struct Found {
        var plan: [Int32]
        /// A table of one row.
        var episode: EpisodeTable
        var isExact: Bool
    }

    private let search: ClairvoyantSearch
    private let task: TaskDescription
    private let horizon: Int
    private let actions: Int
    /// The present best course before each decision: slot t is the course after t decisions.
    private let trunk: any BatchEnvironment
    private let branches: PlanBranches
    private let seed: UInt64
    private var plan: [Int32] = []
    /// Sum of rewards before each decision of the present best course.
    private var gains: [Double]
    private var weights: [Double]
    private var value = -Double.infinity
    private var changes: [[PlanChange]] = []
    private var spent = 0

    /// Copies carried on together.
    private static let width = 128
    /// Differences of returns that are no improvement.
    private static let tolerance = 1e-9
    /// Changes tried together.
    private static let mostMerged = 16

    init(_ factory: any EnvironmentFactory, _ search: ClairvoyantSearch, seed: UInt64) throws {
        self.search = search
        self.seed = seed
        task = factory.task
        horizon = factory.task.horizon
        actions = factory.task.actions.count
        trunk = try factory.makeBatch(slots: horizon + 1, seed: seed)
        branches = PlanBranches(
            try trunk.makeSibling(slots: max(ClairvoyantRun.width, actions), seed: nil), discount: search.discount)
        gains = Array(repeating: 0, count: horizon + 1)
        weights = gains
        var weight = 1.0
        for decision in 0...horizon {
            weights[decision] = weight
            weight *= search.discount
        }
    }

    /// Decisions simulated for all patients so far.
    var simulated: Int { branches.simulated + expanded }
    private var expanded = 0
    var hasStates: Bool { trunk.stateInSlot != nil }

    /// - Parameter courses: plans with their values, of which the search begins with the best.
    func search(_ patient: Int, from courses: [(plan: [Int32], value: Double)]) throws -> Found {
        try trunk.start(slot: 0, patient: patient, episode: 0)
        spent = branches.simulated
        let count = courseCount
        if hasStates {
            let exact = try ReachableStates(trunk, discount: search.discount)
            expanded += exact.expanded
            plan = exact.plan
            return try found(isExact: true)
        }
        if let count {
            value = -.infinity
            enumerate(count)
            return try found(isExact: true)
        }
        var best = courses.indices.first ?? 0
        for index in courses.indices where courses[index].value > courses[best].value { best = index }
        plan = courses[best].plan
        value = courses[best].value
        rebuild(from: 0)
        sweep()
        shake(patient)
        return try found(isExact: false)
    }

    // MARK: Every course

    /// How many courses there are, where the budget allows to try them all.
    private var courseCount: Int? {
        var count = 1
        for _ in 0..<horizon {
            count *= actions
            if count * horizon > search.budget { return nil }
        }
        return count
    }

    private func enumerate(_ count: Int) {
        var powers = [1]
        for _ in 1..<max(2, horizon) { powers.append(powers[powers.count - 1] * actions) }
        for first in stride(from: 0, to: count, by: branches.slots) {
            let width = min(branches.slots, count - first)
            for slot in 0..<width { branches.fill(slot, slot: 0, of: trunk) }
            branches.run(width, until: horizon) { slot, decision in
                Int32((first + slot) / powers[decision] % self.actions)
            }
            adoptBest(of: width)
        }
    }

    // MARK: Local search

    /// Stretches, long ones first: each length at places a quarter of it apart, every action; again for as long as a
    /// round over all lengths has found something.
    private func sweep() {
        var isBetter = true
        while isBetter, branches.simulated - spent < search.budget {
            isBetter = false
            var length = horizon
            while length > 0 {
                let apart = max(1, length / 4)
                for first in stride(from: 0, to: plan.count, by: apart) {
                    for action in 0..<actions {
                        propose([PlanChange(first: first, length: length, action: Int32(action))])
                        if changes.count == branches.slots { isBetter = tryChanges() || isBetter }
                    }
                    guard branches.simulated - spent < search.budget else { break }
                }
                isBetter = tryChanges() || isBetter
                length /= 2
            }
        }
    }

    /// Pairs of stretches at random until the budget is spent.
    private func shake(_ patient: Int) {
        var stream = RandomStream(seed: seed, purpose: "clairvoyant", index: UInt64(patient))
        func change() -> PlanChange {
            // Lengths from 1 to the horizon, each power of two as likely.
            let longest = Int.bitWidth - 1 - horizon.leadingZeroBitCount
            let length = 1 << stream.below(longest + 1)
            return PlanChange(
                first: stream.below(max(1, plan.count)), length: length, action: Int32(stream.below(actions)))
        }
        while branches.simulated - spent < search.budget {
            for _ in 0..<branches.slots { propose([change(), change()]) }
            if tryChanges() { sweepAround() }
        }
    }

    /// After a change by chance: single decisions once.
    private func sweepAround() {
        for first in 0..<plan.count {
            for action in 0..<actions {
                propose([PlanChange(first: first, length: 1, action: Int32(action))])
                if changes.count == branches.slots { _ = tryChanges() }
            }
            guard branches.simulated - spent < search.budget else { break }
        }
        _ = tryChanges()
    }

    private func propose(_ change: [PlanChange]) {
        // What changes nothing need not be tried.
        let isChange = change.contains { part in
            (part.first..<min(plan.count, part.first + part.length)).contains { plan[$0] != part.action }
        }
        if isChange { changes.append(change) }
    }

    /// Tries the proposed changes, each from the first decision it concerns; keeps the best if it is better.
    private func tryChanges() -> Bool {
        defer { changes.removeAll(keepingCapacity: true) }
        let count = changes.count
        guard count > 0 else { return false }
        runChanges()
        merge(count)
        return adoptBest(of: changes.count)
    }

    /// Carries every proposed change to the end of its course.
    private func runChanges() {
        for (slot, change) in changes.enumerated() {
            let first = min(plan.count - 1, change.map(\.first).min() ?? 0)
            branches.fill(slot, slot: first, of: trunk, gain: gains[first], weight: weights[first])
        }
        branches.run(changes.count, until: horizon) { slot, decision in
            for part in self.changes[slot] where part.covers(decision) { return part.action }
            return self.plan[min(decision, self.plan.count - 1)]
        }
    }

    /// Where several changes are better that do not overlap, tries them together: the best one, the best two, and so on.
    private func merge(_ count: Int) {
        let bar = bar
        let better = (0..<count).filter { branches.gains[$0] > bar }.sorted {
            (branches.gains[$1], $0) < (branches.gains[$0], $1)
        }
        var joined: [PlanChange] = []
        var together: [[PlanChange]] = []
        for slot in better where together.count < ClairvoyantRun.mostMerged {
            let isApart = changes[slot].allSatisfy { part in
                joined.allSatisfy { $0.first + $0.length <= part.first || part.first + part.length <= $0.first }
            }
            guard isApart else { continue }
            joined += changes[slot]
            together.append(joined)
        }
        guard together.count > 1 else { return }
        changes = together
        runChanges()
    }

    /// What a course must be worth to take the place of the present one.
    private var bar: Double {
        value == -.infinity ? value : value + ClairvoyantRun.tolerance * max(1, abs(value))
    }

    /// Makes the best of the first slots the present best course, if it is better.
    @discardableResult
    private func adoptBest(of count: Int) -> Bool {
        var best = 0
        for slot in 0..<count where branches.gains[slot] > branches.gains[best] { best = slot }
        guard branches.gains[best] > bar else { return false }
        value = branches.gains[best]
        let length = Int(branches.batch.decisions[best])
        let first = changes.isEmpty ? 0 : min(plan.count - 1, changes[best].map(\.first).min() ?? 0)
        plan = Array(plan.prefix(first))
        for decision in first..<length { plan.append(branches.taken[best * horizon + decision]) }
        rebuild(from: first)
        return true
    }

    /// Puts the present best course into the trunk's slots behind `first`.
    private func rebuild(from first: Int) {
        for slot in (first + 1)...horizon { trunk.stop(slot: slot) }
        for slot in 1..<branches.slots { branches.batch.stop(slot: slot) }
        branches.fill(0, slot: first, of: trunk, gain: gains[first], weight: weights[first])
        for decision in first..<plan.count {
            guard branches.advance(plan[decision]) else { break }
            gains[decision + 1] = branches.gains[0]
            trunk.copy(slot: 0, of: branches.batch, to: decision + 1, episode: nil)
        }
        branches.batch.stop(slot: 0)
    }

    // MARK: The result

    /// Follows the best course once more for all that is reported of it.
    private func found(isExact: Bool) throws -> Found {
        let batch = branches.batch
        for slot in 0..<batch.slots { batch.stop(slot: slot) }
        batch.copy(slot: 0, of: trunk, to: 0, episode: nil)
        var episode = EpisodeTable(outcomeNames: task.outcomes.map(\.name))
        var sum = 0.0
        var discounted = 0.0
        var weight = 1.0
        var taken = Array(repeating: Int32(0), count: batch.slots)
        for action in plan where batch.status[0] == .running {
            taken[0] = action
            try taken.withUnsafeBufferPointer { try batch.step($0) }
            sum += batch.rewards[0]
            discounted += weight * batch.rewards[0]
            weight *= task.discount
        }
        episode.patients = [Int(batch.patientInSlot[0])]
        episode.returns = [sum]
        episode.discountedReturns = [discounted]
        episode.lengths = [Int(batch.decisions[0])]
        episode.endings = [batch.ending(slot: 0)]
        let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, task.outcomes.count))
        values.initialize(repeating: 0)
        defer { values.deallocate() }
        batch.readOutcomes(slot: 0, into: values)
        episode.outcomes = task.outcomes.indices.map { [values[$0]] }
        return Found(plan: plan, episode: episode, isExact: isExact)
    }
}

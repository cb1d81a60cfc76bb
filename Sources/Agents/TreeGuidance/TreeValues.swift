// What a tree is worth in each of its leaves, from courses of training patients whom it treats.

import Numerics
import Patients
import Trees

/// Monte-Carlo values of a tree's leaves: V(l) is the mean, over the visits of l, of the discounted rewards that followed
/// under the tree. A terminated course is worth nothing further; where γ < 1, a truncated one is worth what its last leaf
/// is (the values then solve V = A + B·V, by iteration); where γ = 1 it ends there.
public struct TreeValues: Sendable {
    public let tree: DecisionTree
    /// By node; the mean over all visits at a leaf that none was made to, 0 at splits.
    public let values: [Double]
    /// By node: the standard deviation of what followed, 0 where fewer than two visits were made.
    public let deviations: [Double]
    /// By node; 0 at splits.
    public let visits: [Int32]
    /// Courses and decisions that it took.
    public let episodes: Int
    public let decisions: Int

    public func value(of observation: UnsafePointer<Double>) -> Double { values[tree.leaf(of: observation)] }

    /// What a learner over the leaves may begin with: the tree's first choice is worth V(l), every other action less by
    /// the deviation of what followed in l, and each has as many visits as were made to l. A lucky first try of another
    /// action then changes nothing; what is better in the long run wins, since beginnings are forgotten.
    func writeActionValues(
        leaf: Int, cells: UnsafeMutablePointer<Double>, visits counts: UnsafeMutablePointer<Int32>
    ) {
        var value = values[leaf]
        for (place, action) in tree.ranking(ofLeaf: leaf).enumerated() {
            cells[action] = value
            counts[action] = visits[leaf]
            // The ranking stays where nothing deviates.
            value = place == 0 ? min(value.nextDown, value - deviations[leaf]) : value.nextDown
        }
    }

    /// Treats training patients, drawn at random.
    public static func estimate(
        _ tree: DecisionTree, _ factory: any EnvironmentFactory, episodes: Int, gamma: Double, seed: UInt64
    ) throws -> TreeValues {
        guard TreePolicy(tree).fits(factory.task) else { throw TrainingError.wrongAbstraction }
        guard factory.patients > 0 else { throw TrainingError.noPatients("training") }
        var stream = RandomStream(seed: seed, purpose: "tree.values")
        let order = stream.permutation(factory.patients)
        let environment = try factory.makeBatch(slots: min(64, episodes), seed: stream.nextBits())
        var tally = Tally(tree, gamma: gamma)
        var courses = Array(repeating: Course(), count: environment.slots)
        var started = 0
        let (width, choices) = (tree.features.count, tree.actions.count)
        func start(_ slot: Int) throws -> Bool {
            guard started < episodes else { return false }
            try environment.start(
                slot: slot, patient: order[started % order.count], episode: started / order.count + 1)
            started += 1
            return true
        }
        var running = 0
        for slot in 0..<environment.slots where try start(slot) { running += 1 }
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: environment.slots)
        actions.initialize(repeating: 0)
        defer { actions.deallocate() }
        while running > 0 {
            for slot in 0..<environment.slots where environment.status[slot] == .running {
                let leaf = tree.leaf(of: environment.observations.baseAddress! + slot * width)
                actions[slot] = tree.action(atLeaf: leaf, allowed: environment.allowed.baseAddress! + slot * choices)
                courses[slot].leaves.append(leaf)
            }
            let active = environment.status.map { $0 == .running }
            try environment.step(UnsafeBufferPointer(actions))
            for slot in 0..<environment.slots where active[slot] {
                guard environment.rewards[slot].isFinite else {
                    throw TrainingError.notFinite(what: "a reward", decisions: tally.decisions)
                }
                courses[slot].rewards.append(environment.rewards[slot])
                guard environment.status[slot] != .running else { continue }
                let last =
                    environment.status[slot] == .truncated
                    ? tree.leaf(of: environment.observations.baseAddress! + slot * width) : nil
                tally.add(courses[slot], truncatedAt: last)
                courses[slot] = Course()
                if try !start(slot) { running -= 1 }
            }
        }
        return TreeValues(
            tree: tree, values: tally.values(), deviations: tally.deviations, visits: tally.counts.map { Int32($0) },
            episodes: episodes, decisions: tally.decisions)
    }

    private struct Course {
        var leaves: [Int] = []
        var rewards: [Double] = []
    }

    /// Sums over visits.
    private struct Tally {
        let tree: DecisionTree
        let gamma: Double
        var decisions = 0
        /// By node: visits, and discounted rewards that followed, with their squares.
        var counts: [Double]
        private var sums: [Double]
        private var squares: [Double]
        /// nodes × nodes: discount with which the value of the last leaf of a truncated course is added.
        private var links: [Double]

        init(_ tree: DecisionTree, gamma: Double) {
            self.tree = tree
            self.gamma = gamma
            counts = Array(repeating: 0, count: tree.nodeCount)
            sums = counts
            squares = counts
            links = gamma < 1 ? Array(repeating: 0, count: tree.nodeCount * tree.nodeCount) : []
        }

        mutating func add(_ course: Course, truncatedAt last: Int?) {
            var following = 0.0
            var discount = 1.0
            for place in course.leaves.indices.reversed() {
                let leaf = course.leaves[place]
                following = course.rewards[place] + gamma * following
                discount *= gamma
                counts[leaf] += 1
                sums[leaf] += following
                squares[leaf] += following * following
                if gamma < 1, let last { links[leaf * tree.nodeCount + last] += discount }
            }
            decisions += course.leaves.count
        }

        var deviations: [Double] {
            counts.indices.map { node in
                let (count, sum) = (counts[node], sums[node])
                return count > 1 ? (max(0, squares[node] - sum * sum / count) / (count - 1)).squareRoot() : 0
            }
        }

        func values() -> [Double] {
            let nodes = tree.nodeCount
            let total = counts.reduce(0, +)
            var values = Array(repeating: 0.0, count: nodes)
            // A contraction by γ at least: the iteration ends.
            while true {
                let mean = total > 0 ? zip(counts, values).reduce(0) { $0 + $1.0 * $1.1 } / total : 0
                var change = 0.0
                var next = values
                for leaf in tree.leaves {
                    if counts[leaf] > 0 {
                        var sum = sums[leaf]
                        if gamma < 1 { for last in 0..<nodes { sum += links[leaf * nodes + last] * values[last] } }
                        next[leaf] = sum / counts[leaf]
                    } else {
                        next[leaf] = mean
                    }
                    change = max(change, abs(next[leaf] - values[leaf]))
                }
                values = next
                if change <= 1e-9 * (values.lazy.map(abs).max() ?? 0) { return values }
            }
        }
    }
}

// What becomes of the patients of one leaf if something else decides there: the question a clinician asks of a leaf.

import Numerics
import Patients
import Trees

/// A tree that hands the decisions of one leaf to another policy.
struct LeafHandover: Policy {
    let tree: DecisionTree
    let leaf: Int
    let other: any Policy
    private let own: TreePolicy

    init(tree: DecisionTree, leaf: Int, other: any Policy, protocols: [String: any Policy]) {
        self.tree = tree
        self.leaf = leaf
        self.other = other
        own = TreePolicy(tree, protocols: protocols)
    }

    var hasMemory: Bool { other.hasMemory }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        other.act(batch, actions: actions)
        takeBack(batch, actions)
    }

    func makeSession(slots: Int) -> any PolicySession {
        LeafHandoverSession(handover: self, other: other.makeSession(slots: slots))
    }

    /// Puts the tree's own decisions where a patient is in another leaf.
    fileprivate func takeBack(_ batch: DecisionBatch, _ actions: UnsafeMutableBufferPointer<Int32>) {
        guard batch.count > 0, let observations = batch.observations.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: batch.count) { kept in
            kept.initialize(repeating: 0)
            own.act(batch, actions: kept)
            for row in 0..<batch.count where tree.leaf(of: observations + row * batch.observationCount) != leaf {
                actions[row] = kept[row]
            }
        }
    }
}

/// The other policy sees the whole course, so that what it remembers is complete.
private final class LeafHandoverSession: PolicySession {
    private let handover: LeafHandover
    private let other: any PolicySession

    init(handover: LeafHandover, other: any PolicySession) {
        self.handover = handover
        self.other = other
    }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        other.act(batch, actions: actions)
        handover.takeBack(batch, actions)
    }
}

/// Tries others in the leaves of a tree, on the patients whom the tree has treated and with the same random numbers.
///
/// A patient's difference is exact: up to the first visit both courses are one, and whoever is decided for alike
/// throughout keeps it. So the mean is over the patients who come to the leaf under the tree, the same for everything
/// that is tried there.
struct LeafTrial {
    let factory: any EnvironmentFactory
    let tree: DecisionTree
    let traces: [PatientTrace]
    /// What the teacher said of each course; empty without one.
    let labels: [TeacherLabels]
    /// Those that leaves which abstain follow.
    let protocols: [String: any Policy]
    let seed: UInt64
    let episode: Int
    let jobs: Int

    /// The gain in return with another action first at a leaf, which is as before its second choice.
    ///
    /// - Parameter patients: places of those who come to the leaf.
    func gain(ofAction action: Int, leaf: Int, patients: [Int]) throws -> MeanPosterior {
        let ranking = [action] + tree.ranking(ofLeaf: leaf).filter { $0 != action }
        let candidate = tree.withRanking(ranking, atLeaf: leaf)
        return try gain(TreePolicy(candidate, protocols: protocols), patients) { traces[$0].isChanged(by: candidate) }
    }

    /// The gain in return with the teacher deciding at a leaf.
    func gain(of teacher: any ScoredPolicy, leaf: Int, patients: [Int]) throws -> MeanPosterior {
        let width = tree.features.count
        return try gain(LeafHandover(tree: tree, leaf: leaf, other: teacher, protocols: protocols), patients) { place in
            let trace = traces[place]
            return trace.observations.withUnsafeBufferPointer { observations in
                (0..<trace.decisions).contains { decision in
                    labels[place].labels[decision] != trace.actions[decision]
                        && tree.leaf(of: observations.baseAddress! + decision * width) == leaf
                }
            }
        }
    }

    /// The gain in return with any policy deciding at a leaf.
    func gain(
        ofFollowing policy: any Policy, leaf: Int, patients: [Int], level: Double = 0.95
    ) throws -> MeanPosterior {
        try gain(LeafHandover(tree: tree, leaf: leaf, other: policy, protocols: protocols), patients, level: level) {
            _ in true
        }
    }

    private func gain(
        _ policy: any Policy, _ patients: [Int], level: Double = 0.95, isChanged: (Int) -> Bool
    ) throws -> MeanPosterior {
        let changed = patients.filter(isChanged)
        let table = try Rollout.run(
            factory, policy: policy, patients: changed.map { traces[$0].patient }, episode: episode, seed: seed,
            jobs: jobs)
        var gains = zip(changed, table.returns).map { $1 - traces[$0].episodeReturn }
        gains += Array(repeating: 0, count: patients.count - changed.count)
        return Statistics.meanPosterior(gains, level: level)
    }
}

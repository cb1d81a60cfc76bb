// A decision tree that treats patients.

import Trees

/// Acts on the best allowed action of the leaf that a patient's observations fall into; in a leaf that abstains, as the
/// protocol that it names.
public struct TreePolicy: Policy {
    /// Its features are the task's observations and its actions the task's, in the task's order.
    public let tree: DecisionTree

    /// Protocols followed somewhere, and in which leaves.
    private let fallbacks: [(policy: any Policy, leaves: Set<Int>)]

    /// - Parameter protocols: the environment's, by name; where the one that a leaf names is not among them the leaf's own
    ///   action is taken.
    public init(_ tree: DecisionTree, protocols: [String: any Policy] = [:]) {
        self.tree = tree
        fallbacks = Set(tree.abstentions.values).sorted().compactMap { name in
            guard let policy = protocols[name] else { return nil }
            return (policy, Set(tree.abstentions.filter { $0.value == name }.keys))
        }
    }

    /// Whether the tree's names are those of a task, so that it may act on it.
    public func fits(_ task: TaskDescription) -> Bool {
        tree.features == task.observations.map(\.name) && tree.actions == task.actions.map(\.name)
    }

    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        precondition(
            batch.observationCount == tree.features.count && batch.actionCount == tree.actions.count,
            "a tree acts on the observations it was made for")
        guard batch.count > 0, let observations = batch.observations.baseAddress else { return }
        tree.act(
            observations: observations, allowed: batch.allowed.baseAddress!, count: batch.count,
            actions: actions.baseAddress!)
        for (policy, leaves) in fallbacks {
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: batch.count) { followed in
                followed.initialize(repeating: 0)
                policy.act(batch, actions: followed)
                for row in 0..<batch.count
                where leaves.contains(tree.leaf(of: observations + row * batch.observationCount)) {
                    actions[row] = followed[row]
                }
            }
        }
    }
}

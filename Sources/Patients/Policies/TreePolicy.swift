// A decision tree that treats patients.

import Trees

/// Acts on the best allowed action of the leaf that a patient's observations fall into.
public struct TreePolicy: Policy {
    /// Its features are the task's observations and its actions the task's, in the task's order.
    public let tree: DecisionTree

    public init(_ tree: DecisionTree) { self.tree = tree }

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
    }
}

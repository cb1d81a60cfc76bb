// The leaves of a decision tree as states: the way from tree to learner.

import Patients
import PositionedJSON
import Trees

/// One state per leaf of a tree.
public struct LeafStates: StateAbstraction, Equatable {
    public let tree: DecisionTree
    /// Node numbers of the leaves, from left to right: the states in order.
    public let leaves: [Int]
    /// The state of every node that is a leaf; −1 elsewhere.
    private let stateOfNode: [Int]

    /// - Parameter tree: its features must be the task's observations, in the same order.
    public init(_ tree: DecisionTree) {
        self.tree = tree
        leaves = tree.leaves
        var states = Array(repeating: -1, count: tree.nodeCount)
        for (state, node) in leaves.enumerated() { states[node] = state }
        stateOfNode = states
    }

    public var states: Int { leaves.count }

    public func state(of observation: UnsafePointer<Double>) -> Int { stateOfNode[tree.leaf(of: observation)] }

    public func fits(_ task: TaskDescription) -> Bool { tree.features == task.observations.map(\.name) }

    public var policyKind: String { "q_leaves" }

    public func json(observations: [String]) -> JSONValue { tree.json() }

    /// Reads what `json` writes.
    init?(_ node: JSONNode, observations: [String], complaints: Complaints) {
        guard let tree = DecisionTree(node, complaints: complaints) else { return nil }
        guard tree.features == observations else {
            complaints.add(node, "the tree's features are not the policy's observations")
            return nil
        }
        self.init(tree)
    }
}

// What can be wrong with nodes that claim to be a decision tree.

/// A reason why nodes do not form a decision tree.
public struct TreeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The offending node as it was given; nil where the tree as a whole is wrong.
    public var node: Int?
    public var message: String

    public var description: String { node.map { "node \($0): \(message)" } ?? message }

    /// Everything that is wrong, in the order of the nodes; empty for a valid tree. Takes hostile input: loops, shared
    /// children, numbers out of range or not finite.
    static func all(features: [String], actions: [String], nodes: [DecisionTree.Node]) -> [TreeError] {
        var errors: [TreeError] = []
        if actions.isEmpty { errors.append(TreeError(message: "a tree needs at least one action")) }
        if nodes.isEmpty { errors.append(TreeError(message: "a tree needs at least one node")) }
        if nodes.count > Int(Int32.max) / max(1, actions.count) {
            errors.append(TreeError(message: "a tree of \(nodes.count) nodes is too large"))
        }
        var parent = [Int?](repeating: nil, count: nodes.count)
        for (number, node) in nodes.enumerated() {
            func wrong(_ message: String) { errors.append(TreeError(node: number, message: message)) }
            switch node {
            case .split(let feature, let threshold, _, let left, let right):
                if !features.indices.contains(feature) { wrong("there is no feature \(feature)") }
                if !threshold.isFinite { wrong("the threshold is not a finite number") }
                for (side, child) in [("left", left), ("right", right)] {
                    if !nodes.indices.contains(child) {
                        wrong("the \(side) child, \(child), is not a node: they run from 0 to \(nodes.count - 1)")
                    } else if child == 0 {
                        wrong("the \(side) child is the root: the tree would have a loop")
                    } else if let other = parent[child] {
                        wrong("the \(side) child, \(child), is already the child of node \(other)")
                    } else {
                        parent[child] = number
                    }
                }
            case .leaf(let scores, let weight):
                if scores.count != actions.count {
                    wrong("\(scores.count) scores for \(actions.count) actions")
                }
                if !scores.allSatisfy(\.isFinite) { wrong("a score is not a finite number") }
                if !(weight.isFinite && weight >= 0) { wrong("the weight is not a finite number of at least 0") }
            }
        }
        guard errors.isEmpty else { return errors }
        // Every node has at most one parent and the root none: what the root reaches is a tree, the rest is not part
        // of it (loops among themselves included).
        var reached = Array(repeating: false, count: nodes.count)
        var pending = [0]
        while let node = pending.popLast() {
            reached[node] = true
            if case .split(_, _, _, let left, let right) = nodes[node] { pending += [left, right] }
        }
        for node in nodes.indices where !reached[node] {
            errors.append(TreeError(node: node, message: "the root does not lead here"))
        }
        return errors
    }
}

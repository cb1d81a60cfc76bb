// The tree of conservative Q-improvement while it grows.

import Trees

/// Nodes in the order in which they came to be; the first is the root.
struct GrowingTree {
    private enum Node {
        case split(feature: Int, threshold: Double, missingGoesLeft: Bool, left: Int, right: Int)
        /// A place in `statistics`.
        case leaf(Int)
    }

    private let features: [String]
    private let actions: [String]
    private var nodes: [Node]
    private(set) var statistics: [SplitStatistics]
    /// The node of each leaf.
    private var nodeOfLeaf: [Int]
    /// Decayed visits of all leaves.
    var totalWeight = 0.0

    /// One leaf that knows nothing.
    init(features: [String], actions: [String], value: Double) {
        self.features = features
        self.actions = actions
        nodes = [.leaf(0)]
        statistics = [SplitStatistics(LearntValues(actions: actions.count, value: value))]
        nodeOfLeaf = [0]
    }

    /// The leaves of a tree, with what it is worth in them.
    init(_ start: TreeValues) {
        let tree = start.tree
        features = tree.features
        actions = tree.actions
        nodes = []
        statistics = []
        nodeOfLeaf = []
        for number in 0..<tree.nodeCount {
            switch tree.node(number) {
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                nodes.append(
                    .split(
                        feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft, left: left,
                        right: right))
            case .leaf:
                var values = LearntValues(actions: actions.count, value: 0)
                values.values.withUnsafeMutableBufferPointer { cells in
                    values.visits.withUnsafeMutableBufferPointer { visits in
                        start.writeActionValues(leaf: number, cells: cells.baseAddress!, visits: visits.baseAddress!)
                    }
                }
                nodes.append(.leaf(statistics.count))
                nodeOfLeaf.append(number)
                statistics.append(SplitStatistics(values))
            }
        }
    }

    var leafCount: Int { statistics.count }

    /// The leaf that an observation falls into, as a place in `statistics`.
    func place(of row: UnsafePointer<Double>) -> Int {
        var number = 0
        while true {
            switch nodes[number] {
            case .leaf(let place): return place
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                let value = row[feature]
                let goesLeft = missingGoesLeft ? !(value > threshold) : value <= threshold
                number = goesLeft ? left : right
            }
        }
    }

    func leaf(of row: UnsafePointer<Double>) -> SplitStatistics { statistics[place(of: row)] }

    /// Splits a leaf; its left side takes its place, its right side a new one.
    mutating func split(_ place: Int, by candidate: Int) {
        let leaf = statistics[place]
        let sides = leaf.split(by: candidate)
        let node = nodeOfLeaf[place]
        nodes[node] = .split(
            feature: leaf.candidates[candidate].feature, threshold: leaf.candidates[candidate].threshold,
            missingGoesLeft: false, left: nodes.count, right: nodes.count + 1)
        nodeOfLeaf[place] = nodes.count
        nodeOfLeaf.append(nodes.count + 1)
        nodes.append(.leaf(place))
        nodes.append(.leaf(statistics.count))
        statistics[place] = sides.left
        statistics.append(sides.right)
    }

    /// Divides all decayed visits, so that they stay finite.
    mutating func rescale(by factor: Double) {
        totalWeight *= factor
        for leaf in statistics { leaf.rescale(by: factor) }
    }

    /// The tree as it is now. A leaf scores actions by their values and weighs as much as it was visited.
    func decisionTree() -> DecisionTree {
        let described = nodes.map { node -> DecisionTree.Node in
            switch node {
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                .split(
                    feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft, left: left, right: right)
            case .leaf(let place):
                .leaf(
                    scores: statistics[place].own.scores,
                    weight: Double(statistics[place].own.visits.reduce(0) { $0 + Int($1) }))
            }
        }
        do {
            return try DecisionTree(features: features, actions: actions, nodes: described)
        } catch {
            preconditionFailure("a tree grown by splits is a tree: \(error)")
        }
    }
}

// Cost-complexity pruning: the nested subtrees of a tree that are best at some price per leaf.

extension DecisionTree {
    /// What a leaf costs, summed over leaves by weight.
    public enum PruningCost: Sendable, CaseIterable {
        /// The impurity that the tree was grown by: bits, Gini's index or variance. Uses the splits' gains.
        case impurity
        /// The share of wrong labels. Uses the leaves' scores as shares of the labels.
        case misclassification
    }

    /// A subtree of the path, and the least price at which it is best.
    public struct PruningStep: Sendable, Equatable {
        /// Price of a leaf, as cost per unit of sample weight: the subtree minimises cost + alpha × leaves from here up
        /// to the next step's alpha.
        public var alpha: Double
        public var leaves: Int
    }

    /// Weakest-link pruning (Breiman, Friedman, Olshen and Stone, "Classification and regression trees", 1984, chapter
    /// 3.3): from the whole tree (alpha 0, less what costs nothing) to its root, collapse where the cost rises least per
    /// leaf saved. `pruned(alpha:)` gives a step's tree.
    public func pruningPath(_ cost: PruningCost = .impurity) -> [PruningStep] {
        var links = PruningLinks(self, cost)
        var path = [PruningStep(alpha: 0, leaves: leafCount)]
        while let alpha = links.prune() {
            // What is saved for nothing belongs to the first step; rounding must not make the path turn back.
            if alpha > path[path.count - 1].alpha { path.append(PruningStep(alpha: alpha, leaves: 0)) }
            path[path.count - 1].leaves = links.leaves
        }
        return path
    }

    /// The smallest subtree that is best at a price per leaf. Collapsed leaves have the mean scores of the leaves below,
    /// by weight.
    public func pruned(alpha: Double, _ cost: PruningCost = .impurity) -> DecisionTree {
        var links = PruningLinks(self, cost)
        var cut: [Int] = []
        while let next = links.weakest, max(0, next) <= alpha {
            _ = links.prune()
            cut = links.cut
        }
        return cut.isEmpty ? self : collapsed(at: cut)
    }

    /// The largest subtree of the path with at most so many leaves.
    public func pruned(toLeaves most: Int, _ cost: PruningCost = .impurity) -> DecisionTree {
        var links = PruningLinks(self, cost)
        while links.leaves > max(1, most), links.prune() != nil {}
        return links.cut.isEmpty ? self : collapsed(at: links.cut)
    }

    /// The smallest subtree of the path whose accuracy on other samples is within one standard error of the highest
    /// (Breiman et al., chapter 3.4.3).
    public func pruned(
        validation: TreeSamples, standardErrors: Double = 1, _ cost: PruningCost = .impurity
    ) -> DecisionTree {
        var links = PruningLinks(self, cost)
        links.expect(rightAsLeaves(validation))
        let weight = max(validation.weights.reduce(0, +), .leastNormalMagnitude)
        let squares = validation.weights.map { $0 * $0 }.reduce(0, +)
        var path = [(accuracy: links.right / weight, leaves: links.leaves)]
        while links.prune() != nil { path.append((links.right / weight, links.leaves)) }
        let best = path.map(\.accuracy).max() ?? 0
        // Of a weighted share: p (1 − p) Σ w² / (Σ w)².
        let error = (max(0, best * (1 - best)) * squares).squareRoot() / weight
        let chosen = path.last { $0.accuracy >= best - standardErrors * error - 1e-12 } ?? path[0]
        return pruned(toLeaves: chosen.leaves, cost)
    }

    /// For each node the weight of the samples that pass it and that it would label rightly as a leaf.
    private func rightAsLeaves(_ samples: TreeSamples) -> [Double] {
        var sums = Array(repeating: 0.0, count: nodeCount * actions.count)
        for node in (0..<nodeCount).reversed() {
            let place = node * actions.count
            switch self.node(node) {
            case .leaf(let scores, let weight):
                for action in actions.indices { sums[place + action] = scores[action] * weight }
            case .split(_, _, _, let left, let right):
                for action in actions.indices {
                    sums[place + action] = sums[left * actions.count + action] + sums[right * actions.count + action]
                }
            }
        }
        let choice = (0..<nodeCount).map { node in
            isLeaf(node)
                ? action(atLeaf: node)
                : Int(DecisionTree.ranking(of: Array(sums[node * actions.count..<(node + 1) * actions.count]))[0])
        }
        var right = Array(repeating: 0.0, count: nodeCount)
        samples.values.withUnsafeBufferPointer { values in
            steps.withUnsafeBufferPointer { steps in
                for row in 0..<samples.count {
                    var node = 0
                    while true {
                        if choice[node] == Int(samples.labels[row]) { right[node] += samples.weights[row] }
                        if steps[node].isLeaf { break }
                        node = DecisionTree.next(
                            steps.baseAddress!, node, values.baseAddress! + row * features.count)
                    }
                }
            }
        }
        return right
    }

    /// The tree in which the subtrees below some nodes have become leaves.
    private func collapsed(at cut: [Int]) -> DecisionTree {
        var nodes = nodes
        for node in cut { nodes[node] = mergedLeaf(of: subtree(of: node)) }
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: knownGains) { $0 }
    }
}

/// A tree being pruned: which splits are left, and what each subtree saves.
private struct PruningLinks {
    /// Nodes collapsed so far, without those below others.
    private(set) var cut: [Int] = []
    private let leftChild: [Int]
    private let rightChild: [Int]
    private let parents: [Int?]
    /// Of each node: leaves of its subtree, and how much cost the subtree spares, per unit of the tree's weight.
    private var counts: [Int]
    private var savings: [Double]
    private var isCut: [Bool]
    /// Of each node: what it counts as a leaf in the sum that is watched, and what its subtree counts.
    private var asLeaf: [Double]
    private var watched: [Double]

    init(_ tree: DecisionTree, _ cost: DecisionTree.PruningCost) {
        let count = tree.nodeCount
        var left = Array(repeating: -1, count: count)
        var right = left
        var counts = Array(repeating: 1, count: count)
        var savings = Array(repeating: 0.0, count: count)
        // Wrong labels of each node as a leaf, and the weight of each label.
        var errors = savings
        var shares = tree.nodes.map { node -> [Double] in
            guard cost == .misclassification, case .leaf(let scores, let weight) = node else { return [] }
            return scores.map { $0 * weight }
        }
        let total = max(tree.weight(of: 0), .leastNormalMagnitude)
        for node in (0..<count).reversed() {
            if case .split(_, _, _, let first, let second) = tree.node(node) {
                left[node] = first
                right[node] = second
                counts[node] = counts[first] + counts[second]
                if cost == .misclassification { shares[node] = zip(shares[first], shares[second]).map(+) }
            }
            switch cost {
            case .impurity:
                if left[node] >= 0 {
                    savings[node] = tree.gain(of: node) / total + savings[left[node]] + savings[right[node]]
                }
            case .misclassification:
                errors[node] = (shares[node].reduce(0, +) - (shares[node].max() ?? 0)) / total
                if left[node] >= 0 {
                    savings[node] =
                        errors[node] - errors[left[node]] - errors[right[node]] + savings[left[node]]
                        + savings[right[node]]
                }
            }
        }
        leftChild = left
        rightChild = right
        self.counts = counts
        self.savings = savings
        parents = tree.parents
        isCut = left.map { $0 < 0 }
        asLeaf = Array(repeating: 0, count: count)
        watched = asLeaf
    }

    var leaves: Int { counts[0] }
    /// The sum over the leaves that are left of what `expect` was told.
    var right: Double { watched[0] }

    /// Watches a sum over leaves of a number that every node has.
    mutating func expect(_ values: [Double]) {
        asLeaf = values
        watched = values
        for node in values.indices.reversed() where !isCut[node] {
            watched[node] = watched[leftChild[node]] + watched[rightChild[node]]
        }
    }

    /// The price per leaf at which the next subtrees are not worth their leaves; nil at the root.
    var weakest: Double? {
        var least: Double?
        for node in isCut.indices where !isCut[node] {
            let price = savings[node] / Double(counts[node] - 1)
            if price < least ?? .infinity { least = price }
        }
        return least
    }

    /// Collapses the subtrees of the least price, up to rounding; returns the price.
    mutating func prune() -> Double? {
        guard let least = weakest else { return nil }
        let limit = least + 1e-12 * max(abs(least), abs(savings[0]) * 1e-3)
        var node = 0
        while node < isCut.count {
            if !isCut[node], savings[node] / Double(counts[node] - 1) <= limit { collapse(node) }
            node += 1
        }
        return least
    }

    private mutating func collapse(_ node: Int) {
        let (leaves, saving, fall) = (counts[node] - 1, savings[node], watched[node] - asLeaf[node])
        var above = Optional(node)
        while let place = above {
            counts[place] -= leaves
            savings[place] -= saving
            watched[place] -= fall
            above = parents[place]
        }
        var last = node
        while leftChild[last] >= 0 { last = rightChild[last] }
        for below in node...last { isCut[below] = true }
        cut.removeAll { (node...last).contains($0) }
        cut.append(node)
    }
}

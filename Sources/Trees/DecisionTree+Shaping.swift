// Changes to a tree's shape beyond splitting and removing: each gives a new tree, the old one stays.

extension DecisionTree {
    /// The tree whose split at a node asks for another feature.
    public func asking(_ feature: Int, at threshold: Double, in node: Int) -> DecisionTree {
        guard case .split(_, _, let missingGoesLeft, let left, let right) = self.node(node) else {
            preconditionFailure("only a split asks")
        }
        precondition(features.indices.contains(feature) && threshold.isFinite, "a split asks for a feature it has")
        var nodes = nodes
        nodes[node] = .split(
            feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft, left: left, right: right)
        var gains = knownGains
        gains[node] = 0
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: gains) { $0 }
    }

    /// The tree in which what was left of a split is right of it, and the other way round.
    public func exchangingSides(of node: Int) -> DecisionTree {
        guard case .split(let feature, let threshold, let missingGoesLeft, let left, let right) = self.node(node) else {
            preconditionFailure("only a split has sides")
        }
        var nodes = nodes
        nodes[node] = .split(
            feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft, left: right, right: left)
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: knownGains) { $0 }
    }

    /// The tree with a new split above a node, one side of which is a leaf of its own.
    ///
    /// - Parameters:
    ///   - ranking: the new leaf's actions, best first.
    ///   - isLeft: whether the new leaf is the left side.
    ///   - leftShare: share of the sample weight that goes left; missing values go to the heavier side.
    public func inserting(
        _ feature: Int, at threshold: Double, above node: Int, ranking: [Int], isLeft: Bool, leftShare: Double
    ) -> DecisionTree {
        precondition(features.indices.contains(feature) && threshold.isFinite, "a split asks for a feature it has")
        var nodes = nodes
        // The node moves to the end, and the new split takes its place.
        nodes.append(nodes[node])
        let share = isLeft ? leftShare : 1 - leftShare
        let leaf = nodes.count
        nodes.append(
            .leaf(scores: Array(repeating: 0, count: actions.count), weight: weight(of: node) * share))
        nodes[node] = .split(
            feature: feature, threshold: threshold, missingGoesLeft: leftShare >= 0.5,
            left: isLeft ? leaf : leaf - 1, right: isLeft ? leaf - 1 : leaf)
        var gains = knownGains + [gain(of: node), 0]
        gains[node] = 0
        let tree = DecisionTree(features: features, actions: actions, valid: nodes, gains: gains) { $0 }
        // In preorder the new leaf follows its split, or the subtree that is left of it.
        let place = isLeft ? node + 1 : tree.subtree(of: node + 1).upperBound
        return tree.withRanking(ranking, atLeaf: place)
    }

    /// The tree with a subtree of another one, over the same features and actions, in the place of a node.
    public func grafting(_ other: DecisionTree, _ subtree: Int, at node: Int) -> DecisionTree {
        precondition(other.features == features && other.actions == actions, "both trees decide on the same")
        let offset = nodes.count
        let added = other.nodes.map { part in
            guard case .split(let feature, let threshold, let missingGoesLeft, let left, let right) = part else {
                return part
            }
            return Node.split(
                feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft, left: left + offset,
                right: right + offset)
        }
        return DecisionTree(
            features: features, actions: actions, valid: nodes + added, gains: knownGains + other.knownGains
        ) {
            $0 == node ? offset + subtree : $0
        }
    }
}

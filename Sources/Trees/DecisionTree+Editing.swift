// Changes to a tree: each gives a new tree, the old one stays.

extension DecisionTree {
    /// The tree with another threshold at a split.
    public func withThreshold(_ threshold: Double, at node: Int) -> DecisionTree {
        precondition(!isLeaf(node) && threshold.isFinite, "a split takes a finite threshold")
        var tree = self
        tree.set(threshold: threshold, at: node)
        return tree
    }

    /// The tree in which these leaves abstain, and no others.
    ///
    /// - Parameter protocols: by leaf, the name of the protocol to follow there.
    public func withAbstentions(_ protocols: [Int: String]) -> DecisionTree {
        precondition(protocols.keys.allSatisfy { $0 < nodeCount && isLeaf($0) }, "only leaves abstain")
        var tree = self
        tree.set(abstentions: protocols)
        return tree
    }

    /// The tree with other scores at a leaf.
    public func withScores(_ scores: [Double], atLeaf node: Int) -> DecisionTree {
        precondition(isLeaf(node) && scores.count == actions.count, "a leaf takes a score per action")
        var tree = self
        tree.set(scores: scores, atLeaf: node)
        return tree
    }

    /// The tree with a leaf's actions in another order, best first. Its scores become (n − place) / n: 1 for the
    /// first of n actions, 1/n for the last.
    public func withRanking(_ ranking: [Int], atLeaf node: Int) -> DecisionTree {
        precondition(ranking.sorted() == Array(actions.indices), "a ranking names every action once")
        var scores = Array(repeating: 0.0, count: actions.count)
        for (place, action) in ranking.enumerated() {
            scores[action] = Double(actions.count - place) / Double(actions.count)
        }
        return withScores(scores, atLeaf: node)
    }

    /// The tree in which a subtree takes the place of a split above it.
    ///
    /// - Parameters:
    ///   - node: the split that goes.
    ///   - descendant: a node below it, whose subtree stays.
    public func replacing(_ node: Int, byDescendant descendant: Int) -> DecisionTree {
        precondition(subtree(of: node).contains(descendant), "only a part of itself can take the place of a subtree")
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: knownGains) {
            $0 == node ? descendant : $0
        }
    }

    /// The tree with a leaf split in two, each side a leaf with scores of its own.
    ///
    /// - Parameter leftShare: the share of the leaf's sample weight that goes left, in [0, 1]; missing values go to
    ///   the heavier side.
    public func splitting(
        _ leaf: Int, feature: Int, threshold: Double, leftShare: Double, left: [Double], right: [Double]
    ) -> DecisionTree {
        precondition(
            isLeaf(leaf) && features.indices.contains(feature) && threshold.isFinite
                && left.count == actions.count && right.count == actions.count,
            "a leaf is split by a feature at a finite threshold")
        var nodes = nodes
        let weight = weight(of: leaf)
        nodes[leaf] = .split(
            feature: feature, threshold: threshold, missingGoesLeft: leftShare >= 0.5, left: nodes.count,
            right: nodes.count + 1)
        nodes.append(.leaf(scores: left, weight: weight * leftShare))
        nodes.append(.leaf(scores: right, weight: weight * (1 - leftShare)))
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: knownGains + [0, 0]) { $0 }
    }

    /// The node numbers of a subtree: in preorder they are consecutive.
    public func subtree(of node: Int) -> Range<Int> {
        var last = node
        while case .split(_, _, _, _, let right) = self.node(last) { last = right }
        return node..<last + 1
    }

    /// The tree in which a subtree has become one leaf, with the mean of its leaves' scores by weight (plain where no
    /// weight is known).
    public func collapsed(at node: Int) -> DecisionTree {
        var nodes = nodes
        nodes[node] = mergedLeaf(of: subtree(of: node))
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: knownGains) { $0 }
    }

    func mergedLeaf(of range: Range<Int>) -> Node {
        var scores = Array(repeating: 0.0, count: actions.count)
        var total = 0.0
        let below = range.filter(isLeaf)
        let weightless = below.allSatisfy { weight(of: $0) == 0 }
        for leaf in below {
            let weight = weightless ? 1 : weight(of: leaf)
            for (action, score) in self.scores(ofLeaf: leaf).enumerated() { scores[action] += weight * score }
            total += weight
        }
        return .leaf(scores: scores.map { $0 / total }, weight: weightless ? 0 : total)
    }

    /// The tree in which every subtree whose leaves all choose the same action is one leaf. Decides as before where
    /// the first choice is allowed; second choices are those of the merged leaf.
    public func mergingSameActions() -> DecisionTree {
        // The action of all leaves below, or −1; children are numbered after their parents.
        var common = Array(repeating: -1, count: nodeCount)
        for node in (0..<nodeCount).reversed() {
            switch self.node(node) {
            case .leaf: common[node] = action(atLeaf: node)
            case .split(_, _, _, let left, let right):
                common[node] = common[left] == common[right] ? common[left] : -1
            }
        }
        var nodes = nodes
        let parents = parents
        for node in 0..<nodeCount where common[node] >= 0 && !isLeaf(node) {
            if let parent = parents[node], common[parent] >= 0 { continue }
            let merged = mergedLeaf(of: subtree(of: node))
            guard case .leaf(var scores, let weight) = merged else { continue }
            // Means of ranked scores may tie or, edited, disagree: the common action stays first.
            let best = scores.max() ?? 0
            if DecisionTree.ranking(of: scores).first != Int32(common[node]) {
                scores[common[node]] = best + max(1e-9, abs(best) * 1e-9)
            }
            nodes[node] = .leaf(scores: scores, weight: weight)
        }
        return DecisionTree(features: features, actions: actions, valid: nodes, gains: knownGains) { $0 }
    }
}

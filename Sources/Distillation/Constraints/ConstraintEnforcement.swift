// Constraints put in force: forbidden splits go, and what must or must not be done becomes splits of the tree, so that the
// tree alone obeys, wherever it is exported to.

import Trees

/// Constraints that cannot all hold in a tree.
public struct ConstraintError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

extension BoundConstraints {
    /// A tree that obeys, near the one given.
    ///
    /// - Parameter choose: the index of the best of several trees.
    /// - Throws: `ConstraintError` where no such tree is found; what `choose` throws.
    public func enforced(
        on tree: DecisionTree, grid: ThresholdGrid, choose: ([DecisionTree]) throws -> Int
    ) throws -> DecisionTree {
        var tree = tree
        while let node = firstForbidden(tree) {
            let candidates = alternatives(to: node, of: tree, grid).filter(hasLocked)
            guard !candidates.isEmpty else {
                throw ConstraintError(
                    description: "the split \(node) is forbidden, but what is locked cannot do without it")
            }
            tree = candidates[candidates.count > 1 ? try choose(candidates) : 0]
        }
        tree = try compiled(tree)
        guard permits(tree) else {
            throw ConstraintError(description: "the constraints cannot all hold: something locked stands in the way")
        }
        return tree
    }

    private func firstForbidden(_ tree: DecisionTree) -> Int? {
        (0..<tree.nodeCount).first { node in
            guard case .split(let feature, let threshold, _, _, _) = tree.node(node) else { return false }
            return constraints.forbids(feature: feature, threshold: threshold)
        }
    }

    /// Either side in the place of a forbidden split, and the split moved to where it is permitted, if that is anywhere.
    private func alternatives(to node: Int, of tree: DecisionTree, _ grid: ThresholdGrid) -> [DecisionTree] {
        guard case .split(let feature, let threshold, _, let left, let right) = tree.node(node) else { return [] }
        var trees = [left, right].map { tree.replacing(node, byDescendant: $0) }
        for ban in constraints.forbiddenSplits where ban.forbids(feature: feature, threshold: threshold) {
            let above = ban.atMost.map { grid.neighbour(of: $0, feature: feature, up: true) ?? $0.nextUp }
            for moved in [ban.above, above].compactMap({ $0 })
            where !constraints.forbids(feature: feature, threshold: moved) {
                trees.append(tree.withThreshold(moved, at: node))
            }
        }
        return trees
    }

    /// Splits leaves where a rule holds in a part of them only, and puts their actions in an order that obeys.
    private func compiled(_ tree: DecisionTree) throws -> DecisionTree {
        var tree = tree
        while let (leaf, box) = firstDisobedient(tree) {
            guard let rule = constraints.broken(by: tree.ranking(ofLeaf: leaf), in: box) else { break }
            let ranking = constraints.obedient(tree.ranking(ofLeaf: leaf), in: box)
            if let cut = rule.region.cut(through: box) {
                tree = try tree.splitting(leaf, at: cut)
            } else if constraints.broken(by: ranking, in: box) == nil {
                tree = tree.withRanking(ranking, atLeaf: leaf)
            } else if let cut = constraints.rules(for: box).lazy.compactMap({ $0.region.cut(through: box) }).first {
                // Two rules meet in the leaf but not in each other.
                tree = try tree.splitting(leaf, at: cut)
            } else {
                throw ConstraintError(description: "in leaf \(leaf) the constraints contradict each other")
            }
            if tree.leafCount > 4096 {
                throw ConstraintError(description: "the constraints need a tree of more than 4,096 leaves")
            }
        }
        return tree
    }

    private func firstDisobedient(_ tree: DecisionTree) -> (Int, Region)? {
        for leaf in tree.leaves {
            let box = tree.region(of: leaf)
            if constraints.broken(by: tree.ranking(ofLeaf: leaf), in: box) != nil { return (leaf, box) }
        }
        return nil
    }

    /// The tree with thresholds on a grid, but for those that constraints fix.
    func rounded(_ tree: DecisionTree, to grid: ThresholdGrid) -> DecisionTree {
        var tree = tree
        for node in 0..<tree.nodeCount {
            guard case .split(let feature, let threshold, _, _, _) = tree.node(node),
                !isFixed(feature: feature, threshold: threshold)
            else { continue }
            let candidate = tree.withThreshold(grid.nearest(threshold, feature: feature), at: node)
            if permits(candidate) { tree = candidate }
        }
        return tree
    }
}

extension DecisionTree {
    /// The tree with a leaf split in two that are as it was.
    func splitting(_ leaf: Int, at cut: Region.Cut) throws -> DecisionTree {
        var nodes = nodes
        let half = DecisionTree.Node.leaf(scores: scores(ofLeaf: leaf), weight: weight(of: leaf) / 2)
        nodes[leaf] = .split(
            feature: cut.feature, threshold: cut.threshold, missingGoesLeft: cut.missingGoesLeft, left: nodes.count,
            right: nodes.count + 1)
        nodes += [half, half]
        return try DecisionTree(
            features: features, actions: actions, nodes: nodes, gains: (0..<nodeCount).map { gain(of: $0) } + [0, 0])
    }
}

// A tree of which some is decided: a node of the search by branch and bound.

struct PartialTree: Sendable {
    enum Kind: Sendable, Equatable {
        /// A leaf or a split, not known which.
        case open
        case split(feature: Int32, cut: Int32, left: Int32, right: Int32)
        /// A leaf, and the first of its ranked actions.
        case leaf([Int32])
    }

    struct Node: Sendable, Equatable {
        var kind: Kind
        var depth: Int32
        var parent: Int32
    }

    var nodes: [Node] = [Node(kind: .open, depth: 0, parent: -1)]

    /// States that nothing is decided for, in one node.
    struct Region {
        var node: Int
        var states: [Int32]
        /// Splits that may lie one above the other in it.
        var depth: Int
        /// Whether it is a leaf of which some actions are ranked.
        var isRanked: Bool
    }

    var leafCount: Int { (nodes.count + 1) / 2 }

    /// By state the decided action or −1, and the regions that are left.
    func decided(
        _ process: DecisionProcess, _ cuts: TreeCuts, _ limits: TreeLimits
    ) -> (fixed: [Int32], regions: [Region]) {
        var fixed = Array(repeating: Int32(-1), count: process.count)
        var members = Array(repeating: [Int32](), count: nodes.count)
        for state in 0..<process.count {
            var node = 0
            while case .split(let feature, let cut, let left, let right) = nodes[node].kind {
                node = Int(cuts.goesLeft(state, Int(feature), Int(cut)) ? left : right)
            }
            if case .leaf(let ranked) = nodes[node].kind,
                let action = ranked.first(where: { process.row(state, Int($0)) >= 0 })
            {
                fixed[state] = action
            } else {
                members[node].append(Int32(state))
            }
        }
        let spare = limits.leaves - leafCount
        let regions = nodes.indices.compactMap { node -> Region? in
            guard !members[node].isEmpty else { return nil }
            let isRanked = nodes[node].kind != .open
            return Region(
                node: node, states: members[node],
                depth: isRanked ? 0 : min(spare, limits.depth - Int(nodes[node].depth)), isRanked: isRanked)
        }
        return (fixed, regions)
    }

    func splitting(_ node: Int, _ feature: Int, _ cut: Int) -> PartialTree {
        var tree = self
        let depth = nodes[node].depth + 1
        tree.nodes[node].kind = .split(
            feature: Int32(feature), cut: Int32(cut), left: Int32(nodes.count), right: Int32(nodes.count + 1))
        for _ in 0..<2 { tree.nodes.append(Node(kind: .open, depth: depth, parent: Int32(node))) }
        return tree
    }

    func ranking(_ action: Int, at node: Int) -> PartialTree {
        var tree = self
        if case .leaf(let ranked) = nodes[node].kind {
            tree.nodes[node].kind = .leaf(ranked + [Int32(action)])
        } else {
            tree.nodes[node].kind = .leaf([Int32(action)])
        }
        return tree
    }

    /// Whether splitting a node so would make both children of its parent ask the same, and the parent could as well
    /// ask that first: of the two trees, which part the states alike, one is left out.
    func mirrorsAnother(_ node: Int, _ feature: Int, _ cut: Int) -> Bool {
        let parent = Int(nodes[node].parent)
        guard parent >= 0, case .split(let above, let aboveCut, let left, let right) = nodes[parent].kind else {
            return false
        }
        let sibling = Int(left) == node ? Int(right) : Int(left)
        guard case .split(let beside, let besideCut, _, _) = nodes[sibling].kind else { return false }
        return beside == Int32(feature) && besideCut == Int32(cut)
            && (Int32(feature), Int32(cut)) < (above, aboveCut)
    }

    /// The tree, once nothing is left to decide; actions that were not ranked follow in their order.
    func planned(_ actions: Int) -> PlannedTree {
        var tree = PlannedTree(ranking: [])
        tree.nodes = nodes.map { node in
            switch node.kind {
            case .split(let feature, let cut, let left, let right):
                PlannedTree.Node(feature: feature, cut: cut, left: left, right: right)
            case .leaf(let ranked):
                PlannedTree.Node(ranking: ranked + (0..<Int32(actions)).filter { !ranked.contains($0) })
            case .open: PlannedTree.Node(ranking: (0..<Int32(actions)).map { $0 })
            }
        }
        return tree
    }
}

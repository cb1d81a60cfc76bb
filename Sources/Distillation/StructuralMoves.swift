// Random changes to a tree, its shape included: what evolution tries.

import Numerics
import Trees

/// States that a tree's patients came through, and the leaves that decided there.
struct VisitedStates: Sendable {
    let width: Int
    /// states × features
    let rows: [Double]
    /// The leaf of each state.
    let leaves: [Int32]

    var count: Int { leaves.count }

    init(_ rows: [Double], _ tree: DecisionTree) {
        width = tree.features.count
        self.rows = rows
        let width = width
        leaves = rows.withUnsafeBufferPointer { rows in
            (0..<rows.count / width).map { Int32(tree.leaf(of: rows.baseAddress! + $0 * width)) }
        }
    }

    /// States that come through each node.
    func visits(_ tree: DecisionTree) -> [Int] {
        var visits = Array(repeating: 0, count: tree.nodeCount)
        for leaf in leaves { visits[Int(leaf)] += 1 }
        for node in visits.indices.reversed() {
            if case .split(_, _, _, let left, let right) = tree.node(node) {
                visits[node] = visits[left] + visits[right]
            }
        }
        return visits
    }

    /// The values of a feature in the states that come through a node, ascending; missing ones left out.
    func values(of feature: Int, through nodes: Range<Int>) -> [Double] {
        var values: [Double] = []
        for state in leaves.indices where nodes.contains(Int(leaves[state])) {
            let value = rows[state * width + feature]
            if !value.isNaN { values.append(value) }
        }
        return values.sorted()
    }
}

/// A random change at a time.
struct StructuralMoves: Sendable {
    let grid: ThresholdGrid
    var maximumLeaves: Int
    let permits: @Sendable (DecisionTree) -> Bool

    /// Kinds of change and how often each is tried.
    private enum Kind: CaseIterable {
        case threshold, feature, action, insertion, removal, exchange, graft

        var share: Double {
            switch self {
            case .threshold: 0.3
            case .feature: 0.12
            case .action: 0.15
            case .insertion: 0.25
            case .removal: 0.06
            case .exchange: 0.04
            case .graft: 0.08
            }
        }
    }

    /// Chance that one more change follows a change.
    static let chanceOfAnother = 0.4
    /// Tries to find a change that alters the tree and is permitted.
    static let attempts = 12

    /// A tree changed at random, one change or a few; as it was where nothing permitted was found.
    ///
    /// - Parameters:
    ///   - rows: states that the tree's patients came through.
    ///   - mates: trees from which a subtree may be taken.
    func mutated(
        _ tree: DecisionTree, rows: [Double], mates: [DecisionTree], _ stream: inout RandomStream
    ) -> DecisionTree {
        var result = tree
        while result.leafCount > maximumLeaves {
            let visits = VisitedStates(rows, result).visits(result)
            var smaller: DecisionTree?
            for _ in 0..<StructuralMoves.attempts where smaller == nil {
                smaller = makeRoom(result, visits, &stream).flatMap { permits($0) ? $0 : nil }
            }
            guard let smaller else { return tree }
            result = smaller
        }
        repeat {
            let states = VisitedStates(rows, result)
            for _ in 0..<StructuralMoves.attempts {
                guard let changed = change(result, states, mates, &stream), changed != result,
                    changed.leafCount <= maximumLeaves, permits(changed)
                else { continue }
                result = changed
                break
            }
        } while stream.uniform() < StructuralMoves.chanceOfAnother
        return result
    }

    private func change(
        _ tree: DecisionTree, _ states: VisitedStates, _ mates: [DecisionTree], _ stream: inout RandomStream
    ) -> DecisionTree? {
        let visits = states.visits(tree)
        var draw = stream.uniform()
        let kind = Kind.allCases.first {
            draw -= $0.share
            return draw < 0
        }
        switch kind ?? .threshold {
        case .threshold: return moveThreshold(tree, states, visits, &stream)
        case .feature: return askOtherwise(tree, states, visits, &stream)
        case .action: return decideOtherwise(tree, visits, &stream)
        case .insertion: return insert(tree, states, visits, &stream)
        case .removal:
            guard let split = visitedSplit(tree, visits, &stream) else { return nil }
            return remove(split, tree, visits, &stream)
        case .exchange:
            guard let split = visitedSplit(tree, visits, &stream) else { return nil }
            return tree.exchangingSides(of: split)
        case .graft: return graft(tree, states, visits, mates, &stream)
        }
    }

    /// A split that some state came to, each with the same chance.
    private func visitedSplit(_ tree: DecisionTree, _ visits: [Int], _ stream: inout RandomStream) -> Int? {
        let splits = visits.indices.filter { visits[$0] > 0 && !tree.isLeaf($0) }
        return splits.isEmpty ? nil : splits[stream.below(splits.count)]
    }

    /// Half of the moves go a few places among the visited values or steps of the grid, the others anywhere.
    private func moveThreshold(
        _ tree: DecisionTree, _ states: VisitedStates, _ visits: [Int], _ stream: inout RandomStream
    ) -> DecisionTree? {
        guard let node = visitedSplit(tree, visits, &stream),
            case .split(let feature, let now, _, _, _) = tree.node(node)
        else { return nil }
        let up = stream.uniform() < 0.5
        if stream.uniform() < 0.4 {
            var threshold = now
            for _ in 0...stream.below(3) {
                guard let next = grid.neighbour(of: threshold, feature: feature, up: up) else { break }
                threshold = next
            }
            if threshold != now { return tree.withThreshold(threshold, at: node) }
        }
        let values = states.values(of: feature, through: tree.subtree(of: node))
        guard values.count > 1 else { return nil }
        let left = values.partitioningIndex { $0 > now }
        // Mostly near: the cube of a uniform number.
        let share = stream.uniform()
        let distance = max(1, Int(share * share * share * Double(values.count)))
        guard let cut = RefinementMoves.cut(values, left + (up ? distance : -distance), up: up) else { return nil }
        return tree.withThreshold(grid.nearest(cut, feature: feature), at: node)
    }

    /// A split by another observation that sends about as many to each side, or anywhere.
    private func askOtherwise(
        _ tree: DecisionTree, _ states: VisitedStates, _ visits: [Int], _ stream: inout RandomStream
    ) -> DecisionTree? {
        guard tree.features.count > 1, let node = visitedSplit(tree, visits, &stream),
            case .split(let feature, _, _, let left, _) = tree.node(node)
        else { return nil }
        let other = (feature + 1 + stream.below(tree.features.count - 1)) % tree.features.count
        let values = states.values(of: other, through: tree.subtree(of: node))
        guard values.count > 1 else { return nil }
        let isExchanged = stream.uniform() < 0.5
        let like = isExchanged ? visits[node] - visits[left] : visits[left]
        let target = stream.uniform() < 0.5 ? like : 1 + stream.below(values.count)
        guard let cut = RefinementMoves.cut(values, target, up: stream.uniform() < 0.5) else { return nil }
        let asked = tree.asking(other, at: grid.nearest(cut, feature: other), in: node)
        return isExchanged ? asked.exchangingSides(of: node) : asked
    }

    private func decideOtherwise(
        _ tree: DecisionTree, _ visits: [Int], _ stream: inout RandomStream
    ) -> DecisionTree? {
        let leaves = tree.leaves.filter { visits[$0] > 0 }
        guard tree.actions.count > 1, !leaves.isEmpty else { return nil }
        let leaf = leaves[stream.below(leaves.count)]
        var ranking = tree.ranking(ofLeaf: leaf)
        // Now and then what is done where the first choice is forbidden.
        let place = ranking.count > 2 && stream.uniform() < 0.1 ? 1 : 0
        let action = ranking.remove(at: place + 1 + stream.below(ranking.count - place - 1))
        ranking.insert(action, at: place)
        return tree.withRanking(ranking, atLeaf: leaf)
    }

    /// A new split above a node, with a leaf of its own on one side; where there is no room, another split goes first.
    private func insert(
        _ tree: DecisionTree, _ states: VisitedStates, _ visits: [Int], _ stream: inout RandomStream
    ) -> DecisionTree? {
        var (tree, states, visits) = (tree, states, visits)
        if tree.leafCount >= maximumLeaves {
            guard let smaller = makeRoom(tree, visits, &stream) else { return nil }
            tree = smaller
            states = VisitedStates(states.rows, tree)
            visits = states.visits(tree)
        }
        guard tree.actions.count > 1, states.count > 0 else { return nil }
        // Mostly a leaf, by how often it decides or each alike, now and then any node.
        let node: Int
        let draw = stream.uniform()
        if draw < 0.4 {
            node = Int(states.leaves[stream.below(states.count)])
        } else {
            let nodes = visits.indices.filter { visits[$0] > 1 && (draw > 0.75 || tree.isLeaf($0)) }
            guard !nodes.isEmpty else { return nil }
            node = nodes[stream.below(nodes.count)]
        }
        let feature = stream.below(tree.features.count)
        let values = states.values(of: feature, through: tree.subtree(of: node))
        guard values.count > 1,
            let cut = RefinementMoves.cut(values, 1 + stream.below(values.count), up: stream.uniform() < 0.5)
        else { return nil }
        let threshold = grid.nearest(cut, feature: feature)
        let left = values.partitioningIndex { $0 > threshold }
        guard left > 0, left < values.count else { return nil }
        var ranking = tree.ranking(
            ofLeaf: tree.isLeaf(node) ? node : Int(states.leaf(through: tree.subtree(of: node))!))
        let action = ranking.remove(
            at: tree.isLeaf(node) ? 1 + stream.below(ranking.count - 1) : stream.below(ranking.count))
        ranking.insert(action, at: 0)
        return tree.inserting(
            feature, at: threshold, above: node, ranking: ranking, isLeft: stream.uniform() < 0.5,
            leftShare: Double(left) / Double(values.count))
    }

    /// The tree without a split that decides nothing here, or else without one of the lowest.
    private func makeRoom(_ tree: DecisionTree, _ visits: [Int], _ stream: inout RandomStream) -> DecisionTree? {
        var idle: [Int] = []
        var low: [Int] = []
        for node in visits.indices {
            guard case .split(_, _, _, let left, let right) = tree.node(node) else { continue }
            if visits[left] == 0 || visits[right] == 0 { idle.append(node) }
            if tree.isLeaf(left) || tree.isLeaf(right) { low.append(node) }
        }
        let choices = idle.isEmpty ? low : idle
        return choices.isEmpty ? nil : remove(choices[stream.below(choices.count)], tree, visits, &stream)
    }

    /// A side in the place of a split, the more visited one with the better chance.
    private func remove(
        _ node: Int, _ tree: DecisionTree, _ visits: [Int], _ stream: inout RandomStream
    ) -> DecisionTree? {
        guard case .split(_, _, _, let left, let right) = tree.node(node) else { return nil }
        let goesLeft = stream.uniform() * Double(visits[node]) < Double(visits[left])
        return tree.replacing(node, byDescendant: visits[node] == 0 || goesLeft ? left : right)
    }

    /// A subtree of another tree in the place of a node; splits go until there is room.
    private func graft(
        _ tree: DecisionTree, _ states: VisitedStates, _ visits: [Int], _ mates: [DecisionTree],
        _ stream: inout RandomStream
    ) -> DecisionTree? {
        guard !mates.isEmpty else { return nil }
        let mate = mates[stream.below(mates.count)]
        let nodes = visits.indices.filter { visits[$0] > 0 }
        guard !nodes.isEmpty else { return nil }
        var result = tree.grafting(mate, stream.below(mate.nodeCount), at: nodes[stream.below(nodes.count)])
        while result.leafCount > maximumLeaves {
            let visits = VisitedStates(states.rows, result).visits(result)
            guard let smaller = makeRoom(result, visits, &stream) else { return nil }
            result = smaller
        }
        return result
    }
}

extension VisitedStates {
    /// The first leaf among nodes that a state came to.
    func leaf(through nodes: Range<Int>) -> Int32? { leaves.first { nodes.contains(Int($0)) } }
}

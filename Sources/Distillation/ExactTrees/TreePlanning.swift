// Trees planned with the known model: grown by exact gain, then improved move by move, every move valued exactly.

import Numerics

/// Limits of a tree.
struct TreeLimits: Sendable, Equatable {
    var leaves: Int
    var depth: Int
}

/// One tree under improvement. One thread's own.
///
/// Moves are proposed by first-order gains under the present policy, and taken only where the exact value rises: the
/// order of a leaf's actions; another question at a node, its subtrees as they are (tree alternating optimisation:
/// Carreira-Perpiñán and Tavallali, NeurIPS 2018, with exact gains in place of labels); growth beyond the limit followed
/// by the cheapest removals; and now and then a change by chance from which all this begins again.
final class TreePlanning {
    let process: DecisionProcess
    let cuts: TreeCuts
    let limits: TreeLimits
    let search: RankingSearch
    let splits: SplitCandidates
    let valuation: any PolicyValuation
    var tree: PlannedTree
    /// Exact valuations so far.
    var valuations = 0

    /// Gains below this count as none.
    static let least = 1e-10

    init(_ process: DecisionProcess, _ cuts: TreeCuts, _ limits: TreeLimits, from start: PlannedTree? = nil) {
        self.process = process
        self.cuts = cuts
        self.limits = limits
        search = RankingSearch(process: process)
        splits = SplitCandidates(process: process, cuts: cuts, search: search)
        tree = start ?? PlannedTree(ranking: (0..<Int32(process.actions)).map { $0 })
        valuation = process.valuation(tree.policy(cuts, search))
    }

    var value: Double { valuation.value }

    /// Takes another tree.
    func take(_ other: PlannedTree) {
        tree = other
        valuation.set(tree.policy(cuts, search))
    }

    /// Grows and improves, then leaves what was reached in turn by going beyond the limit and back and by chance, and
    /// keeps what is better.
    ///
    /// - Parameters:
    ///   - guide: the gains that growth looks at, made anew from the valuation; nil for the valuation's own.
    ///   - rounds: attempts to leave, at most.
    ///   - ceiling: what no policy exceeds; nothing is attempted once it is reached.
    func run(
        guide: ((any PolicyValuation) -> [Double])?, rounds: Int, ceiling: Double, chance: inout RandomStream
    ) {
        if let guide { growGuided(to: limits.leaves, guide) } else { grow(to: limits.leaves) }
        improve()
        prune(to: limits.leaves)
        var best = (tree: tree, value: value)
        // How far beyond the limit, in eighths of it.
        let beyond = [2, 1, 4, 8]
        for round in 0..<rounds where best.value < ceiling - TreeBranching.tolerance {
            if round % 2 == 1 { for _ in 0...(tree.leafCount / 32) { kick(&chance) } }
            grow(to: limits.leaves + max(1, limits.leaves * beyond[round / 2 % beyond.count] / 8))
            improve(sweeps: 2)
            prune(to: limits.leaves)
            improve()
            if value > best.value + TreePlanning.least { best = (tree, value) } else { take(best.tree) }
        }
    }

    /// Asks something else at a split, or puts a part of its subtree in its place, at random.
    private func kick(_ chance: inout RandomStream) {
        let inner = tree.nodes.indices.filter { !tree.nodes[$0].isLeaf }
        guard !inner.isEmpty else { return }
        let node = inner[chance.below(inner.count)]
        let feature = chance.below(cuts.features)
        let ranks = Set(tree.members(cuts)[node].map { cuts.ranks[feature * cuts.count + Int($0)] }).sorted()
        if chance.below(3) > 0, ranks.count > 1 {
            tree.nodes[node].feature = Int32(feature)
            tree.nodes[node].cut = Int32(ranks[chance.below(ranks.count - 1)])
        } else {
            let child = chance.below(2) == 0 ? tree.nodes[node].left : tree.nodes[node].right
            tree = tree.replacing(node, by: Int(child))
        }
        take(tree)
    }

    // MARK: Growth

    /// Splits leaves in the order of what their best splits promise, each taken only if the exact value rises.
    func grow(to leaves: Int) {
        while tree.leafCount < leaves {
            let members = tree.members(cuts)
            let depths = tree.depths
            var all: [(leaf: Int, candidates: [SplitCandidate])] = []
            for leaf in tree.nodes.indices where tree.nodes[leaf].isLeaf && depths[leaf] < limits.depth {
                let found = splits.best(
                    members[leaf], tree.nodes[leaf].ranking, valuation.gains.baseAddress!, most: 4)
                if let first = found.first, first.promise > TreePlanning.least { all.append((leaf, found)) }
            }
            all.sort { ($1.candidates[0].promise, $0.leaf) < ($0.candidates[0].promise, $1.leaf) }
            var grown = false
            // The gains of some leaves stay roughly true while others are split.
            for (leaf, candidates) in all.prefix(max(1, all.count / 3)) where tree.leafCount < leaves {
                var best: (candidate: SplitCandidate, changes: [PolicyChange], value: Double)?
                for candidate in candidates {
                    let changes = changes(of: candidate, members[leaf])
                    let value = valued(changes)
                    if value > (best?.value ?? self.value + TreePlanning.least) { best = (candidate, changes, value) }
                }
                guard let best else { continue }
                let candidate = best.candidate
                tree = tree.splitting(
                    leaf, candidate.feature, candidate.cut, left: candidate.left, right: candidate.right)
                valuation.apply(best.changes)
                grown = true
            }
            if !grown { return }
        }
    }

    /// Grows by another measure, whatever the exact value says meanwhile: towards a policy far from the present one,
    /// where first-order gains of the present one mislead.
    private func growGuided(to leaves: Int, _ guide: (any PolicyValuation) -> [Double]) {
        var gains = guide(valuation)
        tree.nodes[0].ranking = search.best((0..<Int32(process.count)).map { $0 }, gains)
        valuation.set(tree.policy(cuts, search))
        var stuck = false
        while tree.leafCount < leaves, !stuck {
            gains = guide(valuation)
            let members = tree.members(cuts)
            let depths = tree.depths
            var all: [(leaf: Int, candidate: SplitCandidate)] = []
            for leaf in tree.nodes.indices where tree.nodes[leaf].isLeaf && depths[leaf] < limits.depth {
                let found = splits.best(members[leaf], tree.nodes[leaf].ranking, gains, most: 1)
                if let first = found.first, first.promise > 1e-12 { all.append((leaf, first)) }
            }
            all.sort { ($1.candidate.promise, $0.leaf) < ($0.candidate.promise, $1.leaf) }
            stuck = all.isEmpty
            for (leaf, candidate) in all.prefix(max(1, all.count / 4)) where tree.leafCount < leaves {
                tree = tree.splitting(
                    leaf, candidate.feature, candidate.cut, left: candidate.left, right: candidate.right)
            }
            valuation.set(tree.policy(cuts, search))
        }
    }

    private func changes(of candidate: SplitCandidate, _ states: [Int32]) -> [PolicyChange] {
        changes(states) { state in
            let isLeft = self.cuts.goesLeft(state, candidate.feature, candidate.cut)
            return self.search.action(state, isLeft ? candidate.left : candidate.right)
        }
    }

    /// The states that would do otherwise.
    func changes(_ states: [Int32], _ action: (Int) -> Int32) -> [PolicyChange] {
        states.compactMap { state in
            let new = action(Int(state))
            return new == valuation.policy[Int(state)] ? nil : PolicyChange(state: state, action: new)
        }
    }

    func valued(_ changes: [PolicyChange]) -> Double {
        valuations += 1
        return valuation.value(changing: changes)
    }
}

// Trees planned with the known model: grown by exact gain, then improved move by move, every move valued exactly.

/// Limits of a tree.
struct TreeLimits: Sendable, Equatable {
    var leaves: Int
    var depth: Int
}

/// One tree under improvement. One thread's own; no chance is involved.
///
/// Moves are proposed by first-order gains under the present policy, and taken only where the exact value rises: the
/// order of a leaf's actions; another question at a node, its subtrees as they are (tree alternating optimisation:
/// Carreira-Perpiñán and Tavallali, NeurIPS 2018, with exact gains in place of labels); growth beyond the limit followed
/// by the cheapest removals.
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

    /// Grows, improves, and goes beyond the limit and back, until that helps no more.
    ///
    /// - Parameters:
    ///   - guide: the gains that growth looks at, made anew from the valuation; nil for the valuation's own.
    ///   - rounds: attempts beyond the limit, at most.
    func run(guide: ((any PolicyValuation) -> [Double])?, rounds: Int, report: (Double) -> Void = { _ in }) {
        if let guide { growGuided(to: limits.leaves, guide) } else { grow(to: limits.leaves) }
        improve()
        report(value)
        var failures = 0
        // How far beyond the limit, in eighths of it.
        let beyond = [2, 1, 4, 8]
        for round in 0..<rounds {
            let before = (tree: tree, value: value)
            grow(to: limits.leaves + max(1, limits.leaves * beyond[round % beyond.count] / 8))
            improve(sweeps: 2)
            prune(to: limits.leaves)
            improve()
            report(value)
            if value > before.value + 1e-7 {
                failures = 0
            } else {
                if value <= before.value { take(before.tree) }
                failures += 1
                if failures == beyond.count { return }
            }
        }
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

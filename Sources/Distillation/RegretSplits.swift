// Where a tree should grow: the splits of its leaves that would gain most, by the deviations tried there.

import Numerics
import Trees

/// Splits of one leaf that are worth trying.
struct RegretSplits: Sendable {
    var leaf: Int
    /// The sum of gains over the leaf's tried states that the best of them promises.
    var promise: Double
    /// One for each feature, side and action that promises most, best first.
    var candidates: [Candidate]

    /// Candidates per leaf at most.
    static let width = 8

    /// For every leaf the best splits in which one side takes another action, leaves with the highest promise first.
    ///
    /// A split by feature f at t whose left side does a promises Σ gain(s, a) over the leaf's tried states with f ≤ t;
    /// the right side likewise. All thresholds between tried values are looked at (trees by value instead of
    /// agreement: Zhou, Athey and Wager, "Offline multi-action policy learning", 2023). A promise looks one deviation
    /// far; whether it is kept is for the patients to say.
    ///
    /// - Parameter permits: whether a tree may be: what may not is passed over.
    static func best(
        for tree: DecisionTree, _ deviations: [Deviation], _ grid: ThresholdGrid,
        permits: (DecisionTree) -> Bool = { _ in true }
    ) -> [RegretSplits] {
        var states = Dictionary(uniqueKeysWithValues: tree.leaves.map { ($0, LeafStates(tree)) })
        for deviation in deviations {
            states[tree.leaf(of: deviation.observation)]?.append(deviation.observation, deviation.gains)
        }
        let found = tree.leaves.compactMap { leaf in states[leaf].flatMap { $0.splits(of: leaf, tree, grid, permits) } }
        return found.enumerated().sorted {
            ($1.element.promise, $0.offset) < ($0.element.promise, $1.offset)
        }.map(\.element)
    }
}

/// The tried states that came to one leaf.
private struct LeafStates {
    let width, choices: Int
    var count = 0
    /// states × features
    var values: [Double] = []
    /// states × actions
    var gains: [Double] = []

    init(_ tree: DecisionTree) {
        width = tree.features.count
        choices = tree.actions.count
    }

    mutating func append(_ row: [Double], _ own: [Double]) {
        count += 1
        values += row
        gains += own
    }

    private struct Proposal {
        var promise: Double
        var feature: Int
        var threshold: Double
        var left: Int
        var action: Int
        var isLeft: Bool
    }

    func splits(
        of leaf: Int, _ tree: DecisionTree, _ grid: ThresholdGrid, _ permits: (DecisionTree) -> Bool
    ) -> RegretSplits? {
        var proposals: [Proposal] = []
        for feature in 0..<width {
            let order = (0..<count).filter { !values[$0 * width + feature].isNaN }
                .sorted {
                    (values[$0 * width + feature], $0) < (values[$1 * width + feature], $1)
                }
            for action in 0..<choices where action != tree.action(atLeaf: leaf) {
                let total = order.reduce(0) { $0 + gains[$1 * choices + action] }
                var prefix = 0.0
                var left: Proposal?
                var right: Proposal?
                for place in order.indices.dropLast() {
                    prefix += gains[order[place] * choices + action]
                    let low = values[order[place] * width + feature]
                    let high = values[order[place + 1] * width + feature]
                    guard low < high else { continue }
                    let middle = low / 2 + high / 2
                    let threshold = grid.nearest(middle >= low && middle < high ? middle : low, feature: feature)
                    // Only what the grid can tell apart is a split here.
                    guard low <= threshold, threshold < high else { continue }
                    if prefix > (left?.promise ?? 0) {
                        left = Proposal(
                            promise: prefix, feature: feature, threshold: threshold, left: place + 1, action: action,
                            isLeft: true)
                    }
                    if total - prefix > (right?.promise ?? 0) {
                        right = Proposal(
                            promise: total - prefix, feature: feature, threshold: threshold, left: place + 1,
                            action: action, isLeft: false)
                    }
                }
                proposals += [left, right].compactMap { $0 }
            }
        }
        let ordered = proposals.enumerated()
            .sorted { ($1.element.promise, $0.offset) < ($0.element.promise, $1.offset) }
            .map(\.element)
        var best: [(promise: Double, candidate: Candidate)] = []
        for proposal in ordered where best.count < RegretSplits.width {
            let candidate = candidate(proposal, leaf, tree)
            if permits(candidate.tree) { best.append((proposal.promise, candidate)) }
        }
        guard let first = best.first else { return nil }
        return RegretSplits(leaf: leaf, promise: first.promise, candidates: best.map(\.candidate))
    }

    private func candidate(_ proposal: Proposal, _ leaf: Int, _ tree: DecisionTree) -> Candidate {
        let scores = tree.scores(ofLeaf: leaf)
        var ranking = tree.ranking(ofLeaf: leaf).filter { $0 != proposal.action }
        ranking.insert(proposal.action, at: 0)
        let changed = tree.withRanking(ranking, atLeaf: leaf).scores(ofLeaf: leaf)
        let split = tree.splitting(
            leaf, feature: proposal.feature, threshold: proposal.threshold,
            leftShare: Double(proposal.left) / Double(count), left: proposal.isLeft ? changed : scores,
            right: proposal.isLeft ? scores : changed)
        return Candidate(
            tree: split,
            change: "leaf \(leaf) grows: \(tree.features[proposal.feature]) at \(proposal.threshold), "
                + "\(proposal.isLeft ? "left" : "right") \(tree.actions[proposal.action])")
    }
}

// Where a tree should grow: the splits of its leaves that would spare most regret, in the teacher's eyes.

import Numerics
import Patients
import Trees

/// Splits of one leaf that are worth trying.
struct RegretSplits: Sendable {
    var leaf: Int
    /// What the best of them promises: the sum of the teacher's advantages it would gain over the visited states.
    var promise: Double
    /// One for each feature, side and action that promises anything, best first.
    var candidates: [Candidate]

    /// Candidates per leaf at most.
    static let width = 6

    /// For every leaf the best splits in which one side takes another action, leaves with the highest promise first.
    ///
    /// With Γ(s, a) = A(s, a) − A(s, leaf's action) of the teacher (0 where a is forbidden), a split by feature f at t
    /// whose left side does a promises Σ Γ(s, a) over the leaf's visited states with f ≤ t; the right side likewise.
    /// All thresholds between visited values are looked at (policy trees by value: Zhou, Athey and Wager, "Offline
    /// multi-action policy learning", 2023). The teacher only proposes: the patients decide.
    static func best(of courses: PatientCourses, teacher: any ScoredPolicy, jobs: Int) throws -> [RegretSplits] {
        let tree = courses.tree
        let traces = courses.traces
        let labels = try Parallel.map(traces.count, jobs: jobs) { index in
            var labels = TeacherLabels()
            try labels.append(traces[index], teacher: teacher, actionCount: tree.actions.count)
            return labels
        }
        var states = Dictionary(uniqueKeysWithValues: tree.leaves.map { ($0, LeafStates(tree)) })
        for (trace, said) in zip(traces, labels) {
            for decision in 0..<trace.decisions {
                let leaf = trace.observations.withUnsafeBufferPointer {
                    tree.leaf(of: $0.baseAddress! + decision * tree.features.count)
                }
                states[leaf]?.append(trace, said, decision)
            }
        }
        let found = tree.leaves.compactMap { leaf in states[leaf].flatMap { $0.splits(of: leaf, tree) } }
        return found.enumerated().sorted {
            ($1.element.promise, $0.offset) < ($0.element.promise, $1.offset)
        }.map(\.element)
    }
}

/// The states that came to one leaf.
private struct LeafStates {
    let width, choices: Int
    var count = 0
    /// states × features
    var values: [Double] = []
    /// states × actions: Γ
    var gains: [Double] = []

    init(_ tree: DecisionTree) {
        width = tree.features.count
        choices = tree.actions.count
    }

    mutating func append(_ trace: PatientTrace, _ said: TeacherLabels, _ decision: Int) {
        count += 1
        values += trace.observations[decision * width..<(decision + 1) * width]
        let own = said.advantages[decision * choices + Int(trace.actions[decision])]
        for action in 0..<choices {
            let advantage = said.advantages[decision * choices + action]
            gains.append(advantage.isNaN ? 0 : advantage - own)
        }
    }

    private struct Proposal {
        var promise: Double
        var feature: Int
        var threshold: Double
        var left: Int
        var action: Int
        var isLeft: Bool
    }

    func splits(of leaf: Int, _ tree: DecisionTree) -> RegretSplits? {
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
                    let threshold = middle >= low && middle < high ? middle : low
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
        let best = proposals.enumerated()
            .sorted { ($1.element.promise, $0.offset) < ($0.element.promise, $1.offset) }
            .prefix(RegretSplits.width).map(\.element)
        guard let first = best.first else { return nil }
        return RegretSplits(
            leaf: leaf, promise: first.promise, candidates: best.map { candidate($0, leaf, tree) })
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

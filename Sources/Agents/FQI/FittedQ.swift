// Fitted Q iteration on a given batch of transitions.

import Patients
import Trees

/// Fitted Q iteration with extremely randomised trees: Ernst, Geurts and Wehenkel, "Tree-based batch mode reinforcement
/// learning", JMLR 6 (2005) 503–556, figure 1. Q₀ = 0; for k = 1 … N a regression of
///
///     r + γ · max over allowed a′ of Q_{k−1}(s′, a′)        (r alone where the course terminated)
///
/// on (s, a) gives Q_k.
///
/// The regression is an ensemble per action rather than one with the action as a feature: doses are few and unordered
/// to a tree, no split is spent on telling them apart, no leaf mixes them, and trees on a share of the samples are
/// grown faster. What it costs: an action borrows nothing from its neighbours.
///
/// From `grownIterations` on the trees keep their splits and only their leaves are refitted. An average of targets in
/// fixed leaves is a non-expansion, so that these iterations converge (Gordon, ICML 1995; Ernst et al., section 3.5
/// with totally randomised trees, which `features_per_split` 1 makes).
public struct FittedQ {
    public var configuration: FQIConfiguration
    public var gamma: Double

    public init(_ configuration: FQIConfiguration, gamma: Double) {
        self.configuration = configuration
        self.gamma = gamma
    }

    /// What a fit arrived at.
    public struct Result {
        /// One per action; nil for an action without a transition.
        public var ensembles: [ExtraTrees?]
        public var iterations: Int
        /// The largest change of a target in the last iteration.
        public var change: Double
        /// The mean of the last targets.
        public var meanTarget: Double
    }

    /// - Parameters:
    ///   - start: values that the first targets use; nil for none.
    ///   - index: numbers the random streams, so that every fit of a run has its own.
    public func fit(
        _ transitions: Transitions, start: [ExtraTrees?]? = nil, seed: UInt64, index: Int = 0
    ) -> Result {
        let batch = ActionBatches(transitions)
        var values = NextValues(transitions, batch.tried)
        if let start { values.set(start) }
        var targets = transitions.rewards
        if start != nil { values.addDiscounted(gamma, to: &targets, transitions) }
        var trees = configuration.trees
        trees.splitsConstantTargets = true  // The first targets are rewards, which many states share.
        var grown: [GrownTrees?] = Array(repeating: nil, count: transitions.actionCount)
        var iteration = 0
        var change = Double.infinity
        while true {
            iteration += 1
            let grows = iteration <= configuration.grownIterations
            for action in batch.tried {
                let own = batch.samples[action].map { targets[Int($0)] }
                if grows {
                    grown[action] = ExtraTrees.grow(
                        batch.rows[action]!, targets: own, trees, seed: seed,
                        purpose: "fqi.trees.\(action)",
                        index: index * configuration.grownIterations + iteration - 1)
                } else {
                    grown[action]!.refit(own)
                }
            }
            let ends = iteration == configuration.iterations
            if ends || (!grows && change <= configuration.tolerance * largest(targets)) { break }
            // Where rows fall is worked out once when the splits are kept.
            if iteration == configuration.grownIterations { values.locate(grown.map { $0?.ensemble }) }
            values.set(grown.map { $0?.ensemble })
            var next = transitions.rewards
            values.addDiscounted(gamma, to: &next, transitions)
            change = zip(next, targets).reduce(0) { max($0, abs($1.0 - $1.1)) }
            targets = next
        }
        return Result(
            ensembles: grown.map { $0?.ensemble }, iterations: iteration, change: change,
            meanTarget: targets.reduce(0, +) / Double(max(1, targets.count)))
    }

    private func largest(_ values: [Double]) -> Double { values.reduce(0) { max($0, abs($1)) } }
}

/// Transitions sorted by action.
private struct ActionBatches {
    /// Actions with at least one transition.
    var tried: [Int] = []
    var samples: [[Int32]]
    var rows: [FeatureRows?]

    init(_ transitions: Transitions) {
        samples = Array(repeating: [], count: transitions.actionCount)
        for row in 0..<transitions.count { samples[Int(transitions.actions[row])].append(Int32(row)) }
        rows = Array(repeating: nil, count: transitions.actionCount)
        let columns = transitions.observationCount
        transitions.observations.withUnsafeBufferPointer { observations in
            for action in samples.indices where !samples[action].isEmpty {
                tried.append(action)
                let own = FeatureRows(columns: columns, capacity: samples[action].count)
                for row in samples[action] { own.append(observations.baseAddress! + Int(row) * columns) }
                rows[action] = own
            }
        }
    }
}

/// Values of every action in every next state.
private struct NextValues {
    private let rows: FeatureRows
    private let tried: [Int]
    /// Per action, a value a row.
    private var values: [[Double]]
    /// Per action, once splits are kept, trees × rows: the leaf of a next state, numbered through the ensemble.
    private var leaves: [[Int32]]?

    init(_ transitions: Transitions, _ tried: [Int]) {
        self.tried = tried
        let rows = FeatureRows(columns: transitions.observationCount, capacity: transitions.count)
        transitions.nextObservations.withUnsafeBufferPointer { next in
            for row in 0..<transitions.count {
                rows.append(next.baseAddress! + row * transitions.observationCount)
            }
        }
        self.rows = rows
        values = Array(
            repeating: Array(repeating: -Double.infinity, count: transitions.count), count: transitions.actionCount)
    }

    /// Notes the leaves that the next states fall into, for as long as the splits stay as they are.
    mutating func locate(_ ensembles: [ExtraTrees?]) {
        leaves = ensembles.map { ensemble in
            guard let ensemble else { return [] }
            var numbers = Array(repeating: Int32(0), count: ensemble.trees * rows.count)
            numbers.withUnsafeMutableBufferPointer { numbers in
                for tree in 0..<ensemble.trees {
                    let start = numbers.baseAddress! + tree * rows.count
                    ensemble.leaves(of: rows, tree: tree, into: start)
                    for row in 0..<rows.count { start[row] += Int32(ensemble.leafStarts[tree]) }
                }
            }
            return numbers
        }
    }

    mutating func set(_ ensembles: [ExtraTrees?]) {
        let count = rows.count
        for action in tried {
            guard let ensemble = ensembles[action] else { continue }
            values[action].withUnsafeMutableBufferPointer { sums in
                guard let leaves else { return ensemble.predict(rows, into: sums.baseAddress!) }
                sums.update(repeating: 0)
                ensemble.values.withUnsafeBufferPointer { values in
                    leaves[action].withUnsafeBufferPointer { leaves in
                        for tree in 0..<ensemble.trees {
                            let own = leaves.baseAddress! + tree * count
                            for row in 0..<count { sums[row] += Double(values[Int(own[row])]) }
                        }
                    }
                }
                let share = 1 / Double(ensemble.trees)
                for row in 0..<count { sums[row] *= share }
            }
        }
    }

    /// Adds γ times the value of the best allowed action that was ever tried, where the course went on.
    func addDiscounted(_ gamma: Double, to targets: inout [Double], _ transitions: Transitions) {
        let width = transitions.actionCount
        for row in 0..<rows.count where !transitions.terminated[row] {
            var best = -Double.infinity
            for action in tried where transitions.nextAllowed[row * width + action] {
                best = max(best, values[action][row])
            }
            // Nothing that is allowed here was ever tried: then nothing is known of what follows.
            if best > -.infinity { targets[row] += gamma * best }
        }
    }
}

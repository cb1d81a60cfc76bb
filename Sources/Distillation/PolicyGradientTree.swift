// A tree improved by what it achieves: policy gradients of its leaves' logits, and a new tree for the new logits.

import Numerics
import Patients
import Trees

/// Policy gradients on decision trees, after DTPO (Vos and Verwer, "Optimizing interpretable decision tree policies for
/// reinforcement learning", 2024, arXiv 2408.11632).
///
/// A leaf draws its action by the softmax of its logits. In each round training patients are treated several times with
/// the same chance events; the advantage of a decision is the return that followed, minus the mean of what followed in
/// the same patient's other courses from the same decision on. Every visited state's logits go a step along the gradient
/// of the clipped surrogate (Schulman et al. 2017), and a regression tree is fitted to them, so that splits move with the
/// leaves; greedy induction may not find a good tree's splits again, so that the old splits with new leaves are a
/// candidate too. The better of the two stays where its surrogate on these courses is no lower than the old tree's. Validation patients
/// choose among the trees on the way, each with its leaves' best actions for sure; the given tree is one of them.
public struct PolicyGradientTree: Sendable {
    public var configuration: PolicyGradientConfiguration

    public init(_ configuration: PolicyGradientConfiguration = PolicyGradientConfiguration()) {
        self.configuration = configuration
    }

    /// One round.
    public struct Iteration: Sendable, Equatable {
        public var number: Int
        public var isAccepted: Bool
        /// Step along the gradient.
        public var step: Double
        /// Surrogate of the new tree, in standard deviations of the advantage; that of the old one is 0.
        public var surrogate: Double
        /// Mean return of the courses, drawn from the tree before the step.
        public var sampledReturn: Double
        /// Of the tree after it.
        public var leaves: Int
    }

    public struct Result: Sendable {
        /// The given tree and every accepted one, with sure actions.
        public var trees: [DecisionTree]
        public var iterations: [Iteration]
    }

    /// Improves a tree on training patients. The same result whatever `jobs`.
    public func improve(
        _ start: DecisionTree, factory: any EnvironmentFactory, seed: UInt64, jobs: Int = 1,
        report: @Sendable (Iteration) -> Void = { _ in }
    ) throws -> Result {
        var stream = RandomStream(seed: seed, purpose: "policy_gradient.patients")
        let order = stream.permutation(factory.patients)
        let grid = configuration.roundsThresholds ? ThresholdGrid(factory.task) : nil
        var soft = softened(start)
        var result = Result(trees: [start], iterations: [])
        var step = configuration.learningRate
        var next = 0
        for number in 0..<configuration.iterations {
            let count = min(configuration.patientsPerIteration, order.count)
            let patients = (0..<count).map { order[(next + $0) % order.count] }
            next = (next + count) % order.count
            var courses: [[PatientTrace]] = []
            for draw in 0..<configuration.draws {
                courses.append(
                    try PatientTrace.record(
                        factory,
                        policy: SoftTreePolicy(soft, seed: seed, draw: number * configuration.draws + draw),
                        patients: patients, episode: number + 1, seed: seed, jobs: jobs))
            }
            let decisions = SampledDecisions(courses, gamma: configuration.gamma, tree: soft)
            let targets = decisions.targets(soft, step: step)
            let candidates = [fit(targets, decisions, grid), decisions.withMeans(of: targets, soft)]
            let surrogates = candidates.map {
                decisions.surrogate(of: $0, before: soft, clip: configuration.clip)
            }
            let best = surrogates[0] >= surrogates[1] ? 0 : 1
            let (candidate, surrogate) = (candidates[best], surrogates[best])
            let isAccepted = surrogate >= 0
            let round = Iteration(
                number: number, isAccepted: isAccepted, step: step, surrogate: surrogate,
                sampledReturn: Statistics.mean(courses.flatMap { $0.map(\.episodeReturn) }),
                leaves: candidate.leafCount)
            result.iterations.append(round)
            report(round)
            if isAccepted {
                soft = candidate
                result.trees.append(candidate.mergingSameActions())
                step = min(step * 1.5, 4 * configuration.learningRate)
            } else {
                step = max(step / 2, configuration.learningRate / 64)
            }
        }
        return result
    }

    /// The tree with logits for scores: the first choice leads, the others follow in their order, closely together.
    private func softened(_ tree: DecisionTree) -> DecisionTree {
        var soft = tree
        let choices = tree.actions.count
        for leaf in tree.leaves {
            var logits = Array(repeating: 0.0, count: choices)
            for (place, action) in tree.ranking(ofLeaf: leaf).enumerated() {
                logits[action] = place == 0 ? configuration.startLogit : -0.1 * Double(place)
            }
            soft = soft.withScores(logits, atLeaf: leaf)
        }
        return soft
    }

    private func fit(_ targets: [Double], _ decisions: SampledDecisions, _ grid: ThresholdGrid?) -> DecisionTree {
        let samples = grid.map { decisions.samples.onGrid($0) } ?? decisions.samples
        let tree = RegressionInduction(
            maximumLeaves: configuration.maximumLeaves,
            minimumLeafWeight: configuration.minimumLeafShare * Double(samples.count)
        ).fit(features: samples.features, outputs: samples.actions, values: samples.values, targets: targets)
        return grid.map { tree.rounded(to: $0) } ?? tree
    }
}

/// Decisions of patients who were treated several times each, with the advantage of each.
struct SampledDecisions: Sendable {
    /// Observations with the action taken; every row weighs 1.
    var samples: TreeSamples
    var allowed: [Bool] = []
    /// With mean 0 and standard deviation 1 over all decisions.
    var advantages: [Double] = []

    /// - Parameter courses: by draw, the same patients in each.
    init(_ courses: [[PatientTrace]], gamma: Double, tree: DecisionTree) {
        samples = TreeSamples(features: tree.features, actions: tree.actions)
        let draws = courses.count
        for place in courses[0].indices {
            let toGo = courses.map { $0[place].returnsToGo(gamma: gamma) }
            for draw in 0..<draws {
                let trace = courses[draw][place]
                for decision in 0..<trace.decisions {
                    // Courses that are over get nothing more: what follows is 0.
                    var others = 0.0
                    for other in 0..<draws where other != draw && decision < toGo[other].count {
                        others += toGo[other][decision]
                    }
                    advantages.append(toGo[draw][decision] - others / Double(max(1, draws - 1)))
                }
                samples.values += trace.observations
                samples.labels += trace.actions
                samples.weights += Array(repeating: 1, count: trace.decisions)
                allowed += trace.allowed
            }
        }
        let mean = Statistics.mean(advantages)
        let deviation = Statistics.variance(advantages).squareRoot()
        advantages = advantages.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
    }

    /// Every row's logits after a step: θ + η·A·(1[a = taken] − π(a|s)), which is the gradient of the surrogate where
    /// the ratio is 1.
    func targets(_ tree: DecisionTree, step: Double) -> [Double] {
        let choices = tree.actions.count
        var targets: [Double] = []
        targets.reserveCapacity(samples.count * choices)
        each(tree) { row, leaf, chances in
            let scores = tree.scores(ofLeaf: leaf)
            for action in 0..<choices {
                let taken = action == Int(samples.labels[row]) ? 1.0 : 0
                targets.append(scores[action] + step * advantages[row] * (taken - chances[action]))
            }
        }
        return targets
    }

    /// The tree with every visited leaf's mean target for its logits.
    func withMeans(of targets: [Double], _ tree: DecisionTree) -> DecisionTree {
        let choices = tree.actions.count
        var sums = Array(repeating: 0.0, count: tree.nodeCount * choices)
        var counts = Array(repeating: 0.0, count: tree.nodeCount)
        each(tree) { row, leaf, _ in
            counts[leaf] += 1
            for action in 0..<choices { sums[leaf * choices + action] += targets[row * choices + action] }
        }
        var result = tree
        for leaf in tree.leaves where counts[leaf] > 0 {
            let mean = sums[leaf * choices..<(leaf + 1) * choices].map { $0 / counts[leaf] }
            result = result.withScores(mean, atLeaf: leaf)
        }
        return result
    }

    /// Mean of min(r·A, clip(r)·A) with r the ratio of the probabilities of what was done (Schulman et al., "Proximal
    /// policy optimization algorithms", 2017, equation 7).
    func surrogate(of tree: DecisionTree, before: DecisionTree, clip: Double) -> Double {
        var old: [Double] = []
        old.reserveCapacity(samples.count)
        each(before) { row, _, chances in old.append(chances[Int(samples.labels[row])]) }
        var sum = 0.0
        each(tree) { row, _, chances in
            let ratio = chances[Int(samples.labels[row])] / max(1e-12, old[row])
            let clipped = min(max(ratio, 1 - clip), 1 + clip)
            sum += min(ratio * advantages[row], clipped * advantages[row])
        }
        return samples.count > 0 ? sum / Double(samples.count) : 0
    }

    /// Every row with the leaf it falls into and the probabilities there.
    private func each(_ tree: DecisionTree, _ body: (Int, Int, UnsafeMutablePointer<Double>) -> Void) {
        let policy = SoftTreePolicy(tree, seed: 0, draw: 0)
        let (width, choices) = (tree.features.count, tree.actions.count)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, choices)) { chances in
            samples.values.withUnsafeBufferPointer { values in
                allowed.withUnsafeBufferPointer { allowed in
                    for row in 0..<samples.count {
                        let leaf = tree.leaf(of: values.baseAddress! + row * width)
                        policy.probabilities(
                            leaf: leaf, allowed: allowed.baseAddress! + row * choices, into: chances.baseAddress!)
                        body(row, leaf, chances.baseAddress!)
                    }
                }
            }
        }
    }
}

extension PatientTrace {
    /// Σ γᵏ·reward from every decision on.
    func returnsToGo(gamma: Double) -> [Double] {
        var sums = rewards
        for decision in sums.indices.dropLast().reversed() { sums[decision] += gamma * sums[decision + 1] }
        return sums
    }
}

/// `PolicyGradientTree` as a method of a study.
public struct PolicyGradientMethod: TreeMethod {
    public let name = "policy_gradient"
    public let origins: TreeOrigins
    var configuration: PolicyGradientConfiguration

    public init(_ configuration: PolicyGradientConfiguration, from: String) {
        self.configuration = configuration
        origins = TreeOrigins(tree: from)
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        let rounds = Double(configuration.iterations)
        let result = try PolicyGradientTree(configuration).improve(
            try job.needStart(), factory: job.training, seed: job.seed, jobs: job.jobs,
            report: { job.progress(Double($0.number + 1), rounds, "rounds") })
        let choice = try ValidationChoice.choose(
            result.trees, factory: job.validation, seed: job.validationSeed, jobs: job.jobs)
        var text = "iteration,accepted,step,surrogate,sampled_return,leaves,validation_return\n"
        text += "-1,1,,,,\(result.trees[0].leafCount),\(choice.meanReturns[0])\n"
        var accepted = 0
        for round in result.iterations {
            if round.isAccepted { accepted += 1 }
            text += "\(round.number),\(round.isAccepted ? 1 : 0),\(round.step),\(round.surrogate),"
            text += "\(round.sampledReturn),\(round.leaves),\(choice.meanReturns[accepted])\n"
        }
        return MadeTree(tree: result.trees[choice.best], metricsCSV: text)
    }
}

// A tree grown by Q-learning itself: a leaf is split where the sides would rather do different things.

import Numerics
import Patients
import PositionedJSON
import Trees

/// Conservative Q-improvement (Roth, Topin, Jamshidi and Veloso, "Conservative Q-improvement: reinforcement learning for
/// an interpretable decision-tree policy", arXiv 1907.01180, 2019). The leaves of a tree are the states of ε-greedy
/// Q-learning; every leaf keeps, for each of its candidate splits, the action values and visits of both sides. With v the
/// share of visits, a split of leaf l is worth
///
///     v(l) · Σ over sides of v(side) · (max Q_side − Q_side[the leaf's action])
///
/// and is made once that exceeds a threshold, which decays with every decision and is reset by a split: the longer
/// nothing was worth it, the less is asked, so that the tree grows only where the policy gets better. Sides hand their
/// values on to the new leaves. It begins with one leaf, or with those of a given tree and what that is worth in them
/// (`TreeValues`).
///
/// Unlike the paper's, candidate thresholds lie at quantiles of what a leaf has seen rather than at even distances, an
/// action counts on a side after `minimum_visits` only, and learning rates fall with visits as those of tabular learners.
public struct CQI: Learner {
    public var configuration: CQIConfiguration
    /// What it begins with; nil for one leaf.
    public var start: DecisionTree?

    public init(_ configuration: CQIConfiguration = CQIConfiguration(), start: DecisionTree? = nil) {
        self.configuration = configuration
        self.start = start
    }

    public var name: String { "cqi" }
    public var decisions: Int { configuration.decisions }
    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = self
        small.configuration.decisions = Agents.shrunk(configuration.decisions, by: factor)
        small.configuration.validation = configuration.validation.shrunk(by: factor)
        return small
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy { try CQIRun(configuration, start, job).train() }

    /// The tree that did best on validation patients, its leaves scoring actions by their values, and how it was grown.
    public func grow(_ job: TrainingJob) throws -> (tree: DecisionTree, trained: TrainedPolicy) {
        let trained = try train(job)
        guard let states = (trained.policy as? TabularPolicy)?.abstraction as? LeafStates else {
            preconditionFailure("a grown policy acts on leaves")
        }
        return (states.tree, trained)
    }
}

/// One training run. The table grows by a leaf now and then; nothing else is allocated per step.
private final class CQIRun {
    private let configuration: CQIConfiguration
    private let task: TaskDescription
    private let grid: ThresholdGrid
    private let slots: PatientSlots
    private let validation: Validation
    private let rates: VisitRates
    private let gamma: Double
    private let startsFromTree: Bool
    private var tree: GrowingTree
    private var stream: RandomStream
    private var decisions = 0
    private var epsilon = 1.0
    private var threshold: Double
    /// What a visit weighs now: grows instead of the others' decaying.
    private var visit = 1.0

    init(_ configuration: CQIConfiguration, _ start: DecisionTree?, _ job: TrainingJob) throws {
        self.configuration = configuration
        task = job.environment.task
        startsFromTree = start != nil
        if let start, !TreePolicy(start).fits(task) { throw TrainingError.wrongAbstraction }
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        grid = ThresholdGrid(
            steps: task.observations.map { configuration.roundsThresholds ? $0.clinicalStep : nil })
        gamma = resolvedDiscount(configuration.gamma, task: task.discount)
        rates = VisitRates(configuration)
        threshold = configuration.splitThreshold
        slots = try PatientSlots(job.environment, slots: configuration.slots, seed: job.seed, purpose: "cqi")
        stream = RandomStream(seed: job.seed, purpose: "cqi.exploration")
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: ["leaves", "split_threshold", "epsilon"])
        if let start {
            let values = try TreeValues.estimate(
                start, job.environment, episodes: configuration.treePatients, gamma: gamma, seed: job.seed)
            slots.count(otherEpisodes: values.episodes)
            tree = GrowingTree(values)
        } else {
            tree = GrowingTree(
                features: task.observations.map(\.name), actions: task.actions.map(\.name),
                value: configuration.initialValue)
        }
    }

    func train() throws -> TrainedPolicy {
        let width = configuration.slots
        let (inputs, outputs) = (task.observations.count, task.actions.count)
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: width)
        let before = UnsafeMutableBufferPointer<Double>.allocate(capacity: width * inputs)
        actions.initialize(repeating: 0)
        before.initialize(repeating: 0)
        defer {
            actions.deallocate()
            before.deallocate()
        }
        let environment = slots.environment
        // A tree that it starts from is a candidate like what becomes of it.
        if startsFromTree { try look(isDue: true) }
        while decisions < configuration.decisions {
            epsilon = configuration.exploration.epsilon(at: decisions, of: configuration.decisions)
            for slot in 0..<width {
                let row = environment.observations.baseAddress! + slot * inputs
                let allowed = environment.allowed.baseAddress! + slot * outputs
                (before.baseAddress! + slot * inputs).update(from: row, count: inputs)
                actions[slot] =
                    stream.uniform() < epsilon
                    ? randomAllowed(allowed, count: outputs, stream: &stream)
                    : bestAllowed(tree.leaf(of: row).own.values, allowed, count: outputs)
            }
            try environment.step(UnsafeBufferPointer(actions))
            decisions += width
            for slot in 0..<width {
                try slots.book(slot, decisions: decisions)
                let status = environment.status[slot]
                var goal = environment.rewards[slot]
                if status != .terminated {
                    let values = tree.leaf(of: environment.observations.baseAddress! + slot * inputs).own.values
                    let allowed = environment.allowed.baseAddress! + slot * outputs
                    goal += gamma * values[Int(bestAllowed(values, allowed, count: outputs))]
                }
                learn(before.baseAddress! + slot * inputs, action: Int(actions[slot]), goal: goal)
                if status != .running { try slots.restart(slot) }
            }
            try look()
        }
        return try validation.result()
    }

    private func look(isDue: Bool = false) throws {
        try validation.look(decisions: decisions, slots: slots, isDue: isDue, policy: policy) {
            [Double(tree.leafCount), threshold, epsilon]
        }
    }

    private func learn(_ row: UnsafePointer<Double>, action: Int, goal: Double) {
        threshold *= configuration.splitDecay
        visit /= configuration.visitDecay
        tree.totalWeight += visit
        if visit > 1e100 {
            tree.rescale(by: 1 / visit)
            visit = 1
        }
        let place = tree.place(of: row)
        let leaf = tree.statistics[place]
        leaf.learn(
            row, columns: task.observations.count, action: action, goal: goal, weight: visit, configuration, rates
        ) { grid.nearest($0, feature: $1) }
        guard tree.leafCount < configuration.maximumLeaves,
            let best = leaf.bestSplit(minimumVisits: Int32(configuration.minimumVisits)),
            leaf.weight / tree.totalWeight * best.worth > threshold
        else { return }
        tree.split(place, by: best.candidate)
        threshold = configuration.splitThreshold
    }

    /// The greedy policy now, as a tree whose leaves of one action are merged.
    private func policy() -> any SavedPolicy {
        let grown = tree.decisionTree().mergingSameActions()
        return TabularPolicy(
            observations: grown.features, actions: grown.actions, abstraction: LeafStates(grown),
            values: grown.leaves.flatMap { grown.scores(ofLeaf: $0) })
    }
}

/// The highest allowed value; ties go to the lowest index.
@inline(__always)
private func bestAllowed(_ values: [Double], _ allowed: UnsafePointer<Bool>, count: Int) -> Int32 {
    values.withUnsafeBufferPointer { max(0, Patients.bestAllowed($0.baseAddress!, allowed, count: count)) }
}

// Proximal policy optimisation: a policy network learns from its own decisions, a value network judges them.

import Networks
import Numerics
import Patients
import PositionedJSON
import Trees

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// PPO with a clipped objective (Schulman, Wolski, Dhariwal, Radford and Klimov, arXiv:1707.06347, eq. 7) and generalised
/// advantage estimation, with the details of Stable-Baselines3: separate policy and value networks, orthogonal
/// initialisation, advantages normalised per minibatch, one gradient norm over both networks, Adam with ε = 1e-5.
///
/// Forbidden actions have probability zero and no gradient. A truncated course is valued by its last state.
public struct PPO: Learner {
    public var configuration: PPOConfiguration
    /// Holds the policy near what a small tree can express; nil leaves it free. The tree is left behind as well.
    public var treeRegularisation: TreeRegularisationSettings?

    public init(
        _ configuration: PPOConfiguration = PPOConfiguration(), treeRegularisation: TreeRegularisationSettings? = nil
    ) {
        self.configuration = configuration
        self.treeRegularisation = treeRegularisation
    }

    public var name: String { "ppo" }
    public var decisions: Int { configuration.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue {
        settings(name, configuration.fields() + TreeRegularisationSettings.fields(treeRegularisation))
    }

    public func shrunk(by factor: Double) -> any Learner {
        PPO(configuration.shrunk(by: factor), treeRegularisation: treeRegularisation)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        let run = try PPORun(configuration, treeRegularisation, job)
        var tree: (decisions: Int, tree: DecisionTree?) = (0, nil)
        if job.start != nil { try run.look(isDue: true) }
        while run.collector.decisions < configuration.decisions {
            try run.collector.collect(run.networks)
            try run.update()
            try run.look()
            // The tree that belongs to the policy kept.
            if let best = run.validation.bestAt, best != tree.decisions {
                tree = (best, run.regularisation?.decisionTree())
            }
        }
        var trained = try run.validation.result()
        trained.tree = tree.tree
        return trained
    }
}

/// The clipped objective (eq. 7) of a decision: −min(ρ·A, clip(ρ, 1 − ε, 1 + ε)·A) with ρ = π(a|s) / π_old(a|s), and
/// its slope, zero where the clip holds. The divergence is (ρ − 1) − log ρ (Schulman, "Approximating KL divergence",
/// 2020).
@inline(__always)
package func clippedObjective(advantage: Float, logRatio: Float, clip: Float) -> PolicyBatch.PolicyTerm {
    let ratio = exp(logRatio)
    let clipped = max(1 - clip, min(1 + clip, ratio))
    let open = advantage * ratio <= advantage * clipped
    return PolicyBatch.PolicyTerm(
        loss: -min(advantage * ratio, advantage * clipped), slope: open ? -advantage * ratio : 0,
        divergence: ratio - 1 - logRatio)
}

/// The squared error of a value that may move by at most `clip` from what it was at the decision, as
/// Stable-Baselines3's `clip_range_vf`; no limit where there is none.
@inline(__always)
package func clippedValueError(
    _ value: Float, _ place: Int, _ rollout: RolloutBuffer, clip: Float?
) -> (loss: Float, derivative: Float) {
    guard let clip else { return rollout.squaredError(value, place) }
    let old = rollout.values.start[place]
    let change = max(-clip, min(clip, value - old))
    let error = rollout.squaredError(old + change, place)
    return (error.loss, abs(value - old) <= clip ? error.derivative : 0)
}

/// One training run with everything it keeps in memory; allocates nothing per step or update.
private final class PPORun {
    let collector: OnPolicyCollector
    let networks: DenseActorCritic
    let validation: Validation
    private let configuration: PPOConfiguration
    private let actorAdam: Adam
    private let criticAdam: Adam
    private let batch: PolicyBatch
    private let indices: UnsafeMutableBufferPointer<Int>
    private let passes: PPOPasses
    private var schedule: PPOSchedule
    private let criticDecisions: Int
    let regularisation: TreeRegularisation?

    init(
        _ configuration: PPOConfiguration, _ treeRegularisation: TreeRegularisationSettings?, _ job: TrainingJob
    ) throws {
        self.configuration = configuration
        collector = try OnPolicyCollector(configuration.collection, job, name: "ppo")
        let task = collector.task
        let size = min(configuration.batchSize, collector.rollout.count)
        networks = DenseActorCritic(
            "ppo", task: task, hidden: configuration.netArch, activation: configuration.activation,
            slots: configuration.slots, batch: size, seed: job.seed)
        try job.start(as: ActorPolicy.self)?.network.restore(networks.actor)
        criticDecisions = job.criticDecisions(of: configuration.decisions)
        let rate = Float(configuration.learningRate)
        actorAdam = Adam(count: networks.actor.parameterCount, learningRate: rate, epsilon: 1e-5)
        criticAdam = Adam(count: networks.critic.parameterCount, learningRate: rate, epsilon: 1e-5)
        batch = PolicyBatch(capacity: size, inputs: task.observations.count, outputs: task.actions.count)
        indices = .allocate(capacity: collector.rollout.count)
        for index in 0..<indices.count { indices.initializeElement(at: index, to: index) }
        passes = PPOPasses(seed: job.seed, name: "ppo")
        schedule = PPOSchedule(configuration, decisions: 0)
        let (normalisation, rollout) = (collector.normalisation, collector.rollout)
        regularisation = treeRegularisation.map {
            TreeRegularisation($0, task: task, normalisation: normalisation, rollout: rollout)
        }
        validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.decisions,
            diagnosticNames: PPOPasses.diagnosticNames)
    }

    deinit { indices.deallocate() }

    /// Passes over the rollout in random minibatches.
    func update() throws {
        schedule = PPOSchedule(configuration, decisions: collector.decisions)
        actorAdam.learningRate = schedule.learningRate
        criticAdam.learningRate = schedule.learningRate
        regularisation?.follow(networks.actor)
        try passes.run(
            over: indices, size: configuration.batchSize, epochs: configuration.nEpochs, decisions: collector.decisions
        ) { step($0, size: $1) }
    }

    /// One gradient step on a minibatch; false when the policy has moved too far (`target_kl`).
    private func step(_ places: UnsafePointer<Int>, size: Int) -> Bool {
        let rollout = collector.rollout
        let advantages = batch.load(rollout, places, size: size, normalised: configuration.normaliseAdvantage)
        let logits = networks.actor.forward(batch.input.start, batch: size)
        let values = networks.critic.forward(batch.input.start, batch: size)
        let (clip, valueClip) = (schedule.clipRange, schedule.clipRangeValue)
        let terms = batch.differentiate(
            rollout, places, size: size, logits: logits, values: values, advantages: advantages,
            share: 1 / Float(size), entCoef: configuration.entCoef, vfCoef: configuration.vfCoef
        ) { advantage, logProbability, before in
            clippedObjective(advantage: advantage, logRatio: logProbability - before, clip: clip)
        } value: { value, place in
            clippedValueError(value, place, rollout, clip: valueClip)
        }
        if let regularisation, regularisation.coefficient > 0 {
            batch.addCrossEntropy(
                rollout, places, size: size, logits: logits, targets: regularisation.targets.baseAddress!,
                coefficient: regularisation.coefficient, share: 1 / Float(size))
        }
        guard passes.book(terms, targetKL: configuration.targetKL) else { return false }
        networks.zeroGradients()
        networks.backward(batch)
        networks.clipGradients(maximum: configuration.maxGradNorm)
        if collector.decisions > criticDecisions {
            actorAdam.step(parameters: networks.actor.parameters, gradients: networks.actor.gradients)
        }
        criticAdam.step(parameters: networks.critic.parameters, gradients: networks.critic.gradients)
        return true
    }

    func look(isDue: Bool = false) throws {
        try validation.look(decisions: collector.decisions, slots: collector.slots, isDue: isDue) {
            ActorPolicy(kind: "ppo", networks, collector)
        } diagnostics: {
            passes.diagnostics()
        }
    }
}

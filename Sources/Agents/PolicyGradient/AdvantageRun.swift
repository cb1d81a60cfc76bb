// One training run of A2C or REINFORCE with everything it keeps in memory: a gradient step on all decisions collected.

import Networks
import Numerics
import Patients

/// Steps along Σ A·∇log π(a|s); allocates nothing per step or update.
final class AdvantageRun {
    let collector: OnPolicyCollector
    let networks: DenseActorCritic
    let validation: Validation
    private let name: String
    private let settings: AdvantageSettings
    private let total: Int
    private let actorOptimiser: any Optimiser
    private let criticOptimiser: any Optimiser
    private let batch: PolicyBatch
    private let capacity: Int
    private var sums = SIMD4<Float>()
    private let criticDecisions: Int

    /// Decisions that go through the networks together; more are added up.
    static let largestBatch = 1024

    init(
        _ name: String, _ collection: CollectionSettings, _ settings: AdvantageSettings,
        _ watching: ValidationSettings, total: Int, _ job: TrainingJob,
        optimiser: (_ count: Int, _ learningRate: Float) -> any Optimiser
    ) throws {
        self.name = name
        self.settings = settings
        self.total = total
        collector = try OnPolicyCollector(collection, job, name: name)
        let task = collector.task
        capacity = min(AdvantageRun.largestBatch, collector.rollout.count)
        networks = DenseActorCritic(
            name, task: task, hidden: settings.netArch, activation: settings.activation, slots: collection.slots,
            batch: capacity, seed: job.seed)
        try job.start(as: ActorPolicy.self)?.network.restore(networks.actor)
        criticDecisions = job.criticDecisions(of: total)
        actorOptimiser = optimiser(networks.actor.parameterCount, Float(settings.learningRate))
        criticOptimiser = optimiser(networks.critic.parameterCount, Float(settings.learningRate))
        batch = PolicyBatch(capacity: capacity, inputs: task.observations.count, outputs: task.actions.count)
        validation = Validation(
            job: job, settings: watching, totalDecisions: total,
            diagnosticNames: ["policy_loss", "value_loss", "entropy"])
    }

    /// One gradient step on the first `count` of the collector's `places`.
    func update(count: Int, learnsValues: Bool = true) throws {
        let rollout = collector.rollout
        if settings.annealLearningRate {
            let left = max(0, 1 - Double(collector.decisions) / Double(total))
            actorOptimiser.learningRate = Float(settings.learningRate * left)
            criticOptimiser.learningRate = actorOptimiser.learningRate
        }
        let scale = advantageScale(count)
        sums = SIMD4()
        networks.zeroGradients()
        var low = 0
        while low < count {
            let size = min(capacity, count - low)
            let places = collector.places + low
            _ = batch.load(rollout, places, size: size, normalised: false)
            let logits = networks.actor.forward(batch.input.start, batch: size)
            let values = networks.critic.forward(batch.input.start, batch: size)
            sums += batch.differentiate(
                rollout, places, size: size, logits: logits, values: values, advantages: scale,
                share: 1 / Float(count), entCoef: settings.entCoef, vfCoef: learnsValues ? settings.vfCoef : 0
            ) { advantage, logProbability, _ in
                PolicyBatch.PolicyTerm(loss: -advantage * logProbability, slope: -advantage)
            } value: { value, place in
                rollout.squaredError(value, place)
            }
            networks.backward(batch)
            low += size
        }
        guard sums.x.isFinite, sums.y.isFinite else {
            throw TrainingError.notFinite(what: "the loss", decisions: collector.decisions)
        }
        networks.clipGradients(maximum: settings.maxGradNorm)
        if collector.decisions > criticDecisions || !learnsValues {
            actorOptimiser.step(parameters: networks.actor.parameters, gradients: networks.actor.gradients)
        }
        criticOptimiser.step(parameters: networks.critic.parameters, gradients: networks.critic.gradients)
    }

    /// What makes the advantages' mean 0 and deviation 1, where that is wanted.
    private func advantageScale(_ count: Int) -> (mean: Float, scale: Float) {
        guard settings.normaliseAdvantage, count > 1 else { return (0, 1) }
        let advantages = collector.rollout.advantages.start
        var (mean, square) = (Float(0), Float(0))
        for index in 0..<count { mean += advantages[collector.places[index]] }
        mean /= Float(count)
        for index in 0..<count {
            let difference = advantages[collector.places[index]] - mean
            square += difference * difference
        }
        return (mean, 1 / ((square / Float(count - 1)).squareRoot() + 1e-8))
    }

    func look(isDue: Bool = false) throws {
        try validation.look(decisions: collector.decisions, slots: collector.slots, isDue: isDue) {
            ActorPolicy(kind: name, networks, collector)
        } diagnostics: {
            (0..<3).map { Double(sums[$0]) }
        }
    }
}

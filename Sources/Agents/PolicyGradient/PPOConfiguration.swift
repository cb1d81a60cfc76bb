// The settings of PPO, named and defaulted as in Stable-Baselines3 where it has them.

import Networks
import PositionedJSON

/// Settings of PPO. Keys in study files are those of Stable-Baselines3's `PPO`, in snake_case.
public struct PPOConfiguration: Sendable, Equatable {
    /// Decisions on training patients; the last rollout is completed. (SB3: the argument `total_timesteps`.)
    public var decisions = 100_000
    /// Patients treated side by side. (SB3: `n_envs`.)
    public var slots = 1
    public var learningRate = 3e-4
    /// Whether the learning rate falls linearly to zero over the run; off in SB3.
    public var annealLearningRate = false
    /// Decisions per slot between trainings.
    public var nSteps = 2048
    public var batchSize = 64
    /// Passes over a rollout.
    public var nEpochs = 10
    /// Discount per decision; nil is SB3's 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    public var gaeLambda = 0.95
    public var clipRange = 0.2
    /// How far a value may move from what it was at the decision; nil, as in SB3, as far as it likes.
    public var clipRangeValue: Double?
    /// Whether both clip ranges fall linearly to zero over the run; off in SB3.
    public var annealClipRange = false
    public var normaliseAdvantage = true
    public var entCoef = 0.0
    public var vfCoef = 0.5
    public var maxGradNorm = 0.5
    /// Ends an update's passes when the approximate KL divergence exceeds 1.5 times this; nil never does.
    public var targetKL: Double?
    /// Hidden layers of the policy and, separately, of the value network.
    public var netArch = [64, 64]
    public var activation = Activation.tanh
    /// Rewards are multiplied by this inside the learner.
    public var rewardScale = 1.0
    /// Decisions of random play that measure the observations' means and deviations; 0 leaves observations as they are,
    /// as SB3 does.
    public var normalisationDecisions = 4_000
    public var validation = ValidationSettings()

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader, default settings: PPOConfiguration = PPOConfiguration()) {
        self = settings
        decisions = reader.integer("decisions", default: decisions, in: 1...1_000_000_000)
        slots = reader.integer("slots", default: slots, in: 1...4096)
        learningRate = reader.number("learning_rate", default: learningRate, in: 0...1)
        annealLearningRate = reader.boolean("anneal_learning_rate", default: annealLearningRate)
        nSteps = reader.integer("n_steps", default: nSteps, in: 1...10_000_000)
        batchSize = reader.integer("batch_size", default: batchSize, in: 1...65_536)
        nEpochs = reader.integer("n_epochs", default: nEpochs, in: 1...10_000)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        gaeLambda = reader.number("gae_lambda", default: gaeLambda, in: 0...1)
        clipRange = reader.number("clip_range", default: clipRange, in: 1e-6...1e6)
        clipRangeValue = reader.optionalNumber("clip_range_vf", in: 1e-12...1e12)
        annealClipRange = reader.boolean("anneal_clip_range", default: annealClipRange)
        normaliseAdvantage = reader.boolean("normalize_advantage", default: normaliseAdvantage)
        entCoef = reader.number("ent_coef", default: entCoef, in: 0...1e6)
        vfCoef = reader.number("vf_coef", default: vfCoef, in: 0...1e6)
        maxGradNorm = reader.number("max_grad_norm", default: maxGradNorm, in: 0...1e12)
        targetKL = reader.optionalNumber("target_kl", in: 0...1e6)
        netArch = readWidths(reader, default: netArch)
        activation = readActivation(reader, default: activation)
        rewardScale = reader.number("reward_scale", default: rewardScale, in: 1e-12...1e12)
        normalisationDecisions = reader.integer(
            "normalisation_decisions", default: normalisationDecisions, in: 0...10_000_000)
        validation = ValidationSettings(reader: reader, default: validation)
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("learning_rate", .number(learningRate)),
            JSONField("anneal_learning_rate", .bool(annealLearningRate)), JSONField("n_steps", .integer(nSteps)),
            JSONField("batch_size", .integer(batchSize)), JSONField("n_epochs", .integer(nEpochs)),
            JSONField("gamma", .optional(gamma)), JSONField("gae_lambda", .number(gaeLambda)),
            JSONField("clip_range", .number(clipRange)), JSONField("clip_range_vf", .optional(clipRangeValue)),
            JSONField("anneal_clip_range", .bool(annealClipRange)),
            JSONField("normalize_advantage", .bool(normaliseAdvantage)),
            JSONField("ent_coef", .number(entCoef)), JSONField("vf_coef", .number(vfCoef)),
            JSONField("max_grad_norm", .number(maxGradNorm)), JSONField("target_kl", .optional(targetKL)),
            JSONField("net_arch", .array(netArch.map { .integer($0) })),
            JSONField("activation", .string(activation.rawValue)), JSONField("reward_scale", .number(rewardScale)),
            JSONField("normalisation_decisions", .integer(normalisationDecisions)),
        ] + validation.fields()
    }
}

extension PPOConfiguration {
    /// What is to be collected.
    var collection: CollectionSettings {
        CollectionSettings(
            slots: slots, steps: nSteps, gamma: gamma, lambda: gaeLambda, rewardScale: rewardScale,
            normalisationDecisions: normalisationDecisions)
    }

    /// Budgets multiplied by a factor in (0, 1].
    func shrunk(by factor: Double) -> PPOConfiguration {
        var small = self
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.nSteps = min(small.nSteps, max(1, small.decisions / (4 * small.slots)))
        small.validation = small.validation.shrunk(by: factor)
        return small
    }
}

/// What falls during a run, as it stands when an update begins.
struct PPOSchedule {
    var learningRate: Float
    var clipRange: Float
    var clipRangeValue: Float?

    init(_ configuration: PPOConfiguration, decisions: Int) {
        // As SB3: by the share of the run left when the update begins.
        let left = max(0, 1 - Double(decisions) / Double(configuration.decisions))
        let clip = configuration.annealClipRange ? left : 1
        learningRate = Float(configuration.learningRate * (configuration.annealLearningRate ? left : 1))
        clipRange = Float(configuration.clipRange * clip)
        clipRangeValue = configuration.clipRangeValue.map { Float($0 * clip) }
    }
}

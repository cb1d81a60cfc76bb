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
    public init(reader: ObjectReader) {
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
        validation = ValidationSettings(reader: reader)
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("learning_rate", .number(learningRate)),
            JSONField("anneal_learning_rate", .bool(annealLearningRate)), JSONField("n_steps", .integer(nSteps)),
            JSONField("batch_size", .integer(batchSize)), JSONField("n_epochs", .integer(nEpochs)),
            JSONField("gamma", .optional(gamma)), JSONField("gae_lambda", .number(gaeLambda)),
            JSONField("clip_range", .number(clipRange)), JSONField("normalize_advantage", .bool(normaliseAdvantage)),
            JSONField("ent_coef", .number(entCoef)), JSONField("vf_coef", .number(vfCoef)),
            JSONField("max_grad_norm", .number(maxGradNorm)), JSONField("target_kl", .optional(targetKL)),
            JSONField("net_arch", .array(netArch.map { .integer($0) })),
            JSONField("activation", .string(activation.rawValue)), JSONField("reward_scale", .number(rewardScale)),
            JSONField("normalisation_decisions", .integer(normalisationDecisions)),
        ] + validation.fields()
    }
}

// The settings of A2C, named and defaulted as in Stable-Baselines3 where it has them.

import Networks
import PositionedJSON

/// Settings of A2C. Keys in study files are those of Stable-Baselines3's `A2C`, in snake_case.
public struct A2CConfiguration: Sendable, Equatable {
    /// Decisions on training patients; the last rollout is completed. (SB3: the argument `total_timesteps`.)
    public var decisions = 100_000
    /// Patients treated side by side. (SB3: `n_envs`.)
    public var slots = 1
    /// Decisions per slot between trainings.
    public var nSteps = 5
    /// Discount per decision; nil is SB3's 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    public var gaeLambda = 1.0
    /// Whether the optimiser is RMSProp; otherwise Adam.
    public var useRMSProp = true
    public var rmsPropEps = 1e-5
    public var update = AdvantageSettings(learningRate: 7e-4)
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
        nSteps = reader.integer("n_steps", default: nSteps, in: 1...10_000_000)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        gaeLambda = reader.number("gae_lambda", default: gaeLambda, in: 0...1)
        useRMSProp = reader.boolean("use_rms_prop", default: useRMSProp)
        rmsPropEps = reader.number("rms_prop_eps", default: rmsPropEps, in: 0...1)
        update = AdvantageSettings(reader: reader, default: update)
        rewardScale = reader.number("reward_scale", default: rewardScale, in: 1e-12...1e12)
        normalisationDecisions = reader.integer(
            "normalisation_decisions", default: normalisationDecisions, in: 0...10_000_000)
        validation = ValidationSettings(reader: reader)
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("n_steps", .integer(nSteps)), JSONField("gamma", .optional(gamma)),
            JSONField("gae_lambda", .number(gaeLambda)), JSONField("use_rms_prop", .bool(useRMSProp)),
            JSONField("rms_prop_eps", .number(rmsPropEps)),
        ] + update.fields() + [
            JSONField("reward_scale", .number(rewardScale)),
            JSONField("normalisation_decisions", .integer(normalisationDecisions)),
        ] + validation.fields()
    }
}

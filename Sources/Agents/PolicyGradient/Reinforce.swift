// REINFORCE: whole courses, each decision made more likely by what followed it beyond what was expected.

import Networks
import Numerics
import Patients
import PositionedJSON

/// REINFORCE with a learned baseline (Williams, Machine Learning 8 (1992) 229–256, eq. 11 with the value network as the
/// baseline of section 5; Sutton and Barto, 2nd edition, section 13.4).
///
/// After one whole course in every slot, one step along Σ (Gₜ − b(sₜ))·∇log π(aₜ|sₜ), G being the discounted return that
/// followed; like everybody's, without the factor γᵗ of the exact discounted gradient. `baseline: false` is REINFORCE
/// alone. Forbidden actions have probability zero and no gradient. A truncated course is valued by its last state, with a
/// baseline; without one by nothing.
public struct Reinforce: Learner {
    public var configuration: ReinforceConfiguration

    public init(_ configuration: ReinforceConfiguration = ReinforceConfiguration()) {
        self.configuration = configuration
    }

    public var name: String { "reinforce" }
    public var decisions: Int { configuration.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.validation = small.validation.shrunk(by: factor)
        return Reinforce(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        // With λ = 1 an advantage is the return less the value (Schulman et al. 2016, eq. 18).
        let run = try AdvantageRun(
            name,
            CollectionSettings(
                slots: configuration.slots, steps: job.environment.task.horizon, gamma: configuration.gamma,
                lambda: 1, rewardScale: configuration.rewardScale,
                normalisationDecisions: configuration.normalisationDecisions),
            configuration.update, configuration.validation, total: configuration.decisions, job
        ) { Adam(count: $0, learningRate: $1) }
        // Without a baseline the value network stays what it is: zero everywhere.
        if !configuration.baseline { run.networks.critic.parameters.update(repeating: 0) }
        if job.start != nil { try run.look(isDue: true) }
        while run.collector.decisions < configuration.decisions {
            try run.collector.collectCourses(run.networks)
            try run.update(count: run.collector.placeCount, learnsValues: configuration.baseline)
            try run.look()
        }
        return try run.validation.result()
    }
}

/// Settings of REINFORCE. Stable-Baselines3 does not have it; keys are those of its A2C.
public struct ReinforceConfiguration: Sendable, Equatable {
    /// Decisions on training patients; the last courses are completed.
    public var decisions = 100_000
    /// Courses per gradient step, side by side.
    public var slots = 8
    /// Discount per decision; nil is 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    /// Whether a value network is learned and taken off the return.
    public var baseline = true
    public var update = AdvantageSettings(learningRate: 1e-3)
    /// Rewards are multiplied by this inside the learner.
    public var rewardScale = 1.0
    /// Decisions of random play that measure the observations' means and deviations; 0 leaves observations as they are.
    public var normalisationDecisions = 4_000
    public var validation = ValidationSettings()

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        decisions = reader.integer("decisions", default: decisions, in: 1...1_000_000_000)
        slots = reader.integer("slots", default: slots, in: 1...4096)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        baseline = reader.boolean("baseline", default: baseline)
        update = AdvantageSettings(reader: reader, default: update)
        rewardScale = reader.number("reward_scale", default: rewardScale, in: 1e-12...1e12)
        normalisationDecisions = reader.integer(
            "normalisation_decisions", default: normalisationDecisions, in: 0...10_000_000)
        validation = ValidationSettings(reader: reader)
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("gamma", .optional(gamma)), JSONField("baseline", .bool(baseline)),
        ] + update.fields() + [
            JSONField("reward_scale", .number(rewardScale)),
            JSONField("normalisation_decisions", .integer(normalisationDecisions)),
        ] + validation.fields()
    }
}

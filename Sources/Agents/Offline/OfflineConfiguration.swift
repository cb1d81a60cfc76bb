// The settings that all learners from logs share.

import Networks
import PositionedJSON

/// Where the logged episodes of a study come from: a policy treats the training patients, every one in turn.
public struct LoggedData: Sendable, Equatable {
    /// `protocol:NAME`, `random` or `constant:ACTION`.
    public var policy = "random"
    public var episodes = 1000
    /// How often the policy acts at random instead.
    public var epsilon = 0.0

    public init() {}

    init(reader: ObjectReader) {
        policy = reader.string("policy", default: policy)
        episodes = reader.integer("episodes", default: episodes, in: 1...10_000_000)
        epsilon = reader.number("epsilon", default: epsilon, in: 0...1)
        reader.finish()
    }

    var json: JSONValue {
        ["policy": .string(policy), "episodes": .integer(episodes), "epsilon": .number(epsilon)]
    }
}

/// Settings of training on logged decisions. Where Stable-Baselines3's DQN has a setting, its key is used.
public struct OfflineConfiguration: Sendable, Equatable {
    public var data = LoggedData()
    /// Gradient steps: an offline learner's curve counts these, since it makes no decisions of its own.
    public var updates = 20_000
    public var learningRate = 3e-4
    public var batchSize = 256
    /// Discount per decision; nil is 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    /// Share of the online network that a target update takes over; 1 copies it.
    public var tau = 1.0
    /// Updates between target updates.
    public var targetUpdateInterval = 500
    public var maxGradNorm = 10.0
    public var netArch = [64, 64]
    public var activation = Activation.relu
    /// Rewards are multiplied by this inside the learner.
    public var rewardScale = 1.0
    /// Which policy is kept: `last`, so that nothing outside the log has a say in it, or the `best` on validation
    /// patients, as with learners that may try things out.
    public var keepsBest = false
    public var validation = ValidationSettings(evaluateEvery: 5000)

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    init(reader: ObjectReader) {
        if let data = reader.optionalObject("data", what: "the logged data") { self.data = LoggedData(reader: data) }
        updates = reader.integer("updates", default: updates, in: 1...1_000_000_000)
        learningRate = reader.number("learning_rate", default: learningRate, in: 0...1)
        batchSize = reader.integer("batch_size", default: batchSize, in: 1...65_536)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        tau = reader.number("tau", default: tau, in: 0...1)
        targetUpdateInterval = reader.integer(
            "target_update_interval", default: targetUpdateInterval, in: 1...1_000_000_000)
        maxGradNorm = reader.number("max_grad_norm", default: maxGradNorm, in: 0...1e12)
        netArch = readWidths(reader, default: netArch)
        activation = readActivation(reader, default: activation)
        rewardScale = reader.number("reward_scale", default: rewardScale, in: 1e-12...1e12)
        keepsBest = reader.choice("keep", of: ["best", "last"], default: "last") == "best"
        validation = ValidationSettings(reader: reader, default: validation)
    }

    func fields() -> [JSONField] {
        [
            JSONField("data", data.json), JSONField("updates", .integer(updates)),
            JSONField("learning_rate", .number(learningRate)), JSONField("batch_size", .integer(batchSize)),
            JSONField("gamma", .optional(gamma)), JSONField("tau", .number(tau)),
            JSONField("target_update_interval", .integer(targetUpdateInterval)),
            JSONField("max_grad_norm", .number(maxGradNorm)),
            JSONField("net_arch", .array(netArch.map { .integer($0) })),
            JSONField("activation", .string(activation.rawValue)), JSONField("reward_scale", .number(rewardScale)),
            JSONField("keep", .string(keepsBest ? "best" : "last")),
        ] + validation.fields()
    }

    func shrunk(by factor: Double) -> OfflineConfiguration {
        var small = self
        small.updates = Agents.shrunk(updates, by: factor)
        small.data.episodes = Agents.shrunk(data.episodes, by: factor)
        small.targetUpdateInterval = Agents.shrunk(targetUpdateInterval, by: factor)
        small.validation = validation.shrunk(by: factor)
        return small
    }
}

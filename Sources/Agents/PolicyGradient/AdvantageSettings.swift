// The settings that A2C and REINFORCE share: how a rollout becomes a gradient step.

import Networks
import PositionedJSON

/// Networks and their one gradient step per rollout.
public struct AdvantageSettings: Sendable, Equatable {
    public var learningRate: Double
    /// Whether the learning rate falls linearly to zero over the run; off in SB3.
    public var annealLearningRate = false
    public var normaliseAdvantage = false
    public var entCoef = 0.0
    public var vfCoef = 0.5
    public var maxGradNorm = 0.5
    /// Hidden layers of the policy and, separately, of the value network.
    public var netArch = [64, 64]
    public var activation = Activation.tanh

    public init(learningRate: Double) { self.learningRate = learningRate }

    init(reader: ObjectReader, default settings: AdvantageSettings) {
        self = settings
        learningRate = reader.number("learning_rate", default: learningRate, in: 0...1)
        annealLearningRate = reader.boolean("anneal_learning_rate", default: annealLearningRate)
        normaliseAdvantage = reader.boolean("normalize_advantage", default: normaliseAdvantage)
        entCoef = reader.number("ent_coef", default: entCoef, in: 0...1e6)
        vfCoef = reader.number("vf_coef", default: vfCoef, in: 0...1e6)
        maxGradNorm = reader.number("max_grad_norm", default: maxGradNorm, in: 0...1e12)
        netArch = readWidths(reader, default: netArch)
        activation = readActivation(reader, default: activation)
    }

    func fields() -> [JSONField] {
        [
            JSONField("learning_rate", .number(learningRate)),
            JSONField("anneal_learning_rate", .bool(annealLearningRate)),
            JSONField("normalize_advantage", .bool(normaliseAdvantage)), JSONField("ent_coef", .number(entCoef)),
            JSONField("vf_coef", .number(vfCoef)), JSONField("max_grad_norm", .number(maxGradNorm)),
            JSONField("net_arch", .array(netArch.map { .integer($0) })),
            JSONField("activation", .string(activation.rawValue)),
        ]
    }
}

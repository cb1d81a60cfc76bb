// How a tree is improved by policy gradients: the part of a study that a user writes.

import PositionedJSON

/// Settings of `PolicyGradientTree`.
public struct PolicyGradientConfiguration: Sendable, Equatable {
    /// Rounds of treating, a gradient step and a new tree.
    public var iterations = 40
    /// Training patients treated in each round.
    public var patientsPerIteration = 64
    /// Courses of each of them, with the same chance events and other draws of the actions.
    public var draws = 4
    /// Step of the logits along the gradient at first; halved after a step that was not accepted, and half as large again
    /// after one that was.
    public var learningRate = 4.0
    /// The probability ratio is clipped to 1 ± this.
    public var clip = 0.2
    /// Discount of rewards to come within the advantages.
    public var gamma = 1.0
    /// By how much the first choice of the given tree's leaves leads the others, in logits.
    public var startLogit = 3.0
    public var maximumLeaves = 16
    /// The least share of the visited states in a leaf, in [0, 0.5].
    public var minimumLeafShare = 0.002
    /// Whether thresholds are multiples of the steps in which the task's observations are measured.
    public var roundsThresholds = true

    public init() {}

    /// Reads the keys `iterations`, `patients_per_iteration`, `draws`, `learning_rate`, `clip`, `gamma`, `start_logit`,
    /// `maximum_leaves`, `minimum_leaf_share` and `rounds_thresholds`, all optional. The caller finishes the reader.
    public init(reader: ObjectReader) {
        iterations = reader.integer("iterations", default: iterations, in: 0...100_000)
        patientsPerIteration = reader.integer(
            "patients_per_iteration", default: patientsPerIteration, in: 1...1_000_000)
        draws = reader.integer("draws", default: draws, in: 2...1000)
        learningRate = reader.number("learning_rate", default: learningRate, in: 1e-6...1000)
        clip = reader.number("clip", default: clip, in: 0.01...1)
        gamma = reader.number("gamma", default: gamma, in: 0...1)
        startLogit = reader.number("start_logit", default: startLogit, in: 0.1...20)
        maximumLeaves = reader.integer("maximum_leaves", default: maximumLeaves, in: 1...4096)
        minimumLeafShare = reader.number("minimum_leaf_share", default: minimumLeafShare, in: 0...0.5)
        roundsThresholds = reader.boolean("rounds_thresholds", default: roundsThresholds)
    }
}

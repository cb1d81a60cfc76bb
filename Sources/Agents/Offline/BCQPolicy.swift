// Acts on the best action among those that were probable enough in the log.

import Foundation
import Networks
import Numerics
import Patients
import PositionedJSON

/// Which actions BCQ may take.
enum EligibleActions {
    /// log τ: how far an action's logit may lie below the highest. G(a|s) ≥ τ·max G is the same as a difference of
    /// logits, for the softmax's sum is in both.
    static func margin(_ threshold: Double) -> Float { Float(log(threshold)) }

    static func find(
        _ logits: UnsafePointer<Float>, _ allowed: UnsafePointer<Bool>, count: Int, margin: Float,
        _ eligible: UnsafeMutablePointer<Bool>
    ) {
        var highest = -Float.infinity
        for action in 0..<count where allowed[action] { highest = max(highest, logits[action]) }
        for action in 0..<count { eligible[action] = allowed[action] && logits[action] >= highest + margin }
    }
}

/// Greedy on Q among the eligible actions. Scores are Q in units of return; those of other actions are put just below
/// the eligible ones' lowest, where they are not lower themselves.
public struct BCQPolicy: SavedPolicy {
    public let observations: [String]
    public let actions: [String]
    let values: FrozenNetwork
    let imitation: FrozenNetwork
    let threshold: Double
    /// The value network's output is return × rewardScale.
    let rewardScale: Double

    public var scoreKind: ScoreKind { .actionValues }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        let width = actions.count
        let margin = EligibleActions.margin(threshold)
        values.evaluate(batch) { outputs in
            for index in 0..<(batch.count * width) { scores[index] = Double(outputs[index]) / rewardScale }
        }
        imitation.evaluate(batch) { logits in
            withUnsafeTemporaryAllocation(of: Bool.self, capacity: width) { eligible in
                for row in 0..<batch.count {
                    let own = scores.baseAddress! + row * width
                    EligibleActions.find(
                        logits + row * width, batch.allowed.baseAddress! + row * width, count: width, margin: margin,
                        eligible.baseAddress!)
                    var lowest = Double.infinity
                    for action in 0..<width where eligible[action] { lowest = min(lowest, own[action]) }
                    for action in 0..<width where !eligible[action] { own[action] = min(own[action], lowest.nextDown) }
                }
            }
        }
    }

    public func json() -> JSONValue {
        .object(
            header(kind: "bcq") + [
                JSONField("reward_scale", .number(rewardScale)), JSONField("threshold", .number(threshold)),
                JSONField("imitation", .object(imitation.fields())),
            ] + values.fields())
    }
}

extension BCQPolicy {
    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, observations: [String], actions: [String]) {
        let scale = reader.number("reward_scale", in: 1e-12...1e12)
        let threshold = reader.number("threshold", in: 0...1)
        let part = reader.object("imitation", what: "the imitation")
        let imitation = part.flatMap {
            FrozenNetwork(reader: $0, inputs: observations.count, outputs: actions.count)
        }
        part?.finish()
        let values = FrozenNetwork(reader: reader, inputs: observations.count, outputs: actions.count)
        guard let scale, let threshold, let imitation, let values else { return nil }
        self.init(
            observations: observations, actions: actions, values: values, imitation: imitation, threshold: threshold,
            rewardScale: scale)
    }
}

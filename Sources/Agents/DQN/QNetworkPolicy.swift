// Acts on the action values of a network.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Greedy on Q(s, a); scores are Q in units of return.
public struct QNetworkPolicy: SavedPolicy {
    public let observations: [String]
    public let actions: [String]
    let network: FrozenNetwork
    /// The network's output is return × rewardScale.
    let rewardScale: Double

    init(observations: [String], actions: [String], network: FrozenNetwork, rewardScale: Double) {
        self.observations = observations
        self.actions = actions
        self.network = network
        self.rewardScale = rewardScale
    }

    public var scoreKind: ScoreKind { .actionValues }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        network.evaluate(batch) { outputs in
            for index in 0..<(batch.count * actions.count) { scores[index] = Double(outputs[index]) / rewardScale }
        }
    }

    public func json() -> JSONValue {
        .object(header(kind: "dqn") + [JSONField("reward_scale", .number(rewardScale))] + network.fields())
    }

    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, observations: [String], actions: [String]) {
        let scale = reader.number("reward_scale", in: 1e-12...1e12)
        let network = FrozenNetwork(reader: reader, inputs: observations.count, outputs: actions.count)
        guard let scale, let network else { return nil }
        self.init(observations: observations, actions: actions, network: network, rewardScale: scale)
    }
}

// Acts on the most probable action of a policy network.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Greedy on π(a|s); scores are log π(a|s) among the allowed actions, −∞ for forbidden ones.
public struct ActorPolicy: SavedPolicy {
    public let observations: [String]
    public let actions: [String]
    let network: FrozenNetwork

    init(observations: [String], actions: [String], network: FrozenNetwork) {
        self.observations = observations
        self.actions = actions
        self.network = network
    }

    public var scoreKind: ScoreKind { .logProbabilities }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        let width = actions.count
        network.evaluate(batch) { logits in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { row in
                for slot in 0..<batch.count {
                    MaskedSoftmax.logProbabilities(
                        logits + slot * width, allowed: batch.allowed.baseAddress! + slot * width, count: width,
                        into: row.baseAddress!)
                    for action in 0..<width { scores[slot * width + action] = Double(row[action]) }
                }
            }
        }
    }

    public func json() -> JSONValue { .object(header(kind: "ppo") + network.fields()) }

    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, observations: [String], actions: [String]) {
        guard let network = FrozenNetwork(reader: reader, inputs: observations.count, outputs: actions.count)
        else { return nil }
        self.init(observations: observations, actions: actions, network: network)
    }
}

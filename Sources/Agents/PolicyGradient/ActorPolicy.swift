// Acts on the most probable action of a policy network.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Greedy on π(a|s); scores are log π(a|s) among the allowed actions, −∞ for forbidden ones.
public struct ActorPolicy: SavedPolicy {
    /// The learner that left it behind: `a2c`, `behaviour_cloning`, `ppo` or `reinforce`.
    public let kind: String
    public let observations: [String]
    public let actions: [String]
    let network: FrozenNetwork

    init(kind: String, observations: [String], actions: [String], network: FrozenNetwork) {
        self.kind = kind
        self.observations = observations
        self.actions = actions
        self.network = network
    }

    /// The policy as it is now.
    init(kind: String, _ networks: DenseActorCritic, _ collector: OnPolicyCollector) {
        self.init(
            kind: kind, observations: collector.task.observations.map(\.name),
            actions: collector.task.actions.map(\.name),
            network: FrozenNetwork(copying: networks.actor, normalisation: collector.normalisation))
    }

    public var scoreKind: ScoreKind { .logProbabilities }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        network.evaluate(batch) { writeLogProbabilities($0, batch, scores: scores) }
    }

    public func json() -> JSONValue { .object(header(kind: kind) + network.fields()) }

    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, kind: String, observations: [String], actions: [String]) {
        guard let network = FrozenNetwork(reader: reader, inputs: observations.count, outputs: actions.count)
        else { return nil }
        self.init(kind: kind, observations: observations, actions: actions, network: network)
    }
}

/// Scores of a policy network: log π(a|s) from its logits (count × actions).
func writeLogProbabilities(
    _ logits: UnsafePointer<Float>, _ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>
) {
    let width = batch.actionCount
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { row in
        for slot in 0..<batch.count {
            MaskedSoftmax.logProbabilities(
                logits + slot * width, allowed: batch.allowed.baseAddress! + slot * width, count: width,
                into: row.baseAddress!)
            for action in 0..<width { scores[slot * width + action] = Double(row[action]) }
        }
    }
}

// Acts on the most probable action of a policy network that remembers the course.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Weights that never change again, so that any number of threads may read them.
final class FrozenRecurrentNetwork: @unchecked Sendable {
    // Sendable without being checked: the network is a private copy, and only `advance`, which reads it, is called.
    let network: RecurrentNetwork
    let normalisation: Normalisation

    init(copying network: RecurrentNetwork, normalisation: Normalisation) {
        self.network = RecurrentNetwork(copying: network)
        self.normalisation = normalisation
    }

    init(_ network: RecurrentNetwork, normalisation: Normalisation) {
        self.network = network
        self.normalisation = normalisation
    }
}

/// Greedy on π(a|course so far); scores are log π among the allowed actions, −∞ for forbidden ones.
public struct RecurrentPolicy: SavedPolicy {
    static let kind = "recurrent_ppo"

    public let observations: [String]
    public let actions: [String]
    let frozen: FrozenRecurrentNetwork

    init(observations: [String], actions: [String], network: FrozenRecurrentNetwork) {
        self.observations = observations
        self.actions = actions
        frozen = network
    }

    public var hasMemory: Bool { true }
    public var scoreKind: ScoreKind { .logProbabilities }

    public func makeScoredSession(slots: Int) -> any ScoredPolicySession { Session(frozen, slots: slots) }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        scoreAtBeginnings(batch, scores: scores)
    }

    /// What the network remembers of every slot.
    private final class Session: ScoredPolicySession {
        private let frozen: FrozenRecurrentNetwork
        private let slots: Int
        private let state: FloatBuffer
        private let input: FloatBuffer
        private let scratch: FloatBuffer

        init(_ frozen: FrozenRecurrentNetwork, slots: Int) {
            self.frozen = frozen
            self.slots = slots
            state = FloatBuffer(slots * frozen.network.stateCount)
            input = FloatBuffer(slots * frozen.network.inputs)
            scratch = FloatBuffer(frozen.network.scratchCount(batch: slots))
        }

        func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
            precondition(batch.count == slots, "a session is of the same slots from first to last")
            let network = frozen.network
            let rows = batch.observations.baseAddress!
            for row in 0..<slots {
                frozen.normalisation.apply(rows + row * network.inputs, into: input.start + row * network.inputs)
                guard batch.decisions[row] == 0 else { continue }
                (state.start + row * network.stateCount).update(repeating: 0, count: network.stateCount)
            }
            let logits = network.advance(input.start, state: state.start, batch: slots, scratch: scratch.start)
            writeLogProbabilities(logits, batch, scores: scores)
        }
    }

    public func json() -> JSONValue {
        .object(
            header(kind: Self.kind) + [
                JSONField("normalisation", frozen.normalisation.json()),
                JSONField("network", frozen.network.json()),
            ])
    }

    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, observations: [String], actions: [String]) {
        let complaints = reader.complaints
        let normalisation = reader.child("normalisation").flatMap {
            Normalisation($0, count: observations.count, complaints: complaints)
        }
        let node = reader.child("network")
        let network = node.flatMap { RecurrentNetwork($0, complaints: complaints) }
        guard let normalisation, let network, let node else { return nil }
        guard network.inputs == observations.count, network.outputCount == actions.count else {
            complaints.add(
                node,
                "the network maps \(network.inputs) numbers to \(network.outputCount), "
                    + "but there are \(observations.count) observations and \(actions.count) actions")
            return nil
        }
        self.init(
            observations: observations, actions: actions,
            network: FrozenRecurrentNetwork(network, normalisation: normalisation))
    }
}

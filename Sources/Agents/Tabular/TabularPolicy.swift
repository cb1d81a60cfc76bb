// Acts on a table of action values over abstract states.

import Patients
import PositionedJSON

/// Greedy on Q(state, action); scores are Q in units of return. Its kind is `q_grid` over a grid, `q_leaves` over
/// a tree's leaves and `q_exact` over the observations as they are.
public struct TabularPolicy: SavedPolicy {
    public let observations: [String]
    public let actions: [String]
    public let abstraction: any StateAbstraction
    /// states × actions
    public let values: [Double]

    public init(observations: [String], actions: [String], abstraction: any StateAbstraction, values: [Double]) {
        precondition(values.count == abstraction.states * actions.count, "a value for every state and action")
        self.observations = observations
        self.actions = actions
        self.abstraction = abstraction
        self.values = values
    }

    public var scoreKind: ScoreKind { .actionValues }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        let width = actions.count
        values.withUnsafeBufferPointer { values in
            for row in 0..<batch.count {
                let state = abstraction.state(
                    of: batch.observations.baseAddress! + row * batch.observationCount)
                for action in 0..<width { scores[row * width + action] = values[state * width + action] }
            }
        }
    }

    public func json() -> JSONValue {
        .object(
            header(kind: abstraction.policyKind) + [
                JSONField("states", abstraction.json(observations: observations)),
                JSONField("values", .numbers(values)),
            ])
    }

    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, kind: String, observations: [String], actions: [String]) {
        let complaints = reader.complaints
        let node = reader.child("states")
        let values = reader.numbers("values")
        guard let node, let values else { return nil }
        let abstraction: (any StateAbstraction)? =
            switch kind {
            case "q_exact": ExactStates(node, observations: observations, complaints: complaints)
            case "q_grid": QuantileGrid(node, observations: observations, complaints: complaints)
            default: LeafStates(node, observations: observations, complaints: complaints)
            }
        guard let abstraction else { return nil }
        guard values.count == abstraction.states * actions.count else {
            complaints.add(
                reader.node["values"] ?? reader.node,
                "\(abstraction.states) states and \(actions.count) actions need "
                    + "\(abstraction.states * actions.count) values, not \(values.count)")
            return nil
        }
        self.init(observations: observations, actions: actions, abstraction: abstraction, values: values)
    }
}

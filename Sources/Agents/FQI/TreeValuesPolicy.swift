// Acts on action values that ensembles of regression trees give.

import Patients
import PositionedJSON
import Trees

/// Greedy on Q(s, a), an ensemble per action; scores are Q in units of return.
public struct TreeValuesPolicy: SavedPolicy {
    public let observations: [String]
    public let actions: [String]
    /// One per action; nil for an action that was never tried, which ranks just below the others.
    public let ensembles: [ExtraTrees?]

    public init(observations: [String], actions: [String], ensembles: [ExtraTrees?]) {
        precondition(ensembles.count == actions.count, "an ensemble for every action")
        self.observations = observations
        self.actions = actions
        self.ensembles = ensembles
    }

    public var scoreKind: ScoreKind { .actionValues }

    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        let width = actions.count
        let rows = FeatureRows(columns: batch.observationCount, capacity: batch.count)
        for row in 0..<batch.count {
            rows.append(batch.observations.baseAddress! + row * batch.observationCount)
        }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, batch.count)) { values in
            for action in 0..<width {
                guard let ensemble = ensembles[action] else { continue }
                ensemble.predict(rows, into: values.baseAddress!)
                for row in 0..<batch.count { scores[row * width + action] = values[row] }
            }
        }
        guard ensembles.contains(where: { $0 == nil }) else { return }
        for row in 0..<batch.count {
            let known = (0..<width).filter { ensembles[$0] != nil }.map { scores[row * width + $0] }
            let lowest = known.min() ?? 0
            for action in 0..<width where ensembles[action] == nil {
                scores[row * width + action] = lowest.nextDown
            }
        }
    }

    public func json() -> JSONValue {
        .object(
            header(kind: "fqi") + [JSONField("ensembles", .array(ensembles.map { $0?.json() ?? .null }))])
    }

    /// Reads what `json` writes, after the header.
    init?(reader: ObjectReader, observations: [String], actions: [String]) {
        let complaints = reader.complaints
        let before = complaints.items.count
        guard let nodes = reader.array("ensembles") else { return nil }
        guard nodes.count == actions.count else {
            complaints.add(
                reader.node["ensembles"] ?? reader.node,
                "\(actions.count) actions need \(actions.count) ensembles, not \(nodes.count)")
            return nil
        }
        let ensembles = nodes.map { node -> ExtraTrees? in
            if case .null = node.value { return nil }
            return ExtraTrees(node, columns: observations.count, complaints: complaints)
        }
        guard complaints.items.count == before else { return nil }
        self.init(observations: observations, actions: actions, ensembles: ensembles)
    }
}

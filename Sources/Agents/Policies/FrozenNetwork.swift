// A network that no longer learns, with the normalisation of its inputs: the inside of a network policy.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Weights that never change again, so that any number of threads may read them.
final class FrozenNetwork: @unchecked Sendable {
    // Sendable without being checked: the network is a private copy, and `evaluate` only reads it.
    private let network: DenseNetwork
    let normalisation: Normalisation

    /// Keeps a copy of the network as it is now.
    init(copying network: DenseNetwork, normalisation: Normalisation) {
        self.network = DenseNetwork(copying: network)
        self.normalisation = normalisation
    }

    /// Whether another network has the same layers.
    func fits(_ other: DenseNetwork) -> Bool {
        other.widths == network.widths && other.activation == network.activation
    }

    func copy(into target: DenseNetwork) { target.copy(from: network) }

    /// Rows evaluated together: whole tiles, and few enough that what lies between two layers stays in the cache.
    private static let block = 96

    /// The outputs for all rows of a batch, row-major, valid inside `body`. Allocates once per call, not per row.
    func evaluate(_ batch: DecisionBatch, _ body: (UnsafePointer<Float>) -> Void) {
        let inputs = network.inputs
        let outputs = network.outputCount
        let block = min(FrozenNetwork.block, batch.count)
        let inputCount = block * inputs + FloatBuffer.slack
        let scratchCount = network.scratchCount(batch: block)
        let capacity = inputCount + scratchCount + batch.count * outputs
        withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { memory in
            let start = memory.baseAddress!
            // What lies behind is written before it is read.
            start.initialize(repeating: 0, count: inputCount)
            let scratch = start + inputCount
            let all = scratch + scratchCount
            let rows = batch.observations.baseAddress!
            var first = 0
            while first < batch.count {
                let count = min(block, batch.count - first)
                for row in 0..<count {
                    normalisation.apply(rows + (first + row) * inputs, into: start + row * inputs)
                }
                let values = network.evaluate(start, batch: count, scratch: scratch)
                (all + first * outputs).update(from: values, count: count * outputs)
                first += count
            }
            body(all)
        }
    }

    /// `normalisation` and `network`, the end of a policy file.
    func fields() -> [JSONField] {
        [JSONField("normalisation", normalisation.json()), JSONField("network", network.json())]
    }

    /// Reads what `fields` writes.
    init?(reader: ObjectReader, inputs: Int, outputs: Int) {
        let complaints = reader.complaints
        let normalisation = reader.child("normalisation").flatMap {
            Normalisation($0, count: inputs, complaints: complaints)
        }
        let node = reader.child("network")
        let network = node.flatMap { DenseNetwork($0, complaints: complaints) }
        guard let normalisation, let network, let node else { return nil }
        guard network.inputs == inputs, network.outputCount == outputs else {
            complaints.add(
                node,
                "the network maps \(network.inputs) numbers to \(network.outputCount), "
                    + "but there are \(inputs) observations and \(outputs) actions")
            return nil
        }
        self.network = network
        self.normalisation = normalisation
    }
}

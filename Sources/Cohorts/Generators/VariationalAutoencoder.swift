// The default generator: a small variational autoencoder over normal scores and categories.

import Foundation
import Networks
import Numerics
import PositionedJSON

/// A fitted variational autoencoder of patients.
///
/// Kingma and Welling 2014, with what small clinical tables need: columns as normal scores by rank, a learned σ per
/// column that is sampled, categories sampled rather than taken at their most probable, latent codes drawn from the
/// Gaussian of the aggregate posterior instead of the prior, and marginals brought back to the training table's.
public struct VariationalAutoencoder: CohortGenerator {
    let encoding: TableEncoding
    let network: SharedObjective
    let posterior: AggregatePosterior
    let calibration: MarginalCalibration
    let configuration: VAEConfiguration
    let record: VAETrainingRecord

    public var kind: String { "vae" }

    /// The networks, read by any number of threads once training is over.
    final class SharedObjective: @unchecked Sendable {
        let objective: VAEObjective
        init(_ objective: VAEObjective) { self.objective = objective }
    }

    /// Rows decoded at a time; results do not depend on it.
    static let chunk = 512

    public static func fit(
        _ table: PatientTable, configuration: VAEConfiguration, seed: UInt64
    ) throws -> VariationalAutoencoder {
        let rows = table.rowCount
        guard rows >= 10 else {
            throw CohortError("an autoencoder needs at least 10 rows, this table has \(rows)")
        }
        let encoding = TableEncoding(table, spikeShare: configuration.spikeShare)
        let encoded = encoding.encode(table, seed: seed)
        let latent = configuration.latent(rows: rows, width: encoding.scores + encoding.blocks.count)
        var stream = RandomStream(seed: seed, purpose: "vae.weights")
        // A table of constants has nothing to learn; one idle input keeps the networks well formed.
        guard encoding.width > 0 else {
            throw CohortError("every column of the table is constant: there is nothing to learn")
        }
        let objective = VAEObjective(
            encoding: encoding, latent: latent, hidden: configuration.hidden, activation: configuration.activation,
            stream: &stream)
        let training = VAETraining(
            configuration: configuration, rows: encoded, width: encoding.width, scores: encoding.scores,
            blocks: encoding.blocks.count, seed: seed)
        let record = try training.run(objective)
        let posterior = try AggregatePosterior(objective, encoded)
        let sampler = VAESampler(encoding: encoding, objective: objective, posterior: posterior)
        let calibration = MarginalCalibration(sampler, seed: seed)
        return VariationalAutoencoder(
            encoding: encoding, network: SharedObjective(objective), posterior: posterior, calibration: calibration,
            configuration: configuration, record: record)
    }

    public func sample(rows: Int, seed: UInt64) -> PatientTable {
        let sampler = VAESampler(encoding: encoding, objective: network.objective, posterior: posterior)
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: rows) }
        var start = 0
        while start < rows {
            let count = min(VariationalAutoencoder.chunk, rows - start)
            sampler.decode(start..<(start + count), seed: seed, purpose: "vae.sample") { row, output, stream in
                fill(row, output, &stream, objective: network.objective, into: &values)
            }
            start += count
        }
        return encoding.table(values)
    }

    /// Draws one row's cells from what the decoder says.
    private func fill(
        _ row: Int, _ output: UnsafePointer<Float>, _ stream: inout RandomStream, objective: VAEObjective,
        into values: inout [[Double]]
    ) {
        for plan in encoding.plans {
            var state = 0
            if let block = plan.block {
                state = calibration.choose(
                    output + encoding.scores + block, block: block, width: plan.states.count,
                    uniform: stream.uniform())
            }
            var probability = 0.5
            if let slot = plan.slot {
                let noise = Float(stream.normal())
                probability = calibration.probability(
                    output[slot] + expf(objective.logSigma.start[slot]) * noise, slot: slot)
            }
            values[plan.column][row] = encoding.value(
                plan, state: state, probability: probability, trim: configuration.tailTrim)
        }
    }

    public var summary: [(name: String, value: Double)] {
        [
            ("latent", Double(network.objective.latent)), ("training_rows", Double(record.trainingRows)),
            ("held_out_rows", Double(record.heldOutRows)), ("steps", Double(record.steps)),
            ("best_step", Double(record.bestStep)),
        ] + (record.heldOutLoss.map { [("held_out_loss", $0)] } ?? [])
    }

    public func json() -> JSONValue {
        let objective = network.objective
        func layers(_ network: DenseNetwork) -> JSONValue {
            [
                "widths": .array(network.widths.map { .integer($0) }),
                "activation": .string(network.activation.rawValue),
                "parameters": .numbers(network.parameters.map { Double($0) }),
            ]
        }
        return [
            "format": 1, "kind": .string(kind),
            "training": .object(summary.map { JSONField($0.name, .number($0.value)) }),
            "columns": encoding.json(), "encoder": layers(objective.encoder), "decoder": layers(objective.decoder),
            "log_sigma": .numbers(objective.logSigma.elements.map { Double($0) }),
            "posterior_mean": .numbers(posterior.mean), "posterior_factor": .numbers(posterior.factor),
            "block_offsets": .numbers(calibration.offsets.map { Double($0) }),
            "score_quantiles": .array(calibration.knots.map { .numbers($0.map { Double($0) }) }),
        ]
    }
}

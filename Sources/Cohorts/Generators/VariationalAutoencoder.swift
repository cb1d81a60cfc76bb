// The default generator: a small variational autoencoder over normal scores and categories.

import Foundation
import Networks
import Numerics
import PositionedJSON

/// A fitted variational autoencoder of patients, or several whose patients are mixed.
///
/// Kingma and Welling 2014, with what small clinical tables need: columns as normal scores by rank, a learned σ per
/// column that is sampled, categories sampled rather than taken at their most probable, latent codes drawn from the
/// Gaussian of the aggregate posterior instead of the prior, and marginals brought back to the training table's.
public struct VariationalAutoencoder: LatentGenerator {
    let encoding: TableEncoding
    let members: [VAEMember]
    /// What mends the relations of pairs, where asked for.
    var pairs: PairCalibration?
    /// Candidates of which one is kept by its weight, where pairs are mended.
    let candidates: Int
    let tailTrim: Double?
    public let summary: [(name: String, value: Double)]
    public var privacy: PrivacyStatement?

    public var kind: String { "vae" }
    public var columns: [TableColumn] { encoding.columns }
    public var latent: Int { members[0].objective.latent }

    public static func fit(
        _ table: PatientTable, configuration: VAEConfiguration, seed: UInt64
    ) throws -> VariationalAutoencoder {
        if let privacy = configuration.privacy {
            return try fitPrivately(table, configuration: configuration, privacy: privacy, seed: seed)
        }
        let rows = table.rowCount
        guard rows >= 10 else {
            throw CohortError("an autoencoder needs at least 10 rows, this table has \(rows)")
        }
        let encoding = TableEncoding(table, spikeShare: configuration.spikeShare)
        let encoded = encoding.encode(table, seed: seed)
        guard encoding.width > 0 else {
            throw CohortError("every column of the table is constant: there is nothing to learn")
        }
        let latent = configuration.latent(rows: rows, width: encoding.scores + encoding.blocks.count)
        let objectives = (0..<configuration.members(rows: rows)).map { number in
            var stream = RandomStream(seed: seed, purpose: "vae.weights", index: UInt64(number))
            return VAEObjective(
                encoding: encoding, latent: configuration.latents?[0] ?? latent,
                upper: configuration.latents?[1] ?? 0, hidden: configuration.hidden,
                activation: configuration.activation, targetWeight: configuration.targetWeight(rows: rows),
                stream: &stream)
        }
        let training = VAETraining(
            configuration: configuration, rows: encoded, width: encoding.width, scores: encoding.scores,
            blocks: encoding.blocks.count, seed: seed)
        let record = try training.run(objectives)
        let members = try objectives.map { objective in
            VAEMember(objective, try RowPosteriors(objective, encoded).moments(), encoding, seed: seed)
        }
        let summary = [("latent", Double(objectives[0].latent)), ("members", Double(members.count))] + record.summary
        var generator = VariationalAutoencoder(
            encoding: encoding, members: members, pairs: nil, candidates: configuration.candidates,
            tailTrim: configuration.tailTrim, summary: summary)
        let sweeps = configuration.pairSweeps(rows: rows)
        if sweeps > 0 {
            var patients = generator.patients
            patients.mendPairs(of: table, shrink: configuration.pairShrink, sweeps: sweeps, seed: seed)
            generator.pairs = patients.pairs
        }
        return generator
    }

    /// What draws its patients.
    var patients: PatientSampler {
        PatientSampler(
            encoding: encoding, members: members.map { $0.sampling(encoding) }, pairs: pairs,
            candidates: candidates, tailTrim: tailTrim, family: "vae")
    }

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable { patients.sample(rows: rows, seed: seed) }

    /// Codes are those of the first member.
    public func encode(_ table: PatientTable) throws -> [[Double]] {
        let posteriors = RowPosteriors(members[0].objective, try encoding.encode(table))
        return (0..<posteriors.count).map { row in
            Array(posteriors.means[(row * latent)..<((row + 1) * latent)])
        }
    }

    public func decode(_ codes: [[Double]]) throws -> PatientTable {
        guard codes.allSatisfy({ $0.count == latent && $0.allSatisfy(\.isFinite) }) else {
            throw CohortError("a code of this generator has \(latent) finite numbers")
        }
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: codes.count) }
        let decoder = members[0].objective.codeDecoder
        let calibration = members[0].calibration
        let input = FloatBuffer(latent)
        let scratch = FloatBuffer(decoder.scratchCount(batch: 1))
        for (row, code) in codes.enumerated() {
            for k in 0..<latent { input.start[k] = Float(code[k]) }
            let output = decoder.evaluate(UnsafePointer(input.start), batch: 1, scratch: scratch.start)
            for plan in encoding.plans {
                let state =
                    plan.block.map { block in
                        calibration.mostProbable(
                            output + encoding.scores + block, block: block, width: plan.states.count)
                    } ?? 0
                let probability = plan.slot.map { calibration.probability(output[$0], slot: $0) } ?? 0.5
                values[plan.column][row] = encoding.value(
                    plan, state: state, probability: probability, trim: tailTrim)
            }
        }
        return encoding.table(values)
    }
}

/// One trained autoencoder; its networks are read by any number of threads once training is over.
struct VAEMember: @unchecked Sendable {
    let objective: VAEObjective
    let posterior: GaussianMixture
    let calibration: MarginalCalibration

    func sampling(_ encoding: TableEncoding) -> PatientSampler.Member {
        PatientSampler.Member(codes: objective.codes(posterior, encoding), calibration: calibration)
    }
}

extension VAEMember {
    /// Measures the marginals of its patients.
    init(_ objective: VAEObjective, _ posterior: GaussianMixture, _ encoding: TableEncoding, seed: UInt64) {
        self.init(
            objective: objective, posterior: posterior,
            calibration: MarginalCalibration(
                objective.codes(posterior, encoding), seed: seed, purpose: "vae.calibration"))
    }
}

extension VAEObjective {
    fileprivate func codes(_ posterior: GaussianMixture, _ encoding: TableEncoding) -> CodeSampler {
        CodeSampler(encoding: encoding, codes: posterior, decoder: codeDecoder, logSigma: logSigma)
    }
}

extension VAEObjective {
    var codeDecoder: CodeDecoder { CodeDecoder(network: decoder, top: top) }
}

extension VAETrainingRecord {
    var summary: [(name: String, value: Double)] {
        [
            ("training_rows", Double(trainingRows)), ("held_out_rows", Double(heldOutRows)),
            ("steps", Double(steps)),
            ("best_step", Double(bestStep)),
        ] + (heldOutLoss.map { [("held_out_loss", $0)] } ?? [])
    }
}

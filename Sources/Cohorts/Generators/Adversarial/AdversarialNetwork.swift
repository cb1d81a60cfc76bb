// Patients from a Wasserstein GAN with gradient penalty.

import Foundation
import Networks
import Numerics

/// A fitted generator that was trained against a critic, or several whose patients are mixed.
///
/// Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, on the encoding of the autoencoder: columns as
/// normal scores by rank and categories that are sampled, marginals brought back to the training table's.
public struct AdversarialNetwork: CohortGenerator {
    let encoding: TableEncoding
    let members: [GANMember]
    var pairs: PairCalibration?
    let candidates: Int
    let tailTrim: Double?
    public let summary: [(name: String, value: Double)]

    public var kind: String { "gan" }
    public var columns: [TableColumn] { encoding.columns }

    public static func fit(
        _ table: PatientTable, configuration: GANConfiguration, seed: UInt64
    ) throws -> AdversarialNetwork {
        guard table.rowCount >= 10 else {
            throw CohortError("an adversarial network needs at least 10 rows, this table has \(table.rowCount)")
        }
        let encoding = TableEncoding(table, spikeShare: configuration.spikeShare)
        guard encoding.width > 0 else {
            throw CohortError("every column of the table is constant: there is nothing to learn")
        }
        let training = GANTraining(
            configuration: configuration, encoding: encoding, encoded: encoding.encode(table, seed: seed), seed: seed)
        let (members, record) = try training.run()
        var generator = AdversarialNetwork(
            encoding: encoding, members: members, pairs: nil, candidates: configuration.candidates,
            tailTrim: configuration.tailTrim, summary: [("members", Double(members.count))] + record.summary)
        if configuration.pairSweeps > 0 {
            var patients = generator.patients
            patients.mendPairs(
                of: table, shrink: configuration.pairShrink, sweeps: configuration.pairSweeps, seed: seed)
            generator.pairs = patients.pairs
        }
        return generator
    }

    /// What draws its patients.
    var patients: PatientSampler {
        PatientSampler(
            encoding: encoding, members: members.map { $0.sampling(encoding) }, pairs: pairs, candidates: candidates,
            tailTrim: tailTrim, family: "gan")
    }

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable { patients.sample(rows: rows, seed: seed) }
}

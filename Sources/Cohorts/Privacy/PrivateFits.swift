// Generators with differential privacy: the copula of noisy counts and ranks, and the autoencoder that starts from it.

import Foundation
import Networks
import Numerics

extension GaussianCopula {
    /// A copula of which every number was noised.
    static func fitPrivately(
        _ table: PatientTable, configuration: CopulaConfiguration, privacy: PrivacyConfiguration, seed: UInt64
    ) throws -> GaussianCopula {
        var privacy = privacy
        // No gradients: what they would spend goes to the two others, in proportion.
        let rest = (1 - privacy.rowsShare) / max(privacy.histogramShare + privacy.correlationShare, 1e-9)
        privacy.histogramShare *= rest
        privacy.correlationShare *= rest
        var ledger = try PrivacyLedger(privacy, seed: seed)
        let rows = ledger.rows(table.rowCount)
        let marginals = try PrivateMarginals(table, rows: rows, &ledger)
        var copula = try GaussianCopula(
            marginals, table, rows: rows, tailTrim: configuration.tailTrim, &ledger)
        copula.privacy = ledger.statement(rows: rows)
        return copula
    }

    fileprivate init(
        _ marginals: PrivateMarginals, _ table: PatientTable, rows: Double, tailTrim: Double?,
        _ ledger: inout PrivacyLedger
    ) throws {
        let encoding = marginals.encoding(spikeShare: 2)
        let correlation = try PrivateCorrelation.measure(
            marginals.filled(table, encoding), encoding, rows: rows, &ledger)
        self.init(
            correlation: correlation, factor: try regularisedCholesky(correlation, encoding.plans.count),
            encoding: encoding, thresholds: encoding.plans.map { GaussianCopula.ends($0) }, tailTrim: tailTrim)
    }
}

extension VariationalAutoencoder {
    /// Rows of the private copula that the autoencoder learns before it sees noisy gradients.
    static let privateDraws = 4096

    /// An autoencoder that learns rows of a private copula, as many as it likes, since nothing further is spent on them, and
    /// then goes on with noisy gradients on the real ones. Marginals and latent codes are those of the copula's rows.
    static func fitPrivately(
        _ table: PatientTable, configuration: VAEConfiguration, privacy: PrivacyConfiguration, seed: UInt64
    ) throws -> VariationalAutoencoder {
        guard configuration.latents == nil else {
            throw CohortError("two levels of codes are not learned with differential privacy; leave \"latents\" out")
        }
        var ledger = try PrivacyLedger(privacy, seed: seed)
        let rows = ledger.rows(table.rowCount)
        let marginals = try PrivateMarginals(table, rows: rows, &ledger)
        let copula = try GaussianCopula(marginals, table, rows: rows, tailTrim: nil, &ledger)
        let encoding = marginals.encoding(spikeShare: configuration.spikeShare)
        guard encoding.width > 0 else {
            throw CohortError("every column of the table is constant: there is nothing to learn")
        }
        let draws = copula.sample(rows: privateDraws, seed: seed)
        let encoded = encoding.encode(marginals.filled(draws, encoding), seed: seed)
        // Rows of a copula are no patients: more may be kept of each than of real ones.
        var settings = configuration
        if configuration.hidden == VAEConfiguration().hidden { settings.hidden = [128, 64] }
        settings.latent = min(configuration.latent ?? 12, encoding.scores + encoding.blocks.count)
        settings.beta = configuration.beta ?? 0.7
        settings.steps = configuration.steps ?? 2000
        settings.targetWeight = configuration.targetWeight ?? 10
        settings.members = 1
        var stream = RandomStream(seed: seed, purpose: "vae.weights")
        let objective = VAEObjective(
            encoding: encoding, latent: settings.latent ?? 4, hidden: settings.hidden,
            activation: configuration.activation, targetWeight: settings.targetWeight ?? 1,
            stream: &stream)
        let record = try VAETraining(
            configuration: settings, rows: encoded, width: encoding.width, scores: encoding.scores,
            blocks: encoding.blocks.count, seed: seed
        ).run([objective])
        let samplingRate = min(1, Double(privacy.batch) / rows)
        if let noise = ledger.gradients(samplingRate: samplingRate, steps: privacy.steps, clip: privacy.clip) {
            PrivateTraining(
                configuration: privacy, rows: encoding.encode(marginals.filled(table, encoding), seed: seed),
                beta: settings.beta ?? 1, leastSigma: configuration.leastSigma, seed: seed,
                samplingRate: samplingRate, noise: noise, expected: max(1, samplingRate * rows)
            ).run(objective, encoding)
        }
        let posterior = try RowPosteriors(objective, encoded).moments()
        let member = VAEMember(objective, posterior, encoding, seed: seed)
        return VariationalAutoencoder(
            encoding: encoding, members: [member], pairs: nil, candidates: 1, tailTrim: configuration.tailTrim,
            summary: [
                ("latent", Double(settings.latent ?? 4)), ("members", 1), ("start_steps", Double(record.bestStep)),
                ("private_steps", Double(privacy.steps)),
            ],
            privacy: ledger.statement(rows: rows))
    }
}

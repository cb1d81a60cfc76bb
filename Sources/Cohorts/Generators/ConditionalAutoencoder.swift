// An autoencoder that draws patients of a kind, all of them and only them, without drawing others first.

import Foundation
import Networks
import Numerics
import PositionedJSON

/// How a conditional autoencoder is built.
public struct ConditionalConfiguration: Sendable, Equatable {
    /// Of the autoencoder itself.
    public var autoencoder: VAEConfiguration
    /// Gradient steps of the conditional prior.
    public var priorSteps: Int
    public var priorHidden: Int
    /// Gaussians of its mixture.
    public var priorComponents: Int
    /// Codes drawn for each patient, of which one is chosen by its weight.
    public var proposals: Int

    public init(
        autoencoder: VAEConfiguration = VAEConfiguration(), priorSteps: Int = 1500,
        priorHidden: Int = 64,
        priorComponents: Int = 4, proposals: Int = 16
    ) {
        self.autoencoder = autoencoder
        self.priorSteps = priorSteps
        self.priorHidden = priorHidden
        self.priorComponents = priorComponents
        self.proposals = proposals
    }

    /// Reads the options that are there, those of the autoencoder among them. The caller finishes the reader.
    public init(reader: ObjectReader) {
        self.init(autoencoder: VAEConfiguration(reader: reader))
        priorSteps = reader.integer("prior_steps", default: priorSteps, in: 1...10_000_000)
        priorHidden = reader.integer("prior_hidden", default: priorHidden, in: 1...4096)
        priorComponents = reader.integer("prior_components", default: priorComponents, in: 1...64)
        proposals = reader.integer("proposals", default: proposals, in: 1...1024)
    }
}

/// A variational autoencoder with a prior for every condition.
///
/// How patients of a kind are drawn: `ConditionalPatients`.
public struct ConditionalAutoencoder: ConditionalGenerator, LatentGenerator {
    let base: VariationalAutoencoder
    /// One per member.
    let priors: [ConditionalPrior]
    let proposals: Int

    public var kind: String { "cvae" }
    public var columns: [TableColumn] { base.columns }
    public var latent: Int { base.latent }
    public var summary: [(name: String, value: Double)] { base.summary }
    public var privacy: PrivacyStatement? { base.privacy }

    public static func fit(
        _ table: PatientTable, configuration: ConditionalConfiguration, seed: UInt64
    ) throws -> ConditionalAutoencoder {
        let base = try VariationalAutoencoder.fit(
            table, configuration: configuration.autoencoder, seed: seed)
        // Under differential privacy the priors learn rows of the private autoencoder: nothing further is spent.
        let table =
            base.privacy == nil
            ? table
            : base.sample(rows: VariationalAutoencoder.privateDraws, seed: seed)
        let encoded = base.encoding.encode(table, seed: seed)
        let conditions = RandomConditions(table, base.encoding, trim: base.tailTrim)
        let priors = try base.members.enumerated().map { number, member in
            var stream = RandomStream(seed: seed, purpose: "cvae.weights", index: UInt64(number))
            let prior = ConditionalPrior(
                inputs: EncodedConditions.inputWidth(base.encoding),
                hidden: [configuration.priorHidden, configuration.priorHidden], latent: base.latent,
                components: configuration.priorComponents, stream: &stream)
            try prior.train(
                RowPosteriors(member.objective, encoded), Whitening(member.posterior),
                steps: configuration.priorSteps, batch: 128, seed: seed &+ UInt64(number)
            ) { stream in
                let row = stream.below(encoded.count)
                return (row, conditions.draw(for: row, &stream))
            }
            return prior
        }
        return ConditionalAutoencoder(base: base, priors: priors, proposals: configuration.proposals)
    }

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        base.sample(rows: rows, seed: seed)
    }
    public func encode(_ table: PatientTable) throws -> [[Double]] { try base.encode(table) }
    public func decode(_ codes: [[Double]]) throws -> PatientTable { try base.decode(codes) }

    private var conditional: ConditionalPatients {
        ConditionalPatients(patients: base.patients, priors: priors, proposals: proposals, purpose: "cvae.sample")
    }

    public func sample(rows: Range<Int>, where conditions: CohortConditions, seed: UInt64) throws -> PatientTable {
        try conditional.sample(rows: rows, where: conditions, seed: seed)
    }

    public func json() -> JSONValue {
        var value = base.json()
        value["kind"] = .string(kind)
        conditional.write(to: &value)
        return value
    }
}

extension ConditionalAutoencoder {
    /// Reads what `json` writes; complains and returns nil where it cannot. The caller reads `format` and `kind`.
    init?(_ reader: ObjectReader) {
        guard let base = VariationalAutoencoder(reader),
            let (priors, proposals) = ConditionalPatients.read(
                reader, base.encoding, latent: base.latent, members: base.members.count)
        else { return nil }
        self.base = base
        self.priors = priors
        self.proposals = proposals
    }
}

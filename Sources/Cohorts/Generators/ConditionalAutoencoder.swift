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
/// Under the autoencoder, the patients x in C are distributed as ∫ p(z|C) p(x|z, C) dz: a decoder whose normals are
/// truncated to C's intervals and whose categories are masked, over codes from p(z|C) ∝ p(z) P(C|z). The conditional
/// prior approximates p(z|C) in one pass; what it misses is made good by sampling importance resampling (Rubin, JASA 82
/// (1987) 543–546): of several codes drawn from it, one is kept with probability in proportion to p(z) P(C|z) / p(z|c).
/// Whichever is kept, the patient fulfils the conditions.
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
                RowPosteriors(member.objective, encoded), Whitening(member.posterior), conditions,
                steps: configuration.priorSteps, batch: 128, seed: seed &+ UInt64(number))
            return prior
        }
        return ConditionalAutoencoder(base: base, priors: priors, proposals: configuration.proposals)
    }

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        base.sample(rows: rows, seed: seed)
    }
    public func encode(_ table: PatientTable) throws -> [[Double]] { try base.encode(table) }
    public func decode(_ codes: [[Double]]) throws -> PatientTable { try base.decode(codes) }

    public func sample(rows: Range<Int>, where conditions: CohortConditions, seed: UInt64) throws
        -> PatientTable
    {
        if conditions.isEmpty { return sample(rows: rows, seed: seed) }
        let encoded = try EncodedConditions(conditions, base.encoding, trim: base.tailTrim)
        var values = columns.map { _ in [Double](repeating: .nan, count: rows.count) }
        var start = rows.lowerBound
        while start < rows.upperBound {
            let end = min(start + VariationalAutoencoder.chunk, rows.upperBound)
            for (number, part) in base.share(start..<end, seed: seed) {
                ConditionalSampler(
                    base, base.members[number], priors[number], encoded, proposals: proposals
                )
                .sample(part, seed: seed) { row, column, value in
                    values[column][row - rows.lowerBound] = value
                }
            }
            start = end
        }
        return base.encoding.table(values)
    }

    public func json() -> JSONValue {
        var value = base.json()
        value["kind"] = .string(kind)
        value["proposals"] = .integer(proposals)
        value["priors"] = .array(priors.map { $0.network.json() })
        return value
    }
}

extension ConditionalAutoencoder {
    /// Reads what `json` writes; complains and returns nil where it cannot. The caller reads `format` and `kind`.
    init?(_ reader: ObjectReader) {
        let complaints = reader.complaints
        let proposals = reader.integer("proposals", in: 1...1024)
        let nodes = reader.array("priors") ?? []
        guard let base = VariationalAutoencoder(reader), let proposals else { return nil }
        let priors = nodes.compactMap { node -> ConditionalPrior? in
            guard let network = DenseNetwork(node, complaints: complaints) else { return nil }
            let width = EncodedConditions.inputWidth(base.encoding)
            guard network.inputs == width,
                let prior = ConditionalPrior(network: network, latent: base.latent)
            else {
                complaints.add(
                    node,
                    "a conditional prior must have \(width) inputs and a multiple of \(1 + 2 * base.latent) outputs"
                )
                return nil
            }
            return prior
        }
        guard priors.count == nodes.count else { return nil }
        guard priors.count == base.members.count else {
            reader.complain("\(base.members.count) members need as many priors, not \(priors.count)")
            return nil
        }
        self.base = base
        self.priors = priors
        self.proposals = proposals
    }
}

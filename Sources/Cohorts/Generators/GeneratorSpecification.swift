// Which generator, with which settings: from a name or from JSON.

import PositionedJSON

/// A generator that is not fitted yet.
public enum GeneratorSpecification: Sendable, Equatable {
    case vae(VAEConfiguration)
    case cvae(ConditionalConfiguration)
    case gan(GANConfiguration)
    case cgan(ConditionalGANConfiguration)
    case copula(CopulaConfiguration)
    /// Of visits over time.
    case rvae(RecurrentConfiguration)

    /// Generators that can be chosen.
    public static let kinds = ["vae", "cvae", "gan", "cgan", "copula", "rvae"]

    private static let remedy = "use " + kinds.map { "\"\($0)\"" }.joined(separator: ", ")

    /// A generator by name, with its defaults.
    public init(kind: String) throws(CohortError) {
        guard let specification = GeneratorSpecification.defaults(kind) else {
            throw CohortError("there is no generator \"\(kind)\"; " + GeneratorSpecification.remedy)
        }
        self = specification
    }

    private static func defaults(_ kind: String) -> GeneratorSpecification? {
        switch kind {
        case "vae": .vae(VAEConfiguration())
        case "cvae": .cvae(ConditionalConfiguration())
        case "gan": .gan(GANConfiguration())
        case "cgan": .cgan(ConditionalGANConfiguration())
        case "copula": .copula(CopulaConfiguration())
        case "rvae": .rvae(RecurrentConfiguration())
        default: nil
        }
    }

    /// Reads `{"generator": "vae", …}`; the options are the generator's own.
    ///
    /// - Parameters:
    ///   - key: the key that names the kind.
    ///   - visits: the generator may be one of visits over time.
    public static func read(
        _ reader: ObjectReader, key: String = "generator", visits: Bool = false
    ) -> GeneratorSpecification? {
        guard let kind = reader.choice(key, of: kinds, default: "vae") else { return nil }
        switch kind {
        case "vae": return .vae(VAEConfiguration(reader: reader))
        case "cvae": return .cvae(ConditionalConfiguration(reader: reader))
        case "gan": return .gan(GANConfiguration(reader: reader))
        case "cgan": return .cgan(ConditionalGANConfiguration(reader: reader))
        case "copula": return .copula(CopulaConfiguration(reader: reader))
        case "rvae":
            if !visits, let place = reader.optionalChild(key) {
                reader.complaints.add(
                    place, "the generator \"rvae\" draws visits over time, and here a row is a patient",
                    remedy: "use \"vae\"")
            }
            return .rvae(RecurrentConfiguration(reader: reader))
        default: return nil
        }
    }

    /// What it is, with its article.
    public var words: String {
        switch self {
        case .vae: "a variational autoencoder"
        case .cvae: "a conditional variational autoencoder"
        case .gan: "a Wasserstein generative adversarial network"
        case .cgan: "a conditional Wasserstein generative adversarial network"
        case .copula: "a Gaussian copula"
        case .rvae: "a recurrent variational autoencoder"
        }
    }

    /// Fits the generator to a table.
    public func fit(_ table: PatientTable, seed: UInt64) throws -> any CohortGenerator {
        switch self {
        case .vae(let configuration):
            return try VariationalAutoencoder.fit(table, configuration: configuration, seed: seed)
        case .cvae(let configuration):
            return try ConditionalAutoencoder.fit(table, configuration: configuration, seed: seed)
        case .gan(let configuration):
            return try AdversarialNetwork.fit(table, configuration: configuration, seed: seed)
        case .cgan(let configuration):
            return try ConditionalAdversarialNetwork.fit(table, configuration: configuration, seed: seed)
        case .copula(let configuration):
            return try GaussianCopula.fit(table, configuration: configuration, seed: seed)
        case .rvae:
            throw CohortError(
                "\"rvae\" learns visits over time, and this table has one row a patient; use \"vae\", or name the "
                    + "\"patient\" and \"time\" columns of a table of visits in its schema")
        }
    }

    /// Fits the generator to visits over time.
    public func fit(_ visits: VisitTable, seed: UInt64) throws -> any VisitGenerator {
        guard case .rvae(let configuration) = self else {
            throw CohortError(
                "this table has a row for every visit, and \(words) learns one row a patient; use \"rvae\", or leave "
                    + "\"patient\" and \"time\" out of the schema of a table with one row a patient")
        }
        return try RecurrentAutoencoder.fit(visits, configuration: configuration, seed: seed)
    }
}

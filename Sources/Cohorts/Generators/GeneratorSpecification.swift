// Which generator, with which settings: from a name or from JSON.

import PositionedJSON

/// A generator that is not fitted yet.
public enum GeneratorSpecification: Sendable, Equatable {
    case vae(VAEConfiguration)
    case cvae(ConditionalConfiguration)
    case gan(GANConfiguration)
    case cgan(ConditionalGANConfiguration)
    case copula(CopulaConfiguration)

    /// Generators that can be chosen.
    public static let kinds = ["vae", "cvae", "gan", "cgan", "copula"]

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
        default: nil
        }
    }

    /// Reads `{"generator": "vae", …}`; the options are the generator's own.
    ///
    /// - Parameter key: the key that names the kind.
    public static func read(_ reader: ObjectReader, key: String = "generator")
        -> GeneratorSpecification?
    {
        guard let kind = reader.choice(key, of: kinds, default: "vae") else { return nil }
        switch kind {
        case "vae": return .vae(VAEConfiguration(reader: reader))
        case "cvae": return .cvae(ConditionalConfiguration(reader: reader))
        case "gan": return .gan(GANConfiguration(reader: reader))
        case "cgan": return .cgan(ConditionalGANConfiguration(reader: reader))
        case "copula": return .copula(CopulaConfiguration(reader: reader))
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
        }
    }
}

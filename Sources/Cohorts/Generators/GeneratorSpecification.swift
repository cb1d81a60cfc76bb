// Which generator, with which settings: from a name or from JSON.

import PositionedJSON

/// A generator that is not fitted yet.
public enum GeneratorSpecification: Sendable, Equatable {
    case vae(VAEConfiguration)
    case cvae(ConditionalConfiguration)
    case copula(CopulaConfiguration)

    /// Generators that can be chosen.
    public static let kinds = ["vae", "cvae", "copula"]
    /// Known by name, and not built yet.
    public static let planned = ["gan", "cgan"]

    private static let remedy = "use " + kinds.map { "\"\($0)\"" }.joined(separator: ", ")

    /// A generator by name, with its defaults.
    public init(kind: String) throws(CohortError) {
        guard let specification = GeneratorSpecification.defaults(kind) else {
            let isPlanned = GeneratorSpecification.planned.contains(kind)
            throw CohortError(
                (isPlanned
                    ? "the generator \"\(kind)\" is not yet built; " : "there is no generator \"\(kind)\"; ")
                    + GeneratorSpecification.remedy)
        }
        self = specification
    }

    private static func defaults(_ kind: String) -> GeneratorSpecification? {
        switch kind {
        case "vae": .vae(VAEConfiguration())
        case "cvae": .cvae(ConditionalConfiguration())
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
        guard let kind = reader.choice(key, of: kinds + planned, default: "vae") else { return nil }
        switch kind {
        case "vae": return .vae(VAEConfiguration(reader: reader))
        case "cvae": return .cvae(ConditionalConfiguration(reader: reader))
        case "copula": return .copula(CopulaConfiguration(reader: reader))
        default:
            if let place = reader.optionalChild(key) {
                reader.complaints.add(place, "the generator \"\(kind)\" is not yet built", remedy: remedy)
            }
            return nil
        }
    }

    /// What it is, with its article.
    public var words: String {
        switch self {
        case .vae: "a variational autoencoder"
        case .cvae: "a conditional variational autoencoder"
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
        case .copula(let configuration):
            return try GaussianCopula.fit(table, configuration: configuration, seed: seed)
        }
    }
}

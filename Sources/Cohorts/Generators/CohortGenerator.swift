// What every generator of patients can do, and how one is chosen.

import PositionedJSON

/// A fitted generator of patients.
public protocol CohortGenerator: Sendable {
    /// `vae`, `copula`.
    var kind: String { get }
    /// Draws patients. Row i depends on the seed and i alone, so a longer table begins with the shorter one.
    func sample(rows: Int, seed: UInt64) -> PatientTable
    /// Everything that was fitted; contains quantiles of the training table.
    func json() -> JSONValue
    /// What the fit did, for reports: name and value.
    var summary: [(name: String, value: Double)] { get }
}

/// A generator that is not fitted yet.
public enum GeneratorSpecification: Sendable, Equatable {
    case vae(VAEConfiguration)
    case copula(CopulaConfiguration)

    /// Generators of the command line.
    public static let kinds = ["vae", "copula"]
    /// Known by name, and not built yet.
    public static let planned = ["gan", "cvae", "cgan"]

    /// A generator by name, with its defaults.
    public init(kind: String) throws(CohortError) {
        switch kind {
        case "vae": self = .vae(VAEConfiguration())
        case "copula": self = .copula(CopulaConfiguration())
        default:
            if GeneratorSpecification.planned.contains(kind) {
                throw CohortError("the generator \"\(kind)\" is not yet built; use \"vae\" or \"copula\"")
            }
            throw CohortError("there is no generator \"\(kind)\"; use \"vae\" or \"copula\"")
        }
    }

    /// Reads `{"generator": "vae", …}`; the options are the generator's own.
    ///
    /// - Parameter key: the key that names the kind.
    public static func read(_ reader: ObjectReader, key: String = "generator") -> GeneratorSpecification? {
        let choices = kinds + planned
        guard let kind = reader.choice(key, of: choices, default: "vae") else { return nil }
        switch kind {
        case "vae": return .vae(VAEConfiguration(reader: reader))
        case "copula": return .copula(CopulaConfiguration(reader: reader))
        default:
            if let place = reader.optionalChild(key) {
                reader.complaints.add(
                    place, "the generator \"\(kind)\" is not yet built", remedy: "use \"vae\" or \"copula\"")
            }
            return nil
        }
    }

    /// Fits the generator to a table.
    public func fit(_ table: PatientTable, seed: UInt64) throws -> any CohortGenerator {
        switch self {
        case .vae(let configuration):
            return try VariationalAutoencoder.fit(table, configuration: configuration, seed: seed)
        case .copula(let configuration):
            return try GaussianCopula.fit(table, configuration: configuration, seed: seed)
        }
    }
}

/// What can go wrong with a cohort beyond its files.
public struct CohortError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

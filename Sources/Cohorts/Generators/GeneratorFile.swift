// A fitted generator as a file, read back with everything checked.

import PositionedJSON

/// Reads what `CohortGenerator.json` writes.
public enum GeneratorFile {
    /// Version 1 named no roles, units and categories and could not be read back.
    public static let format = 2

    /// Reads a file.
    ///
    /// - Throws: `Diagnostics` for everything wrong with it.
    public static func read(path: String) throws -> any CohortGenerator {
        try readJudged(path: path).generator
    }

    /// Reads a file, and what the privacy checks said when it was written, if it says.
    public static func readJudged(path: String) throws -> (generator: any CohortGenerator, verdict: PrivacyVerdict?) {
        try readJudged(SourceText(contentsOf: path, maximumBytes: 1 << 30))
    }

    /// Reads a text.
    public static func read(_ source: SourceText) throws -> any CohortGenerator { try readJudged(source).generator }

    private static func readJudged(
        _ source: SourceText
    ) throws -> (generator: any CohortGenerator, verdict: PrivacyVerdict?) {
        let complaints = Complaints()
        let reader = ObjectReader(
            try JSONParser.parse(source), what: "the generator", complaints: complaints)
        // A file of another version is not looked into any further.
        if let version = reader.integer("format", in: 1...Int.max), version != format {
            complaints.add(
                reader.optionalChild("format") ?? reader.node, "this generator has format \(version)",
                remedy: version > format
                    ? "this version of lab reads format \(format): use a newer one"
                    : "this version of lab reads format \(format): fit the generator again")
            try complaints.throwIfAny()
        }
        _ = reader.optionalChild("training")
        let verdict = PrivacyVerdict(reader)
        var generator: (any CohortGenerator)?
        switch reader.choice("kind", of: GeneratorSpecification.kinds) {
        case "vae": generator = VariationalAutoencoder(reader)
        case "cvae": generator = ConditionalAutoencoder(reader)
        case "gan": generator = AdversarialNetwork(reader)
        case "cgan": generator = ConditionalAdversarialNetwork(reader)
        case "copula": generator = GaussianCopula(reader)
        case "rvae": generator = RecurrentAutoencoder(reader)
        default: break
        }
        if generator != nil || complaints.isEmpty { reader.finish() }
        try complaints.throwIfAny()
        guard let generator else { throw CohortError("\(source.name) holds no generator") }
        return (generator, verdict)
    }
}

extension ObjectReader {
    /// Numbers that must be there, this many of them, each within bounds and small enough for Float32.
    func floats(_ key: String, count: Int, in bounds: ClosedRange<Double> = .finite) -> [Float]? {
        guard let numbers = numbers(key) else { return nil }
        guard numbers.count == count else {
            complaints.add(
                node[key] ?? node, "\"\(key)\" must hold \(count) numbers, not \(numbers.count)")
            return nil
        }
        guard numbers.allSatisfy({ bounds.contains($0) && Float($0).isFinite }) else {
            complaints.add(node[key] ?? node, "\"\(key)\" holds a number that is out of range")
            return nil
        }
        return numbers.map { Float($0) }
    }
}

extension JSONValue {
    /// Float32 numbers, each with the fewest digits that read back to it.
    static func floats(_ values: some Sequence<Float>) -> JSONValue {
        .numbers(
            values.map { value in
                if let number = Double(value.description), Float(number) == value { return number }
                return Double(value)
            })
    }
}

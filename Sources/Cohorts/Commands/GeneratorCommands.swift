// What `lab cohort fit`, `sample`, `encode`, `decode` and `interpolate` do: a fitted generator kept as a file.

import PositionedJSON

extension CohortCommands {
    /// Rows drawn and written at a time; what is written does not depend on it.
    static let rowsAtATime = 8192

    /// Draws patients and writes them as they come, so that memory does not grow with their number.
    static func write(
        _ rows: Range<Int>, of generator: any CohortGenerator, where conditions: CohortConditions, seed: UInt64,
        to path: String
    ) throws {
        guard !rows.isEmpty else { throw CohortError("the number of rows must be positive") }
        let conditional = generator as? any ConditionalGenerator
        if !conditions.isEmpty, conditional == nil {
            throw CohortError(
                "a generator of kind \"\(generator.kind)\" cannot be asked for patients of a kind"
                    + (generator is any VisitGenerator ? "" : "; fit \"cvae\" or \"cgan\" for that"))
        }
        let lines = CSVLines(generator.columns)
        try AtomicFile.write(to: path) { sink in
            var bytes = lines.header
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsAtATime) {
                let part = start..<min(start + rowsAtATime, rows.upperBound)
                let table =
                    conditions.isEmpty
                    ? generator.sample(rows: part, seed: seed)
                    : try conditional?.sample(rows: part, where: conditions, seed: seed)
                if let table { lines.append(table, to: &bytes) }
                try sink(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
    }

    /// Learns a table and keeps the generator, with what the privacy checks say of it: `sample` obeys that.
    ///
    /// - Parameter heldOut: a table of real rows to test privacy on; without one a second generator is learned for that.
    public static func fit(
        source: String, schema: String, columns: [String]? = nil, seed: UInt64, generator: GeneratorSpecification?,
        heldOut: String? = nil, out: String
    ) throws -> Generated {
        let generated = try learn(
            source: source, schema: schema, columns: columns, seed: seed, generator: generator, heldOut: heldOut)
        var kept = generated.generator.json()
        if let verdict = generated.verdict { kept["gate"] = verdict.json() }
        try AtomicFile.write(kept.text(), to: out)
        return generated
    }

    /// Draws patients from a generator that was kept.
    ///
    /// - Parameters:
    ///   - rows: their numbers; the same number and seed give the same patient.
    ///   - force: writes patients that fail the privacy checks, and says so in a file beside them.
    /// - Returns: what the privacy checks said when the generator was fitted; nil for a file without them.
    /// - Throws: `PrivacyRefusal` for patients that must not be written.
    @discardableResult
    public static func sample(
        from path: String, rows: Range<Int>, where conditions: CohortConditions, seed: UInt64, force: Bool = false,
        out: String
    ) throws -> PrivacyVerdict? {
        let (generator, verdict) = try GeneratorFile.readJudged(path: path)
        try PrivacyRecord.write(verdict, of: generator, force: force, beside: out) {
            try write(rows, of: generator, where: conditions, seed: seed, to: out)
        }
        return verdict
    }

    /// Reads settings of a generator, `{"generator": "vae", …}`.
    public static func specification(settings path: String) throws -> GeneratorSpecification {
        let complaints = Complaints()
        let source = try SourceText(contentsOf: path)
        let reader = ObjectReader(try JSONParser.parse(source), what: "the generator", complaints: complaints)
        let specification = GeneratorSpecification.read(reader, visits: true)
        reader.finish()
        try complaints.throwIfAny()
        guard let specification else { throw CohortError("\(path) names no generator") }
        return specification
    }

    private static func latent(_ path: String) throws -> any LatentGenerator {
        let generator = try GeneratorFile.read(path: path)
        guard let latent = generator as? any LatentGenerator else {
            throw CohortError("a generator of kind \"\(generator.kind)\" has no latent codes; fit \"vae\" for that")
        }
        return latent
    }

    /// Reads patients as a generator's columns ask; further columns are left out.
    private static func patients(_ path: String, _ generator: any CohortGenerator) throws -> PatientTable {
        let schema = TableSchema(columns: generator.columns.map(\.schema))
        return try TableReader(schema: schema).read(path: path, like: PatientTable(columns: generator.columns)).table
    }

    /// Writes the mean code of every patient of a table: columns `z1`, `z2`, ….
    ///
    /// - Returns: the number of patients.
    @discardableResult
    public static func encode(from path: String, patients table: String, out: String) throws -> Int {
        let generator = try latent(path)
        let codes = try generator.encode(patients(table, generator))
        let columns = codeColumns(generator).enumerated().map { number, schema in
            TableColumn(schema: schema, values: codes.map { $0[number] })
        }
        try AtomicFile.write(PatientTable(columns: columns).csv(), to: out)
        return codes.count
    }

    /// Writes the most probable patient of every code of a table that `encode` wrote.
    ///
    /// - Returns: the number of patients.
    @discardableResult
    public static func decode(from path: String, codes table: String, out: String) throws -> Int {
        let generator = try latent(path)
        let codes = try TableReader(schema: TableSchema(columns: codeColumns(generator))).read(path: table).table
        let rows = (0..<codes.rowCount).map { row in codes.columns.map { $0.values[row] } }
        try AtomicFile.write(generator.decode(rows).csv(), to: out)
        return rows.count
    }

    /// Writes patients on the way from one to another; a first column `fraction` says how far each has come.
    ///
    /// - Parameters:
    ///   - first, second: rows of the table, counted from 1.
    public static func interpolate(
        from path: String, patients table: String, first: Int, second: Int, steps: Int, out: String
    ) throws {
        let generator = try latent(path)
        var way = try generator.interpolate(
            patients(table, generator), from: first - 1, to: second - 1, steps: steps)
        let fraction = TableColumn(
            schema: ColumnSchema(name: "fraction", type: .continuous),
            values: (0..<steps).map { Double($0) / Double(steps - 1) })
        way.columns.insert(fraction, at: 0)
        try AtomicFile.write(way.csv(), to: out)
    }

    private static func codeColumns(_ generator: any LatentGenerator) -> [ColumnSchema] {
        (1...generator.latent).map { ColumnSchema(name: "z\($0)", type: .continuous) }
    }
}

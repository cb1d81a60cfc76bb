// What `lab cohort generate` and `lab cohort evaluate` do.

import PositionedJSON

/// What to do with a table from the command line.
public enum CohortCommands {
    /// What was generated, and from what.
    public struct Generated: Sendable {
        public var generator: any CohortGenerator
        /// Patients learned from, and drawn.
        public var sourceRows: Int
        public var rows: Int
        /// Identifiers left out, and columns that the schema does not name.
        public var identifiers: [String]
        public var ignored: [String]
        /// Rows left out since they were the same as one before.
        public var dropped: Int
        /// What the privacy checks found; nil where they were not asked for.
        public var verdict: PrivacyVerdict?
    }

    /// Learns a table and writes synthetic rows.
    ///
    /// - Parameters:
    ///   - source: the table, comma-separated.
    ///   - schema: its COLUMNS.json.
    ///   - columns: those to learn, or nil for all.
    ///   - rows: number of synthetic patients: of rows, where a row is a patient.
    ///   - generator: how to learn it; nil for `rvae` where the table has visits, else `vae`.
    ///   - conditions: what every synthetic patient must be.
    ///   - heldOut: a table of real rows to test privacy on; without one a second generator is learned for that.
    ///   - force: writes patients that fail the privacy checks, and says so in a file beside them.
    ///   - out: file to write; its columns are those of the source, identifiers left out.
    /// - Throws: `Diagnostics` for mistakes in the files, `CohortError` where nothing can be learned, `PrivacyRefusal` for
    ///   patients that must not be written.
    public static func generate(
        source: String, schema: String, columns: [String]? = nil, rows: Int, seed: UInt64,
        generator: GeneratorSpecification?, where conditions: CohortConditions = CohortConditions(),
        heldOut: String? = nil, force: Bool = false, out: String
    ) throws -> Generated {
        guard rows > 0 else { throw CohortError("the number of rows must be positive") }
        var generated = try learn(
            source: source, schema: schema, columns: columns, seed: seed, generator: generator, heldOut: heldOut)
        generated.rows = rows
        try PrivacyRecord.write(generated.verdict, of: generated.generator, force: force, beside: out) {
            try write(0..<rows, of: generated.generator, where: conditions, seed: seed, to: out)
        }
        return generated
    }

    /// Learns a table: visits over time where its schema names a patient and a time column, else a row a patient.
    static func learn(
        source: String, schema: String, columns: [String]?, seed: UInt64, generator: GeneratorSpecification?,
        heldOut: String?
    ) throws -> Generated {
        let reading = try self.reading(source, schema: schema, columns: columns, for: generator)
        let fitted: any CohortGenerator
        let verdict: PrivacyVerdict
        let count: Int
        if reading.visits != nil {
            let visits = try VisitTable(reading, source: source)
            let specification = generator ?? .rvae(RecurrentConfiguration())
            let learned = try specification.fit(visits, seed: seed)
            count = visits.patientCount
            verdict = try self.verdict(learned, specification, visits, schema: schema, heldOut: heldOut, seed: seed)
            fitted = learned
        } else {
            let specification = generator ?? .vae(VAEConfiguration())
            count = reading.table.rowCount
            fitted = try specification.fit(reading.table, seed: seed)
            verdict = try self.verdict(
                fitted, specification, reading.table, schema: schema, heldOut: heldOut, seed: seed)
        }
        return Generated(
            generator: fitted, sourceRows: count, rows: 0,
            identifiers: reading.identifiers.filter { $0 != reading.patientColumn && $0 != reading.timeColumn },
            ignored: reading.ignored, dropped: reading.dropped.count, verdict: verdict)
    }

    /// What the privacy checks say of a generator.
    static func verdict(
        _ fitted: any CohortGenerator, _ specification: GeneratorSpecification, _ table: PatientTable, schema: String,
        heldOut: String?, seed: UInt64
    ) throws -> PrivacyVerdict {
        let others = try heldOut.map { path in
            let names = table.columns.map(\.name)
            return try TableReader(schema: TableSchema.read(path: schema).selecting(names)).read(
                path: path, like: table
            ).table
        }
        return try PrivacyGate.judge(fitted, table: table, heldOut: others, seed: seed) { rows in
            try specification.fit(rows, seed: seed)
        }
    }

    /// Reads the table that a generator is to learn.
    static func reading(
        _ source: String, schema: String, columns: [String]?, for generator: GeneratorSpecification?
    ) throws -> TableReading {
        let whole = try TableSchema.read(path: schema)
        let tableSchema = try columns.map { try whole.selecting($0) } ?? whole
        if generator?.privacy != nil {
            try DeclaredColumns.check(
                SourceText(contentsOf: schema), columns: tableSchema.columns.filter { !tableSchema.isIdentifier($0) })
        }
        var reading = try TableReader(schema: tableSchema).read(path: source)
        // Columns of the schema that were not chosen need no mention.
        reading.ignored.removeAll { whole.column($0) != nil }
        return reading
    }

    /// Holds a synthetic table against the real one.
    ///
    /// - Parameter heldOut: a table of real rows that the generator did not see, for honest utility and membership
    ///   inference.
    public static func evaluate(
        real: String, synthetic: String, schema: String, heldOut: String? = nil,
        options: FidelityReport.Options = FidelityReport.Options()
    ) throws -> FidelityReport {
        let tableSchema = try TableSchema.read(path: schema)
        if let patient = tableSchema.patient {
            throw CohortError(
                "\(schema) says that \(real) has a row for every visit (\"patient\": \"\(patient)\"), which are not "
                    + "independent; evaluate a table with one row a patient, such as that of the first visits, with a "
                    + "schema without \"patient\" and \"time\"")
        }
        let reader = TableReader(schema: tableSchema)
        let realTable = try reader.read(path: real).table
        let syntheticTable = try reader.read(path: synthetic, like: realTable).table
        let heldOutTable = try heldOut.map { try reader.read(path: $0, like: realTable).table }
        return try FidelityReport.measure(
            real: realTable, synthetic: syntheticTable, heldOut: heldOutTable, options: options)
    }
}

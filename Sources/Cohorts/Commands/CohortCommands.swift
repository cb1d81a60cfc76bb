// What `lab cohort generate` and `lab cohort evaluate` do.

import PositionedJSON

/// What to do with a table from the command line.
public enum CohortCommands {
    /// What was generated, and from what.
    public struct Generated: Sendable {
        public var generator: any CohortGenerator
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
    ///   - rows: number of synthetic rows.
    ///   - generator: how to learn it.
    ///   - conditions: what every synthetic patient must be.
    ///   - heldOut: a table of real rows to test privacy on; without one a second generator is learned for that.
    ///   - force: writes patients that fail the privacy checks, and says so in a file beside them.
    ///   - out: file to write; its columns are those of the source, identifiers left out.
    /// - Throws: `Diagnostics` for mistakes in the files, `CohortError` where nothing can be learned, `PrivacyRefusal` for
    ///   patients that must not be written.
    public static func generate(
        source: String, schema: String, columns: [String]? = nil, rows: Int, seed: UInt64,
        generator: GeneratorSpecification, where conditions: CohortConditions = CohortConditions(),
        heldOut: String? = nil, force: Bool = false, out: String
    ) throws -> Generated {
        guard rows > 0 else { throw CohortError("the number of rows must be positive") }
        let reading = try self.reading(source, schema: schema, columns: columns, for: generator)
        let fitted = try generator.fit(reading.table, seed: seed)
        let verdict = try self.verdict(
            fitted, generator, reading.table, schema: schema, heldOut: heldOut, seed: seed)
        try PrivacyRecord.write(verdict, of: fitted, force: force, beside: out) {
            try write(0..<rows, of: fitted, where: conditions, seed: seed, to: out)
        }
        return Generated(
            generator: fitted, sourceRows: reading.table.rowCount, rows: rows, identifiers: reading.identifiers,
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
        _ source: String, schema: String, columns: [String]?, for generator: GeneratorSpecification
    ) throws -> TableReading {
        let whole = try TableSchema.read(path: schema)
        let tableSchema = try columns.map { try whole.selecting($0) } ?? whole
        if generator.privacy != nil {
            try DeclaredColumns.check(
                SourceText(contentsOf: schema), columns: tableSchema.columns.filter { !tableSchema.isIdentifier($0) })
        }
        var reading = try TableReader(schema: tableSchema).read(path: source)
        guard reading.visits == nil else {
            throw CohortError(
                "\(source) has a row for every visit, and these generators learn one row a patient; leave \"patient\" and "
                    + "\"time\" out of the schema of a table with one row a patient")
        }
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
        let reader = TableReader(schema: try TableSchema.read(path: schema))
        let realTable = try reader.read(path: real).table
        let syntheticTable = try reader.read(path: synthetic, like: realTable).table
        let heldOutTable = try heldOut.map { try reader.read(path: $0, like: realTable).table }
        return try FidelityReport.measure(
            real: realTable, synthetic: syntheticTable, heldOut: heldOutTable, options: options)
    }
}

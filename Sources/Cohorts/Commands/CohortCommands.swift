// What `lab cohort generate` and `lab cohort evaluate` do.

import PositionedJSON

/// The two things to do with a table from the command line.
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
    }

    /// Learns a table and writes synthetic rows.
    ///
    /// - Parameters:
    ///   - source: the table, comma-separated.
    ///   - schema: its COLUMNS.json.
    ///   - columns: those to learn, or nil for all.
    ///   - rows: number of synthetic rows.
    ///   - generator: how to learn it.
    ///   - out: file to write; its columns are those of the source, identifiers left out.
    /// - Throws: `Diagnostics` for mistakes in the files, `CohortError` where nothing can be learned.
    public static func generate(
        source: String, schema: String, columns: [String]? = nil, rows: Int, seed: UInt64,
        generator: GeneratorSpecification, out: String
    ) throws -> Generated {
        guard rows > 0 else { throw CohortError("the number of rows must be positive") }
        var tableSchema = try TableSchema.read(path: schema)
        if let columns { tableSchema = try tableSchema.selecting(columns) }
        let reading = try TableReader(schema: tableSchema).read(path: source)
        guard reading.visits == nil else {
            throw CohortError(
                "\(source) has a row for every visit, and these generators learn one row a patient; leave \"patient\" and "
                    + "\"time\" out of the schema of a table with one row a patient")
        }
        let fitted = try generator.fit(reading.table, seed: seed)
        try AtomicFile.write(fitted.sample(rows: rows, seed: seed).csv(), to: out)
        return Generated(
            generator: fitted, sourceRows: reading.table.rowCount, rows: rows, identifiers: reading.identifiers,
            ignored: reading.ignored, dropped: reading.dropped.count)
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

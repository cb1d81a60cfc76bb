// What `lab cohort check`, `lab cohort schema` and `lab cohort features` do.

import PositionedJSON

/// Looking at a table before anything is learned from it.
public enum TableCommands {
    /// Reads a table and tells what stands out.
    ///
    /// - Throws: `Diagnostics` for every mistake in the files.
    public static func check(source: String, schema: String) throws -> TableCheck {
        let schema = try TableSchema.read(path: schema)
        return try TableCheck.measure(TableReader(schema: schema).read(path: source), schema: schema, source: source)
    }

    /// What each column tells of the target, and the principal components.
    public static func features(
        source: String, schema: String, options: FeatureReport.Options
    ) throws -> FeatureReport {
        let reading = try TableReader(schema: TableSchema.read(path: schema)).read(path: source)
        guard reading.visits == nil else {
            throw CohortError(
                "\(source) has a row for every visit, which are not independent; measure a table with one row a patient"
            )
        }
        return try FeatureReport.measure(reading.table, options: options)
    }
}

// Refuses, under differential privacy, columns whose ranges or categories only the table itself could tell.

import PositionedJSON

/// A range or a list of categories found in the table would give away its extreme or its only patients.
public enum DeclaredColumns {
    /// - Throws: `CohortError` naming every column of which the schema says too little.
    static func require(_ columns: [ColumnSchema]) throws(CohortError) {
        let lacking = columns.filter { ColumnCells($0) == nil }
        guard lacking.isEmpty else {
            throw CohortError(
                "differential privacy needs the \"range\" of every numeric and the \"categories\" of every other column in the "
                    + "schema; missing for " + lacking.map { "\"\($0.name)\"" }.joined(separator: ", "))
        }
    }

    /// Complains at the place of every such column in the schema's file.
    ///
    /// - Parameter columns: those to learn.
    /// - Throws: `Diagnostics`.
    public static func check(_ source: SourceText, columns: [ColumnSchema]) throws {
        let complaints = Complaints()
        let node = try JSONParser.parse(source)
        for column in columns where ColumnCells(column) == nil {
            complaints.add(
                node["columns"]?[column.name] ?? node,
                column.type.isNumeric
                    ? "the \(column.type.rawValue) column \"\(column.name)\" has no declared range, and one found in the "
                        + "table would betray its extreme patients"
                    : "the \(column.type.rawValue) column \"\(column.name)\" has no declared categories, and those found in "
                        + "the table would betray its rarest patients",
                remedy: column.type.isNumeric
                    ? "add \"range\": [LOW, HIGH] from what is possible, not from the table"
                    : "add \"categories\": [\"…\"] with all that are possible")
        }
        try complaints.throwIfAny()
    }
}

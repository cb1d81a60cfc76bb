// Small tables that the tests of this module share.

import Cohorts
import Foundation
import Numerics
import PositionedJSON

/// A schema from JSON text.
func schema(_ text: String) throws -> TableSchema {
    try TableSchema.read(SourceText(name: "columns.json", bytes: Array(text.utf8)))
}

/// A table from comma-separated text.
func table(_ csv: String, _ schema: TableSchema) throws -> PatientTable {
    try TableReader(schema: schema).read(SourceText(name: "table.csv", bytes: Array(csv.utf8))).table
}

/// The complaints that reading a table makes, as `LINE:COLUMN message`.
func complaints(_ bytes: [UInt8], _ schema: TableSchema) -> [String] {
    do {
        _ = try TableReader(schema: schema).read(SourceText(name: "table.csv", bytes: bytes))
        return []
    } catch let diagnostics as Diagnostics {
        return diagnostics.items.map { "\($0.location.line):\($0.location.column) \($0.message)" }
    } catch {
        return ["\(error)"]
    }
}

func complaints(_ csv: String, _ schema: TableSchema) -> [String] { complaints(Array(csv.utf8), schema) }

/// Rows of two numbers with correlation 0.8, one of them log-normal, and a category that goes with them: b where the
/// first number is high in 90 % of rows, c rarely.
func correlatedTable(rows: Int, seed: UInt64) -> PatientTable {
    var stream = RandomStream(seed: seed, purpose: "test.table")
    var x: [Double] = []
    var y: [Double] = []
    var group: [Double] = []
    for _ in 0..<rows {
        let a = stream.normal()
        x.append(5 + 2 * a)
        y.append(exp(0.8 * a + 0.6 * stream.normal()))
        let likely = a > 0 ? 1.0 : 0.0
        let draw = stream.uniform()
        group.append(draw < 0.05 ? 2 : draw < 0.90 ? likely : 1 - likely)
    }
    return PatientTable(
        columns: [
            TableColumn(schema: ColumnSchema(name: "x", type: .continuous), values: x),
            TableColumn(schema: ColumnSchema(name: "y", type: .continuous), values: y),
            TableColumn(
                schema: ColumnSchema(name: "group", type: .categorical), categories: ["a", "b", "c"], values: group),
        ], target: nil)
}

/// The folder that LAB_DATA names, if it holds this table.
func dataFile(_ name: String) -> String? {
    guard let folder = ProcessInfo.processInfo.environment["LAB_DATA"] else { return nil }
    let path = folder + "/" + name
    return FileManager.default.fileExists(atPath: path) ? path : nil
}

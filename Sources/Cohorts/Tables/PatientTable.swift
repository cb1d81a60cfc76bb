// A table of patients in memory, column by column.

import Foundation
import Patients

/// A column and its values.
public struct TableColumn: Sendable {
    public var schema: ColumnSchema
    /// Of categorical and ordinal columns, in order; empty for numeric ones.
    public var categories: [String]
    /// A value a row: the number, or the category's index; NaN where missing.
    public var values: [Double]
    /// Decimals that write every value of the column exactly, when six or fewer do: its granularity.
    public var decimals: Int?

    public init(schema: ColumnSchema, categories: [String] = [], values: [Double], decimals: Int? = nil) {
        self.schema = schema
        self.categories = categories
        self.values = values
        self.decimals = decimals
    }

    public var name: String { schema.name }
    public var isNumeric: Bool { schema.type.isNumeric }
}

/// A table of patients; identifiers are not in it.
public struct PatientTable: Sendable {
    public var columns: [TableColumn]
    public var target: String?

    public init(columns: [TableColumn], target: String? = nil) {
        self.columns = columns
        self.target = target
    }

    public var rowCount: Int { columns.first?.values.count ?? 0 }

    public func column(_ name: String) -> TableColumn? { columns.first { $0.name == name } }

    /// The rows of these numbers, in this order.
    public func rows(_ numbers: some Collection<Int>) -> PatientTable {
        var table = self
        for index in columns.indices {
            let values = columns[index].values
            table.columns[index].values = numbers.map { values[$0] }
        }
        return table
    }

    /// Virtual patients as a table; columns are continuous but for those of which more is known.
    ///
    /// - Parameters:
    ///   - categories: of the columns whose numbers are 0, 1, … for categories, their names.
    ///   - granular: columns of rounded numbers, which stay as coarse as they are.
    public init(_ cohort: CohortTable, categories: [String: [String]] = [:], granular: Set<String> = []) {
        self.init(
            columns: cohort.names.indices.map { index in
                let name = cohort.names[index]
                let values = cohort.rows.map { $0[index] }
                if let names = categories[name] {
                    return TableColumn(
                        schema: ColumnSchema(name: name, type: .categorical, categories: names), categories: names,
                        values: values)
                }
                let decimals = granular.contains(name) ? decimalsOf(values) : nil
                return TableColumn(
                    schema: ColumnSchema(name: name, type: decimals == 0 ? .integer : .continuous), values: values,
                    decimals: decimals)
            })
    }

    /// The numbers as virtual patients, the columns being parameters and initial values.
    public var cohort: CohortTable {
        CohortTable(
            names: columns.map(\.name), rows: (0..<rowCount).map { row in columns.map { $0.values[row] } })
    }
}

/// The least number of decimals (at most six) that write every one of these numbers exactly, if there is one.
package func decimalsOf(_ values: [Double]) -> Int? {
    var scale = 1.0
    var decimals = 0
    for value in values where value.isFinite {
        while true {
            let scaled = value * scale
            // Half a unit in the last of 15 digits: what decimal text of a double can lose.
            if abs(scaled - scaled.rounded()) <= 1e-15 * max(1, abs(scaled)) * 4 { break }
            guard decimals < 6 else { return nil }
            decimals += 1
            scale *= 10
        }
    }
    return decimals
}

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
    /// How coarsely the numbers are recorded, where six decimals write all of them.
    public var granularity: Granularity?
    /// Decimals that write every value of the column exactly, when six or fewer do.
    public var decimals: Int? { granularity?.decimals }

    public init(schema: ColumnSchema, categories: [String] = [], values: [Double], granularity: Granularity?) {
        self.schema = schema
        self.categories = categories
        self.values = values
        self.granularity = granularity
    }

    public init(schema: ColumnSchema, categories: [String] = [], values: [Double], decimals: Int? = nil) {
        self.init(
            schema: schema, categories: categories, values: values,
            granularity: decimals.map { Granularity(decimals: $0) })
    }

    public var name: String { schema.name }
    public var isNumeric: Bool { schema.type.isNumeric }
    /// Numbers that stand for cells beyond a limit of the method, such as `<50`.
    public var censoredValues: [Double] { schema.censoring?.values ?? [] }
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

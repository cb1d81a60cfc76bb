// A table of real patients as the source of a study's cohort: which of its columns are which of the environment's
// covariates, and in what units.

import Cohorts
import Patients
import PositionedJSON

/// Where a study's patients come from.
public enum CohortSource: Sendable {
    /// The environment's own variability.
    case environment
    case table(TableSource)
}

/// A table that a study names.
public struct TableSource: Sendable {
    /// A covariate, parameter or initial state of the environment and the column that gives it.
    public struct Mapping: Sendable, Equatable {
        public var name: String
        public var column: String
        /// Or what is worked out from several columns; a category is its number, from 0.
        public var expression: Formula?
        /// What a number of the column is multiplied by.
        public var factor = 1.0
        /// Of a column with categories, by category: the value, or nothing where it tells nothing.
        public var values: [String: Double] = [:]

        /// The columns that it is made from.
        var columns: [String] {
            guard let expression else { return [column] }
            var seen: Set<String> = []
            return expression.names.map(\.name).filter { seen.insert($0).inserted }
        }
    }

    /// As the study names it.
    public var written: String
    /// Of the file; empty where the table is not needed and not there.
    public var hash = ""
    /// The columns that the generator learns.
    public var table = PatientTable(columns: [])
    public var mappings: [Mapping]

    /// What rows tell of patients, in the environment's terms; a missing cell is not a number.
    public func known(_ rows: PatientTable) -> CohortTable {
        let columns = mappings.map { mapping -> [Double] in
            if let expression = mapping.expression { return values(of: expression, mapping.columns, rows) }
            guard let column = rows.column(mapping.column) else {
                return Array(repeating: .nan, count: rows.rowCount)
            }
            if column.isNumeric { return column.values.map { $0 * mapping.factor } }
            return column.values.map { value in
                guard let index = Int(exactly: value), column.categories.indices.contains(index) else { return .nan }
                return mapping.values[column.categories[index]] ?? .nan
            }
        }
        return CohortTable(
            names: mappings.map(\.name), rows: (0..<rows.rowCount).map { row in columns.map { $0[row] } })
    }

    /// An expression for every row; nothing is known where one of its columns is missing.
    private func values(of expression: Formula, _ names: [String], _ rows: PatientTable) -> [Double] {
        let columns = names.map { rows.column($0)?.values ?? [] }
        return (0..<rows.rowCount).map { row in
            let cells = columns.map { $0.isEmpty ? .nan : $0[row] }
            guard !cells.contains(where: \.isNaN) else { return .nan }
            let value = try? expression.evaluate(Dictionary(uniqueKeysWithValues: zip(names, cells)))
            return value.map { $0.isFinite ? $0 : .nan } ?? .nan
        }
    }
}

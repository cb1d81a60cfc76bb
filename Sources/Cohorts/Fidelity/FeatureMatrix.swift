// A table as the numbers that classifiers and distances work on.

/// Features, column by column.
package struct FeatureMatrix: Sendable {
    var rows: Int
    /// A column per feature: `rows` numbers each.
    var columns: [[Double]]

    package init(rows: Int, columns: [[Double]]) {
        self.rows = rows
        self.columns = columns
    }

    /// Tables side by side under one reference: numbers as z-scores of the reference (missing as its mean, with an
    /// indicator where any table has gaps), categories one-hot over those of the reference.
    ///
    /// - Parameter excluding: a column to leave out.
    static func encode(_ tables: [PatientTable], reference: PatientTable, excluding: String? = nil) -> [FeatureMatrix] {
        var result = tables.map { FeatureMatrix(rows: $0.rowCount, columns: []) }
        for (number, column) in reference.columns.enumerated() where column.name != excluding {
            let present = column.values.filter { !$0.isNaN }
            if column.isNumeric {
                let scale = Standardisation(present)
                let gaps = tables.contains { $0.columns[number].values.contains(where: \.isNaN) }
                for index in tables.indices {
                    let values = tables[index].columns[number].values
                    result[index].columns.append(values.map { $0.isNaN ? 0 : scale.apply($0) })
                    if gaps { result[index].columns.append(values.map { $0.isNaN ? 1 : 0 }) }
                }
            } else {
                for category in Set(present).sorted() {
                    for index in tables.indices {
                        result[index].columns.append(
                            tables[index].columns[number].values.map { $0 == category ? 1 : 0 })
                    }
                }
            }
        }
        return result
    }

    /// Some rows.
    package func rows(_ numbers: [Int]) -> FeatureMatrix {
        FeatureMatrix(rows: numbers.count, columns: columns.map { column in numbers.map { column[$0] } })
    }

    /// One below the other.
    static func stacked(_ first: FeatureMatrix, _ second: FeatureMatrix) -> FeatureMatrix {
        FeatureMatrix(rows: first.rows + second.rows, columns: zip(first.columns, second.columns).map { $0 + $1 })
    }
}

/// Mean and standard deviation of a column.
struct Standardisation: Sendable {
    var mean = 0.0
    var deviation = 1.0

    /// Of these values; a constant column keeps the deviation 1.
    init(_ values: [Double]) {
        guard !values.isEmpty else { return }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        self.mean = mean
        deviation = variance > 0 ? variance.squareRoot() : 1
    }

    func apply(_ value: Double) -> Double { (value - mean) / deviation }
}

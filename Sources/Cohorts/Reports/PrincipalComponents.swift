// The directions in which the numbers of a table vary most.

import Numerics
import PositionedJSON

/// Principal components of the numeric columns, each in standard deviations; a missing cell counts as its column's mean.
public struct PrincipalComponents: Sendable {
    public var columns: [String]
    /// Share of the variance along each component, falling; they sum to one.
    public var explained: [Double]
    /// Of each component, the weight of each column; the squares of a component sum to one, its largest weight is
    /// positive.
    public var loadings: [[Double]]
    /// Share of the cells that were missing.
    public var missing: Double

    /// More columns than this are not analysed: the work grows with the cube.
    static let mostColumns = 2000

    /// nil with fewer than two numeric columns that vary, or fewer than three rows.
    public init?(_ table: PatientTable, excluding target: String? = nil) {
        var standardised: [[Double]] = []
        var names: [String] = []
        var gaps = 0
        let rows = table.rowCount
        guard rows > 2 else { return nil }
        for column in table.columns where column.isNumeric && column.name != target {
            var moments = (count: 0.0, sum: 0.0)
            for value in column.values where !value.isNaN { moments = (moments.count + 1, moments.sum + value) }
            guard moments.count > 1 else { continue }
            let mean = moments.sum / moments.count
            let centred = column.values.map { $0.isNaN ? 0 : $0 - mean }
            let length = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 1e-12 * abs(mean), length.isFinite else { continue }
            gaps += rows - Int(moments.count)
            standardised.append(centred.map { $0 / length })
            names.append(column.name)
        }
        let n = names.count
        guard n >= 2, n <= PrincipalComponents.mostColumns else { return nil }
        // Correlations: the covariance of standardised columns.
        var correlation = [Double](repeating: 0, count: n * n)
        for a in 0..<n {
            for b in a..<n {
                var sum = 0.0
                for row in 0..<rows { sum += standardised[a][row] * standardised[b][row] }
                correlation[a * n + b] = sum
                correlation[b * n + a] = sum
            }
        }
        guard let eigen = SymmetricEigen(correlation, n) else { return nil }
        columns = names
        let total = eigen.values.reduce(0) { $0 + max($1, 0) }
        explained = eigen.values.map { max($0, 0) / total }
        loadings = eigen.vectors.map { vector in
            let largest = vector.max { abs($0) < abs($1) } ?? 1
            return largest < 0 ? vector.map { -$0 } : vector
        }
        missing = Double(gaps) / Double(rows * n)
    }

    /// How many components hold this share of the variance.
    public func needed(for share: Double) -> Int {
        var sum = 0.0
        for (index, part) in explained.enumerated() {
            sum += part
            if sum >= share - 1e-12 { return index + 1 }
        }
        return explained.count
    }

    public func json() -> JSONValue {
        [
            "columns": .strings(columns), "explained_variance_ratio": .numbers(explained),
            "loadings": .array(loadings.map { .numbers($0) }), "missing_share": .number(missing),
        ]
    }
}

// How well relations between pairs of columns are kept.

/// One pair's score.
public struct PairTrend: Sendable, Equatable {
    public var first: String
    public var second: String
    /// `correlation_similarity` for two numbers, `contingency_similarity` otherwise.
    public var measure: String
    /// nil where it is not defined, as for a constant column.
    public var score: Double?
    /// Pearson's correlation of two numbers, Cramér's V otherwise, in the real table.
    public var realAssociation: Double?
    /// The same in the synthetic table.
    public var syntheticAssociation: Double?
    /// Associated strongly enough in the real table to count (SDMetrics: |r| > 0.5, V > 0.3).
    public var counts: Bool
}

/// Pair trends as SDMetrics 0.32 defines them in its quality report: numbers by the difference of their correlations,
/// others by the total variation between contingency tables, a number beside a category cut into ten bins of equal
/// width (each table by its own range), and only pairs associated in the real table.
package enum PairTrends {
    static let correlationThreshold = 0.5
    static let associationThreshold = 0.3
    static let bins = 10

    package static func measure(_ real: PatientTable, _ synthetic: PatientTable) -> [PairTrend] {
        let realCodes = real.columns.indices.map { codes(real.columns[$0], other: synthetic.columns[$0]) }
        let syntheticCodes = real.columns.indices.map { codes(synthetic.columns[$0], other: real.columns[$0]) }
        var trends: [PairTrend] = []
        for first in real.columns.indices {
            for second in real.columns.indices where second > first {
                let a = real.columns[first]
                let b = real.columns[second]
                if a.isNumeric, b.isNumeric {
                    let realR = correlation(a.values, b.values)
                    let syntheticR = correlation(synthetic.columns[first].values, synthetic.columns[second].values)
                    var score: Double?
                    if let realR, let syntheticR { score = 1 - abs(realR - syntheticR) / 2 }
                    trends.append(
                        PairTrend(
                            first: a.name, second: b.name, measure: "correlation_similarity", score: score,
                            realAssociation: realR, syntheticAssociation: syntheticR,
                            counts: score != nil && abs(realR ?? 0) > correlationThreshold))
                } else {
                    let x = contingency(realCodes[first], realCodes[second])
                    let y = contingency(syntheticCodes[first], syntheticCodes[second])
                    let association = cramersV(x, rows: realCodes[first].count, columns: realCodes[second].count)
                    trends.append(
                        PairTrend(
                            first: a.name, second: b.name, measure: "contingency_similarity",
                            score: 1 - ColumnShapes.totalVariation(x, y), realAssociation: association,
                            syntheticAssociation: cramersV(
                                y, rows: syntheticCodes[first].count, columns: syntheticCodes[second].count),
                            counts: (association ?? 0) > associationThreshold))
                }
            }
        }
        return trends
    }

    /// A column as small whole numbers.
    struct Codes {
        var values: [Int]
        var count: Int
    }

    static func codes(_ column: TableColumn, other: TableColumn) -> Codes {
        if column.isNumeric { return Codes(values: digitised(column.values), count: bins + 2) }
        // Missing is a category of its own, numbered alike in both tables.
        let missing = max(column.categories.count, other.categories.count)
        return Codes(values: column.values.map { $0.isNaN ? missing : Int($0) }, count: missing + 1)
    }

    /// numpy's `digitize` over `histogram_bin_edges`: 1…10, 11 for the greatest value and for missing ones.
    package static func digitised(_ values: [Double]) -> [Int] {
        var low = Double.infinity
        var high = -Double.infinity
        for value in values where !value.isNaN {
            low = min(low, value)
            high = max(high, value)
        }
        guard low <= high else { return values.map { _ in bins + 1 } }
        if low == high {
            low -= 0.5
            high += 0.5
        }
        let step = (high - low) / Double(bins)
        let edges = (0...bins).map { $0 == bins ? high : low + Double($0) * step }
        return values.map { value in
            value.isNaN ? bins + 1 : QuantileMap.upperBound(edges, value)
        }
    }

    /// Shares of all combinations, first × second.
    static func contingency(_ first: Codes, _ second: Codes) -> [Double] {
        var counts = [Double](repeating: 0, count: first.count * second.count)
        let share = 1 / Double(max(first.values.count, 1))
        for index in first.values.indices { counts[first.values[index] * second.count + second.values[index]] += share }
        return counts
    }

    /// √(χ²/n / (min(rows, columns) − 1)) over rows and columns that occur (Cramér 1946, section 21.9).
    package static func cramersV(_ shares: [Double], rows: Int, columns: Int) -> Double? {
        var rowShare = [Double](repeating: 0, count: rows)
        var columnShare = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns {
                rowShare[row] += shares[row * columns + column]
                columnShare[column] += shares[row * columns + column]
            }
        }
        let smaller = min(rowShare.count { $0 > 0 }, columnShare.count { $0 > 0 })
        guard smaller > 1 else { return nil }
        var phi = 0.0
        for row in 0..<rows where rowShare[row] > 0 {
            for column in 0..<columns where columnShare[column] > 0 {
                let expected = rowShare[row] * columnShare[column]
                let difference = shares[row * columns + column] - expected
                phi += difference * difference / expected
            }
        }
        return (phi / Double(smaller - 1)).squareRoot()
    }

    /// Pearson's correlation over rows where both are there.
    static func correlation(_ first: [Double], _ second: [Double]) -> Double? {
        let rows = first.indices.filter { !first[$0].isNaN && !second[$0].isNaN }
        return pearson(rows.map { first[$0] }, rows.map { second[$0] })
    }
}

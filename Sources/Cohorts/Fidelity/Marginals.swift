// The distributions of every column side by side, for figures.

import Foundation
import PositionedJSON

/// One column's distribution in both tables.
public struct MarginalSeries: Sendable, Equatable {
    public var column: String
    public var unit: String?
    /// Edges of the bars of a numeric column (one more than bars), empty for categories.
    public var edges: [Double]
    /// Names of the categories, empty for a numeric column.
    public var categories: [String]
    /// Share of rows in every bar.
    public var real: [Double]
    public var synthetic: [Double]
    /// Share of missing cells.
    public var realMissing: Double
    public var syntheticMissing: Double

    static let bars = 30

    static func measure(_ real: PatientTable, _ synthetic: PatientTable) -> [MarginalSeries] {
        zip(real.columns, synthetic.columns).map { first, second in
            if !first.isNumeric {
                let count = max(first.categories.count, second.categories.count)
                let names = first.categories.count >= second.categories.count ? first.categories : second.categories
                let a = ColumnShapes.shares(first, count: count)
                let b = ColumnShapes.shares(second, count: count)
                return MarginalSeries(
                    column: first.name, unit: first.schema.unit, edges: [], categories: names,
                    real: Array(a.dropLast()), synthetic: Array(b.dropLast()), realMissing: a[count],
                    syntheticMissing: b[count])
            }
            let edges = edges(first.values.filter { !$0.isNaN }, whole: first.decimals == 0)
            let a = histogram(first.values, edges)
            let b = histogram(second.values, edges)
            return MarginalSeries(
                column: first.name, unit: first.schema.unit, edges: edges, categories: [], real: a.shares,
                synthetic: b.shares, realMissing: a.missing, syntheticMissing: b.missing)
        }
    }

    /// Bars of equal width over the values; over their logarithms where the largest is five times the smallest or more and their median is
    /// nearer to the geometric than to the arithmetic middle of the range; a bar per whole number where there are few.
    private static func edges(_ values: [Double], whole: Bool) -> [Double] {
        guard let low = values.min(), let high = values.max() else { return [0, 1] }
        if low == high { return [low - 0.5, high + 0.5] }
        if whole, high - low <= Double(bars) {
            return Array(stride(from: low - 0.5, through: high + 0.5, by: 1))
        }
        let middle = quantile(values, 0.5)
        if low > 0, high / low >= 5, middle * middle < 0.5 * (low + high) * (low * high).squareRoot() {
            let ratio = high / low
            return (0...bars).map { $0 == bars ? high : low * pow(ratio, Double($0) / Double(bars)) }
        }
        return (0...bars).map { $0 == bars ? high : low + (high - low) * Double($0) / Double(bars) }
    }

    /// Values outside the edges count to the outermost bars.
    private static func histogram(_ values: [Double], _ edges: [Double]) -> (shares: [Double], missing: Double) {
        var counts = [Double](repeating: 0, count: edges.count - 1)
        var missing = 0.0
        for value in values {
            if value.isNaN {
                missing += 1
            } else {
                counts[min(max(QuantileMap.upperBound(edges, value) - 1, 0), counts.count - 1)] += 1
            }
        }
        let total = Double(max(values.count, 1))
        return (counts.map { $0 / total }, missing / total)
    }

    func json() -> JSONValue {
        var value: JSONValue = ["column": .string(column)]
        if let unit { value["unit"] = .string(unit) }
        if categories.isEmpty { value["edges"] = .numbers(edges) } else { value["categories"] = .strings(categories) }
        value["real"] = .numbers(real)
        value["synthetic"] = .numbers(synthetic)
        value["real_missing"] = .number(realMissing)
        value["synthetic_missing"] = .number(syntheticMissing)
        return value
    }
}

// How well each column's distribution is kept.

/// One column's score.
public struct ColumnShape: Sendable, Equatable {
    public var column: String
    /// `ks_complement` for numbers, `tv_complement` for categories.
    public var measure: String
    /// 1 when equal, 0 when disjoint.
    public var score: Double
}

/// Column shapes as SDMetrics 0.32 defines them: missing cells count in neither table (`MarginalSeries` has their shares).
package enum ColumnShapes {
    package static func measure(_ real: PatientTable, _ synthetic: PatientTable) -> [ColumnShape] {
        zip(real.columns, synthetic.columns).map { first, second in
            if first.isNumeric {
                let statistic = kolmogorovSmirnov(
                    first.values.filter { !$0.isNaN }, second.values.filter { !$0.isNaN })
                return ColumnShape(column: first.name, measure: "ks_complement", score: 1 - statistic)
            }
            let count = max(first.categories.count, second.categories.count)
            return ColumnShape(
                column: first.name, measure: "tv_complement",
                score: 1 - totalVariation(presentShares(first, count: count), presentShares(second, count: count)))
        }
    }

    /// Share of every category among the cells that are there, as SDMetrics counts them.
    private static func presentShares(_ column: TableColumn, count: Int) -> [Double] {
        let all = shares(column, count: count)
        let present = 1 - all[count]
        return all.dropLast().map { present > 0 ? $0 / present : 0 }
    }

    /// Share of every category; the last is that of missing cells.
    static func shares(_ column: TableColumn, count: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: count + 1)
        for value in column.values { counts[value.isNaN ? count : Int(value)] += 1 }
        let total = Double(max(column.values.count, 1))
        return counts.map { $0 / total }
    }

    /// ½ Σ |p − q|
    static func totalVariation(_ first: [Double], _ second: [Double]) -> Double {
        0.5 * zip(first, second).reduce(0) { $0 + abs($1.0 - $1.1) }
    }

    /// The largest distance between two empirical distribution functions; 1 when one sample is empty.
    package static func kolmogorovSmirnov(_ first: [Double], _ second: [Double]) -> Double {
        guard !first.isEmpty, !second.isEmpty else { return first.isEmpty && second.isEmpty ? 0 : 1 }
        let a = first.sorted()
        let b = second.sorted()
        var i = 0
        var j = 0
        var largest = 0.0
        while i < a.count, j < b.count {
            let value = min(a[i], b[j])
            while i < a.count, a[i] == value { i += 1 }
            while j < b.count, b[j] == value { j += 1 }
            largest = max(largest, abs(Double(i) / Double(a.count) - Double(j) / Double(b.count)))
        }
        return largest
    }
}

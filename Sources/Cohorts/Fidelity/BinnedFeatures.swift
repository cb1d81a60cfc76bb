// Features cut into bins, so that a tree finds its splits by histograms.

/// Every feature as the number of its bin, exactly one bin per distinct value up to `maximumBins`, quantiles above.
struct BinnedFeatures {
    static let maximumBins = 1024

    let rows: Int
    /// A column per feature.
    let codes: [[UInt16]]
    /// Per feature, the value between bin b and b + 1: x ≤ threshold belongs to bins up to b.
    let thresholds: [[Double]]

    init(_ matrix: FeatureMatrix) {
        rows = matrix.rows
        var codes: [[UInt16]] = []
        var thresholds: [[Double]] = []
        for column in matrix.columns {
            let cuts = BinnedFeatures.cuts(column)
            thresholds.append(cuts)
            codes.append(column.map { UInt16(QuantileMap.lowerBound(cuts, $0)) })
        }
        self.codes = codes
        self.thresholds = thresholds
    }

    /// Midpoints between neighbouring distinct values, thinned by rank where there are too many.
    private static func cuts(_ column: [Double]) -> [Double] {
        let sorted = column.sorted()
        var distinct: [(value: Double, rank: Int)] = []
        for (rank, value) in sorted.enumerated() where distinct.last?.value != value { distinct.append((value, rank)) }
        guard distinct.count > 1 else { return [] }
        var cuts: [Double] = []
        let step = Double(sorted.count) / Double(maximumBins)
        var nextRank = 0.0
        for index in 1..<distinct.count {
            if distinct.count > maximumBins {
                guard Double(distinct[index].rank) >= nextRank else { continue }
                nextRank = Double(distinct[index].rank) + step
            }
            let low = distinct[index - 1].value
            let middle = low + (distinct[index].value - low) / 2
            // A midpoint rounded up to its upper neighbour would put that neighbour on the wrong side.
            cuts.append(middle < distinct[index].value ? middle : low)
        }
        return cuts
    }
}

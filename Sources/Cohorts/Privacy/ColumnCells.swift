// The cells in which a column is counted, from what its schema declares and nothing else.

import Foundation

/// A partition of everything a column may hold: bins of numbers, numbers that stand alone, categories, the gap.
///
/// Bins are narrow at the lower end of the declared range and wide at the upper, in proportion to the root of the way
/// along it: most measurements that cannot be negative are skewed.
package struct ColumnCells: Sendable, Equatable {
    /// Bounds of the bins of numbers; empty for categories.
    package let edges: [Double]
    /// Numbers counted on their own: zero, and those that stand for cells beyond a limit.
    package let atoms: [Double]
    let categories: Int
    let range: ClosedRange<Double>
    let granularity: Granularity?

    package static let bins = 64

    /// nil where the schema does not declare enough.
    package init?(_ schema: ColumnSchema) {
        guard schema.type.isNumeric else {
            guard let declared = schema.categories, !declared.isEmpty else { return nil }
            edges = []
            atoms = []
            categories = declared.count
            range = 0...0
            granularity = nil
            return
        }
        guard let range = schema.range, range.lowerBound.isFinite, range.upperBound.isFinite else { return nil }
        categories = 0
        self.range = range
        let width = range.upperBound - range.lowerBound
        // A public rule, not what the table shows: whole numbers, or a power of ten not above a thousandth of the range.
        let decimals =
            schema.type == .integer || width <= 0 ? 0 : min(6, max(0, Int((-log10(width / 1000)).rounded(.up))))
        let granularity = Granularity(decimals: decimals)
        self.granularity = granularity
        let half = granularity.step / 2
        let low = granularity.rounded(range.lowerBound) - half
        let high = granularity.rounded(range.upperBound) + half
        var edges = [low]
        for bin in 1..<ColumnCells.bins {
            let way = Double(bin) / Double(ColumnCells.bins)
            let edge = granularity.rounded(low + (high - low) * way * way) + half
            if edge > edges[edges.count - 1] + half, edge < high - half { edges.append(edge) }
        }
        self.edges = edges + [high]
        atoms = (range.contains(0) ? [0] : []) + (schema.censoring?.values ?? [])
    }

    var binCount: Int { max(0, edges.count - 1) }
    /// Bins, atoms, categories, and the gap last.
    package var count: Int { binCount + atoms.count + categories + 1 }

    package func cell(of value: Double) -> Int {
        if value.isNaN { return count - 1 }
        if edges.isEmpty { return min(max(Int(value), 0), categories - 1) }
        if let atom = atoms.firstIndex(of: value) { return binCount + atom }
        return min(max(QuantileMap.upperBound(edges, value) - 1, 0), binCount - 1)
    }

    /// How many rows each cell has; a row more or less changes one of them by one.
    package func counts(_ values: [Double]) -> [Double] {
        var counts = [Double](repeating: 0, count: count)
        for value in values { counts[cell(of: value)] += 1 }
        return counts
    }
}

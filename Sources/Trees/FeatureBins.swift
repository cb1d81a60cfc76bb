// Columns of numbers as bytes: every value's place among at most 255 bins, found once per induction.

import CLanes
import Numerics

/// The values of samples, binned. Up to 255 distinct values of a feature have a bin each, so that nothing is lost;
/// beyond that bins hold about equally many rows. Bin 255 is for missing values.
final class FeatureBins {
    static let missing = 255
    /// Rows sorted to find the cuts of a column with many; the bins' shares are then within a few per cent of equal.
    static let sampleSize = 8192

    let rows: Int
    let columns: Int
    /// rows × columns
    let codes: UnsafeMutablePointer<UInt8>
    /// columns × 256: smallest and largest value in each bin
    private let lows: UnsafeMutableBufferPointer<Double>
    private let highs: UnsafeMutableBufferPointer<Double>
    /// Bins in use in each column, missing values apart.
    private(set) var counts: [Int]

    /// - Parameters:
    ///   - values: row-major with `columns` columns.
    ///   - chosen: the rows that take part, in their order.
    init(values: UnsafePointer<Double>, columns: Int, chosen: [Int32]) {
        rows = chosen.count
        self.columns = columns
        codes = .allocate(capacity: max(1, rows * columns))
        codes.initialize(repeating: 0, count: max(1, rows * columns))
        lows = .allocate(capacity: max(1, columns * 256))
        lows.initialize(repeating: .infinity)
        highs = .allocate(capacity: max(1, columns * 256))
        highs.initialize(repeating: -.infinity)
        counts = Array(repeating: 0, count: columns)
        var picks: [Int32] = []
        if rows > FeatureBins.sampleSize {
            var stream = RandomStream(seed: 0, purpose: "trees.bins")
            picks = (0..<FeatureBins.sampleSize).map { _ in chosen[stream.below(rows)] }
        }
        for column in 0..<columns {
            if !picks.isEmpty {
                fill(column, cuts: FeatureBins.cuts(values, columns, column, picks), values, chosen)
                // Few distinct values were seen, but a bin holds several: look at all of them.
                let isExact = (0..<counts[column]).allSatisfy { bin in
                    lows[column * 256 + bin] == highs[column * 256 + bin]
                }
                if counts[column] >= FeatureBins.missing || isExact { continue }
            }
            fill(column, cuts: FeatureBins.cuts(values, columns, column, chosen), values, chosen)
        }
    }

    deinit {
        codes.deallocate()
        lows.deallocate()
        highs.deallocate()
    }

    /// A threshold between two bins of a column: the midpoint of the nearest values on either side.
    func threshold(column: Int, below low: Int, above high: Int) -> Double {
        FeatureBins.midpoint(highs[column * 256 + low], lows[column * 256 + high])
    }

    /// A number t with a ≤ t < b.
    static func midpoint(_ a: Double, _ b: Double) -> Double {
        let middle = a / 2 + b / 2
        return middle >= a && middle < b ? middle : a
    }

    /// A value with infinities brought into the finite, so that midpoints are finite.
    @inline(__always)
    static func finite(_ value: Double) -> Double {
        value > .greatestFiniteMagnitude
            ? .greatestFiniteMagnitude : value < -.greatestFiniteMagnitude ? -.greatestFiniteMagnitude : value
    }

    /// At most 254 thresholds, ascending, that part the chosen rows' values of a column.
    private static func cuts(
        _ values: UnsafePointer<Double>, _ columns: Int, _ column: Int, _ chosen: [Int32]
    ) -> [Double] {
        var keys: [UInt64] = []
        keys.reserveCapacity(chosen.count)
        for row in chosen {
            let value = values[Int(row) * columns + column]
            if !value.isNaN { keys.append(RadixSort.key(finite(value))) }
        }
        var items = Array(repeating: Int32(0), count: keys.count)
        RadixSort.sort(&keys, carrying: &items)
        let sorted = keys.map(RadixSort.value)
        guard let last = sorted.last else { return [] }
        var distinct = 1
        for index in sorted.indices.dropFirst() where sorted[index] != sorted[index - 1] { distinct += 1 }
        let bins = min(distinct, missing)
        var cuts: [Double] = []
        cuts.reserveCapacity(bins)
        var start = 0
        var index = 0
        while index < sorted.count, sorted[index] != last, cuts.count < bins - 1 {
            var end = index + 1
            while sorted[end] == sorted[index] { end += 1 }
            // Close the bin when it holds its share of the rows that are left.
            let share = Double(sorted.count - start) / Double(bins - cuts.count)
            if distinct <= missing || Double(end - start) >= share {
                cuts.append(midpoint(sorted[index], sorted[end]))
                start = end
            }
            index = end
        }
        return cuts
    }

    private static let hasWideVectors = lab_has_wide_vectors() != 0

    /// Codes of a column: how many cuts are below a value, so that value ≤ cut stays on the cut's left.
    private func fill(_ column: Int, cuts: [Double], _ values: UnsafePointer<Double>, _ chosen: [Int32]) {
        let table = cuts + Array(repeating: Double.infinity, count: 256 - cuts.count)
        let sixteenths = stride(from: 15, to: 256, by: 16).map { table[$0] }
        let low = lows.baseAddress! + column * 256
        let high = highs.baseAddress! + column * 256
        for bin in 0..<256 {
            low[bin] = .infinity
            high[bin] = -.infinity
        }
        let code = FeatureBins.hasWideVectors ? lab_codes_wide : lab_codes_narrow
        chosen.withUnsafeBufferPointer { chosen in
            guard let rows = chosen.baseAddress else { return }
            code(values + column, columns, rows, chosen.count, sixteenths, table, low, high, codes + column)
        }
        counts[column] = cuts.count + 1
    }
}

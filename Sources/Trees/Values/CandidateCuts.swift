// Where a tree may split: a few thresholds a feature, and every row's place among them.

import Numerics

/// Candidate thresholds of every column of samples, and between which of them each value lies.
struct CandidateCuts: Sendable {
    /// Rows from which the thresholds of a column with many distinct values are chosen.
    static let sampleSize = 16_384

    let columns: Int
    /// Per column, ascending: a value of at most the k-th threshold has a code of at most k.
    let thresholds: [[Double]]
    /// rows × columns: the number of thresholds below the value; where it is missing, that of the middle value.
    let codes: [UInt16]
    /// Per column, the code of the middle present value. A missing value counts as it: it goes to the side that holds
    /// the middle, which is the heavier one.
    let middles: [Int]

    /// Thresholds with about equally many of the chosen rows between them, midway between neighbouring values.
    ///
    /// - Parameters:
    ///   - maximum: thresholds a column at most; nil for one between any two distinct values (at most 65,534).
    ///   - chosen: the rows that count.
    init(_ samples: TreeSamples, chosen: [Int32], maximum: Int?) {
        let columns = samples.features.count
        self.columns = columns
        var picks = chosen
        if maximum != nil, chosen.count > CandidateCuts.sampleSize {
            var stream = RandomStream(seed: 0, purpose: "trees.cuts")
            picks = (0..<CandidateCuts.sampleSize).map { _ in chosen[stream.below(chosen.count)] }
        }
        var thresholds: [[Double]] = []
        var middles: [Int] = []
        var codes = Array(repeating: UInt16(0), count: samples.count * columns)
        for column in 0..<columns {
            let sorted = picks.map { samples.values[Int($0) * columns + column] }.filter { !$0.isNaN }.sorted()
            let cuts = CandidateCuts.cuts(sorted, maximum: min(maximum ?? 65_534, 65_534))
            let middle = sorted.isEmpty ? 0 : CandidateCuts.code(of: sorted[sorted.count / 2], cuts)
            for row in 0..<samples.count {
                let value = samples.values[row * columns + column]
                codes[row * columns + column] = UInt16(value.isNaN ? middle : CandidateCuts.code(of: value, cuts))
            }
            thresholds.append(cuts)
            middles.append(middle)
        }
        self.thresholds = thresholds
        self.middles = middles
        self.codes = codes
    }

    /// The number of thresholds below a value.
    private static func code(of value: Double, _ cuts: [Double]) -> Int {
        var low = 0
        var high = cuts.count
        while low < high {
            let middle = (low + high) / 2
            if cuts[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func cuts(_ sorted: [Double], maximum: Int) -> [Double] {
        var distinct = sorted.isEmpty ? 0 : 1
        for index in sorted.indices.dropFirst() where sorted[index] != sorted[index - 1] { distinct += 1 }
        let wanted = min(distinct - 1, maximum)
        guard wanted > 0 else { return [] }
        var cuts: [Double] = []
        var start = 0
        for index in sorted.indices.dropLast() where sorted[index] != sorted[index + 1] {
            // Close the bin when it holds its share of the rows that are left.
            let share = Double(sorted.count - start) / Double(wanted + 1 - cuts.count)
            guard distinct - 1 <= maximum || Double(index + 1 - start) >= share else { continue }
            cuts.append(midpoint(finite(sorted[index]), finite(sorted[index + 1])))
            start = index + 1
            if cuts.count == wanted { break }
        }
        return cuts
    }

    /// A number t with a ≤ t < b.
    private static func midpoint(_ a: Double, _ b: Double) -> Double {
        let middle = a / 2 + b / 2
        return middle >= a && middle < b ? middle : a
    }

    private static func finite(_ value: Double) -> Double {
        min(max(value, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }
}

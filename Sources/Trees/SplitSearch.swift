// The best split of one node from its histogram: which feature, between which bins, missing values where.

import Foundation

/// How mixed the labels of a node are.
public enum SplitCriterion: String, Sendable, CaseIterable {
    /// −Σ p log₂ p, in bits (Quinlan 1986).
    case entropy
    /// 1 − Σ p² (Breiman et al. 1984).
    case gini

    /// Minus weight × impurity: Σ c log₂ c − n log₂ n, or Σ c²/n − n. At most 0, and 0 for one label only.
    @inline(__always)
    func purity(_ counts: UnsafePointer<Double>, _ classes: Int, _ total: Double) -> Double {
        var sum = 0.0
        switch self {
        case .entropy:
            for index in 0..<classes where counts[index] > 0 { sum += counts[index] * log2(counts[index]) }
            return total > 0 ? sum - total * log2(total) : 0
        case .gini:
            for index in 0..<classes { sum += counts[index] * counts[index] }
            return total > 0 ? sum / total - total : 0
        }
    }
}

/// A split between two neighbouring bins of a column.
struct Split {
    /// Weight × fall of impurity.
    var gain: Double
    var column: Int
    /// The last bin on the left and the first on the right that hold rows of the node.
    var below: Int
    var above: Int
    var missingGoesLeft: Bool

    /// Whether a row with this code of the column goes left.
    @inline(__always)
    func goesLeft(_ code: UInt8) -> Bool {
        code == UInt8(FeatureBins.missing) ? missingGoesLeft : Int(code) <= below
    }
}

/// Finds splits; holds the room to do so.
struct SplitSearch {
    let criterion: SplitCriterion
    let columns: Int
    let classes: Int
    /// One unit of the histograms' integers, in sample weight; a power of two.
    let unit: Double
    let minimumWeight: Double
    /// The classes' weights left of the boundary, right of it, of the node, and of its missing values.
    private var left, right, totals, missing: [Double]

    init(criterion: SplitCriterion, columns: Int, classes: Int, unit: Double, minimumWeight: Double) {
        self.criterion = criterion
        self.columns = columns
        self.classes = classes
        self.unit = unit
        self.minimumWeight = minimumWeight
        left = Array(repeating: 0, count: classes)
        right = left
        totals = left
        missing = left
    }

    /// The split of the highest gain, the first of equals (by column, then bin); nil where no boundary parts the
    /// node's rows or every side would weigh too little. A gain of 0 counts: a second split may show its worth.
    ///
    /// - Parameters:
    ///   - histogram: columns × 256 bins × classes, in units.
    ///   - sums: the node's weight per class, in units.
    mutating func best(
        histogram: UnsafePointer<Int64>, bins: [Int], sums: UnsafePointer<Int64>
    ) -> Split? {
        let (criterion, columns, classes, unit, minimum) = (criterion, columns, classes, unit, minimumWeight)
        return left.withUnsafeMutableBufferPointer { left in
            right.withUnsafeMutableBufferPointer { right in
                totals.withUnsafeMutableBufferPointer { totals in
                    missing.withUnsafeMutableBufferPointer { missing in
                        var scratch = Scratch(
                            left: left.baseAddress!, right: right.baseAddress!, totals: totals.baseAddress!,
                            missing: missing.baseAddress!, criterion: criterion, classes: classes, unit: unit,
                            minimum: minimum)
                        return scratch.best(histogram, columns, bins, sums)
                    }
                }
            }
        }
    }

    /// The same on pointers.
    private struct Scratch {
        let left, right, totals, missing: UnsafeMutablePointer<Double>
        let criterion: SplitCriterion
        let classes: Int
        let unit, minimum: Double
        var weight = 0.0
        var missingWeight = 0.0
        var best: Split?

        mutating func best(
            _ histogram: UnsafePointer<Int64>, _ columns: Int, _ bins: [Int], _ sums: UnsafePointer<Int64>
        ) -> Split? {
            for index in 0..<classes {
                totals[index] = Double(sums[index]) * unit
                weight += totals[index]
            }
            let whole = criterion.purity(totals, classes, weight)
            for column in 0..<columns {
                let table = histogram + column * 256 * classes
                missingWeight = 0
                for index in 0..<classes {
                    missing[index] = Double(table[FeatureBins.missing * classes + index]) * unit
                    missingWeight += missing[index]
                }
                scan(table, column, bins[column], whole)
            }
            return best
        }

        private mutating func scan(_ table: UnsafePointer<Int64>, _ column: Int, _ bins: Int, _ whole: Double) {
            let present = weight - missingWeight
            for index in 0..<classes { left[index] = 0 }
            var leftWeight = 0.0
            var below = -1
            for bin in 0..<bins {
                let counts = table + bin * classes
                var sum: Int64 = 0
                for index in 0..<classes { sum |= counts[index] }
                if sum == 0 { continue }
                if below >= 0 { consider(column, below, bin, leftWeight, present, whole) }
                for index in 0..<classes {
                    let value = Double(counts[index]) * unit
                    left[index] += value
                    leftWeight += value
                }
                below = bin
            }
        }

        @inline(__always)
        private mutating func consider(
            _ column: Int, _ below: Int, _ above: Int, _ leftWeight: Double, _ present: Double, _ whole: Double
        ) {
            // Missing values join the heavier side.
            let missingGoesLeft = leftWeight >= present - leftWeight
            let leftTotal = leftWeight + (missingGoesLeft ? missingWeight : 0)
            let rightTotal = weight - leftTotal
            if leftTotal < minimum || rightTotal < minimum { return }
            let joins = missingGoesLeft && missingWeight > 0
            if joins { for index in 0..<classes { left[index] += missing[index] } }
            for index in 0..<classes { right[index] = totals[index] - left[index] }
            let gain =
                criterion.purity(left, classes, leftTotal) + criterion.purity(right, classes, rightTotal) - whole
            if joins { for index in 0..<classes { left[index] -= missing[index] } }
            if gain > (best?.gain ?? -.infinity) {
                best = Split(
                    gain: gain, column: column, below: below, above: above, missingGoesLeft: missingGoesLeft)
            }
        }
    }
}

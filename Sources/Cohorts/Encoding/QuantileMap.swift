// A column's ranks as normal scores, and the way back to its values.

import Foundation
import Numerics

/// The empirical distribution of a column, as a map between its values and standard normal scores.
///
/// The score of the value of rank r (from 0) among n is Φ⁻¹((r + ½)/n), ties in random order (the rank-based inverse
/// normal transform; Beasley, Erickson and Allison, Behav. Genet. 39 (2009) 580–595, with their c = ½). It makes any
/// continuous column, log-uniform ones included, exactly normal.
package struct QuantileMap: Sendable, Equatable {
    /// The training values, ascending.
    package let sorted: [Double]

    package init(sorted: [Double]) { self.sorted = sorted }

    package init(_ values: [Double]) { sorted = values.sorted() }

    /// The score of a value; `tie` in [0, 1) chooses among the ranks of equal values.
    package func score(of value: Double, tie: Double) -> Double {
        let low = QuantileMap.lowerBound(sorted, value)
        let high = QuantileMap.upperBound(sorted, value)
        let count = Double(sorted.count)
        let position: Double
        if high > low {
            let ties = Double(high - low)
            position = Double(low) + min((ties * tie).rounded(.down), ties - 1) + 0.5
        } else {
            position = Double(low)
        }
        return normalQuantile(min(max(position, 0.5), count - 0.5) / count)
    }

    /// The quantile, linear between neighbouring values.
    ///
    /// - Parameters:
    ///   - probability: in [0, 1].
    ///   - trim: the share of the distribution cut off at each end.
    package func value(at probability: Double, trim: Double) -> Double {
        let kept = trim + (1 - 2 * trim) * probability
        let position = min(max(kept * Double(sorted.count) - 0.5, 0), Double(sorted.count - 1))
        let below = Int(position)
        let fraction = position - Double(below)
        guard fraction > 0, below + 1 < sorted.count else { return sorted[below] }
        return sorted[below] + fraction * (sorted[below + 1] - sorted[below])
    }

    /// Number of elements below `value`.
    package static func lowerBound(_ sorted: [Double], _ value: Double) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Number of elements not above `value`.
    package static func upperBound(_ sorted: [Double], _ value: Double) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

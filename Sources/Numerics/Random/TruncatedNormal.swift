// The normal distribution between two limits, by inversion: one uniform number makes one draw, so that streams stay
// paired, and limits far out in a tail cost no more than others.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// The inverse of the distribution function of a standard normal variable known to lie in [low, high].
///
/// With Φ at the limits from the lower and from the upper tail, the wanted probability is a sum of positive terms in both
/// of them; the smaller is inverted. Limits beyond `tail` standard deviations on the same side, where Φ nears the
/// smallest number there is, are treated by the ratio of probabilities (`tailQuantile`).
///
/// - Parameters:
///   - probability: in [0, 1].
///   - low, high: not decreasing; either may be infinite. The result is not a number where one of them is none.
public func truncatedNormalQuantile(_ probability: Double, low: Double, high: Double) -> Double {
    precondition(!(low > high), "limits must not decrease")
    guard low < high, probability > 0, probability < 1 else {
        return probability <= 0 || low == high ? low : probability >= 1 ? high : .nan
    }
    let rest = 1 - probability
    let value: Double
    if low >= tail {
        value = tailQuantile(probability, rest, low, high)
    } else if high <= -tail {
        value = -tailQuantile(rest, probability, -high, -low)
    } else {
        let below = normalCDF(low) * rest + normalCDF(high) * probability
        let above = normalCDF(-low) * rest + normalCDF(-high) * probability
        value = below <= above ? normalQuantile(below) : -normalQuantile(above)
    }
    return min(high, max(low, value))
}

/// Standard deviations from which on ratios of tail probabilities are used: Φ(−37) = 5.7e-300.
private let tail = 37.0

/// The quantile for 37 ≤ low < high. Where Φ(−x)/Φ(−low) = rest + probability·Φ(−high)/Φ(−low) is to hold, Newton's
/// method finds x − low from the logarithm of the ratio; its derivative is the reciprocal of Mills' ratio.
private func tailQuantile(_ probability: Double, _ rest: Double, _ low: Double, _ high: Double) -> Double {
    let span = logarithmOfRatio(low, high - low)
    // −ln of the sum, from what is missing from 1 where that is the smaller.
    let missing = -probability * expm1(-span)
    let goal = missing < 0.5 ? -log1p(-missing) : -log(rest + probability * exp(-span))
    var distance = 2 * goal / (low + (low * low + 2 * goal).squareRoot())
    for _ in 0..<4 {
        let miss = goal - logarithmOfRatio(low, distance)
        distance += miss * millsRatioSeries(low + distance) / (low + distance)
    }
    return low + distance
}

/// ln(Φ(−low)/Φ(−low − distance)) for low ≥ 37.
private func logarithmOfRatio(_ low: Double, _ distance: Double) -> Double {
    distance * (low + 0.5 * distance) + log1p(distance / low)
        - log(millsRatioSeries(low + distance) / millsRatioSeries(low))
}

/// x·Φ(−x)/φ(x) for x ≥ 37: 1 − 1/x² + 3/x⁴ − 15/x⁶ + … (Abramowitz and Stegun 26.2.12); the first neglected term is
/// below 2e-17.
private func millsRatioSeries(_ x: Double) -> Double {
    let z = 1 / (x * x)
    return 1 - z * (1 - z * (3 - z * (15 - z * (105 - z * (945 - z * 10395)))))
}

extension RandomStream {
    /// A normal number that lies between two limits, by inversion of one uniform number. A deviation of 0 gives the mean,
    /// moved to the nearer limit where it lies outside.
    public mutating func truncatedNormal(
        mean: Double, standardDeviation: Double, low: Double = -.infinity, high: Double = .infinity
    ) -> Double {
        let probability = (Double(nextBits() >> 12) + 0.5) * 0x1p-52  // never 0 or 1
        guard standardDeviation > 0 else { return min(high, max(low, mean)) }
        let value = truncatedNormalQuantile(
            probability, low: (low - mean) / standardDeviation, high: (high - mean) / standardDeviation)
        return min(high, max(low, mean + standardDeviation * value))
    }
}

// Intervals from a bootstrap's replicates.

import Numerics

/// How an interval is made from what an estimator gives on resampled episodes.
public enum BootstrapInterval: String, Sendable, CaseIterable {
    /// Quantiles of the replicates (Efron 1981).
    case percentile
    /// Quantiles moved for bias and skewness (Efron, "Better bootstrap confidence intervals", Journal of the American
    /// Statistical Association 82 (1987) 171–185, BCₐ). Weights are skewed.
    case accelerated = "bca"
    /// The estimate and the replicates' standard deviation on both sides, as often as the normal distribution has it.
    case normal

    /// - Parameters:
    ///   - replicates: NaN among them is left out.
    ///   - acceleration: of `accelerated`: `acceleration(leavingOut:)`; 0 moves for bias alone.
    public func estimate(_ value: Double, _ replicates: [Double], level: Double, acceleration: Double = 0) -> Estimate {
        let known = replicates.filter(\.isFinite)
        guard value.isFinite, known.count > 1 else { return Estimate(value) }
        let tails = [(1 - level) / 2, (1 + level) / 2]
        switch self {
        case .percentile:
            let bounds = Statistics.quantiles(known, tails)
            return Estimate(value, low: bounds[0], high: bounds[1])
        case .normal:
            let reach = normalQuantile(tails[1]) * Statistics.standardDeviation(known)
            return Estimate(value, low: value - reach, high: value + reach)
        case .accelerated:
            let below = Double(known.count { $0 < value }) + 0.5 * Double(known.count { $0 == value })
            let share = min(max(below / Double(known.count), 0.5 / Double(known.count)), 1 - 0.5 / Double(known.count))
            let bias = normalQuantile(share)
            let bounds = Statistics.quantiles(
                known,
                tails.map { tail in
                    let moved = bias + normalQuantile(tail)
                    return normalCDF(bias + moved / (1 - acceleration * moved))
                })
            return Estimate(value, low: bounds[0], high: bounds[1])
        }
    }

    /// Σ(m − vᵢ)³ / 6·(Σ(m − vᵢ)²)^1.5 of the estimates without each episode in turn, m being their mean (Efron 1987,
    /// eq. 7.3 by the jackknife).
    public static func acceleration(leavingOut values: [Double]) -> Double {
        let mean = Statistics.mean(values)
        var squares = 0.0
        var cubes = 0.0
        for value in values {
            let difference = mean - value
            squares += difference * difference
            cubes += difference * difference * difference
        }
        return squares > 0 && cubes.isFinite ? cubes / (6 * squares * squares.squareRoot()) : 0
    }
}

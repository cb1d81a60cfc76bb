// What a sample says of its mean: an interval, and how probable it is that the mean is not below 0.

/// The posterior of a mean.
public struct MeanPosterior: Sendable, Equatable {
    /// The sample's mean with its central interval.
    public var estimate: Estimate
    /// P(μ ≥ 0); nil where the sample does not tell: fewer than two values, or all alike and not 0.
    public var probabilityNotNegative: Double?
}

extension Statistics {
    /// The posterior of the mean of independent values under the prior 1/σ: (μ − x̄)/(s/√n) has Student's t distribution
    /// with n − 1 degrees of freedom (Gelman et al., "Bayesian data analysis", 3rd edition, 2013, section 3.2), which is
    /// the classical interval too.
    public static func meanPosterior(_ values: some Collection<Double>, level: Double = 0.95) -> MeanPosterior {
        let centre = mean(values)
        let spread = variance(values)
        guard values.count > 1 else { return MeanPosterior(estimate: Estimate(centre), probabilityNotNegative: nil) }
        guard spread > 0 else {
            return MeanPosterior(
                estimate: Estimate(centre, low: centre, high: centre), probabilityNotNegative: centre == 0 ? 1 : nil)
        }
        let error = (spread / Double(values.count)).squareRoot()
        let freedom = Double(values.count - 1)
        let half = studentQuantile((1 + level) / 2, freedom: freedom) * error
        return MeanPosterior(
            estimate: Estimate(centre, low: centre - half, high: centre + half),
            probabilityNotNegative: studentCDF(centre / error, freedom: freedom))
    }

    /// The ratio Σy/Σx of two totals over independent units, with an interval from its linearised variance (Cochran,
    /// "Sampling techniques", 3rd edition, 1977, equation 6.13) within [0, 1]: for shares of which each unit holds many.
    public static func shareEstimate(_ parts: [Double], of wholes: [Double], level: Double = 0.95) -> Estimate {
        precondition(parts.count == wholes.count, "a part for every whole")
        let total = wholes.reduce(0, +)
        guard total > 0 else { return .undefined }
        let share = parts.reduce(0, +) / total
        guard parts.count > 1 else { return Estimate(share) }
        let count = Double(parts.count)
        let residuals = zip(parts, wholes).reduce(0) { $0 + ($1.0 - share * $1.1) * ($1.0 - share * $1.1) }
        let error = (count * residuals / (count - 1)).squareRoot() / total
        let half = normalQuantile((1 + level) / 2) * error
        return Estimate(share, low: max(0, share - half), high: min(1, share + half))
    }
}

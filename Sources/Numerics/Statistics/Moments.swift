// Means, variances and quantiles of plain samples.

/// Statistics of samples and their intervals.
public enum Statistics {
    /// The arithmetic mean; NaN of nothing.
    public static func mean(_ values: some Collection<Double>) -> Double {
        guard !values.isEmpty else { return .nan }
        var sum = 0.0
        for value in values { sum += value }
        return sum / Double(values.count)
    }

    /// The mean of the values that are defined (not NaN); NaN where none is.
    public static func meanOfDefined(_ values: some Collection<Double>) -> Double {
        var sum = 0.0
        var count = 0
        for value in values where !value.isNaN {
            sum += value
            count += 1
        }
        return count == 0 ? .nan : sum / Double(count)
    }

    /// The unbiased sample variance, divisor n − 1, in two passes; NaN of fewer than two values.
    public static func variance(_ values: some Collection<Double>) -> Double {
        guard values.count > 1 else { return .nan }
        let centre = mean(values)
        var sum = 0.0
        for value in values { sum += (value - centre) * (value - centre) }
        return sum / Double(values.count - 1)
    }

    /// The square root of the unbiased variance.
    public static func standardDeviation(_ values: some Collection<Double>) -> Double {
        variance(values).squareRoot()
    }

    /// The quantile of ascending values: type 7 of Hyndman and Fan, "Sample quantiles in statistical packages",
    /// The American Statistician 50 (1996) 361–365, linear between order statistics; the default of R and NumPy.
    ///
    /// - Parameters:
    ///   - values: ascending, without NaN; NaN is returned of nothing.
    ///   - probability: in [0, 1]
    public static func quantile(sorted values: [Double], _ probability: Double) -> Double {
        guard let last = values.last else { return .nan }
        let place = Double(values.count - 1) * probability
        let index = Int(place.rounded(.down))
        guard index + 1 < values.count else { return last }
        let share = place - Double(index)
        return share == 0 ? values[index] : values[index] + share * (values[index + 1] - values[index])
    }

    /// Type 7 quantiles of values in any order; NaN among them is left out.
    public static func quantiles(_ values: some Collection<Double>, _ probabilities: [Double]) -> [Double] {
        let sorted = values.filter { !$0.isNaN }.sorted()
        return probabilities.map { quantile(sorted: sorted, $0) }
    }

    /// The middle value, or the mean of the two middle ones.
    public static func median(_ values: some Collection<Double>) -> Double { quantiles(values, [0.5])[0] }

    /// The percentile interval of bootstrap replicates (Efron, "Nonparametric standard errors and confidence
    /// intervals", Canadian Journal of Statistics 9 (1981) 139–158). Replicates that are NaN are left out.
    public static func percentileInterval(_ replicates: [Double], level: Double = 0.95) -> (low: Double, high: Double) {
        let bounds = quantiles(replicates, [(1 - level) / 2, (1 + level) / 2])
        return (bounds[0], bounds[1])
    }
}

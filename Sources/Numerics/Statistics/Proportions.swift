// Intervals for shares of independent patients.

extension Statistics {
    /// Wilson's score interval for a proportion (Wilson, "Probable inference, the law of succession, and statistical
    /// inference", JASA 22 (1927) 209–212, as recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001)
    /// 101–133). Undefined for no trials.
    public static func wilson(successes: Double, trials: Double, level: Double = 0.95) -> Estimate {
        guard trials > 0 else { return .undefined }
        let z = normalQuantile((1 + level) / 2)
        let share = successes / trials
        let scale = 1 + z * z / trials
        let centre = (share + z * z / (2 * trials)) / scale
        let half = z / scale * (share * (1 - share) / trials + z * z / (4 * trials * trials)).squareRoot()
        return Estimate(share, low: max(0, min(share, centre - half)), high: min(1, max(share, centre + half)))
    }

    /// The difference of two independent proportions, first − second, with Newcombe's hybrid score interval (Newcombe,
    /// "Interval estimation for the difference between independent proportions: comparison of eleven methods",
    /// Statistics in Medicine 17 (1998) 873–890, method 10). Undefined where either has no trials.
    public static func proportionDifference(
        successes: Double, trials: Double, otherSuccesses: Double, otherTrials: Double, level: Double = 0.95
    ) -> Estimate {
        let first = wilson(successes: successes, trials: trials, level: level)
        let second = wilson(successes: otherSuccesses, trials: otherTrials, level: level)
        guard first.isDefined, second.isDefined else { return .undefined }
        func length(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
        let difference = first.value - second.value
        return Estimate(
            difference, low: difference - length(first.value - first.low, second.high - second.value),
            high: difference + length(first.high - first.value, second.value - second.low))
    }

    /// The mean with a normal interval from its standard error; for large samples of independent values.
    public static func meanEstimate(_ values: some Collection<Double>, level: Double = 0.95) -> Estimate {
        let centre = mean(values)
        let half = normalQuantile((1 + level) / 2) * (variance(values) / Double(values.count)).squareRoot()
        return Estimate(centre, low: centre - half, high: centre + half)
    }
}

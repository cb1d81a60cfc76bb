// Intervals of score aggregates by resampling runs within every task (Agarwal et al. 2021, arXiv 2108.13264,
// section 4.1; the scheme of the rliable library).

extension ScoreTable {
    /// A table of the same shape with the runs of every task drawn anew, with replacement, independently per task.
    func resampled(_ stream: inout RandomStream) -> ScoreTable {
        var drawn = scores
        for index in drawn.indices { drawn[index] = scores[stream.below(runs) * tasks + index % tasks] }
        return ScoreTable(runs: runs, tasks: tasks, scores: drawn)
    }

    /// An aggregate with its stratified bootstrap percentile interval.
    public func estimate(
        replications: Int = 2000, level: Double = 0.95, stream: RandomStream, _ aggregate: (ScoreTable) -> Double
    ) -> Estimate {
        var stream = stream
        let replicates = (0..<replications).map { _ in aggregate(resampled(&stream)) }
        let bounds = Statistics.percentileInterval(replicates, level: level)
        return Estimate(aggregate(self), low: bounds.low, high: bounds.high)
    }

    /// The performance profile with pointwise intervals.
    public func performanceProfile(
        _ thresholds: [Double], replications: Int = 2000, level: Double = 0.95, stream: RandomStream
    ) -> [Estimate] {
        var stream = stream
        let replicates = (0..<replications).map { _ in resampled(&stream).performanceProfile(thresholds) }
        return performanceProfile(thresholds).enumerated().map { index, value in
            let bounds = Statistics.percentileInterval(replicates.map { $0[index] }, level: level)
            return Estimate(value, low: bounds.low, high: bounds.high)
        }
    }

    /// The probability of improvement with its interval; the runs of both tables are drawn independently.
    public func probabilityOfImprovement(
        over other: ScoreTable, replications: Int = 2000, level: Double = 0.95, stream: RandomStream
    ) -> Estimate? {
        guard let value = probabilityOfImprovement(over: other) else { return nil }
        var stream = stream
        let replicates = (0..<replications).compactMap { _ in
            resampled(&stream).probabilityOfImprovement(over: other.resampled(&stream))
        }
        let bounds = Statistics.percentileInterval(replicates, level: level)
        return Estimate(value, low: bounds.low, high: bounds.high)
    }
}

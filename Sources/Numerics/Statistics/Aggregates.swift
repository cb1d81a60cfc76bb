// Aggregates of scores over runs and tasks after Agarwal, Schwarzer, Castro, Courville and Bellemare, "Deep
// reinforcement learning at the edge of the statistical precipice", NeurIPS 2021 (arXiv 2108.13264).

extension Statistics {
    /// The mean without the lowest and the highest ⌊share·n⌋ values (`scipy.stats.trim_mean`).
    public static func trimmedMean(_ values: some Collection<Double>, share: Double) -> Double {
        let sorted = values.sorted()
        let cut = Int(share * Double(sorted.count))
        guard sorted.count > 2 * cut else { return .nan }
        return mean(sorted[cut..<(sorted.count - cut)])
    }

    /// The interquartile mean: the mean of the middle half of all values (Agarwal et al. 2021, section 4.3).
    public static func interquartileMean(_ values: some Collection<Double>) -> Double {
        trimmedMean(values, share: 0.25)
    }

    /// How far scores fall short of `target` on average, scores above it counted as meeting it (Agarwal et al. 2021,
    /// section 4.3): target − mean(min(score, target)).
    public static func optimalityGap(_ values: some Collection<Double>, target: Double = 1) -> Double {
        target - mean(values.map { min($0, target) })
    }

    /// The mean of the lowest `share` of the values (the conditional value at risk), the value at the edge counted
    /// with the part of it that belongs; NaN of nothing.
    public static func lowerTailMean(_ values: some Collection<Double>, share: Double = 0.1) -> Double {
        let sorted = values.sorted()
        let wanted = share * Double(sorted.count)
        var taken = 0.0
        var sum = 0.0
        for value in sorted where taken < wanted {
            let weight = min(1, wanted - taken)
            sum += weight * value
            taken += weight
        }
        return taken > 0 ? sum / taken : .nan
    }
}

/// Scores of several runs on several tasks, runs × tasks, normalised so that they can be averaged over tasks.
public struct ScoreTable: Sendable, Equatable {
    public let runs: Int
    public let tasks: Int
    /// runs × tasks, row-major
    public let scores: [Double]

    /// Rows of equal length, a row a run; nil if there is none or their lengths differ.
    public init?(_ rows: [[Double]]) {
        guard let width = rows.first?.count, width > 0, rows.allSatisfy({ $0.count == width }) else { return nil }
        runs = rows.count
        tasks = width
        scores = rows.flatMap { $0 }
    }

    init(runs: Int, tasks: Int, scores: [Double]) {
        self.runs = runs
        self.tasks = tasks
        self.scores = scores
    }

    /// The scores of all runs on one task.
    public func column(_ task: Int) -> [Double] { (0..<runs).map { scores[$0 * tasks + task] } }

    /// Mean over tasks of the mean over runs.
    public var mean: Double { Statistics.mean((0..<tasks).map { Statistics.mean(column($0)) }) }
    /// Median over tasks of the mean over runs.
    public var median: Double { Statistics.median((0..<tasks).map { Statistics.mean(column($0)) }) }
    /// Interquartile mean over all runs and tasks together.
    public var interquartileMean: Double { Statistics.interquartileMean(scores) }
    /// Optimality gap over all runs and tasks together.
    public func optimalityGap(target: Double = 1) -> Double { Statistics.optimalityGap(scores, target: target) }

    /// The performance profile: for every threshold the share of all scores above it (Agarwal et al. 2021,
    /// section 4.2).
    public func performanceProfile(_ thresholds: [Double]) -> [Double] {
        thresholds.map { threshold in
            Double(scores.count { $0 > threshold }) / Double(scores.count)
        }
    }

    /// The probability that a run of this table beats a run of the other on a task, ties counting half, averaged over
    /// tasks: Mann and Whitney's U/(n·m) (Agarwal et al. 2021, section 4.3). Nil if the tasks differ in number.
    public func probabilityOfImprovement(over other: ScoreTable) -> Double? {
        guard tasks == other.tasks else { return nil }
        var total = 0.0
        for task in 0..<tasks {
            var wins = 0.0
            for mine in 0..<runs {
                let score = scores[mine * tasks + task]
                for theirs in 0..<other.runs {
                    let against = other.scores[theirs * tasks + task]
                    wins += score > against ? 1 : score == against ? 0.5 : 0
                }
            }
            total += wins / Double(runs * other.runs)
        }
        return total / Double(tasks)
    }
}

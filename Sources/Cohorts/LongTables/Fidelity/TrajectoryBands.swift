// The course of a column over time: its mean and spread in bins of the time since the first visit.

import Foundation
import Numerics

/// One column's course in both tables.
public struct TrajectoryBand: Sendable, Equatable {
    public struct Bin: Sendable, Equatable {
        /// Mean time since the first visit of the real visits in it.
        public var time: Double
        public var real: Moment
        public var synthetic: Moment
    }

    public struct Moment: Sendable, Equatable {
        public var count: Int
        public var mean: Double
        public var deviation: Double
        /// Tenth percentile, median and ninetieth.
        public var percentiles: [Double]
    }

    public var column: String
    public var unit: String?
    /// Of two values only, so that its mean is a share.
    public var isShare: Bool
    public var bins: [Bin]
    /// Mean over bins, weighted with real visits, of |difference of the means| in standard deviations of the column.
    public var shift: Double
    /// The same of the quotient of the standard deviations, as |ln|.
    public var spread: Double

    /// Visits in a bin at least.
    static let leastVisits = 20
    static let mostBins = 7

    /// Upper ends of the bins of the time since the first visit: first visits alone, then quantiles of the rest.
    static func ends(_ elapsed: [Double]) -> [Double] {
        let later = elapsed.filter { $0 > 0 }.sorted()
        let count = min(mostBins - 1, later.count / (2 * leastVisits))
        guard count > 0 else { return [0, .infinity] }
        var ends = [0.0]
        for bin in 1..<max(count, 1) {
            let end = later[bin * later.count / count]
            if end > ends[ends.count - 1] { ends.append(end) }
        }
        return ends + [.infinity]
    }

    static func measure(
        _ column: FollowedColumn, realTimes: [Double], syntheticTimes: [Double], ends: [Double]
    ) -> TrajectoryBand {
        func bins(_ values: [Double], _ times: [Double]) -> [[Int]] {
            var bins = [[Int]](repeating: [], count: ends.count)
            for row in values.indices where !values[row].isNaN {
                bins[QuantileMap.lowerBound(ends, times[row])].append(row)
            }
            return bins
        }
        let real = bins(column.real, realTimes)
        let synthetic = bins(column.synthetic, syntheticTimes)
        let scale = Statistics.standardDeviation(column.real.filter { !$0.isNaN })
        var result = TrajectoryBand(
            column: column.name, unit: column.unit, isShare: column.real.allSatisfy { $0.isNaN || $0 == 0 || $0 == 1 },
            bins: [], shift: .nan, spread: .nan)
        var weight = 0.0
        var shift = 0.0
        var spread = 0.0
        for bin in ends.indices where real[bin].count >= leastVisits {
            let a = moment(real[bin].map { column.real[$0] })
            let b = moment(synthetic[bin].map { column.synthetic[$0] })
            result.bins.append(Bin(time: Statistics.mean(real[bin].map { realTimes[$0] }), real: a, synthetic: b))
            let count = Double(a.count)
            weight += count
            // A bin that no synthetic patient reaches is a full standard deviation off.
            shift += count * (b.count == 0 ? 1 : abs(a.mean - b.mean) / (scale > 0 ? scale : 1))
            if a.deviation > 0 {
                spread += count * (b.deviation > 0 ? min(abs(log(b.deviation / a.deviation)), 3) : 3)
            }
        }
        if weight > 0 {
            result.shift = shift / weight
            result.spread = spread / weight
        }
        return result
    }

    private static func moment(_ values: [Double]) -> Moment {
        guard !values.isEmpty else { return Moment(count: 0, mean: .nan, deviation: .nan, percentiles: []) }
        return Moment(
            count: values.count, mean: Statistics.mean(values),
            deviation: values.count > 1 ? Statistics.standardDeviation(values) : 0,
            percentiles: [0.1, 0.5, 0.9].map { quantile(values, $0) })
    }
}

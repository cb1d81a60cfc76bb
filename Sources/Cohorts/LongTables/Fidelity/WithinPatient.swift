// What patients keep from visit to visit: autocorrelation, the share of the variance that is between them, change.

import Foundation

/// One column within patients, in both tables.
public struct WithinPatient: Sendable, Equatable {
    public var column: String
    /// Correlation of a visit's value with that of the next, over all pairs of neighbouring visits, as normal scores
    /// among the real values; nil with fewer than ten pairs.
    public var autocorrelation: Pair?
    /// Intraclass correlation ICC(1) of the same scores: (MSB − MSW)/(MSB + (n₀ − 1)·MSW) (Shrout and Fleiss, Psychol.
    /// Bull. 86 (1979) 420–428; n₀ for groups of different sizes as in Donner and Koval, Biometrics 36 (1980) 19–25).
    public var intraclass: Pair?
    /// Slope within patients, Σ(t − t̄ᵢ)(x − x̄ᵢ)/Σ(t − t̄ᵢ)², in the column's unit a year, or a unit of time.
    public var change: Pair?

    /// A figure in the real and in the synthetic table.
    public struct Pair: Sendable, Equatable {
        public var real: Double
        public var synthetic: Double
        public var difference: Double { abs(real - synthetic) }
    }

    static func measure(
        _ column: FollowedColumn, _ real: VisitTable, _ synthetic: VisitTable, perYear: Double
    ) -> WithinPatient {
        let scores = column.scores
        func pair(_ a: Double?, _ b: Double?) -> Pair? {
            guard let a, let b else { return nil }
            return Pair(real: a, synthetic: b)
        }
        return WithinPatient(
            column: column.name,
            autocorrelation: pair(
                autocorrelation(scores.real, real.starts), autocorrelation(scores.synthetic, synthetic.starts)),
            intraclass: pair(intraclass(scores.real, real.starts), intraclass(scores.synthetic, synthetic.starts)),
            change: pair(
                change(column.real, real.times, real.starts).map { $0 * perYear },
                change(column.synthetic, synthetic.times, synthetic.starts).map { $0 * perYear }))
    }

    /// - Parameter starts: where each patient's values begin, and their number at the end.
    package static func autocorrelation(_ values: [Double], _ starts: [Int]) -> Double? {
        var first: [Double] = []
        var second: [Double] = []
        for patient in 0..<(starts.count - 1) {
            for row in (starts[patient]..<starts[patient + 1]).dropFirst()
            where !values[row].isNaN && !values[row - 1].isNaN {
                first.append(values[row - 1])
                second.append(values[row])
            }
        }
        return first.count < 10 ? nil : pearson(first, second)
    }

    package static func intraclass(_ values: [Double], _ starts: [Int]) -> Double? {
        var groups: [[Double]] = []
        for patient in 0..<(starts.count - 1) {
            let seen = values[starts[patient]..<starts[patient + 1]].filter { !$0.isNaN }
            if !seen.isEmpty { groups.append(seen) }
        }
        let total = groups.reduce(0) { $0 + $1.count }
        guard groups.count > 1, total > groups.count else { return nil }
        let grand = groups.reduce(0) { $0 + $1.reduce(0, +) } / Double(total)
        var between = 0.0
        var within = 0.0
        for group in groups {
            let mean = group.reduce(0, +) / Double(group.count)
            between += Double(group.count) * (mean - grand) * (mean - grand)
            within += group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
        let groupCount = Double(groups.count)
        let squares = groups.reduce(0.0) { $0 + Double($1.count * $1.count) }
        let size = (Double(total) - squares / Double(total)) / (groupCount - 1)
        between /= groupCount - 1
        within /= Double(total) - groupCount
        let denominator = between + (size - 1) * within
        return denominator > 0 ? (between - within) / denominator : nil
    }

    package static func change(_ values: [Double], _ times: [Double], _ starts: [Int]) -> Double? {
        var product = 0.0
        var square = 0.0
        for patient in 0..<(starts.count - 1) {
            let rows = (starts[patient]..<starts[patient + 1]).filter { !values[$0].isNaN }
            guard rows.count > 1 else { continue }
            let count = Double(rows.count)
            let time = rows.reduce(0) { $0 + times[$1] } / count
            let value = rows.reduce(0) { $0 + values[$1] } / count
            for row in rows {
                product += (times[row] - time) * (values[row] - value)
                square += (times[row] - time) * (times[row] - time)
            }
        }
        return square > 0 ? product / square : nil
    }
}

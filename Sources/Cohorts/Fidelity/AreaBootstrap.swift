// Intervals of areas under the curve: the same test patients drawn anew for everything that is compared.

import Numerics

/// Scores of test patients, ranked once, so that the area of any drawing of the same patients costs one pass.
struct AreaSampler: Sendable {
    /// Rows in the order of their scores, and where each group of equal scores ends. One per fold.
    private struct Ranking: Sendable {
        var rows: [Int32]
        var ends: [Int]
    }
    private let rankings: [Ranking]
    private let labels: [Bool]

    /// - Parameter folds: of each row, where scores of different folds come from different models; the area is then
    ///   the mean over folds.
    init(_ scores: [Double], _ labels: [Bool], folds: [Int]? = nil) {
        self.labels = labels
        rankings = (0...(folds?.max() ?? 0)).map { fold in
            let rows = scores.indices.filter { (folds?[$0] ?? 0) == fold }
                .sorted { (scores[$0], $0) < (scores[$1], $1) }
            var ends: [Int] = []
            for place in rows.indices where place + 1 == rows.count || scores[rows[place + 1]] != scores[rows[place]] {
                ends.append(place + 1)
            }
            return Ranking(rows: rows.map(Int32.init), ends: ends)
        }
    }

    /// The area where every row stands as often as it was drawn, ties counted half; NaN where a class is missing.
    func area(_ counts: [Int32]) -> Double {
        var sum = 0.0
        var known = 0.0
        for ranking in rankings {
            var wins = 0.0
            var (positive, negative) = (0.0, 0.0)
            var start = 0
            for end in ranking.ends {
                var (here, there) = (0.0, 0.0)
                for place in start..<end {
                    let row = Int(ranking.rows[place])
                    if labels[row] { here += Double(counts[row]) } else { there += Double(counts[row]) }
                }
                wins += here * (negative + there / 2)
                positive += here
                negative += there
                start = end
            }
            guard positive > 0, negative > 0 else { continue }
            sum += wins / (positive * negative)
            known += 1
        }
        return known > 0 ? sum / known : .nan
    }

    /// Every row once.
    var area: Double { area(Array(repeating: 1, count: labels.count)) }
}

/// Drawings of test patients with replacement, within every class (and fold), as many as there are.
enum AreaBootstrap {
    static let replications = 1000

    /// For every sampler the areas of all drawings, the same ones for all.
    static func replicates(
        _ samplers: [AreaSampler], _ labels: [Bool], folds: [Int]? = nil, seed: UInt64, purpose: String, jobs: Int
    ) throws -> [[Double]] {
        var strata: [[Int]] = []
        for fold in 0...(folds?.max() ?? 0) {
            for label in [false, true] {
                strata.append(labels.indices.filter { labels[$0] == label && (folds?[$0] ?? 0) == fold })
            }
        }
        let divided = strata
        let drawn = try Parallel.map(replications, jobs: jobs) { replication -> [Double] in
            var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(replication))
            var counts = [Int32](repeating: 0, count: labels.count)
            for members in divided {
                for _ in members { counts[members[stream.below(members.count)]] += 1 }
            }
            return samplers.map { $0.area(counts) }
        }
        return samplers.indices.map { sampler in drawn.map { $0[sampler] } }
    }

    /// An estimate with the percentile interval of its replicates; no interval where most of them are not defined.
    static func estimate(_ value: Double, _ replicates: [Double], level: Double = 0.95) -> Estimate {
        let known = replicates.filter(\.isFinite)
        guard value.isFinite, known.count > replicates.count / 2, !known.isEmpty else { return Estimate(value) }
        let bounds = Statistics.percentileInterval(known, level: level)
        return Estimate(value, low: bounds.low, high: bounds.high)
    }
}

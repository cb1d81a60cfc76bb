// What is known of a leaf that may be split: its own action values, and those of both sides of every candidate split.

import Numerics

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Learning rates by number of visits.
struct VisitRates {
    private let constant: Double?
    private let power: Double
    private let table: [Double]

    init(_ configuration: CQIConfiguration) {
        constant = configuration.learningRate
        power = configuration.learningRatePower
        table = (0..<4096).map { [power] in $0 == 0 ? 1 : pow(Double($0), -power) }
    }

    @inline(__always)
    func callAsFunction(_ visits: Int32) -> Double {
        if let constant { return constant }
        return Int(visits) < table.count ? table[Int(visits)] : pow(Double(visits), -power)
    }
}

/// Action values with their visits, learnt by Q-learning.
struct LearntValues {
    var values: [Double]
    var visits: [Int32]

    init(actions: Int, value: Double) {
        values = Array(repeating: value, count: actions)
        visits = Array(repeating: 0, count: actions)
    }

    @inline(__always)
    mutating func move(_ action: Int, towards goal: Double, _ rates: VisitRates) {
        visits[action] += 1
        values[action] += rates(visits[action]) * (goal - values[action])
    }
}

/// A leaf of a growing tree.
final class SplitStatistics {
    struct Candidate {
        var feature: Int
        var threshold: Double
        var left: LearntValues
        var right: LearntValues
        /// Decayed visits of either side.
        var leftWeight = 0.0
        var rightWeight = 0.0
    }

    var own: LearntValues
    /// Decayed visits.
    var weight = 0.0
    private(set) var candidates: [Candidate] = []
    /// Observations of the first visits, row by row, until candidates are placed.
    private var seen: [Double] = []
    private var isPlaced = false

    init(_ values: LearntValues) { own = values }

    /// Learns from one visit. A missing value goes right.
    func learn(
        _ row: UnsafePointer<Double>, columns: Int, action: Int, goal: Double, weight visit: Double,
        _ configuration: CQIConfiguration, _ rates: VisitRates, grid: (_ threshold: Double, _ feature: Int) -> Double
    ) {
        own.move(action, towards: goal, rates)
        weight += visit
        guard isPlaced else {
            seen.append(contentsOf: UnsafeBufferPointer(start: row, count: columns))
            if seen.count >= configuration.candidateVisits * columns { place(columns, configuration, grid) }
            return
        }
        for index in candidates.indices {
            if row[candidates[index].feature] <= candidates[index].threshold {
                candidates[index].left.move(action, towards: goal, rates)
                candidates[index].leftWeight += visit
            } else {
                candidates[index].right.move(action, towards: goal, rates)
                candidates[index].rightWeight += visit
            }
        }
    }

    /// Thresholds at quantiles of the first visits. Both sides begin with the leaf's values and no visits.
    private func place(
        _ columns: Int, _ configuration: CQIConfiguration, _ grid: (_ threshold: Double, _ feature: Int) -> Double
    ) {
        isPlaced = true
        var blank = own
        for action in blank.visits.indices { blank.visits[action] = 0 }
        for feature in 0..<columns {
            let sorted = stride(from: feature, to: seen.count, by: columns).map { seen[$0] }
                .filter { !$0.isNaN }.sorted()
            guard let first = sorted.first, let last = sorted.last, first < last else { continue }
            let quantiles = QuantileGrid(features: [0], columns: [sorted], bins: [configuration.candidates + 1])
            var known: Set<Double> = []
            for line in quantiles.edges[0] {
                let threshold = grid(line, feature)
                guard threshold >= first, threshold < last, known.insert(threshold).inserted else { continue }
                candidates.append(Candidate(feature: feature, threshold: threshold, left: blank, right: blank))
            }
        }
        seen = []
    }

    /// The best candidate and what splitting by it would add to the leaf's value:
    /// Σ over sides of visit share · (max Q_side − Q_side[the leaf's action]).
    func bestSplit(minimumVisits: Int32) -> (candidate: Int, worth: Double)? {
        guard let action = LearntValues.best(own, atLeast: minimumVisits) else { return nil }
        var best: (candidate: Int, worth: Double)?
        for (index, candidate) in candidates.enumerated() {
            let total = candidate.leftWeight + candidate.rightWeight
            guard candidate.leftWeight > 0, candidate.rightWeight > 0 else { continue }
            let gain =
                candidate.leftWeight * candidate.left.gain(over: action, atLeast: minimumVisits)
                + candidate.rightWeight * candidate.right.gain(over: action, atLeast: minimumVisits)
            if gain > 0, gain / total > best?.worth ?? 0 { best = (index, gain / total) }
        }
        return best
    }

    /// The two leaves that a candidate makes of this one. An action never tried on a side keeps the leaf's value.
    func split(by index: Int) -> (left: SplitStatistics, right: SplitStatistics) {
        let candidate = candidates[index]
        let share = candidate.leftWeight / (candidate.leftWeight + candidate.rightWeight)
        func side(_ values: LearntValues, _ share: Double) -> SplitStatistics {
            var values = values
            for action in values.visits.indices where values.visits[action] == 0 {
                values.values[action] = own.values[action]
            }
            let leaf = SplitStatistics(values)
            leaf.weight = weight * share
            return leaf
        }
        return (side(candidate.left, share), side(candidate.right, 1 - share))
    }

    /// Divides all decayed visits, so that they stay finite.
    func rescale(by factor: Double) {
        weight *= factor
        for index in candidates.indices {
            candidates[index].leftWeight *= factor
            candidates[index].rightWeight *= factor
        }
    }
}

extension LearntValues {
    /// The best action of those visited often enough; ties go to the lowest index.
    static func best(_ own: LearntValues, atLeast visits: Int32) -> Int? {
        var best: Int?
        for action in own.values.indices where own.visits[action] >= visits {
            if best == nil || own.values[action] > own.values[best!] { best = action }
        }
        return best
    }

    /// max Q − Q[action] among actions visited often enough; 0 where `action` was not.
    func gain(over action: Int, atLeast least: Int32) -> Double {
        guard visits[action] >= least else { return 0 }
        var highest = values[action]
        for other in values.indices where visits[other] >= least { highest = max(highest, values[other]) }
        return highest - values[action]
    }

    /// Values for a leaf's scores: what was never tried ranks just below what was.
    var scores: [Double] {
        guard let lowest = values.indices.filter({ visits[$0] > 0 }).map({ values[$0] }).min() else { return values }
        return values.indices.map { visits[$0] > 0 ? values[$0] : min(values[$0], lowest.nextDown) }
    }
}

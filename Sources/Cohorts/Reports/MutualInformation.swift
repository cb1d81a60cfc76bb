// How much one column of a table tells of another, estimated from its rows.

import Foundation
import Numerics

/// Mutual information in nats.
///
/// Of two categorical columns: from their contingency table, which overestimates by about (r − 1)(c − 1)/2n (Miller
/// 1955). Of a numeric and a categorical one: by nearest neighbours within and across categories (Ross, PLoS ONE 9
/// (2014) e87357, eq. 2). Of two numeric ones: by nearest neighbours in their plane (Kraskov, Stögbauer and Grassberger,
/// Phys. Rev. E 69 (2004) 066138, eq. 8). Three neighbours, ties broken by noise of 1e-10 standard deviations, nothing
/// below zero: what scikit-learn's `mutual_info_classif` and `mutual_info_regression` do.
public enum MutualInformation {
    public enum Estimator: String, Sendable {
        case table = "contingency table"
        case ross = "Ross 2014, 3 neighbours"
        case kraskov = "Kraskov 2004, 3 neighbours"
    }

    /// An estimate, from the rows that have both columns.
    public struct Estimate: Sendable, Equatable {
        public var value: Double
        public var rows: Int
        public var estimator: Estimator
    }

    static let neighbours = 3

    /// nil where fewer than ten rows have both, or one of them is the same in all of those.
    public static func measure(_ feature: TableColumn, _ target: TableColumn, seed: UInt64) -> Estimate? {
        guard let pair = InformationPair(feature, target, seed: seed) else { return nil }
        return Estimate(value: pair.value(pair.identity), rows: pair.rows, estimator: pair.estimator)
    }

    /// Entropy of a categorical column in nats, missing cells aside.
    package static func entropy(_ values: [Double]) -> Double {
        var counts: [Double: Int] = [:]
        for value in values where !value.isNaN { counts[value, default: 0] += 1 }
        let total = Double(counts.values.reduce(0, +))
        // In a fixed order, so that the sum is the same in every run.
        return counts.sorted { $0.key < $1.key }.reduce(0) { sum, item in
            let share = Double(item.value) / total
            return sum - share * log(share)
        }
    }
}

/// Two columns made ready to estimate their information many times, the second in different orders.
struct InformationPair: Sendable {
    private enum Kind: Sendable {
        /// Codes of both, and how many there are.
        case table([Int], [Int], Int, Int)
        /// Sorted numbers with the rows they belong to, and every row's category.
        case mixed(sorted: [Double], rows: [Int], labels: [Int], count: Int)
        case plane([Double], [Double])
    }

    let rows: Int
    let estimator: MutualInformation.Estimator
    private let kind: Kind
    /// ψ(1), ψ(2), …
    private let digamma: [Double]

    init?(_ feature: TableColumn, _ target: TableColumn, seed: UInt64) {
        let present = feature.values.indices.filter { !feature.values[$0].isNaN && !target.values[$0].isNaN }
        let x = present.map { feature.values[$0] }
        let y = present.map { target.values[$0] }
        guard present.count >= 10, x.contains(where: { $0 != x[0] }), y.contains(where: { $0 != y[0] }) else {
            return nil
        }
        rows = present.count
        digamma = InformationPair.digamma(upTo: rows + 1)
        switch (feature.isNumeric, target.isNumeric) {
        case (false, false):
            let (a, r) = InformationPair.codes(x)
            let (b, c) = InformationPair.codes(y)
            kind = .table(a, b, r, c)
            estimator = .table
        case (true, true):
            kind = .plane(InformationPair.scaled(x, seed, 0), InformationPair.scaled(y, seed, 1))
            estimator = .kraskov
        default:
            let numbers = InformationPair.scaled(feature.isNumeric ? x : y, seed, 0)
            let (labels, count) = InformationPair.codes(feature.isNumeric ? y : x)
            let order = numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }
            kind = .mixed(sorted: order.map { numbers[$0] }, rows: order, labels: labels, count: count)
            estimator = .ross
        }
    }

    /// Rows as they are.
    var identity: [Int] { Array(0..<rows) }

    /// The estimate when row i of the one column meets row `order[i]` of the other.
    func value(_ order: [Int]) -> Double {
        switch kind {
        case .table(let a, let b, let r, let c): table(a, b, r, c, order)
        case .mixed(let sorted, let rows, let labels, let count): mixed(sorted, rows, labels, count, order)
        case .plane(let x, let y): plane(x, order.map { y[$0] })
        }
    }

    private static func codes(_ values: [Double]) -> (codes: [Int], count: Int) {
        let distinct = Set(values).sorted()
        return (values.map { QuantileMap.lowerBound(distinct, $0) }, distinct.count)
    }

    /// In standard deviations, with noise that parts ties.
    private static func scaled(_ values: [Double], _ seed: UInt64, _ index: UInt64) -> [Double] {
        let count = Double(values.count)
        let mean = values.reduce(0) { $0 + $1 / count }
        let deviation = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / count }.squareRoot()
        let scaled = deviation > 0 ? values.map { $0 / deviation } : values
        let size = 1e-10 * max(1, scaled.reduce(0) { $0 + abs($1) / count })
        var stream = RandomStream(seed: seed, purpose: "cohort.information.ties", index: index)
        return scaled.map { $0 + size * stream.normal() }
    }

    private func table(_ a: [Int], _ b: [Int], _ r: Int, _ c: Int, _ order: [Int]) -> Double {
        var joint = [Int](repeating: 0, count: r * c)
        var first = [Int](repeating: 0, count: r)
        var second = [Int](repeating: 0, count: c)
        for row in a.indices {
            joint[a[row] * c + b[order[row]]] += 1
            first[a[row]] += 1
            second[b[row]] += 1
        }
        let n = Double(a.count)
        var sum = 0.0
        for i in 0..<r {
            for j in 0..<c where joint[i * c + j] > 0 {
                let count = Double(joint[i * c + j])
                sum += count / n * log(count * n / (Double(first[i]) * Double(second[j])))
            }
        }
        return max(0, sum)
    }

    private func mixed(_ sorted: [Double], _ rows: [Int], _ labels: [Int], _ count: Int, _ order: [Int]) -> Double {
        var groups = [[Double]](repeating: [], count: count)
        for (place, row) in rows.enumerated() { groups[labels[order[row]]].append(sorted[place]) }
        // Points of a category that nobody else has are left out.
        var all = sorted
        if groups.contains(where: { $0.count == 1 }) { all = groups.filter { $0.count > 1 }.flatMap { $0 }.sorted() }
        guard !all.isEmpty else { return 0 }
        let n = Double(all.count)
        var sum = digamma[all.count - 1]
        for group in groups where group.count > 1 {
            let k = min(MutualInformation.neighbours, group.count - 1)
            sum += Double(group.count) / n * (digamma[k - 1] - digamma[group.count - 1])
            for (place, value) in group.enumerated() {
                let distance = InformationPair.distance(group, place, k)
                sum -= digamma[InformationPair.near(all, value, distance) - 1] / n
            }
        }
        return max(0, sum)
    }

    /// How many sorted numbers are nearer to one of them than this, itself counted. Differences are compared, not sums, which
    /// would round.
    private static func near(_ sorted: [Double], _ value: Double, _ distance: Double) -> Int {
        sorted.withUnsafeBufferPointer { sorted in
            var low = 0
            var high = sorted.count
            while low < high {
                let middle = (low + high) / 2
                if value - sorted[middle] >= distance { low = middle + 1 } else { high = middle }
            }
            let first = low
            high = sorted.count
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] - value < distance { low = middle + 1 } else { high = middle }
            }
            return max(low - first, 1)
        }
    }

    /// The distance of a number to its k-th neighbour among sorted ones.
    private static func distance(_ sorted: [Double], _ place: Int, _ k: Int) -> Double {
        var below = place - 1
        var above = place + 1
        var distance = 0.0
        for _ in 0..<k {
            let down = below >= 0 ? sorted[place] - sorted[below] : .infinity
            let up = above < sorted.count ? sorted[above] - sorted[place] : .infinity
            distance = min(down, up)
            if down <= up { below -= 1 } else { above += 1 }
        }
        return distance
    }

    private func plane(_ x: [Double], _ y: [Double]) -> Double {
        let order = x.indices.sorted { (x[$0], $0) < (x[$1], $1) }
        let byX = order.map { x[$0] }
        let across = order.map { y[$0] }
        let byY = y.sorted()
        let k = MutualInformation.neighbours
        let n = Double(x.count)
        guard x.count > k else { return 0 }
        var sum = digamma[x.count - 1] + digamma[k - 1]
        var nearest = [Double](repeating: .infinity, count: k)
        for place in byX.indices {
            for index in 0..<k { nearest[index] = .infinity }
            // Outwards in x until x alone is farther than the k-th neighbour in the plane.
            var below = place - 1
            var above = place + 1
            while true {
                let down = below >= 0 ? byX[place] - byX[below] : .infinity
                let up = above < byX.count ? byX[above] - byX[place] : .infinity
                let step = min(down, up)
                if step >= nearest[k - 1] || step == .infinity { break }
                let other = down <= up ? below : above
                if down <= up { below -= 1 } else { above += 1 }
                var distance = max(step, abs(across[other] - across[place]))
                for index in 0..<k where distance < nearest[index] { swap(&distance, &nearest[index]) }
            }
            for (sorted, value) in [(byX, byX[place]), (byY, across[place])] {
                sum -= digamma[InformationPair.near(sorted, value, nearest[k - 1]) - 1] / n
            }
        }
        return max(0, sum)
    }

    /// ψ(1)…ψ(n): −γ and sums of reciprocals.
    private static func digamma(upTo n: Int) -> [Double] {
        var values = [-0.577_215_664_901_532_9]
        values.reserveCapacity(n)
        for index in 1..<max(n, 2) { values.append(values[index - 1] + 1 / Double(index)) }
        return values
    }
}

// Plain and slow counterparts of the induction, to compare with.

import Foundation
import Numerics
import Trees

/// Samples with few distinct values, some missing.
func randomSamples(
    rows: Int, columns: Int, classes: Int, distinct: Int, missing: Double = 0, weighted: Bool = false, seed: UInt64
) -> TreeSamples {
    var stream = RandomStream(seed: seed, purpose: "test.samples")
    var samples = TreeSamples(
        features: (0..<columns).map { "x\($0)" }, actions: (0..<classes).map { "a\($0)" })
    for _ in 0..<rows {
        let row = (0..<columns).map { _ in
            stream.uniform() < missing ? Double.nan : Double(stream.below(distinct)) / 4
        }
        // Labels that depend on the values, with noise.
        let signal = row.map { $0.isNaN ? 0.3 : $0 }.reduce(0, +)
        let label = stream.uniform() < 0.7 ? Int(signal * 2) % classes : stream.below(classes)
        let weight = weighted ? Double(1 + stream.below(4)) : 1
        row.withUnsafeBufferPointer { samples.append($0.baseAddress!, label: Int32(label), weight: weight) }
    }
    return samples
}

/// Weight × impurity of some rows.
func impurity(_ samples: TreeSamples, _ rows: [Int], _ criterion: SplitCriterion) -> Double {
    var counts = Array(repeating: 0.0, count: samples.actions.count)
    for row in rows { counts[Int(samples.labels[row])] += samples.weights[row] }
    let total = counts.reduce(0, +)
    guard total > 0 else { return 0 }
    switch criterion {
    case .entropy: return -counts.filter { $0 > 0 }.map { $0 * log2($0 / total) }.reduce(0, +)
    case .gini: return total * (1 - counts.map { ($0 / total) * ($0 / total) }.reduce(0, +))
    }
}

/// The highest gain over all splits of all rows, by trying each.
func bestGain(
    _ samples: TreeSamples, _ criterion: SplitCriterion, _ routing: MissingRouting = .heavierSide
) -> Double? {
    let rows = Array(0..<samples.count)
    let columns = samples.features.count
    var best: Double?
    for column in 0..<columns {
        let value = { samples.values[$0 * columns + column] }
        let distinct = Set(rows.map(value).filter { !$0.isNaN }).sorted()
        for threshold in distinct.dropLast() {
            let left = rows.filter { value($0) <= threshold }
            let right = rows.filter { value($0) > threshold }
            let weigh = { (some: [Int]) in some.map { samples.weights[$0] }.reduce(0, +) }
            let absent = rows.filter { value($0).isNaN }
            for joinLeft in routing == .byGain ? [true, false] : [weigh(left) >= weigh(right)] {
                let gain =
                    impurity(samples, rows, criterion)
                    - impurity(samples, left + (joinLeft ? absent : []), criterion)
                    - impurity(samples, right + (joinLeft ? [] : absent), criterion)
                best = max(best ?? -.infinity, gain)
            }
        }
    }
    return best
}

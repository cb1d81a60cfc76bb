// Rows told apart by a label each: the impurity of classification trees.

import Foundation

/// How mixed the labels of a node are.
public enum SplitCriterion: String, Sendable, CaseIterable {
    /// −Σ p log₂ p, in bits (Quinlan 1986).
    case entropy
    /// 1 − Σ p² (Breiman et al. 1984).
    case gini
}

/// The channels that classes take. A number known to the compiler unrolls every loop over them; what is more than the
/// classes stays 0.
protocol ClassChannels {
    static func channels(of classes: Int) -> Int
}

enum FourChannels: ClassChannels {
    @inline(__always) static func channels(of classes: Int) -> Int { 4 }
}

enum AsManyChannels: ClassChannels {
    @inline(__always) static func channels(of classes: Int) -> Int { classes }
}

/// Labels with weights: a channel per class.
struct ClassTargets<Channels: ClassChannels>: SplitTargets {
    let criterion: SplitCriterion
    private let classes: Int
    var channels: Int {
        @inline(__always) get { Channels.channels(of: classes) }
    }
    let units: UnsafePointer<Double>
    private let unit: Double
    private let labels: UnsafeMutablePointer<Int32>
    private let weights: UnsafeMutablePointer<Int64>

    init(_ samples: TreeSamples, _ rows: RowWeights, _ criterion: SplitCriterion) {
        self.criterion = criterion
        classes = samples.actions.count
        let channels = Channels.channels(of: classes)
        precondition(channels >= classes, "a channel per class")
        unit = rows.unit
        let units = UnsafeMutablePointer<Double>.allocate(capacity: max(1, channels))
        units.initialize(repeating: rows.unit, count: max(1, channels))
        self.units = UnsafePointer(units)
        labels = .allocate(capacity: rows.rows.count)
        weights = .allocate(capacity: rows.rows.count)
        for (index, row) in rows.rows.enumerated() {
            labels[index] = samples.labels[Int(row)]
            weights[index] = rows.integers[index]
        }
    }

    func deallocate() {
        units.deallocate()
        labels.deallocate()
        weights.deallocate()
    }

    @inline(__always)
    func add(_ row: Int, to sums: UnsafeMutablePointer<Int64>) { sums[Int(labels[row])] &+= weights[row] }

    @inline(__always)
    func count(
        _ rows: UnsafeBufferPointer<Int32>, codes: UnsafePointer<UInt8>, columns: Int,
        in histogram: UnsafeMutablePointer<Int64>, removing: Bool
    ) {
        let (labels, weights, channels) = (labels, weights, channels)
        for row in rows {
            let row = Int(row)
            let weight = removing ? 0 &- weights[row] : weights[row]
            let code = codes + row &* columns
            var cell = histogram + Int(labels[row])
            for column in 0..<columns {
                cell[Int(code[column]) &* channels] &+= weight
                cell += 256 &* channels
            }
        }
    }

    @inline(__always)
    func isEmpty(_ sums: UnsafePointer<Int64>) -> Bool {
        var any: Int64 = 0
        for index in 0..<channels { any |= sums[index] }
        return any == 0
    }

    /// The only class: impurity is concave in the weight that moves from one side to the other, so no boundary within
    /// rows of one class is best (Fayyad and Irani, Machine Learning 8, 1992).
    @inline(__always)
    func kind(_ sums: UnsafePointer<Int64>) -> Int {
        var present = 0
        var kind = 0
        for index in 0..<channels {
            let isPresent = sums[index] != 0 ? 1 : 0
            present &+= isPresent
            kind |= isPresent &* index
        }
        return present == 1 ? kind : -1
    }

    @inline(__always)
    func add(_ bin: UnsafePointer<Int64>, to sums: UnsafeMutablePointer<Double>, weight: Double) -> Double {
        var total = weight
        for index in 0..<channels {
            let value = Double(bin[index]) * unit
            sums[index] += value
            total += value
        }
        return total
    }

    /// Σ c log₂ c − n log₂ n, or Σ c²/n − n. At most 0, and 0 for one label only.
    @inline(__always)
    func purity(_ counts: UnsafePointer<Double>, _ total: Double) -> Double {
        var sum = 0.0
        switch criterion {
        case .entropy:
            for index in 0..<channels where counts[index] > 0 { sum += counts[index] * log2(counts[index]) }
            return total > 0 ? sum - total * log2(total) : 0
        case .gini:
            for index in 0..<channels { sum += counts[index] * counts[index] }
            return total > 0 ? sum / total - total : 0
        }
    }

    func isMixed(_ rows: UnsafeBufferPointer<Int32>, _ sums: UnsafePointer<Int64>) -> Bool {
        var present = 0
        for index in 0..<channels where sums[index] > 0 { present += 1 }
        return present > 1
    }

    /// The most weighty class, the first of equals.
    func action(_ sums: UnsafePointer<Int64>) -> Int32 {
        var action = 0
        for index in 1..<max(1, channels) where sums[index] > sums[action] { action = index }
        return Int32(action)
    }

    /// Scores are the labels' shares.
    func leaf(_ sums: UnsafePointer<Int64>) -> DecisionTree.Node {
        let counts = (0..<classes).map { Double(sums[$0]) * unit }
        let total = counts.reduce(0, +)
        return .leaf(scores: counts.map { $0 / total }, weight: total)
    }
}

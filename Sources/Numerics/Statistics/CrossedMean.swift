// A mean over seeds × patients with its replicates under the crossed bootstrap.

/// A mean over seeds and patients, and what it became in every replication.
public struct CrossedMean: Sendable {
    public let value: Double
    /// One entry a replication; NaN where no defined cell was drawn.
    public let replicates: [Double]

    public init(value: Double, replicates: [Double]) {
        self.value = value
        self.replicates = replicates
    }

    /// The mean with its percentile interval.
    public func estimate(level: Double = 0.95) -> Estimate {
        guard value.isFinite else { return .undefined }
        let bounds = Statistics.percentileInterval(replicates, level: level)
        return Estimate(value, low: bounds.low, high: bounds.high)
    }

    /// The paired difference; both must come from the same `CrossedBootstrap`.
    public static func - (a: CrossedMean, b: CrossedMean) -> CrossedMean {
        CrossedMean(value: a.value - b.value, replicates: zip(a.replicates, b.replicates).map { $0 - $1 })
    }
}

extension CrossedBootstrap {
    /// The mean of the defined cells of a matrix seeds × patients.
    ///
    /// - Parameters:
    ///   - cells: a row a seed, each with one value a patient; NaN where the value is not defined.
    ///   - label: what the seeds are, such as `1,2,3`; equal labels of equally many seeds are resampled alike.
    ///   - subset: which patients count; all by default.
    public func mean(_ cells: [[Double]], label: String = "", subset: [Bool]? = nil) -> CrossedMean {
        let chosen = (0..<patients).filter { subset?[$0] ?? true }
        let table = CrossedCells(cells, chosen: chosen)
        let weights = seedMultiplicities(cells.count, label: label)
        let replicates = multiplicities.withUnsafeBufferPointer { multiplicities in
            weights.withUnsafeBufferPointer { weights in
                (0..<replications).map { replication -> Double in
                    guard let row = multiplicities.baseAddress else { return .nan }
                    return table.mean(
                        seedWeights: weights.baseAddress! + replication * cells.count,
                        patientWeights: row + replication * patients)
                }
            }
        }
        let once = [Double](repeating: 1, count: cells.count)
        let each = [Float](repeating: 1, count: patients)
        return CrossedMean(value: table.mean(seedWeights: once, patientWeights: each), replicates: replicates)
    }

    /// The mean over seeds of each seed's mean over its worst patients: the lowest `share` of the values of a row.
    public func lowerTailMean(_ cells: [[Double]], label: String = "", share: Double = 0.1) -> CrossedMean {
        let orders = cells.map { row in (0..<patients).sorted { (row[$0], $0) < (row[$1], $1) } }
        let weights = seedMultiplicities(cells.count, label: label)
        let wanted = share * Double(patients)
        func tail(_ seedWeight: (Int) -> Double, _ patientWeight: (Int) -> Double) -> Double {
            var total = 0.0
            var seeds = 0.0
            for (index, row) in cells.enumerated() {
                let weight = seedWeight(index)
                guard weight > 0 else { continue }
                var taken = 0.0
                var sum = 0.0
                for patient in orders[index] {
                    let part = min(patientWeight(patient), wanted - taken)
                    sum += part * row[patient]
                    taken += part
                    if taken >= wanted { break }
                }
                total += weight * sum / taken
                seeds += weight
            }
            return total / seeds
        }
        let value = tail({ _ in 1 }, { _ in 1 })
        let replicates = (0..<replications).map { replication in
            tail(
                { weights[replication * cells.count + $0] },
                { Double(multiplicities[replication * patients + $0]) })
        }
        return CrossedMean(value: value, replicates: replicates)
    }

    /// The interquartile mean over all cells of seeds × patients, every cell weighted by its multiplicity: the weighted
    /// mean between the weighted quartiles, cells at the edge counted with the part of them that belongs.
    ///
    /// Without resampling it equals `Statistics.interquartileMean` when the number of cells is a multiple of four.
    public func interquartileMean(_ cells: [[Double]], label: String = "") -> CrossedMean {
        let order = (0..<(cells.count * patients)).sorted {
            (cells[$0 / patients][$0 % patients], $0) < (cells[$1 / patients][$1 % patients], $1)
        }
        let values = order.map { cells[$0 / patients][$0 % patients] }
        let seedOf = order.map { Int32($0 / patients) }
        let patientOf = order.map { Int32($0 % patients) }
        let weights = seedMultiplicities(cells.count, label: label)
        let total = Double(cells.count * patients)
        func middle(_ weight: (Int) -> Double) -> Double {
            var passed = 0.0
            var sum = 0.0
            for index in values.indices {
                let here = weight(index)
                let part = min(passed + here, 0.75 * total) - max(passed, 0.25 * total)
                if part > 0 { sum += part * values[index] }
                passed += here
                if passed >= 0.75 * total { break }
            }
            return sum / (0.5 * total)
        }
        let replicates = (0..<replications).map { replication in
            let seeds = replication * cells.count
            let drawn = replication * patients
            return middle { weights[seeds + Int(seedOf[$0])] * Double(multiplicities[drawn + Int(patientOf[$0])]) }
        }
        return CrossedMean(value: middle { _ in 1 }, replicates: replicates)
    }
}

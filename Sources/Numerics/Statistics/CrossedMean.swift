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

    /// The paired difference, where every cell of both is defined (else see `CrossedBootstrap.difference`); both must
    /// come from the same `CrossedBootstrap`.
    public static func - (a: CrossedMean, b: CrossedMean) -> CrossedMean {
        CrossedMean(value: a.value - b.value, replicates: zip(a.replicates, b.replicates).map { $0 - $1 })
    }
}

extension CrossedBootstrap {
    /// The mean of the defined cells of a matrix seeds × patients, over the patients who count.
    ///
    /// - Parameters:
    ///   - cells: a row a seed, each with one value for every patient; NaN where the value is not defined.
    ///   - label: what the seeds are, such as `1,2,3`; equal labels of equally many seeds are resampled alike.
    public func mean(_ cells: [[Double]], label: String = "") -> CrossedMean {
        mean(cells, seedWeights: seedMultiplicities(cells.count, label: label))
    }

    /// - Parameter weights: replications × rows of `cells`: how often a row counts.
    func mean(_ cells: [[Double]], seedWeights weights: [Double]) -> CrossedMean {
        let table = CrossedCells(cells, chosen: chosen)
        let seeds = cells.count
        var replicates = [Double](repeating: .nan, count: replications)
        let value = multiplicities.withUnsafeBufferPointer { multiplicities in
            weights.withUnsafeBufferPointer { weights -> Double in
                guard width > 0, let rows = multiplicities.baseAddress, let seedRows = weights.baseAddress else {
                    return .nan
                }
                for replication in 0..<replications {
                    replicates[replication] = table.mean(
                        seedWeights: seedRows + replication * seeds, patientWeights: rows + replication * width,
                        drawn: drawn[replication])
                }
                return table.mean(
                    seedWeights: [Double](repeating: 1, count: seeds),
                    patientWeights: [Float](repeating: 1, count: width), drawn: Double(width))
            }
        }
        return CrossedMean(value: value, replicates: replicates)
    }

    /// The mean over seeds of each seed's mean over its worst patients: the lowest `share` of the values of a row.
    /// Every cell of those who count must be defined.
    public func lowerTailMean(_ cells: [[Double]], label: String = "", share: Double = 0.1) -> CrossedMean {
        guard width > 0 else { return CrossedMean(value: .nan, replicates: []) }
        let rows = cells.map { row in chosen.map { row[$0] } }
        let orders = rows.map { row in row.indices.sorted { (row[$0], $0) < (row[$1], $1) } }
        let weights = seedMultiplicities(cells.count, label: label)
        func tail(_ wanted: Double, _ seedWeight: (Int) -> Double, _ patientWeight: (Int) -> Double) -> Double {
            var total = 0.0
            var seeds = 0.0
            for (index, row) in rows.enumerated() {
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
                total += taken > 0 ? weight * sum / taken : .nan
                seeds += weight
            }
            return total / seeds
        }
        let replicates = (0..<replications).map { replication in
            tail(
                share * drawn[replication], { weights[replication * cells.count + $0] },
                { Double(multiplicities[replication * width + $0]) })
        }
        return CrossedMean(value: tail(share * Double(width), { _ in 1 }, { _ in 1 }), replicates: replicates)
    }

    /// The interquartile mean over all cells of seeds × patients, every cell weighted by its multiplicity: the weighted
    /// mean between the weighted quartiles, cells at the edge counted with the part of them that belongs. Every cell of
    /// those who count must be defined.
    ///
    /// Without resampling it equals `Statistics.interquartileMean` when the number of cells is a multiple of four.
    public func interquartileMean(_ cells: [[Double]], label: String = "") -> CrossedMean {
        guard width > 0 else { return CrossedMean(value: .nan, replicates: []) }
        let flat = cells.flatMap { row in chosen.map { row[$0] } }
        let order = flat.indices.sorted { (flat[$0], $0) < (flat[$1], $1) }
        let values = order.map { flat[$0] }
        let seedOf = order.map { Int32($0 / width) }
        let patientOf = order.map { Int32($0 % width) }
        let weights = seedMultiplicities(cells.count, label: label)
        let seeds = cells.count
        let each = [Float](repeating: 1, count: width)
        let replicates = (0..<replications).map { replication in
            multiplicities.withUnsafeBufferPointer { rows in
                CrossedBootstrap.middleMean(
                    values, seedOf, patientOf, Array(weights[(replication * seeds)..<(replication * seeds + seeds)]),
                    UnsafeBufferPointer(rebasing: rows[(replication * width)..<(replication * width + width)]),
                    total: Double(seeds) * drawn[replication])
            }
        }
        let value = each.withUnsafeBufferPointer {
            CrossedBootstrap.middleMean(
                values, seedOf, patientOf, [Double](repeating: 1, count: seeds), $0, total: Double(values.count))
        }
        return CrossedMean(value: value, replicates: replicates)
    }

    /// The mean between the weighted quartiles of ascending values whose weights sum to `total`.
    private static func middleMean(
        _ values: [Double], _ seedOf: [Int32], _ patientOf: [Int32], _ seedWeights: [Double],
        _ patientWeights: UnsafeBufferPointer<Float>, total: Double
    ) -> Double {
        let low = 0.25 * total
        let high = 0.75 * total
        var passed = 0.0
        var sum = 0.0
        values.withUnsafeBufferPointer { values in
            seedOf.withUnsafeBufferPointer { seedOf in
                patientOf.withUnsafeBufferPointer { patientOf in
                    seedWeights.withUnsafeBufferPointer { seedWeights in
                        var index = 0
                        while index < values.count, passed < high {
                            let here = seedWeights[Int(seedOf[index])] * Double(patientWeights[Int(patientOf[index])])
                            let part = min(passed + here, high) - max(passed, low)
                            sum += max(part, 0) * values[index]
                            passed += here
                            index += 1
                        }
                    }
                }
            }
        }
        return high > low ? sum / (high - low) : .nan
    }
}

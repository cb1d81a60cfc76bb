// Whether what synthetic patients teach of the next visit holds for real ones.

import Numerics

/// Mean absolute errors of a linear prediction of the next visit from this one, in normal scores among real values,
/// mean over columns; the "predictive score" of Yoon et al. (TimeGAN, NeurIPS 2019, section 5.2) with a ridge regression
/// in the place of a recurrent network.
public struct NextVisit: Sendable, Equatable {
    /// Trained on synthetic visits, tested on real ones.
    public var trainedOnSynthetic: Double
    /// Trained on real visits, tested on those of other real patients.
    public var trainedOnReal: Double
    /// Told as they were at this visit.
    public var unchanged: Double
    /// The real visits tested on were unknown to the generator.
    public var heldOut: Bool

    static let ridge = 1.0
    static let folds = 5
    static let leastPairs = 50

    /// nil with too few pairs of neighbouring visits.
    static func measure(
        real: VisitTable, synthetic: VisitTable, heldOut: VisitTable?, columns: [FollowedColumn], seed: UInt64
    ) -> NextVisit? {
        let maps = columns.map { QuantileMap($0.real.filter { !$0.isNaN }) }
        guard !columns.isEmpty, maps.allSatisfy({ !$0.sorted.isEmpty }) else { return nil }
        let names = columns.map(\.name)
        let span = max(real.elapsed.max() ?? 1, 1e-9)
        let gap = max(quantile(real.gaps.isEmpty ? [1] : real.gaps, 0.5), 1e-9)
        func pairs(_ table: VisitTable) -> Pairs { Pairs(table, names, maps, span: span, gap: gap) }
        let a = pairs(real)
        let s = pairs(synthetic)
        guard a.count >= leastPairs, s.count >= leastPairs else { return nil }
        if let heldOut {
            let h = pairs(heldOut)
            guard h.count > 0, let onReal = Ridge(a, nil), let onSynthetic = Ridge(s, nil) else { return nil }
            return NextVisit(
                trainedOnSynthetic: onSynthetic.error(h, nil), trainedOnReal: onReal.error(h, nil),
                unchanged: h.unchangedError, heldOut: true)
        }
        var stream = RandomStream(seed: seed, purpose: "visits.folds")
        let order = stream.permutation(real.patientCount)
        var errors = 0.0
        for fold in 0..<folds {
            let tested = Set(order.indices.filter { $0 % folds == fold }.map { order[$0] })
            guard let model = Ridge(a, { !tested.contains($0) }) else { return nil }
            errors += model.error(a) { tested.contains($0) } / Double(folds)
        }
        guard let onSynthetic = Ridge(s, nil) else { return nil }
        return NextVisit(
            trainedOnSynthetic: onSynthetic.error(a, nil), trainedOnReal: errors, unchanged: a.unchangedError,
            heldOut: false)
    }

    /// Neighbouring visits: what is known at one, and the values of the next.
    struct Pairs {
        var patient: [Int] = []
        /// pairs × width
        var inputs: [Double] = []
        /// pairs × columns, NaN where missing.
        var targets: [Double] = []
        let width: Int
        let columns: Int
        var count: Int { patient.count }

        init(_ table: VisitTable, _ names: [String], _ maps: [QuantileMap], span: Double, gap: Double) {
            columns = names.count
            width = 3 + 2 * columns
            let values = zip(names, maps).map { name, map in
                (table.columns.first { $0.name == name }?.values ?? []).map {
                    $0.isNaN ? .nan : map.score(of: $0, tie: 0.5)
                }
            }
            for number in 0..<table.patientCount {
                let rows = table.visits(of: number)
                for row in rows.dropLast() {
                    patient.append(number)
                    inputs += [
                        1, (table.times[row] - table.times[rows.lowerBound]) / span,
                        (table.times[row + 1] - table.times[row]) / gap,
                    ]
                    for column in 0..<columns {
                        let value = values[column][row]
                        inputs += value.isNaN ? [0, 1] : [value, 0]
                        targets.append(values[column][row + 1])
                    }
                }
            }
        }

        /// Of telling the values as they were, missing ones as the median.
        var unchangedError: Double {
            var total = 0.0
            var number = 0.0
            for index in targets.indices where !targets[index].isNaN {
                total += abs(targets[index] - inputs[index / columns * width + 3 + 2 * (index % columns)])
                number += 1
            }
            return number > 0 ? total / number : .nan
        }
    }

    /// A linear regression per column, with a penalty on the squares of its coefficients.
    struct Ridge {
        /// columns × width
        var coefficients: [[Double]] = []

        init?(_ pairs: Pairs, _ isTaken: ((Int) -> Bool)?) {
            let width = pairs.width
            for column in 0..<pairs.columns {
                var matrix = [Double](repeating: 0, count: width * width)
                var right = [Double](repeating: 0, count: width)
                for index in 0..<pairs.count where isTaken?(pairs.patient[index]) ?? true {
                    let target = pairs.targets[index * pairs.columns + column]
                    guard !target.isNaN else { continue }
                    for a in 0..<width {
                        let x = pairs.inputs[index * width + a]
                        guard x != 0 else { continue }
                        right[a] += x * target
                        for b in 0..<width { matrix[a * width + b] += x * pairs.inputs[index * width + b] }
                    }
                }
                for a in 0..<width { matrix[a * width + a] += NextVisit.ridge }
                guard let solved = solveLinear(matrix, width, right) else { return nil }
                coefficients.append(solved)
            }
        }

        func error(_ pairs: Pairs, _ isTaken: ((Int) -> Bool)?) -> Double {
            var total = 0.0
            var number = 0.0
            for index in 0..<pairs.count where isTaken?(pairs.patient[index]) ?? true {
                for column in 0..<pairs.columns {
                    let target = pairs.targets[index * pairs.columns + column]
                    guard !target.isNaN else { continue }
                    var told = 0.0
                    for a in 0..<pairs.width { told += coefficients[column][a] * pairs.inputs[index * pairs.width + a] }
                    total += abs(told - target)
                    number += 1
                }
            }
            return number > 0 ? total / number : .nan
        }
    }
}

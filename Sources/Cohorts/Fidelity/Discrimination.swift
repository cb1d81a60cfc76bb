// How well boosted trees tell real rows from synthetic ones.

import Numerics
import PositionedJSON

/// Out-of-fold scores of boosted trees that were shown as many real as synthetic rows.
public struct Discrimination: Sendable, Equatable {
    /// Area under the curve with its interval over rows (not over other fits): 0.5 when they cannot.
    public var area: Estimate
    /// Of each kind.
    public var rows: Int
    /// The receiver operating characteristic: synthetic rows taken for real, real rows recognised.
    public var falsePositives: [Double]
    public var truePositives: [Double]

    /// Points of the curve that are kept.
    static let points = 200
}

extension Discrimination {
    /// nil for fewer than ten rows.
    static func measure(
        _ real: PatientTable, _ synthetic: PatientTable, seed: UInt64, jobs: Int
    ) throws -> Discrimination? {
        let count = min(real.rowCount, synthetic.rowCount)
        var stream = RandomStream(seed: seed, purpose: "fidelity.subsample")
        let a = real.rowCount > count ? real.rows(stream.permutation(real.rowCount).prefix(count)) : real
        let b =
            synthetic.rowCount > count
            ? synthetic.rows(stream.permutation(synthetic.rowCount).prefix(count)) : synthetic
        let matrices = FeatureMatrix.encode([a, b], reference: real)
        let labels = Array(repeating: true, count: count) + Array(repeating: false, count: count)
        guard
            let (scores, fold) = try Classification.crossValidated(
                FeatureMatrix.stacked(matrices[0], matrices[1]), labels, seed: seed,
                purpose: "fidelity.discriminator", jobs: jobs),
            let value = Classification.areaUnderCurve(scores, labels)
        else { return nil }
        let replicates = try AreaBootstrap.replicates(
            [AreaSampler(scores, labels)], labels, seed: seed, purpose: "fidelity.discriminator.bootstrap", jobs: jobs)
        let curve = RiskPredictions(probabilities: scores, labels: labels, folds: fold).curve()
        let step = max(1, Double(curve.count - 1) / Double(points - 1))
        let kept = stride(from: 0.0, to: Double(curve.count - 1), by: step).map { curve[Int($0)] } + curve.suffix(1)
        return Discrimination(
            area: AreaBootstrap.estimate(value, replicates[0]), rows: count,
            falsePositives: kept.map(\.falsePositives), truePositives: kept.map(\.truePositives))
    }

    func json() -> JSONValue {
        [
            "auc": area.json(), "rows": .integer(rows), "false_positives": .numbers(falsePositives),
            "true_positives": .numbers(truePositives),
        ]
    }
}

extension Estimate {
    /// `value`, `low` and `high`, null where there is none.
    func json() -> JSONValue { ["value": .number(value), "low": .number(low), "high": .number(high)] }
}

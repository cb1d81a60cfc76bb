// Whether a risk model learned from synthetic patients serves real ones.

import Numerics

/// Areas under the curve for the target column, boosted trees.
public struct Utility: Sendable, Equatable {
    public var target: String
    /// Trained on synthetic rows, tested on real ones.
    public var trainedOnSynthetic: Double
    /// Trained on real rows, tested on other real rows.
    public var trainedOnReal: Double
    /// The test rows were unknown to the generator; otherwise both are measured on the rows it learned from.
    public var heldOut: Bool
}

extension Utility {
    /// nil without a target of two classes.
    static func measure(
        real: PatientTable, synthetic: PatientTable, heldOut: PatientTable?, seed: UInt64, jobs: Int
    ) throws -> Utility? {
        guard let target = real.target, let labels = classes(real, target),
            let syntheticLabels = classes(synthetic, target, like: real)
        else { return nil }
        if let heldOut {
            guard let testLabels = classes(heldOut, target, like: real) else { return nil }
            let matrices = FeatureMatrix.encode([real, synthetic, heldOut], reference: real, excluding: target)
            let synthetics = FeatureMatrix.encode([synthetic, heldOut], reference: synthetic, excluding: target)
            guard let onReal = GradientBoosting().fit(matrices[0], labels: labels),
                let onSynthetic = GradientBoosting().fit(synthetics[0], labels: syntheticLabels),
                let first = Classification.areaUnderCurve(onSynthetic.scores(synthetics[1]), testLabels),
                let second = Classification.areaUnderCurve(onReal.scores(matrices[2]), testLabels)
            else { return nil }
            return Utility(target: target, trainedOnSynthetic: first, trainedOnReal: second, heldOut: true)
        }
        let matrices = FeatureMatrix.encode([real], reference: real, excluding: target)
        let synthetics = FeatureMatrix.encode([synthetic, real], reference: synthetic, excluding: target)
        guard
            let (scores, fold) = try Classification.crossValidated(
                matrices[0], labels, seed: seed, purpose: "fidelity.utility", jobs: jobs),
            let onSynthetic = GradientBoosting().fit(synthetics[0], labels: syntheticLabels),
            let trained = Classification.areaUnderCurve(onSynthetic.scores(synthetics[1]), labels)
        else { return nil }
        // Scores of different folds come from different models: the mean of the folds' areas, not one over all.
        let areas = (0..<5).compactMap { k -> Double? in
            let rows = labels.indices.filter { fold[$0] == k }
            return Classification.areaUnderCurve(rows.map { scores[$0] }, rows.map { labels[$0] })
        }
        guard !areas.isEmpty else { return nil }
        return Utility(
            target: target, trainedOnSynthetic: trained,
            trainedOnReal: areas.reduce(0, +) / Double(areas.count), heldOut: false)
    }

    /// The target as two classes, the second in order being `true`; rows without it count as `false`.
    static func classes(_ table: PatientTable, _ target: String, like reference: PatientTable? = nil) -> [Bool]? {
        guard let column = table.column(target), let model = (reference ?? table).column(target) else { return nil }
        let values = Set(model.values.filter { !$0.isNaN }).sorted()
        guard values.count == 2 else { return nil }
        return column.values.map { $0 == values[1] }
    }
}

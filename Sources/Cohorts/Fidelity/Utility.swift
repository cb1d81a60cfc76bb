// Whether a risk model learned from synthetic patients serves real ones.

import Numerics
import PositionedJSON

/// Areas under the curve of one kind of model for the target column, with intervals over test patients.
public struct UtilityModel: Sendable, Equatable {
    /// `boosted_trees` (the defaults of scikit-learn's `GradientBoostingClassifier`) or `logistic_regression` (ridge
    /// penalty 1, its default too).
    public var name: String
    /// Trained on synthetic rows, tested on real ones (TSTR).
    public var synthetic: Estimate
    /// Trained on real rows, tested on other real rows (TRTR).
    public var real: Estimate
    /// What training on synthetic rows gains, on the same test patients.
    public var difference: Estimate
}

/// What synthetic patients are worth for predicting the target.
public struct Utility: Sendable, Equatable {
    public var target: String
    /// The class that is predicted.
    public var event: String
    /// Boosted trees first.
    public var models: [UtilityModel]
    /// The test rows were unknown to the generator. Otherwise models of real rows are cross-validated on the rows the
    /// generator learned from, and models of synthetic rows are tested on all of these, which flatters them.
    public var heldOut: Bool
    public var testPatients: Int
    public var testEvents: Int

    /// Of boosted trees.
    public var trainedOnSynthetic: Double { models.first?.synthetic.value ?? .nan }
    /// Of boosted trees.
    public var trainedOnReal: Double { models.first?.real.value ?? .nan }
}

extension Utility {
    /// nil without a target of two classes.
    static func measure(
        real: PatientTable, synthetic: PatientTable, heldOut: PatientTable?, seed: UInt64, jobs: Int
    ) throws -> Utility? {
        guard let target = real.target, let labels = classes(real, target),
            let syntheticLabels = classes(synthetic, target, like: real)
        else { return nil }
        var scores: [(name: String, synthetic: AreaSampler, real: AreaSampler)] = []
        let test: [Bool]
        var fold: [Int]?
        if let heldOut {
            guard let testLabels = classes(heldOut, target, like: real) else { return nil }
            test = testLabels
            let matrices = FeatureMatrix.encode([real, synthetic, heldOut], reference: real, excluding: target)
            let synthetics = FeatureMatrix.encode([synthetic, heldOut], reference: synthetic, excluding: target)
            for method in Classification.Method.allCases {
                guard let onReal = try method.fit(matrices[0], labels),
                    let onSynthetic = try method.fit(synthetics[0], syntheticLabels)
                else { continue }
                scores.append(
                    (
                        method.rawValue, AreaSampler(onSynthetic(synthetics[1]), test),
                        AreaSampler(onReal(matrices[2]), test)
                    ))
            }
        } else {
            test = labels
            let matrices = FeatureMatrix.encode([real], reference: real, excluding: target)
            let synthetics = FeatureMatrix.encode([synthetic, real], reference: synthetic, excluding: target)
            for method in Classification.Method.allCases {
                guard
                    let (own, folds) = try Classification.crossValidated(
                        matrices[0], labels, method: method, seed: seed, purpose: "fidelity.utility", jobs: jobs),
                    let onSynthetic = try method.fit(synthetics[0], syntheticLabels)
                else { continue }
                fold = folds
                // Scores of different folds come from different models: the mean of the folds' areas, not one over all.
                scores.append(
                    (
                        method.rawValue, AreaSampler(onSynthetic(synthetics[1]), test),
                        AreaSampler(own, test, folds: folds)
                    ))
            }
        }
        guard let first = scores.first, first.name == Classification.Method.boostedTrees.rawValue,
            first.synthetic.area.isFinite, first.real.area.isFinite
        else { return nil }
        let replicates = try AreaBootstrap.replicates(
            scores.flatMap { [$0.synthetic, $0.real] }, test, folds: fold, seed: seed,
            purpose: "fidelity.utility.bootstrap", jobs: jobs)
        let models = scores.enumerated().map { index, item in
            let (onSynthetic, onReal) = (replicates[2 * index], replicates[2 * index + 1])
            return UtilityModel(
                name: item.name, synthetic: AreaBootstrap.estimate(item.synthetic.area, onSynthetic),
                real: AreaBootstrap.estimate(item.real.area, onReal),
                difference: AreaBootstrap.estimate(
                    item.synthetic.area - item.real.area, zip(onSynthetic, onReal).map { $0 - $1 }))
        }
        return Utility(
            target: target, event: eventName(real, target), models: models, heldOut: heldOut != nil,
            testPatients: test.count, testEvents: test.count { $0 })
    }

    /// The target as two classes, the second in order being `true`; rows without it count as `false`.
    static func classes(_ table: PatientTable, _ target: String, like reference: PatientTable? = nil) -> [Bool]? {
        guard let column = table.column(target), let model = (reference ?? table).column(target) else { return nil }
        let values = Set(model.values.filter { !$0.isNaN }).sorted()
        guard values.count == 2 else { return nil }
        return column.values.map { $0 == values[1] }
    }

    /// The second of a column's two values, as the table writes it.
    static func eventName(_ table: PatientTable, _ target: String) -> String {
        guard let column = table.column(target), let value = column.values.filter({ !$0.isNaN }).max() else {
            return ""
        }
        return column.isNumeric ? compact(value) : column.categories[Int(value)]
    }

    func json() -> JSONValue {
        [
            "target": .string(target), "event": .string(event), "tstr_auc": .number(trainedOnSynthetic),
            "trtr_auc": .number(trainedOnReal), "held_out": .bool(heldOut), "test_patients": .integer(testPatients),
            "test_events": .integer(testEvents),
            "models": .array(
                models.map {
                    [
                        "model": .string($0.name), "tstr_auc": $0.synthetic.json(), "trtr_auc": $0.real.json(),
                        "difference": $0.difference.json(),
                    ]
                }),
        ]
    }
}

// Models that tell the probability of an outcome from what is known of a patient.

import Foundation
import Numerics
import PositionedJSON
import Trees

/// A risk model that is not fitted yet.
public enum RiskModelSpecification: Sendable, Equatable {
    /// `penalty`: of the squared weights of standardised columns.
    case logisticRegression(penalty: Double)
    /// One decision tree of at most `maximumLeaves` leaves, each with at least `minimumLeafShare` of the patients.
    case tree(maximumLeaves: Int, minimumLeafShare: Double)
    /// Gradient boosting with the settings of `GradientBoosting`.
    case boostedTrees(trees: Int, depth: Int, rate: Double)

    public static let kinds = ["boosted_trees", "logistic_regression", "tree"]

    /// Reads `{"model": "tree", "maximum_leaves": 8, …}`; the caller finishes the reader.
    public static func read(_ reader: ObjectReader) -> RiskModelSpecification? {
        switch reader.choice("model", of: kinds) {
        case "logistic_regression":
            .logisticRegression(penalty: reader.number("penalty", default: 1, in: 1e-9...1e9))
        case "tree":
            .tree(
                maximumLeaves: reader.integer("maximum_leaves", default: 8, in: 1...4096),
                minimumLeafShare: reader.number("minimum_leaf_share", default: 0.02, in: 0...0.5))
        case "boosted_trees":
            .boostedTrees(
                trees: reader.integer("trees", default: 100, in: 1...10_000),
                depth: reader.integer("depth", default: 3, in: 1...16),
                rate: reader.number("rate", default: 0.1, in: 1e-6...1))
        default: nil
        }
    }

    /// Fits the model to a table.
    ///
    /// - Parameter labels: one per row.
    /// - Throws: `CohortError` with only one class.
    public func fit(_ table: PatientTable, labels: [Bool], excluding target: String) throws -> FittedRiskModel {
        guard labels.contains(true), labels.contains(false) else {
            throw CohortError("a risk model needs patients of both classes, these \(labels.count) are of one")
        }
        switch self {
        case .logisticRegression(let penalty):
            let matrix = FeatureMatrix.encode([table], reference: table, excluding: target)[0]
            guard let model = try LogisticRegression(penalty: penalty).fit(matrix, labels: labels) else { break }
            return FittedRiskModel(reference: table, target: target, form: .linear(model))
        case .boostedTrees(let trees, let depth, let rate):
            let matrix = FeatureMatrix.encode([table], reference: table, excluding: target)[0]
            guard let model = GradientBoosting(trees: trees, rate: rate, depth: depth).fit(matrix, labels: labels)
            else { break }
            return FittedRiskModel(reference: table, target: target, form: .boosted(model))
        case .tree(let maximumLeaves, let minimumLeafShare):
            let columns = TreeColumns(table, excluding: target)
            let samples = TreeSamples(
                features: columns.names, actions: ["no", "yes"], values: columns.values(table),
                labels: labels.map { $0 ? 1 : 0 }, weights: Array(repeating: 1, count: labels.count))
            let tree = TreeInduction(
                maximumLeaves: maximumLeaves, minimumLeafWeight: minimumLeafShare * Double(labels.count),
                mergesSameActions: false, missing: .byGain
            ).fit(samples)
            return FittedRiskModel(reference: table, target: target, form: .tree(tree, columns))
        }
        throw CohortError("the risk model could not be fitted")
    }
}

/// A fitted risk model.
public struct FittedRiskModel: Sendable {
    enum Form: Sendable {
        case linear(LogisticRegression.Model)
        case boosted(GradientBoosting.Model)
        case tree(DecisionTree, TreeColumns)
    }
    let reference: PatientTable
    let target: String
    let form: Form

    /// The tree, where it is one: actions `no` and `yes`, a leaf's scores the shares of its patients.
    public var tree: DecisionTree? {
        if case .tree(let tree, _) = form { return tree }
        return nil
    }

    /// The probability of the outcome for every row of a table of the same columns.
    public func probabilities(_ table: PatientTable) -> [Double] {
        func logistic(_ score: Double) -> Double { 1 / (1 + exp(-score)) }
        switch form {
        case .linear(let model): return model.scores(encoded(table)).map(logistic)
        case .boosted(let model): return model.scores(encoded(table)).map(logistic)
        case .tree(let tree, let columns):
            let values = columns.values(table)
            return values.withUnsafeBufferPointer { values in
                (0..<table.rowCount).map { row in
                    guard let start = values.baseAddress else { return tree.scores(ofLeaf: 0)[1] }
                    return tree.scores(ofLeaf: tree.leaf(of: start + row * columns.names.count))[1]
                }
            }
        }
    }

    private func encoded(_ table: PatientTable) -> FeatureMatrix {
        FeatureMatrix.encode([reference, table], reference: reference, excluding: target)[1]
    }
}

/// A table as a tree reads it: numbers in their units, missing as they are, and a 0/1 feature for each category of a
/// column without order.
struct TreeColumns: Sendable {
    private struct Feature: Sendable {
        var column: Int
        /// nil for the number itself.
        var category: Double?
    }
    private let features: [Feature]
    let names: [String]

    init(_ table: PatientTable, excluding target: String) {
        var features: [Feature] = []
        var names: [String] = []
        for (number, column) in table.columns.enumerated() where column.name != target {
            if column.isNumeric || column.schema.type == .ordinal || column.categories.count <= 2 {
                features.append(Feature(column: number))
                names.append(column.name)
                continue
            }
            for (index, category) in column.categories.enumerated() {
                features.append(Feature(column: number, category: Double(index)))
                names.append("\(column.name) = \(category)")
            }
        }
        self.features = features
        self.names = names
    }

    /// rows × features
    func values(_ table: PatientTable) -> [Double] {
        var values = [Double](repeating: 0, count: table.rowCount * features.count)
        for (place, feature) in features.enumerated() {
            let column = table.columns[feature.column].values
            for row in column.indices {
                let value = column[row]
                values[row * features.count + place] =
                    feature.category.map { value.isNaN ? .nan : value == $0 ? 1 : 0 } ?? value
            }
        }
        return values
    }
}

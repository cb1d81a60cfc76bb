// Risk models trained on real patients, on synthetic ones, and on both, always judged on real patients unknown to all.

import Numerics
import PositionedJSON

/// What a risk model is trained on.
public enum RiskTraining: String, Sendable, CaseIterable {
    case real
    case realAndSynthetic = "real_and_synthetic"
    case synthetic

    public var title: String {
        switch self {
        case .real: "real patients"
        case .realAndSynthetic: "real and synthetic"
        case .synthetic: "synthetic patients"
        }
    }
}

/// How a table's outcome is predicted and the predictions are tested.
public struct RiskConfiguration: Sendable {
    /// The column that is predicted.
    public var target: String
    /// The outcome in words; empty for the column's name.
    public var label = ""
    /// Its categories that count as the outcome; empty for the last one.
    public var positive: [String] = []
    public var folds = 5
    /// Divisions into folds; a patient is predicted once in each.
    public var repeats = 1
    public var models: [(name: String, model: RiskModelSpecification)]
    public var generator = GeneratorSpecification.vae(VAEConfiguration())
    /// Synthetic patients for every real one.
    public var syntheticShare = 1.0
    /// Replications of the bootstrap.
    public var bootstrap = 2000

    public init(target: String, models: [(name: String, model: RiskModelSpecification)]) {
        self.target = target
        self.models = models
    }
}

/// One prediction.
public struct RiskPrediction: Sendable, Equatable {
    /// The row of the table, from 0.
    public var patient: Int
    public var probability: Double
}

/// Predictions of one kind in one fold.
public struct RiskFold: Sendable, Equatable {
    public var model: String
    public var training: RiskTraining
    public var predictions: [RiskPrediction]
}

/// A table whose outcome is to be predicted.
public struct RiskAssessment: Sendable {
    public let configuration: RiskConfiguration
    /// The target has the categories `no` and `yes`; patients without an outcome are not in it.
    public let table: PatientTable
    public let labels: [Bool]
    /// Patients left out because their outcome is missing.
    public let withoutOutcome: Int

    public init(_ table: PatientTable, _ configuration: RiskConfiguration) throws {
        self.configuration = configuration
        guard let place = table.columns.firstIndex(where: { $0.name == configuration.target }) else {
            throw CohortError("the table has no column \"\(configuration.target)\"")
        }
        let column = table.columns[place]
        let names = column.isNumeric ? [] : column.categories
        let positive = configuration.positive.isEmpty ? names.suffix(1) : configuration.positive[...]
        for name in positive where !names.contains(name) {
            throw CohortError(
                "the target \"\(column.name)\" has no category \"\(name)\"; it has " + names.joined(separator: ", "))
        }
        let known = column.values.indices.filter { !column.values[$0].isNaN }
        var kept = table.rows(known)
        labels = kept.columns[place].values.map { positive.contains(names[Int($0)]) }
        kept.columns[place].values = labels.map { $0 ? 1 : 0 }
        kept.columns[place].categories = ["no", "yes"]
        kept.columns[place].schema.categories = ["no", "yes"]
        kept.columns[place].schema.type = .categorical
        kept.target = configuration.target
        self.table = kept
        withoutOutcome = table.rowCount - known.count
        let least = min(labels.count { $0 }, labels.count { !$0 })
        guard least >= configuration.folds else {
            throw CohortError(
                "\(configuration.folds) folds need as many patients of either outcome, the rarer one has \(least)")
        }
    }

    /// The fold of every patient in one division, each outcome spread evenly.
    public func folds(division: Int, seed: UInt64) -> [Int] {
        Classification.stratifiedFolds(
            labels, folds: configuration.folds, seed: seed, purpose: "risk.folds.\(division)")
    }

    /// Trains everything without one fold and predicts it. The generator sees what the models see, never the fold.
    public func run(division: Int, fold: Int, seed: UInt64) throws -> [RiskFold] {
        let folds = folds(division: division, seed: seed)
        let training = labels.indices.filter { folds[$0] != fold }
        let testing = labels.indices.filter { folds[$0] == fold }
        let real = table.rows(training)
        let held = table.rows(testing)
        var stream = RandomStream(
            seed: seed, purpose: "risk.generator", index: UInt64(division * configuration.folds + fold))
        let own = stream.nextBits()
        let count = max(10, Int((Double(training.count) * configuration.syntheticShare).rounded()))
        let synthetic = try configuration.generator.fit(real, seed: own).sample(rows: 0..<count, seed: own)
        return try RiskTraining.allCases.flatMap { kind -> [RiskFold] in
            let table =
                switch kind {
                case .real: real
                case .synthetic: synthetic
                case .realAndSynthetic: real.stacked(on: synthetic)
                }
            let labels = table.column(configuration.target)?.values.map { $0 == 1 } ?? []
            return try configuration.models.map { name, model in
                let fitted = try model.fit(table, labels: labels, excluding: configuration.target)
                return RiskFold(
                    model: name, training: kind,
                    predictions: zip(testing, fitted.probabilities(held)).map {
                        RiskPrediction(patient: $0, probability: $1)
                    })
            }
        }
    }

    /// The models trained on all real patients: what would be taken away.
    public func final() throws -> [(name: String, model: FittedRiskModel)] {
        try configuration.models.map { name, model in
            (name, try model.fit(table, labels: labels, excluding: configuration.target))
        }
    }
}

extension PatientTable {
    /// This table's rows above another's, whose columns are the same.
    func stacked(on other: PatientTable) -> PatientTable {
        var table = self
        for index in columns.indices { table.columns[index].values += other.columns[index].values }
        return table
    }
}

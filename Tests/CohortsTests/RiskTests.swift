import Cohorts
import Foundation
import Numerics
import TestSupport
import Testing
import Trees

/// A table that ships with the project.
private func shipped(_ name: String) throws -> PatientTable {
    try TableReader(schema: TableSchema.read(path: RepositoryFiles.path("Experiments/data/\(name).columns.json")))
        .read(path: RepositoryFiles.path("Experiments/data/\(name).csv")).table
}

@Suite struct LogisticRegressionTests {
    /// scikit-learn 1.9.1: `LogisticRegression(C=1, tol=1e-12, solver="newton-cholesky")` on the standardised columns.
    @Test func weightsAreThoseOfAnotherProgram() throws {
        let table = try shipped("wdbc")
        let columns = table.columns.dropLast().map { column -> [Double] in
            let mean = column.values.reduce(0, +) / 569
            let deviation = (column.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 569).squareRoot()
            return column.values.map { ($0 - mean) / deviation }
        }
        let labels = table.columns[30].values.map { $0 == 1 }
        let matrix = FeatureMatrix(rows: 569, columns: columns)
        let model = try #require(try LogisticRegression().fit(matrix, labels: labels))
        #expect(abs(model.intercept + 0.2145027173973735) < 1e-7)
        for (place, expected) in [
            (0, 0.36309253190647345), (1, 0.3876754424085946), (20, 1.0292622616340465), (29, 0.47981890803844507),
        ] { #expect(abs(model.weights[place] - expected) < 1e-7) }
        let area = try #require(Classification.areaUnderCurve(model.scores(matrix), labels))
        #expect(abs(area - 0.9974499233655727) < 1e-12)
        #expect(try LogisticRegression().fit(matrix, labels: labels.map { _ in true }) == nil)
    }

    /// Without a penalty two groups are told apart by their odds alone.
    @Test func oddsOfTwoGroups() throws {
        let group = (0..<100).map { $0 < 40 ? 0.0 : 1.0 }
        let labels = (0..<100).map { $0 < 10 || $0 >= 70 }
        let model = try #require(
            try LogisticRegression(penalty: 0).fit(FeatureMatrix(rows: 100, columns: [group]), labels: labels))
        #expect(abs(model.intercept - log(10.0 / 30)) < 1e-8 && abs(model.weights[0] - log(3.0)) < 1e-8)
    }
}

@Suite struct RiskMetricTests {
    private let predictions = RiskPredictions(
        probabilities: [0.9, 0.2, 0.4, 0.8, 0.6, 0.1, 0.55, 0.5, 0.3, 0.05],
        labels: [true, false, true, true, false, false, true, false, true, false], folds: Array(repeating: 0, count: 10)
    )

    /// scikit-learn 1.9.1 on the same ten.
    @Test func valuesAreThoseOfAnotherProgram() {
        for (metric, expected) in [
            (RiskMetric.auc, 0.8), (.accuracy, 0.6), (.recall, 0.6), (.precision, 0.6), (.f1, 0.6), (.brier, 0.1765),
            (.specificity, 0.6),
        ] { #expect(abs(predictions.value(metric) - expected) < 1e-12, "\(metric)") }
        let curve = predictions.curve()
        #expect(curve.first! == (0, 0) && curve.last! == (1, 1))
        // The area under the steps is the rank statistic.
        let area = zip(curve, curve.dropFirst()).reduce(0) {
            $0 + ($1.1.falsePositives - $1.0.falsePositives) * ($1.1.truePositives + $1.0.truePositives) / 2
        }
        #expect(abs(area - 0.8) < 1e-12)
    }

    /// An interval holds the truth as often as it says: predictions of known accuracy.
    @Test func intervalsHoldTheirRate() {
        var held = 0
        for trial in 0..<200 {
            var stream = RandomStream(seed: 5, purpose: "test.risk", index: UInt64(trial))
            let labels = (0..<150).map { _ in stream.uniform() < 0.4 }
            let right = labels.map { label in (stream.uniform() < 0.8) == label ? 0.9 : 0.1 }
            let folds = (0..<150).map { $0 % 5 }
            let estimate = RiskBootstrap(labels, folds: folds, replications: 200, seed: 1)
                .estimate(.accuracy, [RiskPredictions(probabilities: right, labels: labels, folds: folds)])
            if estimate.low <= 0.8, estimate.high >= 0.8 { held += 1 }
        }
        #expect(held >= 178 && held <= 199)
    }
}

@Suite struct RiskAssessmentTests {
    private func assessment(_ table: PatientTable) throws -> RiskAssessment {
        var configuration = RiskConfiguration(
            target: "group",
            models: [
                ("logistic", .logisticRegression(penalty: 1)),
                ("tree", .tree(maximumLeaves: 4, minimumLeafShare: 0.05)),
                ("boosted", .boostedTrees(trees: 20, depth: 2, rate: 0.2)),
            ])
        configuration.positive = ["b", "c"]
        configuration.generator = .copula(CopulaConfiguration())
        return try RiskAssessment(table, configuration)
    }

    @Test func everyPatientIsPredictedOnceByModelsThatHaveNotSeenThem() throws {
        let assessment = try assessment(correlatedTable(rows: 240, seed: 1))
        var seen = [Int](repeating: 0, count: 240)
        for fold in 0..<5 {
            let results = try assessment.run(division: 0, fold: fold, seed: 7)
            #expect(results.count == 9)
            for prediction in results[0].predictions { seen[prediction.patient] += 1 }
            #expect(results.allSatisfy { $0.predictions.map(\.patient) == results[0].predictions.map(\.patient) })
            #expect(try assessment.run(division: 0, fold: fold, seed: 7) == results)
        }
        #expect(seen == Array(repeating: 1, count: 240))
        #expect(assessment.folds(division: 0, seed: 7) != assessment.folds(division: 1, seed: 7))
    }

    /// Nothing of a fold reaches the models that predict it: its outcomes may be anything.
    @Test func outcomesOfTheFoldDoNotMatter() throws {
        let table = correlatedTable(rows: 200, seed: 2)
        let first = try assessment(table)
        let folds = first.folds(division: 0, seed: 3)
        var turned = first.table
        let own = folds.indices.filter { folds[$0] == 0 }
        // Swapped in pairs of different outcome, so that the division into folds stays.
        let yes = own.filter { first.labels[$0] }
        let no = own.filter { !first.labels[$0] }
        for (a, b) in zip(yes, no) {
            for index in turned.columns.indices where turned.columns[index].name != "group" {
                turned.columns[index].values.swapAt(a, b)
            }
        }
        var configuration = first.configuration
        configuration.positive = ["yes"]
        let second = try RiskAssessment(turned, configuration)
        let before = try first.run(division: 0, fold: 0, seed: 3)
        let after = try second.run(division: 0, fold: 0, seed: 3)
        for (a, b) in zip(yes, no) {
            for (old, new) in zip(before, after) {
                let was = old.predictions.first { $0.patient == a }?.probability
                #expect(was == new.predictions.first { $0.patient == b }?.probability)
            }
        }
    }

    @Test func signalIsFound() throws {
        let assessment = try assessment(correlatedTable(rows: 400, seed: 4))
        let folds = assessment.folds(division: 0, seed: 1)
        var scores: [String: [Double]] = [:]
        for fold in 0..<5 {
            for result in try assessment.run(division: 0, fold: fold, seed: 1) {
                for prediction in result.predictions {
                    scores["\(result.model)-\(result.training.rawValue)", default: Array(repeating: 0, count: 400)][
                        prediction.patient] = prediction.probability
                }
            }
        }
        // 90 % of the groups follow the sign of x. A copula blurs the step, so that models of its patients know less.
        for (name, probabilities) in scores {
            let value = RiskPredictions(probabilities: probabilities, labels: assessment.labels, folds: folds)
                .value(.accuracy)
            #expect(value > (name.hasSuffix("-synthetic") ? 0.68 : 0.8), "\(name) \(value)")
        }
    }

    @Test func aTargetThatCannotBePredictedIsRefused() throws {
        let table = correlatedTable(rows: 60, seed: 1)
        var configuration = RiskConfiguration(target: "weight", models: [])
        #expect(throws: CohortError.self) { try RiskAssessment(table, configuration) }
        configuration.target = "group"
        configuration.positive = ["d"]
        #expect(throws: CohortError.self) { try RiskAssessment(table, configuration) }
    }
}

// The trial table that ships with the project: through both commands, and against other programs' measures.

import Cohorts
import Foundation
import PositionedJSON
import Testing

@Suite struct ACTG175Tests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Experiments/data").path
    static let csv = folder + "/actg175.csv"
    static let columns = folder + "/actg175.columns.json"

    static func read() throws -> PatientTable {
        try TableReader(schema: TableSchema.read(path: columns)).read(path: csv).table
    }

    @Test func readsTheTable() throws {
        let reading = try TableReader(schema: TableSchema.read(path: Self.columns)).read(path: Self.csv)
        #expect(reading.identifiers == ["pidnum"])
        #expect(reading.ignored == ["zprior", "cd496", "r"])
        #expect(reading.table.rowCount == 2139)
        #expect(reading.table.columns.count == 23)
        let arms = try #require(reading.table.column("arms"))
        #expect((0..<4).map { arm in arms.values.count { $0 == Double(arm) } } == [532, 522, 524, 561])
        #expect(reading.table.column("cens")?.values.reduce(0, +) == 521)
    }

    /// Even rows as real, odd rows as synthetic, by SDMetrics 0.32.0 (`QualityReport`) and scikit-learn 1.9.1
    /// (`GradientBoostingClassifier`, `NearestNeighbors` on z-scores and one-hot / √2). Scores and distances agree to
    /// rounding; classifiers within the noise of how folds fall and of splits that tie.
    @Test(arguments: [false, true]) func agreesWithSDMetricsAndScikitLearn(disturbed: Bool) throws {
        let table = try Self.read()
        let real = table.rows(stride(from: 0, to: table.rowCount, by: 2).map { $0 })
        var synthetic = table.rows(stride(from: 1, to: table.rowCount, by: 2).map { $0 })
        if disturbed {
            for index in synthetic.columns.indices {
                switch synthetic.columns[index].name {
                case "cd40": synthetic.columns[index].values = synthetic.columns[index].values.map { $0 + 100 }
                case "preanti", "strat": synthetic.columns[index].values.reverse()
                default: break
                }
            }
        }
        let report = try FidelityReport.measure(real: real, synthetic: synthetic, options: .init(jobs: 2))
        let golden =
            disturbed
            ? (0.9176962683761941, 0.9688849703646293, 0.8665075663877589, 0.8253656574840667, 2.159163362849924)
            : (0.9640611824894318, 0.9822530636013483, 0.9458693013775155, 0.46948104176319905, 1.9115436399161012)
        #expect(abs(report.quality - golden.0) < 1e-9)
        #expect(abs(report.columnShapes - golden.1) < 1e-9)
        #expect(abs(try #require(report.pairTrends) - golden.2) < 1e-9)
        #expect(abs(try #require(report.discriminator) - golden.3) < 0.03)
        #expect(abs(report.closest.median - golden.4) < 1e-5)
        #expect(abs(report.closest.realToRealMedian - 1.933573948398554) < 1e-5)
        // Trained on the odd rows, tested on the even ones.
        let utility = try #require(report.utility)
        #expect(abs(utility.trainedOnSynthetic - (disturbed ? 0.9363481854234013 : 0.9343391303933843)) < 0.01)
    }

    @Test func generatesAndEvaluatesByFile() throws {
        let out = FileManager.default.temporaryDirectory.appendingPathComponent("lab-\(UUID().uuidString).csv").path
        defer { try? FileManager.default.removeItem(atPath: out) }
        let generated = try CohortCommands.generate(
            source: Self.csv, schema: Self.columns, rows: 2139, seed: 1,
            generator: .vae(VAEConfiguration(steps: 800)), out: out)
        #expect(generated.sourceRows == 2139)
        #expect(generated.identifiers == ["pidnum"])
        let report = try CohortCommands.evaluate(
            real: Self.csv, synthetic: out, schema: Self.columns, options: .init(seed: 1, jobs: 2))
        #expect(report.quality > 0.93)
        #expect(report.columnShapes > 0.975)
        #expect(try #require(report.discriminator) < 0.65)
        #expect(report.closest.exactCopies == 0)
        #expect(report.coverage.allSatisfy { $0.lost.isEmpty && $0.largestShift < 0.04 })
        let header = try String(contentsOfFile: out, encoding: .utf8).prefix { $0 != "\n" }
        #expect(header.hasPrefix("age,wtkg,hemo"))
        #expect(!header.contains("pidnum"))
    }
}

/// Tables that may not be committed.
@Suite struct BorrowedTableTests {
    @Test(.enabled(if: dataFile("pima.csv") != nil, "LAB_DATA names no folder with pima.csv"))
    func pimaWithZerosAsMissing() throws {
        let columns = try schema(
            """
            {"columns": {"pregnancies": {"type": "integer"}, "glucose": {"type": "integer", "missing": [0]},
              "bp": {"type": "integer", "missing": [0]}, "skin": {"type": "integer", "missing": [0]},
              "insulin": {"type": "integer", "missing": [0]}, "bmi": {"type": "continuous", "missing": [0]},
              "pedigree": {"type": "continuous"}, "age": {"type": "integer"},
              "diabetes": {"type": "categorical"}}, "target": "diabetes"}
            """)
        let table = try TableReader(schema: columns).read(path: #require(dataFile("pima.csv"))).table
        let gaps = ["glucose", "bp", "skin", "insulin", "bmi"].map { name in
            table.column(name)?.values.count(where: \.isNaN)
        }
        #expect(gaps == [5, 35, 227, 374, 11])
        let sample = try VariationalAutoencoder.fit(table, configuration: VAEConfiguration(), seed: 1)
            .sample(rows: 768, seed: 1)
        let report = try FidelityReport.measure(real: table, synthetic: sample)
        #expect(report.columnShapes > 0.95)
        #expect(try #require(report.discriminator) < 0.65)
        let insulin = try #require(sample.column("insulin")?.values.count(where: \.isNaN))
        #expect(abs(Double(insulin) / 768 - 374.0 / 768) < 0.06)
    }

    @Test(.enabled(if: dataFile("cleveland.csv") != nil, "LAB_DATA names no folder with cleveland.csv"))
    func clevelandKeepsItsRareCategories() throws {
        let categories = ["sex", "cp", "fbs", "restecg", "exang", "slope", "ca", "thal", "num"]
        let numbers = ["age", "trestbps", "chol", "thalach", "oldpeak"]
        let members =
            categories.map { "\"\($0)\": {\"type\": \"categorical\"}" }
            + numbers.map { "\"\($0)\": {\"type\": \"continuous\"}" }
        let columns = try schema("{\"columns\": {\(members.joined(separator: ", "))}}")
        let table = try TableReader(schema: columns).read(path: #require(dataFile("cleveland.csv"))).table
        let sample = try VariationalAutoencoder.fit(table, configuration: VAEConfiguration(), seed: 1)
            .sample(rows: 2000, seed: 1)
        let report = try FidelityReport.measure(real: table, synthetic: sample)
        #expect(report.coverage.allSatisfy { $0.lost.isEmpty })
        #expect(report.columnShapes > 0.96)
    }
}

// Fidelity measures against cases worked out by hand.

import Foundation
import Numerics
import PositionedJSON
import Testing

import Cohorts

@Suite struct FidelityTests {
    static func categorical(_ name: String, _ values: [Double]) -> TableColumn {
        TableColumn(
            schema: ColumnSchema(name: name, type: .categorical), categories: ["0", "1", "2"], values: values)
    }
    static func continuous(_ name: String, _ values: [Double]) -> TableColumn {
        TableColumn(schema: ColumnSchema(name: name, type: .continuous), values: values)
    }

    @Test func kolmogorovSmirnovByHand() {
        #expect(ColumnShapes.kolmogorovSmirnov([1, 2, 3, 4], [1, 2, 3, 4]) == 0)
        #expect(ColumnShapes.kolmogorovSmirnov([1, 2], [3, 4]) == 1)
        // After 2: 2/4 against 3/3.
        #expect(ColumnShapes.kolmogorovSmirnov([1, 2, 3, 4], [0, 1, 2]) == 0.5)
        #expect(ColumnShapes.kolmogorovSmirnov([], [1]) == 1)
    }

    @Test func shapesByHand() {
        let real = PatientTable(columns: [Self.categorical("c", [0, 0, 1, .nan])])
        let synthetic = PatientTable(columns: [Self.categorical("c", [0, 1, 1, 2])])
        // Of those present ⅔, ⅓, 0 against ¼, ½, ¼: 1 − ½ (5/12 + 1/6 + 1/4).
        #expect(abs(ColumnShapes.measure(real, synthetic)[0].score - 7.0 / 12) < 1e-12)
    }

    @Test func pairsByHand() throws {
        let real = PatientTable(columns: [
            Self.categorical("a", [0, 0, 1, 1]), Self.categorical("b", [0, 0, 1, 1]),
            Self.continuous("x", [0, 1, 9, 10]), Self.continuous("y", [0, 2, 18, 20]),
            Self.continuous("k", [3, 3, 3, 3]),
        ])
        let synthetic = PatientTable(columns: [
            Self.categorical("a", [0, 0, 1, 1]), Self.categorical("b", [0, 1, 0, 1]),
            Self.continuous("x", [0, 1, 9, 10]), Self.continuous("y", [20, 18, 2, 0]),
            Self.continuous("k", [3, 3, 3, 3]),
        ])
        let trends = PairTrends.measure(real, synthetic)
        func trend(_ a: String, _ b: String) throws -> PairTrend {
            try #require(trends.first { $0.first == a && $0.second == b })
        }
        let categories = try trend("a", "b")
        #expect(categories.score == 0.5)
        #expect(categories.realAssociation == 1)
        #expect(categories.counts)
        let numbers = try trend("x", "y")
        #expect(abs(try #require(numbers.score)) < 1e-12)
        #expect(abs(try #require(numbers.realAssociation) - 1) < 1e-12)
        let mixed = try trend("a", "x")
        #expect(mixed.score == 1)
        #expect(mixed.counts)
        #expect(try trend("x", "k").score == nil)
        #expect(try trend("a", "k").counts == false)
    }

    @Test func binsAreThoseOfNumpy() {
        // numpy.digitize(x, numpy.histogram_bin_edges(x)) for 0…10 and a gap.
        #expect(PairTrends.digitised([0, 0.5, 1, 5, 9.99, 10, .nan]) == [1, 1, 2, 6, 10, 11, 11])
        #expect(PairTrends.digitised([3, 3]) == [6, 6])
    }

    @Test func cramersVByHand() throws {
        // Shares .4/.1/.1/.4: φ = (.16 − .01) / .25 = .6.
        let v = try #require(PairTrends.cramersV([0.4, 0.1, 0.1, 0.4], rows: 2, columns: 2))
        #expect(abs(v - 0.6) < 1e-12)
        #expect(PairTrends.cramersV([0.5, 0.5, 0, 0], rows: 2, columns: 2) == nil)
    }

    @Test func areaUnderCurveByHand() {
        #expect(Classification.areaUnderCurve([1, 2, 3, 4], [false, false, true, true]) == 1)
        #expect(Classification.areaUnderCurve([1, 2, 3, 4], [true, false, false, true]) == 0.5)
        #expect(Classification.areaUnderCurve([1, 1, 1], [true, false, true]) == 0.5)
        #expect(Classification.areaUnderCurve([1, 3, 2], [false, false, true]) == 0.5)
        #expect(Classification.areaUnderCurve([1, 2], [true, true]) == nil)
    }

    @Test func boostingLearnsAnInteraction() throws {
        var stream = RandomStream(seed: 5, purpose: "test.boosting")
        let rows = 800
        let x = (0..<rows).map { _ in stream.uniform() }
        let y = (0..<rows).map { _ in stream.uniform() }
        let labels = (0..<rows).map { (x[$0] > 0.5) != (y[$0] > 0.5) }
        let matrix = FeatureMatrix(rows: rows, columns: [x, y, (0..<rows).map { _ in stream.uniform() }])
        let training = Array(0..<400)
        let testing = Array(400..<800)
        let model = try #require(
            GradientBoosting().fit(matrix.rows(training), labels: training.map { labels[$0] }))
        let area = Classification.areaUnderCurve(model.scores(matrix.rows(testing)), testing.map { labels[$0] })
        #expect(try #require(area) > 0.97)
        #expect(GradientBoosting().fit(matrix, labels: Array(repeating: true, count: rows)) == nil)
    }

    @Test func oneBoostedTreeByHand() throws {
        let matrix = FeatureMatrix(rows: 4, columns: [[1, 2, 3, 4]])
        let model = try #require(
            GradientBoosting(trees: 1, rate: 0.1, depth: 1).fit(matrix, labels: [false, false, false, true]))
        // Start ln(1/3); p = 1/4; the split is 3.5; leaves 0.1 · (∓¼ · n)/(n · 3/16).
        let scores = model.scores(matrix)
        #expect(abs(scores[0] - (log(1.0 / 3) - 0.1 * 0.25 / 0.1875)) < 1e-12)
        #expect(abs(scores[3] - (log(1.0 / 3) + 0.1 * 0.75 / 0.1875)) < 1e-12)
        #expect(model.trees[0].nodes[0].threshold == 3.5)
    }

    @Test func closestRecordsByHand() throws {
        // Deviation of 0, 0, 6, 6 is 3: rows are (±1, category).
        let real = PatientTable(columns: [
            Self.continuous("x", [0, 0, 6, 6]), Self.categorical("c", [0, 1, 0, 1]),
        ])
        let synthetic = PatientTable(columns: [
            Self.continuous("x", [0, 3, 9]), Self.categorical("c", [1, 2, 0]),
        ])
        let closest = try ClosestRecords.measure(real: real, synthetic: synthetic, heldOut: nil, jobs: 2)
        // Distances 0, √(1 + 1), 1.
        #expect(abs(closest.median - 1) < 1e-6)
        #expect(abs(closest.exactCopies - 1.0 / 3) < 1e-12)
        #expect(abs(closest.realToRealMedian - 1) < 1e-6)
    }

    @Test func copiesAndStrangersAreToldApart() throws {
        let real = correlatedTable(rows: 300, seed: 1)
        let same = try FidelityReport.measure(real: real, synthetic: real)
        #expect(same.quality == 1)
        #expect(same.closest.exactCopies == 1)
        #expect(same.verdict.contains("not for sharing outside"))
        var shifted = correlatedTable(rows: 300, seed: 2)
        shifted.columns[0].values = shifted.columns[0].values.map { $0 + 4 }
        let strange = try FidelityReport.measure(real: real, synthetic: shifted)
        #expect(try #require(strange.discriminator) > 0.85)
        #expect(strange.verdict.contains("not for conclusions"))
        let fresh = try FidelityReport.measure(real: real, synthetic: correlatedTable(rows: 300, seed: 3))
        #expect(abs(try #require(fresh.discriminator) - 0.5) < 0.12)
        // The number of threads does not matter.
        let again = try FidelityReport.measure(
            real: real, synthetic: shifted, options: FidelityReport.Options(jobs: 2))
        #expect(again.json().text() == strange.json().text())
    }

    @Test func utilityWithAndWithoutHeldOutRows() throws {
        func labelled(_ seed: UInt64) -> PatientTable {
            var table = correlatedTable(rows: 400, seed: seed)
            table.columns[2].values = table.columns[2].values.map { $0 == 1 ? 1 : 0 }
            table.target = "group"
            return table
        }
        let report = try FidelityReport.measure(
            real: labelled(1), synthetic: labelled(2), heldOut: labelled(3))
        let utility = try #require(report.utility)
        #expect(utility.heldOut)
        #expect(utility.trainedOnSynthetic > 0.8)
        #expect(abs(utility.trainedOnSynthetic - utility.trainedOnReal) < 0.05)
        #expect(abs(try #require(report.closest.membership) - 0.5) < 0.08)
        let without = try #require(try FidelityReport.measure(real: labelled(1), synthetic: labelled(2)).utility)
        #expect(!without.heldOut)
        #expect(without.trainedOnReal > 0.8)
    }

    @Test func lostCategoriesAndRatesAreReported() throws {
        let real = correlatedTable(rows: 200, seed: 1)
        var synthetic = correlatedTable(rows: 200, seed: 2)
        synthetic.columns[2].values = synthetic.columns[2].values.map { $0 == 2 ? 0 : $0 }
        var report = try FidelityReport.measure(real: real, synthetic: synthetic)
        var rates = CohortRates(
            event: "cured", sourcePatients: 1000, syntheticPatients: 400,
            rates: [
                CohortRate(name: "chemo every 5 days", source: 0.41, synthetic: 0.4),
                CohortRate(name: "none", source: 0.1, synthetic: 0.16),
            ])
        report.rates = rates
        #expect(report.coverage[0].lost == ["c"])
        #expect(report.text().contains("group lost: c"))
        #expect(report.text().contains("chemo every 5 days"))
        #expect(report.text().contains("cured under"))
        #expect(report.text().contains("(1000 source and 400 synthetic patients)"))
        #expect(report.json()["rates"] != nil)
        #expect(report.json()["rates_of"]?["event"] == "cured")
        // Six points are 2.9 standard errors in 400 patients, 3.9 in 1000.
        #expect(!report.verdict.contains("none"))
        rates.syntheticPatients = 1000
        report.rates = rates
        #expect(report.verdict.contains("under none 16.0 % of its patients are cured, of the source's 10.0 %"))
        for series in report.marginals {
            #expect(abs(series.real.reduce(0, +) + series.realMissing - 1) < 1e-9)
            #expect(abs(series.synthetic.reduce(0, +) + series.syntheticMissing - 1) < 1e-9)
        }
    }
}

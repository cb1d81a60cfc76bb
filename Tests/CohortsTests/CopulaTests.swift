// The Gaussian copula.

import Foundation
import Testing

import Cohorts

@Suite struct CopulaTests {
    @Test func keepsMarginalsAndCorrelation() throws {
        var table = correlatedTable(rows: 1500, seed: 2)
        for row in stride(from: 0, to: 1500, by: 5) { table.columns[0].values[row] = .nan }
        let generator = try GaussianCopula.fit(table, configuration: CopulaConfiguration(), seed: 1)
        let sample = generator.sample(rows: 5000, seed: 3)
        let report = try FidelityReport.measure(real: table, synthetic: sample)
        #expect(report.columnShapes > 0.975)
        let missing = sample.columns[0].values.count(where: \.isNaN)
        #expect(abs(Double(missing) / 5000 - 0.2) < 0.02)
        #expect(generator.sample(rows: 10, seed: 3).csv() == generator.sample(rows: 10, seed: 3).csv())
    }

    @Test func duplicatedColumnsDoNotBreakTheFactor() throws {
        var table = correlatedTable(rows: 100, seed: 2)
        var copy = table.columns[0]
        copy.schema.name = "again"
        table.columns.append(copy)
        let sample = try GaussianCopula.fit(table, configuration: CopulaConfiguration(), seed: 1)
            .sample(rows: 400, seed: 1)
        #expect(try #require(pearson(sample.columns[0].values, sample.columns[3].values)) > 0.99)
    }

    @Test func anEmptyTableIsRefused() {
        #expect(throws: CohortError.self) {
            try GaussianCopula.fit(
                correlatedTable(rows: 1, seed: 1), configuration: CopulaConfiguration(), seed: 1)
        }
    }
}

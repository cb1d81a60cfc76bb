// The correction of pairs.

import Cohorts
import Foundation
import Testing

@Suite struct PairCalibrationTests {
    /// An autoencoder stopped far too early has lost the relations of its columns; the correction brings them back.
    @Test func relationsThatTheNetworkLostComeBack() throws {
        let table = correlatedTable(rows: 600, seed: 1)
        func sample(_ sweeps: Int) throws -> PatientTable {
            try VariationalAutoencoder.fit(
                table,
                configuration: VAEConfiguration(
                    steps: 40, pairSweeps: sweeps, pairShrink: 0, candidates: 16), seed: 2
            ).sample(rows: 4000, seed: 1)
        }
        func correlation(_ table: PatientTable) throws -> Double {
            try #require(pearson(table.columns[0].values, table.columns[1].values.map { log($0) }))
        }
        let real = try correlation(table)
        let without = try abs(correlation(sample(0)) - real)
        let with = try abs(correlation(sample(10)) - real)
        #expect(without > 0.15)
        #expect(with < 0.6 * without)
    }

    @Test func partsAreTheSameRows() throws {
        let generator = try VariationalAutoencoder.fit(
            VAETests.mixedTable(rows: 100), configuration: VAEConfiguration(steps: 50, pairSweeps: 3),
            seed: 2)
        #expect(
            generator.sample(rows: 90..<101, seed: 7).csv()
                == generator.sample(rows: 0..<300, seed: 7).rows(Array(90..<101)).csv())
    }
}

// Trimmed tails: the extreme values of real patients are not handed out, and nothing else is lost.

import Foundation
import Numerics
import Testing

import Cohorts

@Suite struct TailTrimTests {
    /// A table whose least and greatest numbers belong to one patient each.
    private let table: PatientTable = {
        var table = correlatedTable(rows: 400, seed: 11)
        table.columns[0].values[17] = 60
        table.columns[1].values[301] = 900
        return table
    }()

    private func quantile(_ column: Int, _ probability: Double) -> Double {
        Statistics.quantiles(table.columns[column].values, [probability])[0]
    }

    private func drawn(_ specification: GeneratorSpecification) throws -> PatientTable {
        try specification.fit(table, seed: 1).sample(rows: 0..<4000, seed: 2)
    }

    private func vae(_ trim: Double?) -> VAEConfiguration {
        VAEConfiguration(hidden: [32], steps: 60, tailTrim: trim, members: 1)
    }

    @Test func aShareOfEachTailIsCutOff() throws {
        for specification in [
            GeneratorSpecification.vae(vae(0.05)), .copula(CopulaConfiguration(tailTrim: 0.05)),
        ] {
            let sample = try drawn(specification)
            for column in 0..<2 {
                let values = sample.columns[column].values
                let (low, high) = (try #require(values.min()), try #require(values.max()))
                // Between the neighbours of the cut, which lies between two of 400 ranks.
                #expect(low >= quantile(column, 0.045) && low <= quantile(column, 0.08))
                #expect(high <= quantile(column, 0.955) && high >= quantile(column, 0.92))
                // The middle stays where it was.
                #expect(
                    abs(values.sorted()[2000] - quantile(column, 0.5)) < 0.25
                        * (quantile(column, 0.75) - quantile(column, 0.25)))
            }
        }
    }

    @Test func outermostPatientsAreKeptBackUnlessToldOtherwise() throws {
        for (trim, reaches) in [(nil, false), (0.0, true)] as [(Double?, Bool)] {
            for specification in [
                GeneratorSpecification.vae(vae(trim)), .copula(CopulaConfiguration(tailTrim: trim)),
            ] {
                let sample = try drawn(specification)
                // The greatest value of the second column is far from the next; without trimming one in 800 draws
                // reaches it.
                #expect(sample.columns[1].values.contains { $0 > 899 } == reaches)
                #expect(sample.columns[0].values.allSatisfy { $0 < 60 } == !reaches)
            }
        }
    }
}

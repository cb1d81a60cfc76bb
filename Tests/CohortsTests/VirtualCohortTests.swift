// A study's patients: plausible, split without overlap, the same for the same seed.

import Foundation
import Numerics
import Patients
import Testing

import Cohorts

@Suite struct VirtualCohortTests {
    /// Log-uniform parameters, kept where their product is plausible.
    static func source(_ count: Int) -> CohortTable {
        var stream = RandomStream(seed: 1, purpose: "test.source")
        var rows: [[Double]] = []
        while rows.count < count {
            let row = [exp(stream.uniform(log(1e-3), log(10))), exp(stream.uniform(log(1e6), log(1e8)))]
            if plausible(row) { rows.append(row) }
        }
        return CohortTable(names: ["k", "initial.T"], rows: rows)
    }

    static func plausible(_ row: [Double]) -> Bool { row[0] * row[1] > 3e5 && row[0] * row[1] < 3e8 }

    static let configuration = VirtualCohortConfiguration(
        generator: .vae(VAEConfiguration(steps: 300)), training: 200, validation: 50, test: 100)

    @Test func splitsAreFullPlausibleAndApart() throws {
        let source = Self.source(400)
        let cohort = try VirtualCohort.build(
            source: source, accept: { table in table.rows.map(Self.plausible) }, configuration: Self.configuration,
            seed: 3)
        #expect(cohort.training.rows.count == 200)
        #expect(cohort.validation.rows.count == 50)
        #expect(cohort.test.rows.count == 100)
        let all = cohort.training.rows + cohort.validation.rows + cohort.test.rows
        #expect(Set(all).count == 350)
        #expect(Set(all).isDisjoint(with: Set(source.rows)))
        #expect(all.allSatisfy(Self.plausible))
        #expect(cohort.accepted > 0.8)
        #expect(cohort.training.names == source.names)
        // Inside the source's range, and as spread over the decades as the source.
        let logs = { (rows: [[Double]]) in rows.map { log10($0[0]) } }
        #expect(
            ColumnShapes.kolmogorovSmirnov(logs(source.rows), logs(all)) < 0.1)
        #expect(cohort.fidelity.columnShapes > 0.93)
    }

    @Test func theSameSeedGivesTheSameCohort() throws {
        let build = { (seed: UInt64, jobs: Int) in
            try VirtualCohort.build(
                source: Self.source(120), accept: { table in table.rows.map(Self.plausible) },
                configuration: Self.configuration, seed: seed, jobs: jobs)
        }
        let first = try build(3, 1)
        let second = try build(3, 2)
        #expect(first.training == second.training)
        #expect(first.test == second.test)
        #expect(first.fidelity.json().text() == second.fidelity.json().text())
        #expect(try build(4, 1).test != first.test)
    }

    @Test func implausibleGeneratorsAreRefused() throws {
        #expect(throws: CohortError.self) {
            try VirtualCohort.build(
                source: Self.source(60), accept: { table in table.rows.map { _ in false } },
                configuration: Self.configuration, seed: 1)
        }
        #expect(throws: CohortError.self) {
            try VirtualCohort.build(
                source: CohortTable(names: ["k"], rows: [[.nan]]), accept: { $0.rows.map { _ in true } },
                configuration: Self.configuration, seed: 1)
        }
    }
}

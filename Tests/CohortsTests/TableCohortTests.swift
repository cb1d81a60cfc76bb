// Patients of a study from a table: learned, completed, none a copy of a real one, always the same.

import Cohorts
import Foundation
import Numerics
import Patients
import Testing

@Suite struct TableCohortTests {
    static func table(_ count: Int) -> PatientTable {
        var stream = RandomStream(seed: 4, purpose: "test.table")
        let age = (0..<count).map { _ in (50 + 12 * stream.normal()).rounded() }
        let sex = age.map { _ in stream.uniform() < 0.3 ? 1.0 : 0 }
        let weight = zip(age, sex).map { (600 + 2 * $0 + 100 * $1 + 80 * stream.normal()).rounded() / 10 }
        return PatientTable(columns: [
            TableColumn(schema: ColumnSchema(name: "age", type: .integer), values: age, decimals: 0),
            TableColumn(
                schema: ColumnSchema(name: "sex", type: .categorical, categories: ["f", "m"]), categories: ["f", "m"],
                values: sex),
            TableColumn(schema: ColumnSchema(name: "weight", type: .continuous), values: weight, decimals: 1),
        ])
    }

    static let configuration = VirtualCohortConfiguration(
        generator: .copula(CopulaConfiguration()), training: 200, validation: 50, test: 100)

    /// Completes by adding a number that tells which patient it is; the very old are implausible.
    static func complete(_ rows: PatientTable, _ first: Int) -> (patients: CohortTable, isPlausible: [Bool]) {
        let ages = rows.columns[0].values
        return (
            CohortTable(names: ["age", "number"], rows: ages.indices.map { [ages[$0], Double(first + $0)] }),
            ages.map { $0 < 75 }
        )
    }

    @Test func fillsTheParts() throws {
        let table = Self.table(500)
        let (cohort, columns) = try VirtualCohort.build(
            table: table, complete: Self.complete, configuration: Self.configuration, seed: 1)
        let parts = [cohort.training, cohort.validation, cohort.test]
        #expect(parts.map(\.rows.count) == [200, 50, 100])
        let all = parts.flatMap(\.rows)
        #expect(all.allSatisfy { $0[0] < 75 })
        #expect(Set(all.map { $0[1] }).count == 350)
        #expect(columns.columns[0].values == all.map { $0[0] })
        #expect(cohort.accepted > 0.9 && cohort.accepted < 1)
        #expect(cohort.fidelity.closest.exactCopies == 0)
        #expect(cohort.fidelity.columnShapes > 0.9)
        let again = try VirtualCohort.build(
            table: table, complete: Self.complete, configuration: Self.configuration, seed: 1, jobs: 2)
        #expect(again.cohort.test == cohort.test)
        #expect(again.cohort.fidelity.json().text() == cohort.fidelity.json().text())
    }

    @Test func saysThatHardlyAnybodyIsPlausible() throws {
        #expect(throws: CohortError.self) {
            try VirtualCohort.build(
                table: Self.table(100),
                complete: { rows, first in (Self.complete(rows, first).0, Array(repeating: false, count: rows.rowCount))
                },
                configuration: Self.configuration, seed: 1)
        }
    }
}

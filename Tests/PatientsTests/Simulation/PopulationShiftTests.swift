// Counterparts of patients in another population: changed covariates, what follows from them, and who changes category.

import Foundation
import Numerics
import Patients
import Testing

@Suite struct PopulationShiftTests {
    private func cohort(_ model: EnvironmentModel, _ count: Int) throws -> CohortTable {
        try model.samplePopulation(count: count, seed: 3)
    }

    @Test func whatFollowsFromACovariateMovesWithIt() throws {
        let model = try SmallDisease.read(GivenPopulationTests.parts)
        let home = try cohort(model, 200)
        var shift = PopulationShift()
        shift.covariates["age"] = .init(shift: 10)
        let moved = try model.moved(home, by: shift, seed: 1).patients
        #expect(moved.names == home.names)
        for (old, new) in zip(home.rows, moved.rows) {
            #expect(new[0] == old[0] + 10)
            #expect(new[1] == old[1])
            // x is normal around a tenth of the age; y and z do not depend on it.
            #expect(abs(new[2] - old[2] - 1) < 1e-9)
            #expect(new[3] == old[3] && new[4] == old[4])
        }
        #expect(try model.moved(home, by: PopulationShift(), seed: 1).patients == home)
    }

    @Test func categoriesChangeForAsFewAsPossible() throws {
        let model = try SmallDisease.read(GivenPopulationTests.parts)
        let home = try cohort(model, 4000)
        var shift = PopulationShift()
        shift.covariates["type"] = .init(probabilities: [0.2, 0.8])
        let moved = try model.moved(home, by: shift, seed: 1).patients
        let share = Statistics.mean(home.rows.map { $0[1] })
        #expect(abs(Statistics.mean(moved.rows.map { $0[1] }) - 0.8) < 0.02)
        // Nobody leaves what becomes more frequent; y doubles for those who change.
        for (old, new) in zip(home.rows, moved.rows) {
            #expect(new[1] >= old[1])
            let factor: Double = new[1] > old[1] ? 2 : 1
            #expect(abs(new[3] / old[3] - factor) < 1e-9)
        }
        let changed = zip(home.rows, moved.rows).count { $0.0[1] != $0.1[1] }
        #expect(abs(Double(changed) / 4000 - (0.8 - share)) < 0.02)
    }

    @Test func everyParameterIsScaled() throws {
        let model = try SmallDisease.read(GivenPopulationTests.parts)
        let home = try cohort(model, 50)
        var shift = PopulationShift()
        shift.parameterScale = 1.2
        let moved = try model.moved(home, by: shift, seed: 1).patients
        for (old, new) in zip(home.rows, moved.rows) {
            #expect(new[0] == old[0])
            for column in 2...4 { #expect(abs(new[column] - 1.2 * old[column]) < 1e-9) }
        }
        shift.parameterScale = 1
        shift.parameterSpread = 0.2
        let spread = try model.moved(home, by: shift, seed: 1).patients
        var factors: [Double] = []
        for (old, new) in zip(home.rows, spread.rows) {
            for column in 2...4 { factors.append(new[column] / old[column]) }
        }
        #expect(factors.allSatisfy { $0 > 0.799 && $0 < 1.201 })
        #expect(factors.max()! > 1.15 && factors.min()! < 0.85)
    }

    @Test func whoWouldNotBePlausibleStays() throws {
        let model = try SmallDisease.read(GivenPopulationTests.parts)
        let home = try cohort(model, 100)
        var shift = PopulationShift()
        shift.parameterScale = 0.5
        let (moved, stayed) = try model.moved(home, by: shift, seed: 1)
        // z must be above 0.25.
        #expect(stayed == home.rows.count { $0[4] <= 0.5 })
        for (old, new) in zip(home.rows, moved.rows) { #expect(old[4] <= 0.5 ? new == old : new[4] == old[4] / 2) }
    }

    /// A patient keeps their place in a distribution that is cut off.
    @Test func placesInCutOffDistributionsStay() throws {
        var first = Distribution(shape: .normal, first: 0, second: 1)
        first.low = -1
        for value in [-0.99, -0.2, 0.7, 2.5] {
            #expect(abs(first.value(normal: first.normal(of: value)) - value) < 1e-9)
        }
        var log = Distribution(shape: .logNormal, first: 3, second: 0.4)
        log.high = 5
        for value in [0.8, 3, 4.9] { #expect(abs(log.value(normal: log.normal(of: value)) - value) < 1e-9) }
    }

    @Test func measurementsAreMissedMoreOften() throws {
        let model = try SmallDisease.read(GivenPopulationTests.parts)
        var shift = PopulationShift()
        shift.missing["S"] = 0.3
        #expect(model.measured(shift).observations[0].missing == 0.3)
        #expect(!shift.movesPatients)
    }
}

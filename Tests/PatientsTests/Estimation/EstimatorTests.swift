// Maximum a posteriori estimates: against the truth where measurements tell all, against the prior where there are none,
// and against another program's optimum in between.

import Numerics
import TestSupport
import Testing

import Patients

@Suite struct EstimatorTests {
    /// Exact enough for comparisons: small slopes, tight convergence.
    private static var exact: EstimatorSettings {
        var settings = EstimatorSettings()
        settings.tolerance = 1e-10
        settings.maximumRounds = 60
        settings.difference = 1e-3
        return settings
    }

    /// What the reference patient of tacrolimus was given (level in mg) and shown at days 3, 6, 9, …; the mode of the
    /// effects on CL, V1, Q and V2 by SciPy 1.17 (matrix exponential, Nelder–Mead and BFGS from seven starts).
    private static let records: [(levels: [Double], troughs: [Double], mode: [Double])] = [
        ([5, 5, 6, 6, 4], [6.1, 7.0, 9.3, 9.9, 8.0], [0.543125, -0.31436, 0.578199, 0.03485]),
        ([8, 4, 4], [22.0, 17.5, 14.0], [-1.056167, 0.464764, -0.694334, -0.075033]),
        (
            Array(repeating: 5, count: 10), [3.0, 3.4, 4.2, 3.9, 4.6, 4.4, 4.9, 4.1, 5.2, 4.8],
            [1.691702, -1.088081, 0.334564, 0.193199]
        ),
    ]

    @Test(arguments: 0..<3)
    func theModeIsThatOfAnIndependentProgram(_ number: Int) throws {
        let record = Self.records[number]
        let model = try ShippedEnvironment.load("tacrolimus")
        // The reference patient, in whom all that may differ is named.
        let names = ["CL", "V1", "Q", "V2"]
        let factory = try TreatmentFactory(
            model, cohort: CohortTable(names: names, rows: [[23.0, 692, 11.6, 5340]]))
        let estimator = try PatientEstimator(factory.makeBatch(slots: 1, seed: 1), settings: Self.exact)
        #expect(estimator.effectNames == names && estimator.measuredNames == ["trough"])
        let mode = try estimator.mode(
            patient: 0, given: record.levels.map { Int32($0 * 2) }, measured: [[.nan]] + record.troughs.map { [$0] })
        for (found, expected) in zip(mode, record.mode) { #expect(abs(found - expected) < 2e-4, "\(mode)") }
    }

    /// Without a measurement the patient is the typical one of the covariates.
    @Test func withoutMeasurementsTheModeIsThePriors() throws {
        let model = try ShippedEnvironment.load("warfarin")
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 6, seed: 3))
        let estimator = try PatientEstimator(factory.makeBatch(slots: 1, seed: 1), settings: Self.exact)
        #expect(estimator.effectNames == ["CL", "V1", "V2", "EC50", "MTT1", "MTT2"])
        for patient in 0..<6 {
            let mode = try estimator.mode(
                patient: patient, given: [10, 10, 10], measured: Array(repeating: [.nan], count: 4))
            #expect(mode.allSatisfy { abs($0) < 1e-6 }, "\(mode)")
            let row = Dictionary(uniqueKeysWithValues: zip(factory.cohort.names, factory.cohort.rows[patient]))
            let covariates = row.filter { name, _ in model.parameters.contains { $0.name == name && $0.isCovariate } }
            let typical = try model.completed(covariates).parameters
            let values = estimator.values(row: 0, patient: patient)
            for (name, value) in values {
                let index = try #require(model.parameters.firstIndex { $0.name == name })
                #expect(abs(value / typical[index] - 1) < 1e-6, "\(name)")
            }
        }
    }

    /// Where errors are next to nothing and clearance does not vary between occasions, the patient's own parameters are
    /// found.
    @Test func manyExactMeasurementsTellTheParameters() throws {
        var model = try ShippedEnvironment.load("tacrolimus")
        for index in model.randoms.indices {
            model.randoms[index].distribution.second = model.randoms[index].name == "occasion" ? 0 : 1e-3
        }
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 8, seed: 5))
        let batch = try factory.makeBatch(slots: 8, seed: 2)
        var settings = Self.exact
        settings.every = 29
        let estimator = try PatientEstimator(batch, settings: settings)
        for slot in 0..<8 { try batch.start(slot: slot, patient: slot, episode: 0) }
        let policy = RandomPolicy(seed: 4)
        var actions = Array(repeating: Int32(0), count: 8)
        for decision in 0..<29 {
            try estimator.follow(batch)
            actions.withUnsafeMutableBufferPointer { policy.act(DecisionBatch(batch), actions: $0) }
            // From 1 to 6 mg: no trough is beyond the assay's range.
            actions = actions.map { 2 + $0 % 11 }
            if decision == 0 { actions = actions.map { max($0, 6) } }
            try actions.withUnsafeBufferPointer { try batch.step($0) }
        }
        try estimator.follow(batch)
        var found = 0
        for slot in 0..<8 {
            let row = Dictionary(uniqueKeysWithValues: zip(factory.cohort.names, factory.cohort.rows[slot]))
            let values = estimator.values(row: slot, patient: slot)
            let isFound = try ["CL", "V1"].allSatisfy { name in
                abs(try #require(values[name]) / (try #require(row[name])) - 1) < 0.02
            }
            if isFound { found += 1 }
            // The model's copy is where the patient is.
            let shown = batch.task.observations.count
            let expected = batch.observations[slot * shown]
            #expect(abs(estimator.courses.observations[slot * shown] / expected - 1) < 0.03)
        }
        // In the others 29 troughs do not tell volume from flow.
        #expect(found >= 5)
    }

    /// Where there is nothing to estimate, that is said.
    @Test func environmentsWithoutErrorsAreRefused() throws {
        for name in ["hiv", "icu-sepsis", "chemo"] {
            let model = try ShippedEnvironment.load(name)
            let batch = try model.makeFactory(cohort: model.nominalPopulation(count: 1)).makeBatch(slots: 1, seed: 0)
            #expect(throws: SimulationError.self) { try PatientEstimator(batch, settings: EstimatorSettings()) }
        }
    }
}

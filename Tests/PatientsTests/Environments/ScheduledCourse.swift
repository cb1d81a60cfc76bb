// Reference trajectories whose schedule stands in words beside them: impulses, meals, insulin.

import Foundation
import TestSupport
import Testing

import Patients

/// The environments as they are shipped.
enum ShippedEnvironment {
    /// `name` may end in `@VARIANT`.
    static func load(_ name: String) throws -> EnvironmentModel {
        try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load(name)
    }
}

/// A reference file and the model's own course at its times, under a schedule written here and not read from the
/// environment's folder.
struct ScheduledCourse {
    let file: String
    let header: [String]
    /// Times as the file gives them.
    let times: [Double]
    let stored: [[Double]]
    /// [row][column of the model: states, then printed definitions]
    let found: [[Double]]
    let columns: [String]

    init(
        _ model: EnvironmentModel, _ file: String, patient: [String: Double], time: String, factor: Double = 1,
        schedule: [CourseSimulator.Row]
    ) throws {
        self.file = file
        (header, stored) = try RepositoryFiles.table("Environments/\(model.name)/trajectories/\(file)")
        let place = try #require(header.firstIndex(of: time))
        times = stored.map { $0[place] }
        #expect(stored.count > 10, "\(file) is nearly empty")
        found = try CourseSimulator.simulate(
            model, values: patient, schedule: schedule, times: times.map { $0 * factor }, tolerance: 1e-10)
        columns = model.states.map(\.column) + model.definitions.filter(\.isOutput).map(\.column)
    }

    /// Holds a column to |found − stored| ≤ relative · |stored| + absolute in every row.
    func expect(_ column: String, relative: Double, absolute: Double = 0) throws {
        let wanted = try #require(header.firstIndex(of: column), "\(file) has no column \(column)")
        let place = try #require(columns.firstIndex(of: column), "the model has no column \(column)")
        for (row, time) in times.enumerated() {
            let difference = abs(found[row][place] - stored[row][wanted])
            #expect(
                difference <= relative * abs(stored[row][wanted]) + absolute,
                "\(file), \(column) at \(time): \(found[row][place]), not \(stored[row][wanted])")
        }
    }

    /// Impulses of one input at `first`, `first + every`, …, before `end`.
    static func impulses(
        _ input: String, first: Double, every: Double, end: Double, _ amount: (Int) -> Double
    ) -> [CourseSimulator.Row] {
        (0..<Int(((end - first) / every).rounded(.up))).map { index in
            .init(time: first + Double(index) * every, rates: [:], impulses: [input: amount(index)])
        }
    }
}

/// Fixed protocols on the environment's own patients.
struct ProtocolRuns {
    let model: EnvironmentModel
    let cohort: CohortTable

    init(_ model: EnvironmentModel, patients: Int, seed: UInt64 = 11) throws {
        self.model = model
        cohort = try model.samplePopulation(count: patients, seed: seed)
    }

    init(_ model: EnvironmentModel, cohort: CohortTable) {
        self.model = model
        self.cohort = cohort
    }

    func run(_ name: String, slots: Int = 128, jobs: Int = 2) throws -> EpisodeTable {
        try Rollout.run(
            try model.makeFactory(cohort: cohort), policy: #require(model.protocolPolicy(name)), seed: 1, slots: slots,
            jobs: jobs)
    }

    /// Mean of an outcome under a protocol.
    func mean(_ name: String, _ outcome: String) throws -> Double {
        let values = try #require(try run(name).outcome(outcome))
        return values.reduce(0, +) / Double(values.count)
    }
}

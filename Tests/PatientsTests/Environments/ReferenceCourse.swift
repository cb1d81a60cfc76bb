// Reference solutions in `trajectories/` against the model's own course, row by row and column by column.

import Foundation
import TestSupport
import Testing

import Patients

/// A reference file, simulated with its own inputs.
struct ReferenceCourse {
    let file: String
    let header: [String]
    let rows: [[Double]]
    /// [row][column of the model: states, then printed definitions]
    let found: [[Double]]
    let columns: [String]

    /// - Parameters:
    ///   - rates: inputs throughout, where the file does not hold them as columns.
    init(
        _ model: EnvironmentModel, _ file: String, patient: [String: Double] = [:], time: String = "time",
        rates: [String: Double] = [:]
    ) throws {
        self.file = file
        let (header, rows) = try RepositoryFiles.table("Environments/\(model.name)/trajectories/\(file)")
        self.header = header
        self.rows = rows
        let inputs = model.inputs.compactMap { input in header.firstIndex(of: input.column).map { (input.name, $0) } }
        let place = try #require(header.firstIndex(of: time))
        let schedule = rows.map { row in
            CourseSimulator.Row(
                time: row[place],
                rates: rates.merging(inputs.map { ($0.0, row[$0.1]) }) { $1 })
        }
        found = try CourseSimulator.simulate(
            model, values: patient, schedule: schedule, times: rows.map { $0[place] }, tolerance: 1e-10)
        columns = model.states.map(\.column) + model.definitions.filter(\.isOutput).map(\.column)
    }

    /// Holds a column to |found − stored| ≤ relative · |stored| + absolute.
    func expect(_ column: String, relative: Double, absolute: Double = 0) throws {
        try compare(column) { abs($0 - $1) <= relative * abs($1) + absolute }
    }

    /// Holds the natural logarithm of a column to an absolute difference.
    func expect(_ column: String, logarithm: Double) throws {
        try compare(column) { abs(log($0) - log($1)) <= logarithm }
    }

    private func compare(_ column: String, _ agrees: (Double, Double) -> Bool) throws {
        let stored = try #require(header.firstIndex(of: column))
        let place = try #require(columns.firstIndex(of: column))
        for (row, values) in zip(rows, found) {
            #expect(agrees(values[place], row[stored]), "\(file), \(column) at \(row[0]): \(values[place])")
        }
    }
}

extension EnvironmentModel {
    /// An environment of the repository; `name` may end in `@VARIANT`.
    static func shipped(_ name: String) throws -> EnvironmentModel {
        try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load(name)
    }

    /// Episodes of a fixed protocol on the environment's own patients, or on `cohort`.
    func episodes(
        _ protocolName: String, patients: Int = 1, cohort: CohortTable? = nil, seed: UInt64 = 1
    ) throws -> EpisodeTable {
        let drawn =
            try variableNames.isEmpty
            ? nominalPopulation(count: patients) : samplePopulation(count: patients, seed: 7)
        let factory = try TreatmentFactory(self, cohort: cohort ?? drawn)
        return try Rollout.run(factory, policy: #require(protocolPolicy(protocolName)), seed: seed)
    }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

extension EpisodeTable {
    /// An outcome's values; a test that asks for one that does not exist fails in few words.
    func values(_ name: String) throws -> [Double] {
        let outcome = outcome(name)
        return try #require(outcome, "no outcome is called \(name)")
    }
}

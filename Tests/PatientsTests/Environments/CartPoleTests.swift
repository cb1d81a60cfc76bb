// CartPole against Gymnasium's: the map, where it ends, what it pays.

import Patients
import TestSupport
import Testing

@Suite struct CartPoleTests {
    static let model = Result { try EnvironmentModel.shipped("cartpole") }

    @Test(arguments: [
        ("balanced", ["x": 0.03, "v": -0.02, "theta": 0.04, "omega": 0.01]),
        ("left", ["x": -0.01, "v": 0.02, "theta": 0.03, "omega": -0.04]),
    ])
    func coursesAreGymnasiums(file: String, start: [String: Double]) throws {
        let course = try ReferenceCourse(Self.model.get(), "cartpole_\(file).csv", patient: start)
        for column in ["x", "v", "theta", "omega"] { try course.expect(column, relative: 1e-9, absolute: 1e-9) }
    }

    /// Balanced to the end the course is cut off after 500 steps and pays 500; let fall it terminates and pays 1 for each
    /// step, the last included. Starts lie within ±0.05, as Gymnasium's.
    @Test func whereItEndsAndWhatItPays() throws {
        let model = try Self.model.get()
        let cohort = try model.samplePopulation(count: 200, seed: 1)
        #expect(cohort.rows.joined().allSatisfy { abs($0) <= 0.05 })
        #expect(cohort.rows.joined().contains { abs($0) > 0.045 })
        let factory = try TreatmentFactory(model, cohort: cohort)
        func play(_ name: String) throws -> EpisodeTable {
            try Rollout.run(factory, policy: #require(model.protocolPolicy(name)), seed: 1)
        }
        let left = try play("always_left")
        for row in 0..<200 {
            #expect(left.endings[row] == "fell" && left.returns[row] == Double(left.lengths[row]))
            #expect((8...11).contains(left.lengths[row]))
        }
        let ahead = try play("lean_ahead")
        #expect(ahead.endings.contains("horizon"))
        for row in 0..<200 where ahead.endings[row] == "horizon" { #expect(ahead.returns[row] == 500) }
    }
}

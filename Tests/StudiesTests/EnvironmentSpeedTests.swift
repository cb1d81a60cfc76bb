// What the speed measurement counts; never how fast anything is.

import Foundation
import Patients
import Studies
import TestSupport
import Testing

@Suite struct EnvironmentSpeedTests {
    @Test func countsWholeCoursesAndTheirDecisions() throws {
        let model = try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load("immuno")
        let policy = try #require(model.protocolPolicy("both"))
        let speed = try EnvironmentSpeed.measure(
            model, policy: policy, named: "protocol:both", patients: 24, seed: 1, seconds: 0.001)
        let cohort = try RolloutPatients.make(model, source: nil, count: 24, seed: 1)
        let table = try Rollout.run(try model.makeFactory(cohort: cohort), policy: policy, seed: 1)
        #expect(speed.courses >= 24 && speed.courses % 24 == 0)
        #expect(speed.decisions == table.lengths.reduce(0, +) * (speed.courses / 24))
        #expect(speed.cpuSeconds >= 0.001)
        #expect(speed.timePerSecond == 5 * speed.decisionsPerSecond)
    }
}

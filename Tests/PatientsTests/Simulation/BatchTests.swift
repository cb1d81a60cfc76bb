// What a batch owes its patients: nobody's course depends on anybody else's, endings are met when they are due, and
// nothing is allocated on the way.

import AllocationCounter
import Numerics
import TestSupport
import Testing

import Patients

@Suite struct BatchTests {
    /// 200 patients under a random policy, some of whom cannot be integrated to the end: in every batch the same bits
    /// as alone.
    @Test func nobodyDependsOnNeighbours() throws {
        let model = try StormModel.make()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 200, seed: 4))
        let alone = try (0..<200).map { patient in
            try CourseRecord.all(factory, slots: 1, patients: patient..<(patient + 1), seed: 3)[0]
        }
        for slots in [7, 24, 100, 200] {
            let together = try CourseRecord.all(factory, slots: slots, patients: 0..<200, seed: 3)
            let different = (0..<200).filter { together[$0] != alone[$0] }
            #expect(different.isEmpty, "with \(slots) slots")
        }
        // The test is worth something only where all of this happens.
        #expect(alone.count { $0.failedAt != nil } >= 10)
        #expect(alone.count { $0.ending == "cured" } >= 10)
        #expect(alone.count { $0.ending == "horizon" } >= 10)
    }

    /// The same for a model that uses all that the language has, with either integrator and with both.
    @Test(arguments: [EnvironmentModel.Method.mild, .stiff, .switching])
    func nobodyDependsOnNeighboursInAnything(_ method: EnvironmentModel.Method) throws {
        let model = try EverythingModel.make(method)
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 120, seed: 4))
        let alone = try (0..<120).map { patient in
            try CourseRecord.all(factory, slots: 1, patients: patient..<(patient + 1), seed: 3)[0]
        }
        for slots in [7, 64, 120] {
            let together = try CourseRecord.all(factory, slots: slots, patients: 0..<120, seed: 3)
            let different = (0..<120).filter { together[$0] != alone[$0] }
            #expect(different.isEmpty, "with \(slots) slots: \(different)")
        }
        let policy = RandomPolicy(seed: 9)
        let tables = try [(1, 1), (50, 2), (128, 3)].map { slots, jobs in
            try Rollout.run(factory, policy: policy, seed: 1, slots: slots, jobs: jobs).csv()
        }
        #expect(Set(tables).count == 1)
        // The test is worth something only where all of this happens.
        for ending in ["well", "worse", "merry", "horizon"] {
            #expect(alone.count { $0.ending == ending } >= 3, "\(ending)")
        }
    }

    @Test func immunoPatientsDoNotDependOnNeighbours() throws {
        let model = try ImmunoTests.model()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 80, seed: 12))
        let alone = try (0..<80).map { patient in
            try CourseRecord.all(factory, slots: 1, patients: patient..<(patient + 1), seed: 5)[0]
        }
        #expect(try CourseRecord.all(factory, slots: 45, patients: 0..<80, seed: 5) == alone)
    }

    /// The error names a patient who cannot go on; the patient's slot is idle.
    @Test func aFailureNamesItsPatient() throws {
        let model = try StormModel.make()
        let factory = try TreatmentFactory(
            model, cohort: CohortTable(names: ["x", "r"], rows: [[1, 0.01], [20, 0.3], [1, 0.02]]))
        let batch = try factory.makeBatch(slots: 3, seed: 1)
        for slot in 0..<3 { try batch.start(slot: slot, patient: slot, episode: 0) }
        do {
            try [Int32(0), 0, 0].withUnsafeBufferPointer { try batch.step($0) }
            Issue.record("a course that explodes went on")
        } catch SimulationError.stuck(let patient, let time, _, let states) {
            #expect(patient == 1)
            // x′ = r·x² − g·x from 20 explodes at ln(1 / (1 − g/(r·x₀))) / g = 0.174 d.
            #expect(time > 0.1 && time < 0.18)
            #expect(states.map(\.name) == ["x", "y", "M"])
        }
        #expect(Array(batch.status) == [.running, .idle, .running])
        #expect(Array(batch.decisions) == [1, 0, 1])
    }

    /// An ending that falls on a decision ends the course there, not a rounding error later in the next interval.
    @Test func anEndingOnADecisionIsMetOnTime() throws {
        let model = try StormModel.make([
            ("x < 0.002", "time >= 15[d]"), ("\"low\": 0.01, \"high\": 0.3", "\"low\": 1e-5, \"high\": 1e-3"),
        ])
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 200, seed: 8))
        let table = try Rollout.run(factory, policy: RandomPolicy(seed: 2), seed: 1)
        #expect(table.endings.allSatisfy { $0 == "cured" })
        #expect(table.lengths.allSatisfy { $0 == 3 })
        #expect(table.outcome("time_to_cure")!.allSatisfy { abs($0 - 15) < 1e-6 && $0 <= 15 })
    }

    /// Steps, endings included, allocate nothing.
    @Test func stepsAllocateNothing() throws {
        #if os(Linux)
            #expect(allocationsOfThisThread() > 0, "allocations are counted")
        #endif
        for model in [
            try ImmunoTests.model(), try EverythingModel.make(), try EverythingModel.make(.stiff),
            try EverythingModel.make(.switching), try HIVTests.model("population"),
            try StormModel.make([("0.01, \"high\": 0.3", "1e-5, \"high\": 1e-3"), ("x < 0.002", "x < 1e-4")]),
        ] {
            let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 64, seed: 3))
            let batch = try factory.makeBatch(slots: 64, seed: 1)
            let policy = RandomPolicy(seed: 1)
            let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 64)
            defer { actions.deallocate() }
            for slot in 0..<64 { try batch.start(slot: slot, patient: slot, episode: 0) }
            var steps = 0
            var counts: [Int] = []
            counts.reserveCapacity(100)
            while batch.status.contains(.running) {
                policy.act(DecisionBatch(batch), actions: actions)
                let before = allocationsOfThisThread()
                try batch.step(UnsafeBufferPointer(actions))
                counts.append(allocationsOfThisThread() - before)
                steps += 1
            }
            // The first step may still settle what is made once.
            #expect(counts.dropFirst().allSatisfy { $0 == 0 }, "\(model.name): \(counts)")
            #expect(steps > 3)
        }
    }

    /// Nor does beginning a course.
    @Test func startsAllocateNothing() throws {
        for model in [try ImmunoTests.model(), try EverythingModel.make()] {
            let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 8, seed: 3))
            let batch = try factory.makeBatch(slots: 8, seed: 1)
            try batch.start(slot: 0, patient: 0, episode: 0)
            let before = allocationsOfThisThread()
            for slot in 0..<8 { try batch.start(slot: slot, patient: slot, episode: 0) }
            #expect(allocationsOfThisThread() == before, "\(model.name)")
        }
    }
}

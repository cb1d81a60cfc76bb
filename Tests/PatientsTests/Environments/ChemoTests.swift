// Chemotherapy scheduling against its reference trajectories, steady states and DTRGym's returns.

import Foundation
import Numerics
import TestSupport
import Testing

import Patients

@Suite struct ChemoTests {
    static func model(_ variant: String = "") throws -> EnvironmentModel {
        try EnvironmentModel.shipped(variant.isEmpty ? "chemo" : "chemo@\(variant)")
    }

    @Test(arguments: ["none", "constant"]) func reproducesTheReferenceTrajectories(file: String) throws {
        let course = try ReferenceCourse(Self.model(), "chemo_case2_\(file).csv")
        for column in ["N", "T", "I", "B"] { try course.expect(column, relative: 1e-8, absolute: 1e-10) }
    }

    /// DTRGym's episode returns (case 2, no noise), and those of "u for n steps, then stop" to the printed digits.
    @Test(arguments: [
        ("none", -163.16, 0.005), ("u_0.25", -445.60, 0.005), ("u_0.5", 64.88, 0.005), ("u_1", -135.06, 0.005),
        ("u_1_20d", 400.7, 0.05), ("u_1_25d", 393, 0.5), ("u_1_15d", 381, 0.5), ("u_0.75_25d", 373, 0.5),
    ])
    func returnsAreThoseOfTheTable(policy: String, wanted: Double, digit: Double) throws {
        let table = try Self.model().episodes(policy)
        #expect(abs(table.returns[0] - wanted) <= digit, "\(table.returns[0])")
        let died = policy == "none"
        #expect(table.lengths[0] == (died ? 73 : 600))
        #expect(table.endings[0] == (died ? "died" : "horizon"))
        #expect(try table.values("died")[0] == (died ? 1 : 0))
    }

    /// Death is asked at decisions, replaces that decision's reward and comes at 18.25 days without treatment.
    @Test func deathReplacesTheReward() throws {
        let model = try Self.model()
        let factory = try TreatmentFactory(model, cohort: model.nominalPopulation(count: 1))
        let batch = try factory.makeBatch(slots: 1, seed: 1)
        try batch.start(slot: 0, patient: 0, episode: 0)
        var rewards: [Double] = []
        while batch.status[0] == .running {
            try [Int32(0)].withUnsafeBufferPointer { try batch.step($0) }
            rewards.append(batch.rewards[0])
        }
        #expect(rewards[0] == 0)  // 0.9/0.9 − 0.2/0.2 − 0: the state before the step
        #expect(rewards.last == -100 && rewards.dropLast().allSatisfy { $0 > -5 })
        #expect(batch.status[0] == .terminated && rewards.count == 73)
        let table = try model.episodes("none")
        #expect(try table.values("time_to_death")[0] == 18.25)
    }

    @Test func settlesWhereItMust() throws {
        func course(_ start: [Double], days: Double) throws -> [Double] {
            let model = try Self.model()
            return try CourseSimulator.simulate(
                model, values: Dictionary(uniqueKeysWithValues: zip(model.states.map(\.name), start)), schedule: [],
                times: [days])[0]
        }
        let large = try course([0.9, 0.2, 0.005, 0], days: 1000)
        for (value, wanted) in zip(large, [0.4352, 0.5648, 0.4352, 0]) { #expect(abs(value - wanted) < 5e-5) }
        let free = try course([1, 0.001, 1.65, 0], days: 200)
        for (value, wanted) in zip(free, [1, 0, 1.65, 0]) { #expect(abs(value - wanted) < 1e-6) }
        // A small tumour there shrinks at r1 − c2 s/d1 − c3 = −0.325 a day.
        let small = try course([1, 1e-6, 1.65, 0], days: 10)[1]
        #expect(abs(log(small / 1e-6) / 10 + 0.325) < 1e-4)
        // The saddle parts the two.
        #expect(try course([0.7632, 0.2368 * 0.99, 0.7632, 0], days: 1000)[1] < 1e-3)
        #expect(try course([0.7632, 0.2368 * 1.01, 0.7632, 0], days: 1000)[1] > 0.56)
    }

    @Test func thePatientLivesUnderTheHighestDose() throws {
        let table = try Self.model().episodes("u_1")
        #expect(abs(try table.values("lowest_normal_cells")[0] - 0.7084) < 5e-5)
        #expect(abs(try table.values("tumour_at_end")[0] - 5.661e-8) < 1e-9)
        #expect(try table.values("total_dose")[0] == 150)
    }

    /// Setting 2 varies every parameter within 5 %; setting 1 is the default.
    @Test func settingsVaryWhatTheySay() throws {
        let model = try Self.model("setting2")
        let cohort = try model.samplePopulation(count: 500, seed: 3)
        #expect(cohort.names.count == 16)
        for (column, name) in cohort.names.enumerated() {
            let nominal = try #require(model.parameters.first { $0.name == name }).value
            let shares = cohort.rows.map { $0[column] / nominal }
            #expect(shares.allSatisfy { $0 >= 0.95 && $0 <= 1.05 })
            #expect(shares.min()! < 0.955 && shares.max()! > 1.045 && abs(mean(shares) - 1) < 0.006)
        }
        #expect(try Self.model("setting1").episodes("u_1").returns == Self.model().episodes("u_1").returns)
        #expect(Set(try Self.model("setting3").episodes("u_1", patients: 20).returns).count == 20)
    }

    /// Setting 5: three measurements in four are missing, and what is shown is within 25 % of the truth or old.
    @Test func setting5MissesThreeInFour() throws {
        let model = try Self.model("setting5")
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 40, seed: 3))
        let policy = try #require(model.protocolPolicy("u_1"))
        var shown = 0
        var same = 0
        var last: [Int32: Double] = [:]
        _ = try Rollout.visit(factory, policy: policy, patients: Array(0..<40), seed: 1) { batch, _, status in
            for slot in status.indices where status[slot] == .running {
                let value = batch.observations[slot * 3 + 1]
                let patient = batch.patients[slot]
                if let old = last[patient] {
                    shown += 1
                    if old == value { same += 1 }
                }
                last[patient] = value
                #expect(value >= 0 && value <= 2)
            }
        }
        #expect(abs(Double(same) / Double(shown) - 0.75) < 0.02, "\(same) of \(shown)")
    }

    /// The share by which the tumour shrank is rewarded, growth is not punished.
    @Test func thePresetRewardsShrinking() throws {
        let model = try Self.model("padmanabhan")
        #expect(model.actions.count == 21)
        #expect(try model.episodes("none").returns[0] >= 0)
        let treated = try model.episodes("u_1")
        #expect(treated.returns[0] > 0 && treated.returns[0] < 600)
        #expect(treated.discountedReturns[0] < treated.returns[0])
    }
}

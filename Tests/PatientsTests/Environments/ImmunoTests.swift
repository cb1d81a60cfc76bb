// The flagship environment against its reference trajectories, its analytic facts and its own rules.

import Foundation
import Numerics
import PositionedJSON
import TestSupport
import Testing

import Patients

@Suite struct ImmunoTests {
    static let patient10: [String: Double] = [
        "d": 1.88, "l": 1.81, "s": 0.512, "p": 3.59e-6, "m": 9.12, "k": 5.66e7, "q": 1.59e-6, "alpha": 5.0e8,
        "beta": 8.0e-3,
    ]

    static func model() throws -> EnvironmentModel {
        try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load("immuno")
    }

    /// The tolerance of the references' README: ln T absolute 1e-6 while T > 1; N, L, C relative 1e-6; M, I relative
    /// 1e-6 + absolute 1e-8.
    @Test(arguments: ["p9_none", "p9_constant", "p10_none", "p10_constant"])
    func reproducesTheReferenceTrajectories(file: String) throws {
        let model = try Self.model()
        let reference = try RepositoryFiles.table("Environments/immuno/trajectories/immuno_\(file).csv")
        let schedule = reference.rows.map { row in
            CourseSimulator.Row(time: row[0], rates: ["vM": row[7], "vI": row[8], "vL": row[9]])
        }
        let result = try CourseSimulator.simulate(
            model, values: file.hasPrefix("p10") ? Self.patient10 : [:], schedule: schedule,
            times: reference.rows.map { $0[0] })
        #expect(model.states.map(\.name) == Array(reference.header[1...6]))
        for (row, states) in zip(reference.rows, result) {
            if row[1] > 1 { #expect(abs(log(states[0]) - log(row[1])) < 1e-6, "T on day \(row[0])") }
            for column in 1...3 {
                #expect(abs(states[column] - row[column + 1]) < 1e-6 * abs(row[column + 1]), "day \(row[0])")
            }
            for column in 4...5 {
                #expect(
                    abs(states[column] - row[column + 1]) < 1e-6 * abs(row[column + 1]) + 1e-8, "day \(row[0])")
            }
        }
    }

    /// C* = alpha/beta and N* = e C*/f without a tumour; the tumour's capacity is 1/b.
    @Test func settlesWhereItMust() throws {
        let model = try Self.model()
        let end = 3000.0
        let states = try CourseSimulator.simulate(
            model, values: ["T": 1e-30, "N": 1e5, "L": 1e2, "C": 6e10], schedule: [], times: [end])[0]
        #expect(abs(states[3] / 6.25e10 - 1) < 1e-6)
        #expect(abs(states[1] / (2.08e-7 * 6.25e10 / 4.12e-2) - 1) < 1e-6)
        let full = try CourseSimulator.simulate(
            model, values: ["T": 1e8, "N": 1, "L": 1e-3, "C": 1e-3, "alpha": 1e-9, "c": 1e-30, "d": 1e-30],
            schedule: [],
            times: [200])[0]
        #expect(abs(full[0] * 1.02e-9 - 1) < 1e-6)
    }

    /// At capacity the tumour kills natural-killer cells at thousands per day, and below one cell it must still fall.
    @Test func handlesTheStiffAndTheTiny() throws {
        let model = try Self.model()
        let large = try CourseSimulator.simulate(model, values: ["T": 9.7e8], schedule: [], times: [120])[0]
        #expect(large.allSatisfy(\.isFinite) && large[0] > 9e8)
        let tiny = try CourseSimulator.simulate(
            model, values: ["T": 1e-6, "N": 1e5, "L": 1e6, "C": 6e10], schedule: [], times: [5])[0]
        #expect(tiny[0] < 1e-6 && tiny[0] >= 0 && tiny.allSatisfy(\.isFinite))
    }

    @Test func rulesMaskActionsForEverybody() throws {
        let model = try Self.model()
        let cohort = try model.samplePopulation(count: 40, seed: 3)
        let factory = try TreatmentFactory(model, cohort: cohort)
        let batch = try factory.makeBatch(slots: 40, seed: 1)
        for slot in 0..<40 { try batch.start(slot: slot, patient: slot, episode: 0) }
        let policy = try #require(model.protocolPolicy("both"))
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 40)
        defer { actions.deallocate() }
        var infusions = Array(repeating: 0, count: 40)
        while batch.status.contains(.running) {
            policy.act(DecisionBatch(batch), actions: actions)
            for slot in 0..<40 where batch.status[slot] == .running {
                let day = 5 * Int(batch.decisions[slot])
                let til = batch.allowed[slot * 4 + 2]
                #expect(til == (day >= 20 && infusions[slot] == 0))
                #expect(batch.allowed[slot * 4 + 3] == (til && batch.allowed[slot * 4 + 1]))
                #expect(batch.allowed[slot * 4])
                let lymphocytes = pow(10, batch.observations[slot * 10 + 3])
                if abs(lymphocytes / 1e9 - 1) > 1e-9 { #expect(batch.allowed[slot * 4 + 1] == (lymphocytes >= 1e9)) }
                if actions[slot] >= 2 { infusions[slot] += 1 }
            }
            try batch.step(UnsafeBufferPointer(actions))
        }
        #expect(infusions.max() == 1)
    }

    @Test func aForbiddenDoseIsRefused() throws {
        let model = try Self.model()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 1, seed: 3))
        let batch = try factory.makeBatch(slots: 1, seed: 1)
        try batch.start(slot: 0, patient: 0, episode: 0)
        #expect(throws: SimulationError.self) {
            try [Int32(2)].withUnsafeBufferPointer { try batch.step($0) }
        }
    }

    /// Both whenever allowed cures about 80 % (the sheet: 80–81 %, n = 500), nothing about 15 %; every cure is worth
    /// more than every progression.
    @Test func yardsticksOfTheFactSheet() throws {
        let model = try Self.model()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 1000, seed: 11))
        func run(_ name: String) throws -> EpisodeTable {
            try Rollout.run(factory, policy: #require(model.protocolPolicy(name)), seed: 1, jobs: 2)
        }
        func cured(_ table: EpisodeTable) throws -> Double {
            try #require(table.outcome("cured")).reduce(0, +) / Double(table.count)
        }
        let both = try run("both")
        let none = try run("none")
        // Four standard errors of the difference of two binomial shares, n = 1000 and n = 500.
        #expect(abs(try cured(both) - 0.805) < 0.09)
        #expect(abs(try cured(none) - 0.15) < 0.08)
        #expect(try run("chemo_5d_TIL").csv() == both.csv())
        let doses = try #require(both.outcome("chemo_doses")).reduce(0, +) / 1000
        #expect(abs(doses - 9.6) < 1.5)
        var worstCure = Double.infinity
        var bestProgression = -Double.infinity
        for name in model.protocols.map(\.name) {
            let table = try run(name)
            for index in 0..<table.count {
                if table.endings[index] == "cured" { worstCure = min(worstCure, table.returns[index]) }
                if table.endings[index] == "progressed" { bestProgression = max(bestProgression, table.returns[index]) }
            }
        }
        #expect(worstCure > bestProgression)
    }

    /// The return is defined up to day 120 and the day is observed: nothing is left to bootstrap from.
    @Test func theCourseTerminatesOnTheLastDay() throws {
        let model = try Self.model()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 8, seed: 3))
        let batch = try factory.makeBatch(slots: 8, seed: 1)
        for slot in 0..<8 { try batch.start(slot: slot, patient: slot, episode: 0) }
        let chemo = try #require(model.protocolPolicy("chemo_10d"))
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 8)
        defer { actions.deallocate() }
        while batch.status.contains(.running) {
            chemo.act(DecisionBatch(batch), actions: actions)
            try batch.step(UnsafeBufferPointer(actions))
        }
        let atEnd = (0..<8).filter { batch.ending(slot: $0) == "horizon" }
        #expect(!atEnd.isEmpty)
        for slot in atEnd { #expect(batch.status[slot] == .terminated && batch.decisions[slot] == 24) }
    }

    @Test func resultsDoNotDependOnSlotsOrJobs() throws {
        let model = try Self.model()
        let factory = try TreatmentFactory(model, cohort: model.samplePopulation(count: 67, seed: 5))
        let policy = RandomPolicy(seed: 9)
        let reference = try Rollout.run(factory, policy: policy, seed: 1, slots: 67, jobs: 1)
        for (slots, jobs) in [(1, 1), (13, 2), (128, 3)] {
            let other = try Rollout.run(factory, policy: policy, seed: 1, slots: slots, jobs: jobs)
            #expect(other.csv() == reference.csv())
        }
    }

    @Test func implausiblePatientsAreFound() throws {
        let model = try Self.model()
        let names = ["T", "N", "L", "C"]
        let table = CohortTable(
            names: names,
            rows: [
                [2e7, 1e3, 10, 6e8], [1e3, 1e3, 10, 6e8], [8e8, 1e3, 10, 6e8], [2e7, 1e3, 10, 1e7],
                [1e6, 1e5, 1e6, 6e10],
            ])
        #expect(try model.plausible(table) == [true, false, false, false, false])
    }
}

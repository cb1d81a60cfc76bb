// The type 1 diabetes model against its reference trajectories, its steady state, its meals, sensor and pump.

import Foundation
import Numerics
import TestSupport
import Testing

import Patients

@Suite struct DiabetesTests {
    static func model(_ variant: String = "") throws -> EnvironmentModel {
        try ShippedEnvironment.load("diabetes\(variant)")
    }

    /// The virtual patient of a reference file, from the index beside it.
    static func patient(_ file: String) throws -> [String: Double] {
        let path = RepositoryFiles.path("Environments/diabetes/trajectories/index.json")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        let list = try #require((json as? [String: Any])?["trajectories"] as? [[String: Any]])
        let entry = try #require(list.first { $0["file"] as? String == file })
        return try #require(entry["patient"] as? [String: NSNumber]).mapValues(\.doubleValue)
    }

    /// Basal insulin as a multiple of the patient's rate, boluses (U per 100 kg) and meals (g) by minute; meals are
    /// eaten at 5 g/min.
    static func schedule(
        basal: Double, boluses: [Int: Double] = [:], meals: [Int: Int] = [:]
    ) -> [CourseSimulator.Row] {
        var rows: [CourseSimulator.Row] = []
        for minute in 0..<1440 {
            var insulin = basal
            // U/100 kg in one minute, as pmol/(kg min).
            if let bolus = boluses[minute] { insulin += bolus / 100 * 6000 }
            let eats = meals.contains { minute >= $0.key && minute < $0.key + $0.value / 5 }
            rows.append(.init(time: Double(minute), rates: ["u": insulin, "D": eats ? 5000 : 0]))
        }
        return rows
    }

    /// Relative 1e-6 on both glucose columns; other states relative 1e-6 + 1e-3 mg (stomach and gut) or 1e-6.
    @Test(
        arguments: [
            ("adult001_basal-no-meal", 1.0, [:], [:]),
            ("adult001_basal-bolus-3meals", 1, [60: 4.5, 360: 7, 720: 8], [60: 45, 360: 70, 720: 80]),
            ("adult001_zero-insulin-1meal", 0, [:], [120: 60]), ("adolescent001_basal-no-meal", 1, [:], [:]),
            ("adolescent001_zero-insulin-1meal", 0, [:], [120: 60]), ("adolescent001_double-basal", 2, [:], [240: 50]),
        ] as [(String, Double, [Int: Double], [Int: Int])])
    func reproducesTheReferenceTrajectories(
        name: String, basal: Double, boluses: [Int: Double], meals: [Int: Int]
    ) throws {
        let file = "diabetes_\(name).csv"
        let patient = try Self.patient(file)
        let course = try ScheduledCourse(
            Self.model(), file, patient: patient, time: "minute",
            schedule: Self.schedule(basal: basal * #require(patient["u2ss"]), boluses: boluses, meals: meals))
        for column in ["BG_plasma_mgdl", "Gsub_mgdl"] { try course.expect(column, relative: 1e-6) }
        for column in ["Qsto1", "Qsto2", "Qgut"] { try course.expect(column, relative: 1e-6, absolute: 1e-3) }
        for column in ["Gp", "Gt", "Ip", "X", "I1", "Id", "Il", "Isc1", "Isc2", "Gs"] {
            try course.expect(column, relative: 1e-6, absolute: 1e-6)
        }
    }

    /// Basal insulin holds every patient of the environment's own where they are; twice as much does not.
    @Test func theBasalStateIsASteadyState() throws {
        let model = try Self.model()
        let cohort = try model.samplePopulation(count: 12, seed: 5)
        for row in cohort.rows {
            let patient = Dictionary(uniqueKeysWithValues: zip(cohort.names, row))
            let rate = try model.completed(patient).parameters[
                #require(model.parameters.firstIndex { $0.name == "u2ss" })]
            func glucose(_ multiple: Double) throws -> Double {
                let place = try #require(model.states.firstIndex { $0.name == "Gs" })
                let end = try CourseSimulator.simulate(
                    model, values: patient, schedule: [.init(time: 0, rates: ["u": multiple * rate])], times: [0, 1440])
                return end[1][place] / end[0][place]
            }
            #expect(abs(try glucose(1) - 1) < 1e-7)
            #expect(try glucose(2) < 0.9)
        }
    }

    /// Draws are of the published averages, and every patient could be one: no tissue that makes glucose, a rate and
    /// ratios that pumps are set to.
    @Test func thePopulationIsPlausible() throws {
        let model = try Self.model()
        let cohort = try model.samplePopulation(count: 500, seed: 8)
        func index(_ name: String) throws -> Int { try #require(model.parameters.firstIndex { $0.name == name }) }
        let (rate, weight, ratio, factor) = try (index("u2ss"), index("BW"), index("CR"), index("CF"))
        let (vmx, vm0, insulin) = try (index("Vmx"), index("Vm0"), index("Ib"))
        var daily: [Double] = []
        for row in cohort.rows {
            let values = try model.completed(Dictionary(uniqueKeysWithValues: zip(cohort.names, row))).parameters
            daily.append(values[rate] * values[weight] / 6000 * 1440)
            #expect(values[vmx] * values[insulin] <= values[vm0] * 1.000_01)
            #expect((3...30).contains(values[ratio]) && (8...150).contains(values[factor]))
        }
        daily.sort()
        // U a day: about half of what adults use in all.
        #expect(daily[0] > 8 && daily[250] > 20 && daily[250] < 34 && daily[499] < 80)
    }

    /// Boluses at meals, not basal insulin alone, keep glucose in range.
    @Test func insulinAtMealsKeepsGlucoseInRange() throws {
        let runs = try ProtocolRuns(Self.model(), patients: 200)
        let bolus = try runs.mean("basal_bolus", "time_in_range")
        let basal = try runs.mean("basal_only", "time_in_range")
        #expect(bolus > 65 && bolus < 97, "\(bolus)")
        #expect(basal < 40, "\(basal)")
        #expect(try runs.mean("no_insulin", "time_above_250") > 60)
        #expect(try runs.mean("basal_bolus_suspend", "time_below_54") <= runs.mean("basal_bolus", "time_below_54"))
        // Correcting every half hour piles up insulin.
        #expect(try runs.mean("correct_always", "time_below_70") > 2 * runs.mean("basal_bolus", "time_below_70"))
    }

    /// Shares of the day add up, and the risk that is rewarded is that of the two indices.
    @Test func outcomesAreThoseOfOneDay() throws {
        let table = try ProtocolRuns(Self.model(), patients: 40).run("basal_bolus")
        func outcome(_ name: String, _ index: Int) throws -> Double { try #require(table.outcome(name))[index] }
        for index in 0..<table.count where table.endings[index] == "horizon" {
            let sum =
                try outcome("time_in_range", index) + outcome("time_below_70", index) + outcome("time_above_180", index)
            #expect(abs(sum - 100) < 1e-9)
            let risk = try outcome("LBGI", index) + outcome("HBGI", index)
            #expect(abs(table.returns[index] + 0.48 * risk) < 1e-9)
        }
    }

    /// The package's reward telescopes: over the day it is the risk of the first reading less that of the last.
    @Test func theGymVariantRewardsTheFallOfTheRisk() throws {
        let model = try Self.model("@gym")
        let factory = try model.makeFactory(cohort: model.samplePopulation(count: 1, seed: 3))
        let batch = try factory.makeBatch(slots: 1, seed: 1)
        try batch.start(slot: 0, patient: 0, episode: 0)
        let policy = try #require(model.protocolPolicy("basal_bolus"))
        func risk() -> Double {
            let scale = 1.509 * (pow(log(min(max(batch.observations[0], 20), 600)), 1.084) - 5.381)
            return 10 * scale * scale
        }
        let first = risk()
        var total = 0.0
        let action = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 1)
        defer { action.deallocate() }
        while batch.status[0] == .running {
            policy.act(DecisionBatch(batch), actions: action)
            try batch.step(UnsafeBufferPointer(action))
            total += batch.rewards[0]
        }
        #expect(batch.decisions[0] == 480)
        #expect(abs(total - (first - risk())) < 1e-8)
    }

    /// Sensor noise at decisions of half an hour: the package's generator gives the same mean and spread (an
    /// autoregressive series of standard deviation 0.98, through Johnson's transformation).
    @Test func theSensorIsNoisyAsPublished() throws {
        let model = try Self.model()
        let count = 400
        let factory = try model.makeFactory(cohort: model.samplePopulation(count: count, seed: 3))
        let batch = try factory.makeBatch(slots: count, seed: 1)
        for slot in 0..<count { try batch.start(slot: slot, patient: slot, episode: 0) }
        // No meals before 05:30 + basal insulin: glucose stays, so the spread over patients at fixed time is noise.
        let width = factory.task.observations.count
        let first = (0..<count).map { batch.observations[$0 * width] }
        let basal = try #require(factory.task.actions.firstIndex { $0.name == "basal_100" })
        let actions = [Int32](repeating: Int32(basal), count: count)
        var eaten = Array(repeating: false, count: count)
        var noise: [Double] = []
        for decision in 1...8 {
            try actions.withUnsafeBufferPointer { try batch.step($0) }
            for slot in 0..<count where batch.status[slot] == .running {
                if batch.observations[slot * width + 3] > 0 { eaten[slot] = true }
                if decision >= 3, !eaten[slot] { noise.append(batch.observations[slot * width] - first[slot]) }
            }
        }
        // The first reading is without noise but for the transformation of 0.
        let atZero = -5.47 + 15.9574 * sinh(0.5444 / 1.6898)
        let mean = noise.reduce(0, +) / Double(noise.count) + atZero
        let spread = sqrt(noise.reduce(0) { $0 + pow($1 + atZero - mean, 2) } / Double(noise.count))
        // The same transformation of 200,000 stationary normal numbers.
        var stream = RandomStream(seed: 1, purpose: "test.sensor", index: 0)
        var sum = 0.0
        var squares = 0.0
        let draws = 200_000
        for _ in 0..<draws {
            let value = -5.47 + 15.9574 * sinh(((0.49 / 0.51).squareRoot() * stream.normal() + 0.5444) / 1.6898)
            sum += value
            squares += value * value
        }
        let wantedMean = sum / Double(draws)
        let wantedSpread = sqrt(squares / Double(draws) - wantedMean * wantedMean)
        #expect(noise.count > 500)
        #expect(abs(mean - wantedMean) < 1.5, "\(mean), not \(wantedMean)")
        #expect(abs(spread / wantedSpread - 1) < 0.15, "\(spread), not \(wantedSpread)")
    }

    @Test func resultsDoNotDependOnSlotsOrJobs() throws {
        let runs = try ProtocolRuns(Self.model(), patients: 37)
        let reference = try runs.run("basal_bolus_predict", slots: 37, jobs: 1)
        for (slots, jobs) in [(1, 1), (13, 2)] {
            #expect(try runs.run("basal_bolus_predict", slots: slots, jobs: jobs).csv() == reference.csv())
        }
    }
}

// Warfarin, in all published readings, against the reference trajectories, steady INRs and the consortium's doses.

import Foundation
import Testing

import Patients

@Suite struct WarfarinTests {
    static let patients: [String: [String: Double]] = [
        "A": ["age": 71, "CYP2C9": 0, "VKORC1": 0], "B": ["age": 50, "CYP2C9": 2, "VKORC1": 1],
        "C": ["age": 80, "CYP2C9": 4, "VKORC1": 2],
    ]

    static func model(_ variant: String = "") throws -> EnvironmentModel {
        try ShippedEnvironment.load("warfarin\(variant)")
    }

    static func daily(days: Int, _ amount: @escaping (Int) -> Double) -> [CourseSimulator.Row] {
        ScheduledCourse.impulses("oral", first: 0, every: 24, end: 24 * Double(days), amount)
    }

    /// Relative 1e-7 + absolute 1e-10 (the gut, whose true value is about 1e-20: absolute 1e-9).
    @Test(
        arguments: [("2007", ""), ("2007-invMTT1", "@invMTT1"), ("2010", "@2010")],
        ["A_const5mg", "B_const5mg", "C_const5mg", "A_loading10-then5"])
    func reproducesTheReferenceTrajectories(form: (file: String, variant: String), file: String) throws {
        let model = try Self.model(form.variant)
        let course = try ScheduledCourse(
            model, "warfarin_\(form.file)-\(file).csv", patient: #require(Self.patients[String(file.prefix(1))]),
            time: "day", factor: 24, schedule: Self.daily(days: 90) { file.hasSuffix("then5") && $0 < 2 ? 10 : 5 })
        let states = form.file == "2010" ? 8 : 10
        try course.expect("y0", relative: 1e-7, absolute: 1e-9)
        for column in (1..<states).map({ "y\($0)" }) + ["C_Swarfarin_mgL_predose", "INR"] {
            try course.expect(column, relative: 1e-7, absolute: 1e-10)
        }
    }

    @Test(arguments: [
        ("", "A", 0.314, 4.61), ("", "B", 0.20458095380, 3.02), ("", "C", 0.089367854, 2.20),
        ("@2010", "A", 0.348, 4.10), ("@2010", "B", 0.242124542, 3.01), ("@2010", "C", 0.123414161, 1.92),
    ])
    func clearanceAndSensitivityFollowFromGenotype(
        variant: String, patient: String, clearance: Double, half: Double
    ) throws {
        let model = try Self.model(variant)
        let values = try model.completed(#require(Self.patients[patient])).parameters
        func value(_ name: String) throws -> Double {
            try values[#require(model.parameters.firstIndex { $0.name == name })]
        }
        #expect(abs(try value("CL") / clearance - 1) < 1e-9)
        #expect(abs(try value("EC50") / half - 1) < 1e-12)
    }

    /// Steady INR on 5 mg a day, to two decimals: the table of the fact sheet.
    @Test(arguments: [
        ("", "A", 1.95), ("", "B", 3.10), ("", "C", 5.92), ("@2010", "A", 1.94), ("@2010", "B", 2.93),
        ("@2010", "C", 6.60),
    ])
    func steadyINRsOn5MilligramsADay(variant: String, patient: String, wanted: Double) throws {
        let model = try Self.model(variant)
        let course = try CourseSimulator.simulate(
            model, values: #require(Self.patients[patient]), schedule: Self.daily(days: 90) { _ in 5 }, times: [2160])
        let outputs = model.definitions.filter(\.isOutput).map(\.name)
        let place = try model.states.count + #require(outputs.firstIndex(of: "INR"))
        #expect(abs(course[0][place] - wanted) < 0.006)
    }

    /// The consortium's equation, written out once more with its printed coefficients.
    @Test func startingDosesAreThoseOfTheConsortium() throws {
        let model = try Self.model()
        let genotypes = [0, -0.5211, -0.9357, -1.0616, -1.9206, -2.3312]
        let sensitivities = [0, -0.8677, -1.6974]
        let names = ["age", "weight", "height", "CYP2C9", "VKORC1", "amiodarone"]
        let rows: [[Double]] = [
            [71, 90, 170, 0, 0, 0], [50, 60, 160, 2, 1, 0], [80, 75, 175, 4, 2, 1], [35, 120, 190, 1, 0, 0],
            [64, 70, 165, 3, 1, 1], [58, 82, 172, 5, 0, 0],
        ]
        let fixed = try ProtocolRuns(model, cohort: CohortTable(names: names, rows: rows)).run("IWPC_fixed")
        let doses = try #require(fixed.outcome("mean_dose"))
        for (row, dose) in zip(rows, doses) {
            let root =
                5.6044 - 0.2614 * row[0] / 10 + 0.0087 * row[2] + 0.0128 * row[1] + genotypes[Int(row[3])]
                + sensitivities[Int(row[4])] - 0.5503 * row[5]
            let daily = root * root / 7
            #expect(abs(dose - daily) <= 0.25 + 1e-9, "\(row): \(dose), not \(daily)")
        }
    }

    @Test func genotypesHaveThePublishedFrequencies() throws {
        let cohort = try Self.model().samplePopulation(count: 4000, seed: 2)
        func share(_ name: String, _ category: Double) throws -> Double {
            let column = try #require(cohort.names.firstIndex(of: name))
            return Double(cohort.rows.filter { $0[column] == category }.count) / Double(cohort.rows.count)
        }
        for (category, wanted) in [0.6739, 0.1486, 0.0925, 0.0651, 0.0197].enumerated() {
            #expect(abs(try share("CYP2C9", Double(category)) - wanted) < 0.03)
        }
        for (category, wanted) in [0.3837, 0.4418, 0.1745].enumerated() {
            #expect(abs(try share("VKORC1", Double(category)) - wanted) < 0.032)
        }
    }

    /// Without warfarin the INR stays where it is, and the reward is that of an INR of 1 on 90 days.
    @Test func nothingHappensWithoutWarfarin() throws {
        let table = try ProtocolRuns(Self.model(), patients: 5).run("none")
        for index in 0..<table.count {
            #expect(abs(table.returns[index] + 0.1 * 9 * 90) < 1e-9)
            #expect(try #require(table.outcome("PTTR"))[index] == 0)
            #expect(try #require(table.outcome("highest_INR"))[index] == 1)
            #expect(try #require(table.outcome("days_to_range"))[index] == 90)
        }
    }

    /// Looking at the INR beats never looking; knowing the genotype beats one dose for all.
    @Test func titrationBeatsFixedDoses() throws {
        let runs = try ProtocolRuns(Self.model(), patients: 400)
        let fixed = try runs.mean("fixed_5mg", "PTTR")
        let genotype = try runs.mean("IWPC_fixed", "PTTR")
        let titrated = try runs.mean("pharmacogenetic_INR", "PTTR")
        #expect(genotype > fixed)
        #expect(titrated > genotype)
        #expect(try runs.mean("pharmacogenetic_INR", "days_above_4") < runs.mean("fixed_5mg_INR", "days_above_4"))
    }

    /// A week of decisions holds the same doses as seven days of them.
    @Test func weeklyDecisionsGiveTheDoseEveryDay() throws {
        let daily = try ProtocolRuns(Self.model(), patients: 20)
        let weekly = try ProtocolRuns(Self.model("@weekly"), cohort: daily.cohort)
        let days = try #require(try daily.run("fixed_5mg").outcome("highest_INR"))
        let weeks = try #require(try weekly.run("fixed_5mg").outcome("highest_INR"))
        for (a, b) in zip(days, weeks) { #expect(abs(a / b - 1) < 0.01) }
    }

    @Test func resultsDoNotDependOnSlotsOrJobs() throws {
        let runs = try ProtocolRuns(Self.model(), patients: 37)
        let reference = try runs.run("clinical_INR", slots: 37, jobs: 1)
        for (slots, jobs) in [(1, 1), (13, 2)] {
            #expect(try runs.run("clinical_INR", slots: slots, jobs: jobs).csv() == reference.csv())
        }
    }
}

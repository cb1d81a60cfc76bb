// Tacrolimus against its reference trajectories, the paper's own figures and its rules of dosing.

import Foundation
import Testing

import Patients

@Suite struct TacrolimusTests {
    static let young: [String: Double] = [
        "age": 30, "BSA": 2.1, "CYP3A5": 1, "Hct": 0.30, "LBM": 65, "creat": 110,
    ]
    static let old: [String: Double] = [
        "age": 70, "BSA": 1.7, "CYP3A4": 1, "Hct": 0.40, "LBM": 48, "creat": 160, "alb": 38,
    ]

    static func model(_ variant: String = "") throws -> EnvironmentModel {
        try ShippedEnvironment.load("tacrolimus\(variant)")
    }

    /// Every 12 h; each dose is in the gut a lag of 0.38 h later.
    static func schedule(_ amount: @escaping (Int) -> Double) -> [CourseSimulator.Row] {
        ScheduledCourse.impulses("oral", first: 0, every: 12, end: 720, amount)
    }

    /// Relative 1e-8 + absolute 1e-10.
    @Test(arguments: ["reference_const5mg", "expresser-young_const5mg", "a22-old_const5mg", "reference_load8-taper4"])
    func reproducesTheReferenceTrajectories(file: String) throws {
        let patient = file.hasPrefix("expresser") ? Self.young : file.hasPrefix("a22") ? Self.old : [:]
        let course = try ScheduledCourse(
            Self.model(), "tacrolimus_\(file).csv", patient: patient, time: "hour",
            schedule: Self.schedule { file.hasSuffix("taper4") ? $0 < 6 ? 8 : $0 < 14 ? 6 : 4 : 5 })
        for column in ["C0_ngml_predose", "depot_mg", "central_mg", "peripheral_mg"] {
            try course.expect(column, relative: 1e-8, absolute: 1e-10)
        }
    }

    /// Clearance and volume from covariates, to the digits of the references' README.
    @Test(
        arguments: [
            ([:], 23.0, 692.0), (young, 59.679001473812, 802.991589744658), (old, 12.332301051020, 506.488250854969),
        ] as [([String: Double], Double, Double)])
    func clearanceAndVolumeFollowFromCovariates(patient: [String: Double], clearance: Double, volume: Double) throws {
        let model = try Self.model()
        let values = try model.completed(patient).parameters
        func value(_ name: String) throws -> Double {
            try values[#require(model.parameters.firstIndex { $0.name == name })]
        }
        #expect(abs(try value("CL") / clearance - 1) < 1e-13)
        #expect(abs(try value("V1") / volume - 1) < 1e-13)
    }

    /// Half-lives of 0.194 h (absorption), 13.66 h and 487.2 h, read off the course.
    @Test func halfLivesAreThePublishedOnes() throws {
        let model = try Self.model()
        let dose = [CourseSimulator.Row(time: 0, rates: [:], impulses: ["oral": 10])]
        let late = try CourseSimulator.simulate(model, schedule: dose, times: [600, 1600, 2600])
        func halfLife(_ a: Double, _ b: Double, _ time: Double) -> Double { time * log(2) / log(a / b) }
        #expect(abs(halfLife(late[0][1], late[1][1], 1000) - 487.214) < 0.001)
        let gut = try CourseSimulator.simulate(model, schedule: dose, times: [0.5, 1])
        #expect(abs(halfLife(gut[0][0], gut[1][0], 0.5) - 0.194) < 0.0005)
        // What is left of the early course once the slow part, drawn back from the late one, is taken away.
        let early = try CourseSimulator.simulate(model, schedule: dose, times: [20, 40])
        func fast(_ row: [Double], _ time: Double) -> Double {
            row[1] - late[1][1] * exp(log(2) / 487.21407 * (1600 - time))
        }
        #expect(abs(halfLife(fast(early[0], 20), fast(early[1], 40), 20) - 13.658) < 0.002)
    }

    /// The published starting dose: 4.995 mg for the reference patient (age 56 in that formula), 1.62 times as much for
    /// an expresser, 0.814 times for a carrier of CYP3A4*22; to the nearest half milligram.
    @Test(arguments: [([:], 5.0), (["CYP3A5": 1], 8.0), (["CYP3A4": 1], 4.0)] as [([String: Double], Double)])
    func theStartingDoseIsThePublishedOne(patient: [String: Double], dose: Double) throws {
        let model = try Self.model()
        var values = patient
        values["age"] = 56
        let names = values.keys.sorted()
        let runs = ProtocolRuns(model, cohort: CohortTable(names: names, rows: [names.map { values[$0]! }]))
        #expect(try runs.mean("genotype_fixed", "mean_dose") == dose)
    }

    /// Day-10 median troughs. Published for 0.2 mg/kg a day: 13.9 ng/mL; our body sizes are not the paper's, so only the
    /// neighbourhood is asked for. The published 12.9 for the algorithm is not what its own typical patient has (10.6 on
    /// 5 mg); the population is held to that one.
    @Test(arguments: [("weight_fixed", 13.9, 2.0), ("genotype_fixed", 10.62, 0.8)])
    func troughsOfDay10AreNearTheirReference(policy: String, reference: Double, within: Double) throws {
        let model = try Self.model("@daily")
        let count = 600
        let factory = try model.makeFactory(cohort: model.samplePopulation(count: count, seed: 4))
        let batch = try factory.makeBatch(slots: count, seed: 1)
        for slot in 0..<count { try batch.start(slot: slot, patient: slot, episode: 0) }
        let chosen = try #require(model.protocolPolicy(policy))
        let actions = UnsafeMutableBufferPointer<Int32>.allocate(capacity: count)
        defer { actions.deallocate() }
        for _ in 0..<10 {
            chosen.act(DecisionBatch(batch), actions: actions)
            try batch.step(UnsafeBufferPointer(actions))
        }
        let width = factory.task.observations.count
        let troughs = (0..<count).map { batch.observations[$0 * width] }.sorted()
        #expect(abs(troughs[count / 2] - reference) < within, "\(troughs[count / 2])")
    }

    @Test func genotypesHaveThePublishedFrequencies() throws {
        let model = try Self.model()
        let cohort = try model.samplePopulation(count: 4000, seed: 2)
        func share(_ name: String) throws -> Double {
            let column = try #require(cohort.names.firstIndex(of: name))
            return cohort.rows.reduce(0) { $0 + $1[column] } / Double(cohort.rows.count)
        }
        // Four standard errors.
        #expect(abs(try share("CYP3A5") - 0.26) < 0.028)
        #expect(abs(try share("CYP3A4") - 0.09) < 0.018)
    }

    /// Adjusting by troughs beats never adjusting, and the targets fall with time.
    @Test func adjustingByTroughsKeepsMorePatientsInRange() throws {
        let runs = try ProtocolRuns(Self.model(), patients: 400)
        let adjusted = try runs.mean("genotype_TDM", "time_in_range")
        #expect(adjusted > 1.3 * (try runs.mean("genotype_fixed", "time_in_range")))
        #expect(try runs.mean("genotype_TDM", "time_above_range") < runs.mean("genotype_fixed", "time_above_range"))
        #expect(try runs.mean("none", "time_in_range") == 0)
        #expect(try runs.mean("none", "days_to_target") == 90)
    }

    /// ASSUMPTION of the variant: clearance falls as haematocrit rises, so the same doses end higher.
    @Test func aRisingHaematocritRaisesTroughs() throws {
        let model = try Self.model("@rising_haematocrit")
        let schedule = ScheduledCourse.impulses("oral", first: 0, every: 12, end: 2160) { _ in 5 }
        func trough(_ patient: [String: Double]) throws -> Double {
            let place = model.states.count
            return try CourseSimulator.simulate(model, values: patient, schedule: schedule, times: [2160])[0][place]
        }
        // At the end its clearance is that of a haematocrit 0.10 higher; it was larger before.
        #expect(
            try trough(["CL": 23]) > 1.15
                * (CourseSimulator.simulate(
                    Self.model(), schedule: schedule, times: [2160])[0][model.states.count]))
    }

    @Test func resultsDoNotDependOnSlotsOrJobs() throws {
        let runs = try ProtocolRuns(Self.model(), patients: 67)
        let reference = try runs.run("weight_TDM", slots: 67, jobs: 1)
        for (slots, jobs) in [(1, 1), (13, 2)] {
            #expect(try runs.run("weight_TDM", slots: slots, jobs: jobs).csv() == reference.csv())
        }
    }
}

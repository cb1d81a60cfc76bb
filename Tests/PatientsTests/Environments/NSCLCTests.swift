// The daily map of lung cancer against its reference trajectories, its published population and its additions.

import Foundation
import Numerics
import TestSupport
import Testing

import Patients

@Suite struct NSCLCTests {
    static func model(_ variant: String = "") throws -> EnvironmentModel {
        try EnvironmentModel.shipped(variant.isEmpty ? "nsclc" : "nsclc@\(variant)")
    }

    static let patients: [String: [String: Double]] = [
        "type1": ["patient_type": 0], "type2": ["patient_type": 1], "type3": ["patient_type": 2],
        "cohortmean": [
            "alpha": 0.17452829397350303, "beta": 0.0174528293973503, "rho": 0.006158882283569403, "beta_c": 0.028,
        ],
    ]

    @Test(arguments: ["type1", "type2", "type3", "cohortmean"], ["none", "constant"])
    func reproducesTheReferenceTrajectories(patient: String, schedule: String) throws {
        let values = try #require(Self.patients[patient])
        let course = try ReferenceCourse(Self.model(), "nsclc_\(patient)_\(schedule).csv", patient: values)
        for column in ["V", "C", "diam"] { try course.expect(column, relative: 1e-9) }
    }

    /// Chemotherapy weekly and radiotherapy on five of seven days for six weeks, types 1, 2 and 3.
    @Test(arguments: [("type1", 0.142), ("type2", 0.199), ("type3", 0.147)])
    func pulsesShrinkTheTumour(patient: String, volume: Double) throws {
        var schedule: [CourseSimulator.Row] = []
        for day in 0..<60 {
            let chemo: Double = day % 7 == 0 ? 5 : 0
            let radio: Double = day % 7 < 5 && day < 42 ? 2 : 0
            schedule.append(.init(time: Double(day), rates: ["chemo": chemo, "radio": radio]))
        }
        let values = try #require(Self.patients[patient])
        let end = try CourseSimulator.simulate(Self.model(), values: values, schedule: schedule, times: [60])[0]
        #expect(abs(end[0] - volume) < 0.0006, "\(end[0])")
    }

    /// Draws are rejected until alpha and rho are positive: the accepted population of the fact sheet (200,000 draws).
    @Test func theAcceptedPopulationIsThePublishedOne() throws {
        let model = try Self.model()
        let count = 6000
        let cohort = try model.samplePopulation(count: count, seed: 17)
        func column(_ name: String) throws -> [Double] {
            let index = try #require(cohort.names.firstIndex(of: name))
            return cohort.rows.map { $0[index] }
        }
        func sd(_ values: [Double]) -> Double {
            let centre = mean(values)
            return mean(values.map { ($0 - centre) * ($0 - centre) }).squareRoot()
        }
        let alpha = try column("alpha")
        let rho = try column("rho")
        // Four standard errors; of a standard deviation and a median about as much as of a mean.
        let error = 4 / Double(count).squareRoot()
        #expect(alpha.allSatisfy { $0 > 0 } && rho.allSatisfy { $0 > 0 })
        #expect(abs(mean(alpha) - 0.1745) < error * 0.108 && abs(sd(alpha) - 0.108) < error * 0.108)
        #expect(abs(mean(rho) - 6.16e-3) < error * 4.37e-3 && abs(sd(rho) - 4.37e-3) < error * 4.37e-3)
        #expect(abs(alpha.sorted()[count / 2] - 0.160) < 1.4 * error * 0.108)
        #expect(abs(rho.sorted()[count / 2] - 5.37e-3) < 1.4 * error * 4.37e-3)
        for (share, a, r) in [(0.05, 0.025, 5.9e-4), (0.95, 0.374, 1.45e-2)] {
            #expect(abs(alpha.sorted()[Int(share * Double(count))] - a) < 0.01)
            #expect(abs(rho.sorted()[Int(share * Double(count))] - r) < 6e-4)
        }
        let (a, r) = (mean(alpha), mean(rho))
        let correlation = mean(zip(alpha, rho).map { ($0 - a) * ($1 - r) }) / (sd(alpha) * sd(rho))
        #expect(abs(correlation - 0.72) < 0.025)
        let sensitivity = try column("beta_c")
        #expect(abs(mean(sensitivity) - (0.028 + 0.0028 / 3)) < error * 0.0015)
        // Stages in their published mix; diameters within the limits of the stage.
        let stage = try column("stage")
        let diameter = try column("diameter_at_start")
        for (index, size) in [1432.0, 128, 1306, 7248, 12840].enumerated() {
            let share = size / 22954
            let found = Double(stage.filter { $0 == Double(index) }.count) / Double(count)
            #expect(abs(found - share) < 2 * error * (share * (1 - share)).squareRoot())
        }
        for (stage, diameter) in zip(stage, diameter) {
            #expect(diameter >= 0.3 && diameter <= (stage == 0 ? 5 : 13))
        }
        let types = try column("patient_type")
        for type in 0..<3 {
            // Rejection favours type 1 a little (see the model card): not a third to the last digit.
            #expect(abs(Double(types.filter { $0 == Double(type) }.count) / Double(count) - 1.0 / 3) < 0.03)
        }
    }

    /// From 5 cm and untreated, 8, 60 and 81 % are dead by day 60, 180 and 365 (here 364, 52 weeks).
    @Test func untreatedPatientsDieAsPublished() throws {
        let model = try Self.model()
        let drawn = try model.samplePopulation(count: 4000, seed: 23)
        let place = try #require(drawn.names.firstIndex(of: "diameter_at_start"))
        let rows = drawn.rows.map { row in
            var row = row
            row[place] = 5
            return row
        }
        let table = try model.episodes("none", cohort: CohortTable(names: drawn.names, rows: rows))
        let died = try table.values("died")
        let times = try table.values("time_to_death")
        for (day, share) in [(60.0, 0.08), (180, 0.60), (364, 0.81)] {
            let found = mean(zip(died, times).map { died, time -> Double in died == 1 && time <= day ? 1 : 0 })
            // Four standard errors and the rounding of the sheet.
            let allowed = 4 * (share * (1 - share) / 4000).squareRoot() + 0.005
            #expect(abs(found - share) < allowed, "\(found) by day \(day)")
        }
    }

    /// 60 Gy in 30 fractions and chemotherapy every 21 days, in weeks and in days.
    @Test func dosesAreTheClinicalOnes() throws {
        let weekly = try Self.model()
        let resistant = CohortTable(names: ["alpha", "rho"], rows: [[0.001, 1e-4]])
        let course = try weekly.episodes("chemoradiation", cohort: resistant)
        #expect(course.lengths[0] == 52)
        #expect(try course.values("radio_courses")[0] == 6)
        #expect(try course.values("chemo_doses")[0] == 18)
        let daily = try Self.model("daily").episodes("chemoradiation", cohort: resistant)
        #expect(daily.lengths[0] == 60)
        #expect(try daily.values("radio_courses")[0] == 30)
        #expect(try daily.values("chemo_doses")[0] == 3)
    }

    /// In the published model both always is the best protocol, and cures those it can.
    @Test func withoutToxicityBothAlwaysIsBest() throws {
        let model = try Self.model()
        let both = mean(try model.episodes("both", patients: 300).returns)
        for other in ["none", "chemo_21d", "radio_60Gy", "chemoradiation", "pulsed"] {
            #expect(mean(try model.episodes(other, patients: 300).returns) < both, "\(other)")
        }
    }

    /// With a marrow, both always kills by infection, and watching the neutrophils is better; nobody gets more than 60 Gy.
    @Test func withToxicityBothAlwaysIsNotBest() throws {
        let model = try Self.model("toxicity")
        let both = try model.episodes("both", patients: 400)
        let watched = try model.episodes("chemo_if_recovered", patients: 400)
        #expect(mean(watched.returns) > mean(both.returns) + 1)
        #expect(mean(try both.values("infection_death")) > 0.25)
        #expect(mean(try watched.values("infection_death")) < 0.12)
        #expect(try both.values("radio_courses").max() == 6)
    }

    /// One dose has its nadir near 0.94e9 per litre about day 8 and has worn off by day 21; radiotherapy alone lowers
    /// neutrophils by a fifth.
    @Test func theMarrowAnswersAsCalibrated() throws {
        let model = try Self.model("toxicity")
        let place = try #require(model.states.firstIndex { $0.name == "ANC" })
        func course(_ rates: (Int) -> [String: Double]) throws -> [Double] {
            let schedule = (0..<42).map { CourseSimulator.Row(time: Double($0), rates: rates($0)) }
            let found = try CourseSimulator.simulate(model, schedule: schedule, times: schedule.map(\.time))
            return found.map { $0[place] }
        }
        let dose = try course { $0 == 0 ? ["chemo": 5] : [:] }
        #expect(abs(dose.min()! - 0.94) < 0.02)
        #expect(abs(dose.firstIndex(of: dose.min()!)! - 8) <= 1 && dose[21] > 5)
        let rays = try course { $0 % 7 < 5 ? ["radio": 2] : [:] }
        #expect(abs(rays.min()! / 5.22 - 0.8) < 0.02)
        let none = try course { _ in [:] }
        #expect(none.allSatisfy { abs($0 - 5.22) < 1e-9 })
    }

    /// The exponential form stays positive where the published factor would not, and agrees with it for small changes.
    @Test func theExponentialFormStaysPositive() throws {
        let values = ["alpha": 0.6, "beta": 0.06, "rho": 1e-3]
        let schedule = [CourseSimulator.Row(time: 0, rates: ["chemo": 5, "radio": 2])]
        let euler = try CourseSimulator.simulate(Self.model(), values: values, schedule: schedule, times: [0, 1])
        let exponential = try CourseSimulator.simulate(
            Self.model("exponential"), values: values, schedule: schedule, times: [0, 1])
        #expect(euler[1][0] == 0)
        let exponent = 1e-3 * log(14137.166941154068 / exponential[0][0]) - 0.028 * 5 - (0.6 * 2 + 0.06 * 4)
        #expect(abs(exponential[1][0] / (exponential[0][0] * exp(exponent)) - 1) < 1e-12)
        let slow = try CourseSimulator.simulate(Self.model(), schedule: [], times: [60])[0][0]
        let same = try CourseSimulator.simulate(Self.model("exponential"), schedule: [], times: [60])[0][0]
        #expect(abs(slow / same - 1) < 1e-4)
    }
}

// Kirschner and Panetta's model against its reference trajectories, its analytic thresholds and its untreated regimes.

import Foundation
import Numerics
import TestSupport
import Testing

import Patients

@Suite struct ImmunoKPTests {
    static let model = Result { try EnvironmentModel.shipped("immuno-kp") }

    @Test(arguments: ["none", "constant"]) func reproducesTheReferenceTrajectories(file: String) throws {
        let course = try ReferenceCourse(Self.model.get(), "immuno-kp_c0p02_\(file).csv", patient: ["c": 0.02])
        try course.expect("E", relative: 1e-6)
        try course.expect("IL2", relative: 1e-6)
        try course.expect("T", logarithm: 1e-6)
    }

    /// (E, T, IL2) on the days asked for.
    static func course(
        c: Double, s1: Double = 0, s2: Double = 0, start: [String: Double] = [:], days: [Double]
    ) throws -> [[Double]] {
        try CourseSimulator.simulate(
            model.get(), values: start.merging(["c": c]) { $1 },
            schedule: [.init(time: 0, rates: ["s1": s1, "s2": s2])], times: days)
    }

    /// Without a tumour E = s1/mu2, and a small tumour grows at r2 − a s1/(mu2 g2): 0 at s1 = r2 g2 mu2/a = 540.
    @Test(arguments: [0, 275, 530, 540, 550, 1000])
    func aSmallTumourGrowsAtTheAnalyticRate(s1: Double) throws {
        let start = ["E": s1 / 0.03, "T": 1e-9, "IL2": 1e-30]
        let course = try Self.course(c: 0, s1: s1, start: start, days: [0, 10])
        let rate = (log(course[1][1]) - log(course[0][1])) / 10
        #expect(abs(rate - (0.18 - s1 / 3000)) < 1e-7)
    }

    /// The fact sheet's runs on both sides of s1crit = 540: ln T from 2.30 to 8.52 or −2.69 without antigenicity; with
    /// c = 0.02 the tumour persists at 656 cells or decays below 2.
    @Test func cellsAboveTheThresholdClearTheTumour() throws {
        for (s1, logarithm) in [(530.0, 8.52), (550.0, -2.69)] {
            let start = ["E": s1 / 0.03, "T": 10]
            let end = try Self.course(c: 0, s1: s1, start: start, days: [1500])[0]
            #expect(abs(log(end[1]) - logarithm) < 0.01, "\(log(end[1]))")
        }
        #expect(try Self.course(c: 0.02, s1: 550, days: [1500])[0][1] < 2)
        #expect(abs(try Self.course(c: 0.02, s1: 530, days: [1500])[0][1] - 656) < 1)
    }

    /// s2crit = mu2 g1 mu3/(p1 − mu2) = 6.349e7: without tumour IL2 = s2/mu3, and the effector cells multiply at
    /// p1 IL2/(g1 + IL2) − mu2, −1.3e-3 a day at 6.0e7 and +5.4e-4 at 6.5e7.
    @Test func interleukin2AboveTheThresholdMakesEffectorsMultiply() throws {
        let critical = 0.03 * 2e7 * 10 / (0.1245 - 0.03)
        #expect(abs(critical - 6.349e7) < 1e4)
        for (s2, net) in [(6.0e7, -1.3e-3), (critical, 0), (6.5e7, 5.4e-4)] {
            let start = ["E": 1e4, "T": 1e-200, "IL2": s2 / 10]
            let course = try Self.course(c: 0, s2: s2, start: start, days: [0, 100])
            let rate = log(course[1][0] / course[0][0]) / 100
            #expect(abs(rate - net) < 1e-4, "\(s2): \(rate)")
            #expect(abs(rate - (0.1245 * s2 / (2e8 + s2) - 0.03)) < 1e-9)
        }
        #expect(abs(try Self.course(c: 0.02, s2: 6.0e7, days: [1500])[0][0] / 1.5e4 - 1) < 0.05)
        #expect(abs(try Self.course(c: 0.02, s2: 6.5e7, days: [1500])[0][0] / 1.9e5 - 1) < 0.05)
    }

    /// Below an antigenicity between 8e-5 and 9e-5 the tumour fills its capacity.
    @Test(arguments: [(0, 1e9), (5e-5, 9.88e8), (8e-5, 9.75e8)])
    func aTumourThatIsHardlySeenGrowsToItsCapacity(c: Double, size: Double) throws {
        let end = try Self.course(c: c, days: [4000])[0]
        #expect(abs(end[1] / size - 1) < 1e-3, "\(end[1])")
    }

    @Test func aTumourThatIsSeenALittleOvershoots() throws {
        let course = try Self.course(c: 9e-5, days: Array(stride(from: 0, through: 4000, by: 10)))
        #expect(course.map { $0[1] }.max()! > 1e8 && course.map { $0[1] }.min()! < 1e-100)
        #expect(course.allSatisfy { $0.allSatisfy { $0.isFinite && $0 >= 0 } })
    }

    /// Sustained cycles below c1 ≈ 0.032, decaying ones above: the Hopf point lies between 0.03 and 0.033.
    @Test func cyclesBelowTheHopfPointAndSettlesAbove() throws {
        struct Swing { var low, high, period: Double }
        func swings(_ c: Double, from: Double, to: Double) throws -> [Swing] {
            let days = Array(stride(from: from, through: to, by: 0.25))
            let tumour = try Self.course(c: c, days: days).map { $0[1] }
            let peaks = tumour.indices.dropFirst().dropLast().filter {
                tumour[$0] > tumour[$0 - 1] && tumour[$0] >= tumour[$0 + 1]
            }
            return zip(peaks, peaks.dropFirst()).map { first, second in
                Swing(
                    low: tumour[first...second].min()!, high: tumour[second], period: days[second] - days[first])
            }
        }
        let deep = try #require(try swings(0.02, from: 3000, to: 4000).last)
        #expect(abs(deep.period - 242) < 1.5 && abs(deep.high / 3.8e5 - 1) < 0.02 && abs(deep.low / 1.3e-4 - 1) < 0.05)
        let shallow = try #require(try swings(0.03, from: 11_000, to: 12_000).last)
        #expect(abs(shallow.period - 107) < 1 && abs(shallow.high / 6.9e4 - 1) < 0.02)
        #expect(abs(shallow.low / 2.2e3 - 1) < 0.02)
        let decaying = try swings(0.033, from: 8000, to: 12_000)
        let ratios = decaying.map { $0.high / $0.low }
        #expect(ratios.last! < 0.9 * ratios.first!)
        for (c, size) in [(0.035, 1.8e4), (0.05, 1.21e4)] {
            #expect(abs(try Self.course(c: c, days: [12_000])[0][1] / size - 1) < 0.015)
        }
    }

    /// A cure ends the course at less than one cell, and every level reaches its input.
    @Test func protocolsGiveWhatTheySay() throws {
        let model = try Self.model.get()
        let none = try model.episodes("none", patients: 200)
        let cells = try model.episodes("cells_1000", patients: 200)
        let both = try model.episodes("cells_1000_il2_1e7", patients: 200)
        for table in [none, cells, both] {
            let cured = try table.values("cured")
            let times = try table.values("time_to_cure")
            for index in 0..<table.count {
                #expect((cured[index] == 1) == (table.endings[index] == "cured"))
                if cured[index] == 1 { #expect(times[index] <= 200) }
            }
        }
        #expect(mean(try none.values("cells_given")) == 0)
        for index in 0..<200 {
            let lengths = Double(cells.lengths[index])
            #expect(try cells.values("cells_given")[index] == 5000 * lengths)
            #expect(try both.values("il2_given")[index] == 5e7 * Double(both.lengths[index]))
        }
        #expect(mean(try cells.values("cured")) > mean(try none.values("cured")))
        #expect(mean(cells.returns) > mean(none.returns))
    }
}

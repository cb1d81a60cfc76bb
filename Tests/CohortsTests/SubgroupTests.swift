// Fidelity in groups of patients: chance is allowed for, a group that is wrong is found and named.

import Foundation
import Numerics
import PositionedJSON
import Testing

import Cohorts

@Suite struct SubgroupTests {
    /// Two thirds women; the older, the higher the number and the more frequent the outcome.
    private func patients(_ rows: Int, seed: UInt64, change: (Int, inout [Double]) -> Void = { _, _ in })
        -> PatientTable
    {
        var stream = RandomStream(seed: seed, purpose: "test.subgroups")
        var columns = [[Double]](repeating: [], count: 4)
        for _ in 0..<rows {
            let age = (50 + 12 * stream.normal()).rounded()
            let sex = stream.uniform() < 2.0 / 3 ? 0.0 : 1
            let level = age / 10 + stream.normal()
            let event = stream.uniform() < 1 / (1 + exp(-(level - 5))) ? 1.0 : 0
            var row = [age, sex, level, event]
            change(columns[0].count, &row)
            for place in row.indices { columns[place].append(row[place]) }
        }
        return PatientTable(
            columns: [
                TableColumn(
                    schema: ColumnSchema(name: "age", type: .integer, unit: "years"), values: columns[0], decimals: 0),
                TableColumn(
                    schema: ColumnSchema(name: "sex", type: .categorical), categories: ["f", "m"], values: columns[1]),
                TableColumn(schema: ColumnSchema(name: "level", type: .continuous), values: columns[2]),
                TableColumn(
                    schema: ColumnSchema(name: "died", type: .categorical, role: .outcome), categories: ["no", "yes"],
                    values: columns[3]),
            ], target: "died")
    }

    @Test func groupsAreCategoriesAndThirds() throws {
        let report = try FidelityReport.measure(real: patients(300, seed: 1), synthetic: patients(300, seed: 2))
        let names = report.subgroups.groups.map(\.name)
        #expect(names.count == 8)
        #expect(names[0].hasPrefix("age ≤ ") && names[0].hasSuffix(" years"))
        #expect(names[1].contains(" < age ≤ "))
        #expect(names[3...4] == ["sex = f", "sex = m"])
        // The target tells no groups, and thirds are near to a third.
        #expect(!names.contains { $0.contains("died") })
        #expect(report.subgroups.groups.prefix(3).allSatisfy { abs($0.realRows - 100) < 15 })
        #expect(report.subgroups.groups.prefix(3).map(\.realRows).reduce(0, +) == 300)
        #expect(report.subgroups.comparisons == 16)
    }

    @Test func chanceIsAllowedFor() throws {
        // A small group of another sample of the same patients scores low, as expected.
        var alarms = 0
        for seed in 0..<6 {
            let report = try FidelityReport.measure(
                real: patients(150, seed: UInt64(100 + seed)), synthetic: patients(150, seed: UInt64(200 + seed)))
            let groups = report.subgroups.groups
            alarms += groups.count { $0.severity > 0 }
            let scores = try groups.map { try #require($0.shapes) - (try #require($0.expectedShapes)) }
            #expect(abs(scores.reduce(0, +) / Double(scores.count)) < 0.03)
            #expect(try #require(groups.first?.shapes) < 0.95)
            #expect(
                report.worstSubgroup?.contains("no more than chance explains")
                    == (groups.allSatisfy { $0.severity == 0 }))
        }
        #expect(alarms <= 1)
    }

    @Test func theWorstSubgroupIsNamed() throws {
        let real = patients(600, seed: 1)
        // Men have another level.
        let shifted = patients(600, seed: 2) { _, row in if row[1] == 1 { row[2] += 3 } }
        let shapes = try FidelityReport.measure(real: real, synthetic: shifted)
        #expect(shapes.subgroups.worst?.name == "sex = m")
        #expect(shapes.subgroups.worst?.worstColumn == "level")
        #expect(shapes.text().contains("worst: sex = m"))
        // Women die less often than they should, men as often.
        let healthier = patients(600, seed: 3) { number, row in if row[1] == 0, number % 2 == 0 { row[3] = 0 } }
        let rates = try FidelityReport.measure(real: real, synthetic: healthier)
        let women = try #require(rates.subgroups.groups.first { $0.name == "sex = f" })
        let men = try #require(rates.subgroups.groups.first { $0.name == "sex = m" })
        #expect(try #require(women.rateP) < 1e-4)
        #expect(try #require(men.rateP) > 0.05)
        #expect(rates.verdict.contains("not for estimating how often died = yes is"))
        // Nobody of a group is the worst.
        let onlyWomen = patients(600, seed: 4) { _, row in row[1] = 0 }
        let lost = try FidelityReport.measure(real: real, synthetic: onlyWomen)
        #expect(lost.subgroups.worst?.name == "sex = m")
        #expect(lost.worstSubgroup?.contains("no synthetic one") == true)
        #expect(lost.uses[0].judgement == .no)
    }

    @Test func threadsDoNotMatter() throws {
        let (real, synthetic) = (patients(200, seed: 1), patients(300, seed: 2))
        let one = try FidelityReport.measure(real: real, synthetic: synthetic, options: .init(seed: 3, jobs: 1))
        let two = try FidelityReport.measure(real: real, synthetic: synthetic, options: .init(seed: 3, jobs: 2))
        #expect(one.json().text() == two.json().text())
    }

    @Test func prevalenceHasIntervals() throws {
        let report = try FidelityReport.measure(real: patients(400, seed: 1), synthetic: patients(400, seed: 2))
        let died = try #require(report.prevalence.first)
        #expect(report.prevalence.count == 1 && died.column == "died" && died.event == "yes")
        #expect(died.real.low < died.real.value && died.real.value < died.real.high)
        #expect(died.difference.low < 0 && died.difference.high > 0)
        #expect(report.uses.map(\.judgement) == [.yes, .yes, .yes, .yes, .unknown])
        #expect(report.verdict.contains("Whether it may be used for sharing outside is not shown"))
    }

    @Test func anUnrelatedCohortIsForNothing() throws {
        let noise = patients(400, seed: 5) { number, row in
            row = [Double(20 + number % 3), 1, Double(number % 7) * 9, number % 10 == 0 ? 1 : 0]
        }
        let report = try FidelityReport.measure(real: patients(400, seed: 1), synthetic: noise)
        #expect(report.uses.allSatisfy { $0.judgement != .yes })
        #expect(report.verdict.hasPrefix("This cohort is not for developing methods and teaching, because"))
    }
}

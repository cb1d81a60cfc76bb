// Numbers and tables as people read them; evidence of leaves as a file.

import Numerics
import PositionedJSON
import Testing

import Evaluation

@Suite struct FormatTests {
    @Test func numbers() {
        #expect(NumberText.significant(1234.5, 3) == "1234")
        #expect(NumberText.significant(0.012345, 3) == "0.0123")
        #expect(NumberText.significant(6.1e9, 3) == "6.1e9")
        #expect(NumberText.significant(-2.5e-7, 2) == "-2.5e-7")
        #expect(NumberText.significant(.nan, 3) == "–")
        #expect(NumberText.fixed(-0.001, 1) == "0.0")
        #expect(NumberText.count(1_234_567) == "1,234,567")
        #expect(NumberText.count(-12) == "-12")
        #expect(NumberText.percent(0.1234) == "12.3 %")
        #expect(NumberText.powerOfTen(-12) == "10⁻¹²")
    }

    @Test func formatsSuitTheirColumn() {
        let cells = Metric(name: "x", unit: "cells", isEvent: false, higherIsBetter: nil)
        let large = MetricFormat(cells, [Estimate(6.1e9, low: 5.9e9, high: 6.3e9), Estimate(2e9)])
        #expect(large.unit == "10⁹ cells")
        #expect(large.text(Estimate(6.1e9, low: 5.9e9, high: 6.3e9)) == "6.10 [5.90, 6.30]")
        let event = MetricFormat(Metric(name: "e", isEvent: true, higherIsBetter: true), [])
        #expect(event.text(Estimate(0.851, low: 0.83, high: 0.872)) == "85.1 [83.0, 87.2]")
        #expect(event.signed(Estimate(0.05, low: -0.01, high: 0.11)) == "+5.0 [-1.0, +11.0]")
        #expect(event.text(.undefined) == "–")
        #expect(MetricFormat(cells, []).text(Estimate(0)) == "0")
    }

    @Test func tablesAlignAndContinue() {
        var table = TextTable([
            TextTable.Column("", isNumber: false), TextTable.Column("first", unit: "d"), TextTable.Column("second"),
        ])
        table.add(group: "g")
        table.add(["a", "1", "22"])
        table.add(["bcd", "10.5", "3"])
        #expect(
            table.text(width: 40) == """
                     first  second
                         d
                ──────────────────
                g
                a        1      22
                bcd   10.5       3

                """)
        #expect(
            table.text(width: 12) == """
                     first
                         d
                ──────────
                g
                a        1
                bcd   10.5

                     second
                ───────────
                g
                a        22
                bcd       3

                """)
    }

    @Test func evidenceReadsBack() throws {
        var known = LeafSummary(
            leaf: 2, action: "chemo", visits: 900, patients: 400, shareOfDecisions: 0.1,
            meanReturn: Estimate(3, low: 2, high: 4),
            outcomes: [LeafOutcome(name: "cured", estimate: Estimate(0.8, low: 0.7, high: 0.9))],
            agreement: 0.9, regret: nil, runnerUp: "none", runnerUpShare: 0.3,
            inputs: [InputRange(name: "tumour", low: 1, median: 4, high: 8)])
        known.shareOfTime = Estimate(0.1, low: 0.08, high: 0.12)
        known.teacherGain = Estimate(0.02, low: -0.01, high: 0.05)
        known.runnerUpGain = Estimate(-0.3, low: -0.4, high: -0.2)
        known.runnerUpProbability = 0.001
        let evidence = TreeEvidence(
            source: "test patients", patients: 1000, decisions: 9000, teacher: "dqn", agreement: 0.93,
            leaves: [
                known,
                LeafSummary(leaf: 3, action: "none", visits: 0, patients: 0, shareOfDecisions: 0),
            ], inputs: [InputRange(name: "tumour", low: 0, median: 4, high: 9, missing: 0.1)])
        let text = evidence.json().text()
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "evidence.json", bytes: Array(text.utf8)))
        let read = try #require(TreeEvidence(node, complaints: complaints))
        #expect(read.json().text() == text)
        #expect(read.leaf(2) == evidence.leaf(2))
        #expect(read.leaf(3)?.meanReturn.isDefined == false)

        let broken = text.split(separator: "\"visits\"").joined(separator: "\"visit\"")
        let wrong = try JSONParser.parse(SourceText(name: "evidence.json", bytes: Array(broken.utf8)))
        #expect(TreeEvidence(wrong, complaints: complaints) == nil)
        #expect(complaints.items.count == 4, "a missing and an unknown key in each of two leaves")
    }

    @Test func subgroupsDivide() {
        let thirds = Subgrouping.thirds(name: "load", values: [1, 2, 3, 4, 5, 6, .nan], unit: "cm")
        #expect(thirds.membership == [0, 0, 1, 1, 2, 2, nil])
        #expect(thirds.levels[0] == "low (≤ 2.67 cm)")
    }
}

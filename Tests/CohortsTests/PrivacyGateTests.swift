// The gate: generators that memorise are stopped, honest ones are not; attribute disclosure against brute force.

import Cohorts
import Foundation
import Numerics
import PositionedJSON
import Testing

/// Gives away what it learned, a little blurred or not at all.
private struct Memory: CohortGenerator {
    let table: PatientTable
    var blur = 0.0
    var kind: String { "memory" }
    var columns: [TableColumn] {
        table.columns.map { column in
            var empty = column
            empty.values = []
            return empty
        }
    }
    var summary: [(name: String, value: Double)] { [] }
    func json() -> JSONValue { .null }

    func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        var stream = RandomStream(seed: seed, purpose: "test.memory")
        var made = table.rows(rows.map { _ in stream.below(table.rowCount) })
        for index in made.columns.indices where made.columns[index].isNumeric {
            for row in made.columns[index].values.indices { made.columns[index].values[row] += blur * stream.normal() }
        }
        return made
    }
}

@Suite struct PrivacyGateTests {
    static func verdict(_ table: PatientTable, _ fit: (PatientTable) throws -> any CohortGenerator) throws
        -> PrivacyVerdict
    {
        try PrivacyGate.judge(try fit(table), table: table, seed: 1, refit: fit)
    }

    @Test func copiesAreStopped() throws {
        let table = correlatedTable(rows: 300, seed: 3)
        let copies = try Self.verdict(table) { Memory(table: $0) }
        #expect(!copies.passed)
        #expect(copies.failures.map(\.name).contains("exact_copies"))
        #expect(copies.failures.map(\.name).contains("median_distance"))
        #expect(copies.failures.map(\.name).contains("membership_auc"))
        // Blurred copies are no copies, and still betray who was there.
        let blurred = try Self.verdict(table) { Memory(table: $0, blur: 0.01) }
        #expect(blurred.checks[0].figure == 0 && blurred.checks[0].passed)
        #expect(blurred.failures.map(\.name).contains("membership_auc"))
        #expect(copies.text().contains("FAILED") && copies.text().contains("remedy"))
    }

    @Test func honestGeneratorsPass() throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let table = correlatedTable(rows: 250, seed: seed)
            let verdict = try Self.verdict(table) {
                try GaussianCopula.fit($0, configuration: CopulaConfiguration(), seed: seed)
            }
            #expect(verdict.passed, "\(verdict.text())")
            #expect(verdict.checks.count == 4)
        }
    }

    /// Where patients are alike by nature, being like one is no copy.
    @Test func coarseTablesPass() throws {
        var stream = RandomStream(seed: 8, purpose: "test.coarse")
        let columns = (0..<6).map { number in
            TableColumn(
                schema: ColumnSchema(name: "c\(number)", type: .categorical), categories: ["a", "b", "c"],
                values: (0..<400).map { _ in Double(stream.below(3)) })
        }
        let table = PatientTable(columns: columns)
        let verdict = try Self.verdict(table) {
            try GaussianCopula.fit($0, configuration: CopulaConfiguration(), seed: 1)
        }
        #expect(verdict.checks[0].figure > 0.05)
        #expect(verdict.passed, "\(verdict.text())")
    }

    @Test func smallTablesAndGuaranteesSaySo() throws {
        let small = try Self.verdict(correlatedTable(rows: 30, seed: 1)) {
            try GaussianCopula.fit($0, configuration: CopulaConfiguration(), seed: 1)
        }
        #expect(small.checks.count == 2 && small.note != nil)
        let table = PrivateGeneratorTests.declared(rows: 200)
        let covered = try Self.verdict(table) {
            try GaussianCopula.fit(
                $0, configuration: CopulaConfiguration(privacy: PrivacyConfiguration(epsilon: 3, delta: 1e-5)), seed: 1)
        }
        #expect(covered.checks.isEmpty && covered.passed)
        #expect(covered.sentence.contains("differential privacy"))
    }

    /// Files: refused, forced and recorded.
    @Test func failingPatientsAreWrittenOnlyByForce() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lab-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func file(_ name: String) -> String { folder + "/" + name }
        try Data(correlatedTable(rows: 60, seed: 2).csv().utf8).write(to: URL(fileURLWithPath: file("t.csv")))
        try Data(
            #"{"columns": {"x": {"type": "continuous"}, "y": {"type": "continuous"}, "group": {"type": "categorical"}}}"#
                .utf8
        ).write(to: URL(fileURLWithPath: file("c.json")))
        func fit(_ generator: GeneratorSpecification) throws -> PrivacyVerdict? {
            try CohortCommands.fit(
                source: file("t.csv"), schema: file("c.json"), seed: 1, generator: generator, out: file("g.json")
            ).verdict
        }
        func sample(force: Bool) throws -> PrivacyVerdict? {
            try CohortCommands.sample(
                from: file("g.json"), rows: 0..<20, where: CohortConditions(), seed: 1, force: force, out: file("s.csv")
            )
        }
        #expect(try #require(try fit(.copula(CopulaConfiguration()))).passed)
        #expect(try #require(try sample(force: true)).passed)
        #expect(!FileManager.default.fileExists(atPath: file("s.csv.privacy.json")))
        try FileManager.default.removeItem(atPath: file("s.csv"))
        // The verdict of another generator, put into the file.
        var text = try String(contentsOfFile: file("g.json"), encoding: .utf8)
        let passed = #""check": "exact_copies""#
        let place = try #require(text.range(of: passed))
        let flag = try #require(text.range(of: #""passed": true"#, range: place.upperBound..<text.endIndex))
        text.replaceSubrange(flag, with: #""passed": false"#)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file("g.json")))
        #expect(throws: PrivacyRefusal.self) { try sample(force: false) }
        #expect(!FileManager.default.fileExists(atPath: file("s.csv")))
        #expect(try #require(try sample(force: true)).passed == false)
        let record = try String(contentsOfFile: file("s.csv.privacy.json"), encoding: .utf8)
        #expect(record.contains(#""forced": true"#))
    }

    /// Every patient guessed by exhaustive search.
    @Test func disclosureAgainstBruteForce() throws {
        var real = correlatedTable(rows: 40, seed: 5)
        real.target = "group"
        let made = correlatedTable(rows: 90, seed: 6)
        let others = correlatedTable(rows: 25, seed: 7)
        let found = try #require(
            try AttributeDisclosure.measure(real: real, synthetic: made, heldOut: others).first)
        #expect(found.column == "group")
        func scale(_ column: Int) -> (Double, Double) {
            let values = real.columns[column].values
            let mean = values.reduce(0, +) / 40
            return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40).squareRoot())
        }
        let scales = [scale(0), scale(1)]
        func right(_ table: PatientTable) -> Double {
            let each = (0..<table.rowCount).map { row -> Double in
                let order = (0..<90).map { other in
                    (0..<2).reduce(0.0) { sum, k in
                        let gap = (table.columns[k].values[row] - made.columns[k].values[other]) / scales[k].1
                        return sum + gap * gap
                    }
                }
                let nearest = (0..<90).sorted { order[$0] < order[$1] }.prefix(5)
                return Double(nearest.count { made.columns[2].values[$0] == table.columns[2].values[row] }) / 5
            }
            return each.reduce(0, +) / Double(table.rowCount)
        }
        #expect(abs(found.learned - right(real)) < 1e-9)
        #expect(abs(try #require(found.heldOut) - right(others)) < 1e-9)
        let most = (0..<3).map { k in real.columns[2].values.count { $0 == Double(k) } }.max() ?? 0
        #expect(found.guess == Double(most) / 40)
        // Who holds the patients themselves guesses all of them right.
        let copies = try AttributeDisclosure.measure(
            real: real, synthetic: real.rows((0..<200).map { $0 % 40 }), heldOut: others)
        #expect(copies[0].learned == 1)
        #expect(try #require(copies[0].heldOut) < 0.95)
    }
}

// The adversarial networks: what they learn, patients of a kind, files, and the same patients again.

import Cohorts
import Foundation
import Numerics
import PositionedJSON
import Testing

@Suite struct AdversarialTests {
    /// Small enough for tests.
    static func configuration(steps: Int = 40, members: Int = 1) -> GANConfiguration {
        GANConfiguration(
            latent: 6, hidden: [32, 32], criticHidden: [48, 48], steps: steps, learningRate: 2e-3,
            criticLearningRate: 2e-3, looks: 4, members: members)
    }

    static func correlation(_ table: PatientTable) throws -> Double {
        try #require(pearson(table.columns[0].values, table.columns[1].values.map { log($0) }))
    }

    @Test func learnsACorrelationAndACategory() throws {
        let table = correlatedTable(rows: 1000, seed: 1)
        let generator = try AdversarialNetwork.fit(table, configuration: Self.configuration(steps: 500), seed: 5)
        let sample = generator.sample(rows: 4000, seed: 6)
        let report = try FidelityReport.measure(real: table, synthetic: sample)
        #expect(report.columnShapes > 0.97)
        #expect(abs(try Self.correlation(table) - Self.correlation(sample)) < 0.08)
        #expect(report.coverage[0].lost.isEmpty)
        #expect(report.coverage[0].largestShift < 0.03)
        func highAmongB(_ table: PatientTable) -> Double {
            let rows = (0..<table.rowCount).filter { table.columns[2].values[$0] == 1 }
            return Double(rows.count { table.columns[0].values[$0] > 5 }) / Double(rows.count)
        }
        // Without the link the difference would be above 0.3.
        #expect(abs(highAmongB(table) - highAmongB(sample)) < 0.12)
        #expect(report.closest.exactCopies == 0)
    }

    @Test func conditionalMomentsAreThoseOfTheClosedForm() throws {
        var network = Self.configuration(steps: 800)
        network.learningRate = 1e-3
        network.criticHidden = [96, 96]
        let generator = try ConditionalAdversarialNetwork.fit(
            ConditionalTests.gaussianTable(rows: 1500),
            configuration: ConditionalGANConfiguration(network: network, priorSteps: 400), seed: 1)
        // The same as drawing without conditions, and keeping those with x > 1.
        let many = generator.sample(rows: 20000, seed: 3)
        let kept = many.rows((0..<20000).filter { many.columns[0].values[$0] > 1 })
        let drawn = try generator.sample(rows: 0..<6000, where: ConditionalTests.conditions("x>1"), seed: 4)
        for (a, b) in zip(kept.columns, drawn.columns) {
            let (first, second) = (ConditionalTests.moments(a.values), ConditionalTests.moments(b.values))
            #expect(abs(first.mean - second.mean) < 0.06)
            #expect(abs(first.deviation - second.deviation) < 0.06)
        }
        func sample(_ condition: String) throws -> [[Double]] {
            try generator.sample(rows: 0..<4000, where: ConditionalTests.conditions(condition), seed: 5).columns
                .map(\.values)
        }
        // As in `ConditionalTests`: E(x | x > 1) = 1.525, E(y | x > 1) = 0.8 · 1.525, E(w | x > 1) = −0.5 · 1.525.
        let high = try sample("x>1")
        #expect(high[0].allSatisfy { $0 > 1 })
        let means = high.map { ConditionalTests.moments($0).mean }
        #expect(abs(means[0] - 1.525) < 0.1)
        #expect(abs(means[1] - 1.22) < 0.2)
        #expect(abs(means[2] + 0.763) < 0.2)
        let low = try sample("y<-1")
        #expect(low[1].allSatisfy { $0 < -1 })
        #expect(abs(ConditionalTests.moments(low[0]).mean + 1.22) < 0.2)
        // Without conditions the table itself.
        let all = generator.sample(rows: 4000, seed: 5).columns.map(\.values)
        #expect(abs(ConditionalTests.moments(all[1]).mean) < 0.08)
        #expect(abs(try #require(pearson(all[0], all[1])) - 0.8) < 0.1)
    }

    /// Every kind of state under every kind of condition; in parts, and from the file, the same patients.
    @Test func everyPatientFulfilsTheConditions() throws {
        let table = VAETests.mixedTable(rows: 150)
        let generator = try ConditionalAdversarialNetwork.fit(
            table,
            configuration: ConditionalGANConfiguration(network: Self.configuration(members: 2), priorSteps: 30),
            seed: 1)
        let back = try GeneratorFile.read(SourceText(name: "g.json", text: generator.json().text()))
        #expect(back.json().text() == generator.json().text())
        for texts in [
            ["x>7"], ["x=0"], ["x<=0"], ["y<0.1"], ["group=c"], ["group!=b", "y>2"],
            ["x>=4.01", "x<=4.02", "group=c"], ["x>5", "y<0.7", "group=a"],
        ] {
            let conditions = try CohortConditions(texts, name: "--where")
            let required = try conditions.requirements(table.columns)
            let sample = try generator.sample(rows: 0..<600, where: conditions, seed: 2)
            for (column, requirement) in zip(sample.columns, required) {
                if let requirement { #expect(column.values.allSatisfy(requirement.allows), "\(texts)") }
            }
            let part = try (back as? any ConditionalGenerator)?.sample(rows: 300..<310, where: conditions, seed: 2)
            #expect(part?.csv() == sample.rows(Array(300..<310)).csv())
        }
        #expect(throws: Diagnostics.self) {
            try generator.sample(rows: 0..<1, where: CohortConditions(["x>1000"], name: "--where"), seed: 1)
        }
        #expect(
            try generator.sample(rows: 0..<50, where: CohortConditions(), seed: 2).csv()
                == generator.sample(rows: 50, seed: 2).csv())
    }

    @Test func theSameSeedGivesTheSamePatients() throws {
        let table = VAETests.mixedTable(rows: 120)
        func fit(seed: UInt64, pac: Int = 1, pairs: Int = 0) throws -> AdversarialNetwork {
            var configuration = Self.configuration(members: 2)
            configuration.pac = pac
            configuration.pairSweeps = pairs
            return try AdversarialNetwork.fit(table, configuration: configuration, seed: seed)
        }
        let first = try fit(seed: 7)
        #expect(try first.json().text() == fit(seed: 7).json().text())
        #expect(try first.json().text() != fit(seed: 8).json().text())
        #expect(try first.json().text() != fit(seed: 7, pac: 4).json().text())
        #expect(first.sample(rows: 50, seed: 1).csv() != first.sample(rows: 50, seed: 2).csv())
        // A longer table begins with the shorter one, and is the same in parts.
        let long = first.sample(rows: 1300, seed: 1)
        #expect(long.csv().hasPrefix(first.sample(rows: 50, seed: 1).csv()))
        #expect(first.sample(rows: 700..<710, seed: 1).csv() == long.rows(Array(700..<710)).csv())
        for generator in [first, try fit(seed: 7, pairs: 3)] {
            let back = try GeneratorFile.read(SourceText(name: "g.json", text: generator.json().text()))
            #expect(back.kind == "gan")
            #expect(back.sample(rows: 50, seed: 1).csv() == generator.sample(rows: 50, seed: 1).csv())
            #expect(back.json().text() == generator.json().text())
        }
    }

    @Test func damagedFilesAndSmallTablesAreRefused() throws {
        let table = VAETests.mixedTable(rows: 60)
        let text = try AdversarialNetwork.fit(table, configuration: Self.configuration(steps: 4), seed: 1).json().text()
        for (old, new, words) in [
            ("\"log_sigma\": [", "\"log_sigma\": [0, ", "must hold 2 numbers, not 3"),
            ("\"kind\": \"gan\"", "\"kind\": \"gun\"", "did you mean"),
            ("\"kind\": \"gan\"", "\"kind\": \"cgan\"", "proposals"),
            ("\"widths\": [6", "\"widths\": [7", "weights must hold"),
            ("\"members\": [", "\"membres\": [", "members"),
        ] {
            let changed = text.replacing(old, with: new, maxReplacements: 1)
            #expect(changed != text)
            do {
                _ = try GeneratorFile.read(SourceText(name: "g.json", text: changed))
                Issue.record("\(new) was read")
            } catch { #expect("\(error)".contains(words), "\(error)") }
        }
        #expect(throws: CohortError.self) {
            try AdversarialNetwork.fit(table.rows([1, 2]), configuration: GANConfiguration(), seed: 1)
        }
        let constant = PatientTable(
            columns: [
                TableColumn(
                    schema: ColumnSchema(name: "c", type: .integer), values: Array(repeating: 3, count: 50))
            ])
        #expect(throws: CohortError.self) {
            try AdversarialNetwork.fit(constant, configuration: GANConfiguration(), seed: 1)
        }
    }

    @Test func configurationIsReadAndChecked() throws {
        func read(_ text: String) throws -> GeneratorSpecification? {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "g.json", bytes: Array(text.utf8)))
            let reader = ObjectReader(node, what: "the generator", complaints: complaints)
            let specification = GeneratorSpecification.read(reader)
            reader.finish()
            try complaints.throwIfAny()
            return specification
        }
        #expect(try read(#"{"generator": "gan"}"#) == .gan(GANConfiguration()))
        #expect(
            try read(#"{"generator": "cgan", "latent": 6, "critic_hidden": [32], "pac": 4, "proposals": 5}"#)
                == .cgan(
                    ConditionalGANConfiguration(
                        network: GANConfiguration(latent: 6, criticHidden: [32], pac: 4), proposals: 5)))
        for text in [
            #"{"generator": "gan", "latent": 0}"#, #"{"generator": "gan", "critic_hidden": [0.5]}"#,
            #"{"generator": "gan", "beta": 1}"#, #"{"generator": "cgan", "temperature": 0}"#,
            #"{"generator": "cgan", "averaging": 1}"#, #"{"generator": "gan", "proposals": 4}"#,
        ] {
            #expect(throws: Diagnostics.self) { try read(text) }
        }
    }
}

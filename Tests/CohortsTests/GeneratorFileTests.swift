// Generators as files, rows in parts, codes and the way between patients.

import Cohorts
import Foundation
import PositionedJSON
import Testing

@Suite struct GeneratorFileTests {
    static let table = VAETests.mixedTable(rows: 150)
    static let autoencoder = Result {
        try VariationalAutoencoder.fit(
            table, configuration: VAEConfiguration(steps: 80, tailTrim: 0.01), seed: 3)
    }

    static func generators() throws -> [any CohortGenerator] {
        let several = VAEConfiguration(steps: 40, members: 3, pairSweeps: 4, candidates: 5)
        return [
            try autoencoder.get(), try VariationalAutoencoder.fit(table, configuration: several, seed: 3),
            try GaussianCopula.fit(table, configuration: CopulaConfiguration(), seed: 3),
        ]
    }

    static func read(_ text: String) throws -> any CohortGenerator {
        try GeneratorFile.read(SourceText(name: "g.json", text: text))
    }

    @Test func whatIsReadBackDrawsTheSameBytes() throws {
        for generator in try Self.generators() {
            let text = generator.json().text()
            let back = try Self.read(text)
            #expect(back.json().text() == text)
            #expect(back.sample(rows: 600, seed: 4).csv() == generator.sample(rows: 600, seed: 4).csv())
        }
    }

    @Test func rowsDrawnInPartsAreTheSameRows() throws {
        for generator in try Self.generators() {
            let whole = generator.sample(rows: 0..<1200, seed: 2)
            let part = generator.sample(rows: 700..<713, seed: 2)
            #expect(part.csv() == whole.rows(Array(700..<713)).csv())
        }
    }

    @Test func newerFormatsAndDamageAreRefused() throws {
        let text = try Self.autoencoder.get().json().text()
        func complaints(_ old: String, _ new: String) -> String {
            let changed = text.replacing(old, with: new, maxReplacements: 1)
            #expect(changed != text)
            do {
                _ = try Self.read(changed)
                return ""
            } catch let diagnostics as Diagnostics {
                return diagnostics.description
            } catch {
                return "not a complaint: \(error)"
            }
        }
        #expect(
            complaints("\"format\": 2", "\"format\": 3").contains(
                "g.json:2:13: error: this generator has format 3"))
        #expect(complaints("\"format\": 2", "\"format\": 3").contains("use a newer one"))
        #expect(complaints("\"format\": 2", "\"format\": 1").contains("fit the generator again"))
        #expect(complaints("\"kind\": \"vae\"", "\"kind\": \"vea\"").contains("did you mean"))
        #expect(
            complaints("\"log_sigma\": [", "\"log_sigma\": [0, ").contains("must hold 2 numbers, not 3"))
        #expect(complaints("\"tail_trim\": 0.01", "\"tail_trim\": 0.7").contains("tail_trim"))
        #expect(complaints("\"tail_trim\"", "\"tale_trim\"").contains("did you mean"))
        #expect(complaints("\"share\": 0.", "\"share\": 1.").contains("share"))
        #expect(complaints("\"state\": \"number\"", "\"state\": \"missing\"").contains("state"))
        #expect(complaints("\"quantiles\": [", "\"quantiles\": [1e9, ").contains("must ascend"))
        #expect(complaints("\"weight\": 1", "\"weight\": -1").contains("weight"))
        #expect(
            complaints("\"categories\": [\"a\", \"b\"", "\"categories\": [\"a\", \"a\"").contains("twice")
        )
        #expect(complaints("\"widths\": [9", "\"widths\": [8").contains("weights must hold"))
        // Not JSON, and JSON that is something else.
        #expect(throws: Diagnostics.self) { try Self.read("") }
        #expect(throws: Diagnostics.self) { try Self.read("[]") }
        #expect(throws: Diagnostics.self) { try Self.read("{\"format\": 2, \"kind\": \"copula\"}") }
    }

    @Test func codesGoThereAndBack() throws {
        let table = correlatedTable(rows: 400, seed: 5)
        let generator = try VariationalAutoencoder.fit(
            table, configuration: VAEConfiguration(steps: 500), seed: 3)
        let codes = try generator.encode(table)
        #expect(codes.count == 400)
        #expect(codes.allSatisfy { $0.count == generator.latent })
        // The same whatever else is in the table.
        #expect(try generator.encode(table.rows([7])) == [codes[7]])
        let back = try generator.decode(codes)
        let r = try #require(pearson(table.columns[0].values, back.columns[0].values))
        #expect(r > 0.9)
        let way = try generator.interpolate(table, from: 3, to: 9, steps: 5)
        #expect(way.rows([0, 4]).csv() == (try generator.decode([codes[3], codes[9]])).csv())
        let middle = zip(codes[3], codes[9]).map { ($0 + $1) / 2 }
        #expect(way.rows([2]).csv() == (try generator.decode([middle])).csv())
        #expect(throws: CohortError.self) {
            try generator.interpolate(table, from: 0, to: 400, steps: 3)
        }
        #expect(throws: CohortError.self) { try generator.decode([[1, 2, 3, 4, 5, 6, 7, 8, 9]]) }
    }

    @Test func patientsUnlikeAnyLearnedHaveNoCode() throws {
        let generator = try Self.autoencoder.get()
        var gap = Self.table.rows([1])
        gap.columns[2].values[0] = .nan
        #expect(throws: CohortError.self) { try generator.encode(gap) }
        var stranger = Self.table.rows([1])
        stranger.columns[2].categories = ["d"]
        stranger.columns[2].values[0] = 0
        #expect(throws: CohortError.self) { try generator.encode(stranger) }
        // Another order of the same categories is the same patient.
        var other = Self.table.rows([1])
        let name = other.columns[2].categories[Int(other.columns[2].values[0])]
        other.columns[2].categories = ["c", "b", "a"]
        other.columns[2].values[0] = Double(other.columns[2].categories.firstIndex(of: name) ?? 0)
        #expect(try generator.encode(other) == generator.encode(Self.table.rows([1])))
    }

    @Test func commandsKeepDrawEncodeAndInterpolate() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "lab-\(UUID().uuidString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func file(_ name: String) -> String { folder + "/" + name }
        try Data(Self.table.csv().utf8).write(to: URL(fileURLWithPath: file("t.csv")))
        try Data(
            #"{"columns": {"x": {"type": "continuous"}, "y": {"type": "continuous"}, "group": {"type": "categorical"}}}"#
                .utf8
        ).write(to: URL(fileURLWithPath: file("c.json")))
        let specification = GeneratorSpecification.vae(VAEConfiguration(steps: 60))
        let fitted = try CohortCommands.fit(
            source: file("t.csv"), schema: file("c.json"), seed: 1, generator: specification,
            out: file("g.json"))
        #expect(fitted.sourceRows == 150)
        _ = try CohortCommands.generate(
            source: file("t.csv"), schema: file("c.json"), rows: 9000, seed: 1, generator: specification,
            out: file("direct.csv"))
        try CohortCommands.sample(
            from: file("g.json"), rows: 0..<9000, where: CohortConditions(), seed: 1,
            out: file("kept.csv"))
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: file(name), encoding: .utf8)
        }
        #expect(try text("direct.csv") == text("kept.csv"))
        #expect(try text("direct.csv").split(separator: "\n").count == 9001)
        try CohortCommands.encode(from: file("g.json"), patients: file("t.csv"), out: file("z.csv"))
        #expect(
            try CohortCommands.decode(from: file("g.json"), codes: file("z.csv"), out: file("back.csv"))
                == 150)
        try CohortCommands.interpolate(
            from: file("g.json"), patients: file("t.csv"), first: 1, second: 2, steps: 3,
            out: file("way.csv"))
        let way = try text("way.csv").split(separator: "\n")
        #expect(way[0] == "fraction,x,y,group")
        #expect(way.count == 4)
        // The ends are the reconstructions, codes having passed through decimal text.
        let back = try text("back.csv").split(separator: "\n")
        #expect(way[1] == "0.0," + back[1])
        #expect(way[3] == "1.0," + back[2])
    }
}

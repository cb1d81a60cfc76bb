// Studies of risk from end to end, and as users get them wrong.

import Cohorts
import Foundation
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct RiskStudyTests {
    private let home = Home(path: RepositoryFiles.root.path)

    private func write(_ folder: TemporaryFolder, _ changes: [(String, String)] = []) throws -> String {
        var csv = "id,age,pressure,smoker,ill\n"
        for row in 0..<60 {
            let ill = (row * 7) % 10 < 4 || row % 13 == 0
            csv += "p\(row),\(30 + (row * 11) % 40 + (ill ? 12 : 0)),\(110 + (row * 5) % 50),"
            csv += "\(row % 3 == 0 ? "yes" : "no"),\(ill ? 1 : 0)\n"
        }
        try folder.write(csv, to: "data.csv")
        try folder.write(
            #"""
            {"columns": {"id": {"type": "categorical", "role": "identifier"}, "age": {"type": "integer"},
             "pressure": {"type": "continuous"}, "smoker": {"type": "categorical"}, "ill": {"type": "categorical"}}}
            """#, to: "columns.json")
        var text = #"""
            {
              "format": 1, "name": "small-risk", "seed": 1,
              "table": { "source": "data.csv", "schema": "columns.json" },
              "generator": { "type": "copula" },
              "risk": { "target": "ill", "folds": 3, "bootstrap": 50,
                "models": { "tree": { "model": "tree", "maximum_leaves": 3 }, "logistic": { "model": "logistic_regression" } } }
            }
            """#
        for (find, replacement) in changes {
            #expect(text.contains(find))
            text = text.replacing(find, with: replacement)
        }
        try folder.write(text, to: "s.json")
        return folder.path + "/s.json"
    }

    private func complaints(_ changes: [(String, String)], tables: StudyTables = StudyTables()) throws -> [String] {
        let folder = try TemporaryFolder()
        do {
            _ = try StudyReader.readAny(path: try write(folder, changes), home: home, tables: tables)
            return []
        } catch let error as Diagnostics {
            return error.items.map { "\($0.location.line):\($0.location.column) \($0.message) (\($0.remedy ?? ""))" }
        }
    }

    @Test func theSameBytesWithOneThreadAndTwo() throws {
        let folder = try TemporaryFolder()
        let study = try StudyReader.readAny(path: try write(folder), home: home)
        let one = try StudyRunner.run(study, folder: folder.path + "/one", options: RunOptions(jobs: 1))
        let two = try StudyRunner.run(study, folder: folder.path + "/two", options: RunOptions(jobs: 2))
        #expect(one.manifest.artefacts == two.manifest.artefacts)
        #expect(one.manifest.sources.map(\.kind) == ["table"])
        let summary = try #require(try RunReader(folder: folder.path + "/one").riskSummary())
        #expect(summary.patients == 60 && summary.models == ["tree", "logistic"])
        #expect(summary.rows.allSatisfy { $0.estimate.isDefined || $0.metric == .precision })
        // 7 metrics, 3 trainings, 2 models
        #expect(summary.rows.count == 42 && summary.sentences.count == 4)
        // The page names nobody: no identifier reaches it, nor any prediction.
        let page = try folder.read("one/report.html")
        #expect(page.contains("small-risk") && !page.contains("p17"))
        let tree = try folder.read("one/models/tree/tree.txt")
        #expect(tree.contains("age") && page.contains("\n    →"))
        // A run of a table that has changed since says so.
        let again = try Reproduction.reproduce(
            run: folder.path + "/one", home: Home(path: folder.path), tables: tables(folder),
            options: RunOptions(jobs: 2))
        #expect(again.isIdentical && again.remarks.isEmpty)
    }

    private func tables(_ folder: TemporaryFolder) -> StudyTables {
        var tables = StudyTables()
        tables.given = ["data.csv": folder.path + "/data.csv", "columns.json": folder.path + "/columns.json"]
        return tables
    }

    @Test func mistakesAreNamedWithTheirPlace() throws {
        #expect(
            try complaints([("\"data.csv\"", "\"mine\"")]) == [
                "3:24 there is no table \"mine\" (give it with --data mine=PATH)"
            ])
        #expect(
            try complaints([("\"data.csv\"", "\"../data.csv\"")]) == [
                "3:24 \"../data.csv\" is not in the study's folder "
                    + "(put the table beside the study, or name it with --data NAME=PATH)"
            ])
        #expect(try complaints([("\"ill\", \"folds\"", "\"age2\", \"folds\"")]).first?.contains("no column") == true)
        #expect(try complaints([("\"folds\": 3", "\"folds\": 40")]).first?.contains("the rarer one has") == true)
        #expect(try complaints([("\"model\": \"tree\"", "\"model\": \"forest\"")]).count == 1)
        #expect(try complaints([("\"maximum_leaves\"", "\"leaves\"")]).first?.contains("unknown key") == true)
        #expect(try complaints([]).isEmpty)
        #expect(throws: Diagnostics.self) { try StudyTables(["nothing"]) }
        #expect(throws: Diagnostics.self) { try StudyTables(["x=/no/such/file.csv"]) }
    }

    @Test func aStudyOfTreatmentIsAskedFor() throws {
        let folder = try TemporaryFolder()
        let path = try write(folder)
        #expect(throws: Diagnostics.self) { try StudyReader.read(path: path, home: home) }
    }
}

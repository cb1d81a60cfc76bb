// Studies as users get them wrong: every mistake at once, each at its place.

import Foundation
import PositionedJSON
import Studies
import TestSupport
import Testing

private let home = Home(path: RepositoryFiles.root.path)

private func study(_ changes: [(String, String)] = []) throws -> String {
    var text = """
        {
          "format": 1,
          "name": "small",
          "environment": "immuno",
          "seed": 1,
          "seeds": 2,
          "cohort": { "source_patients": 200, "generator": { "type": "vae", "steps": 50 }, "train": 60, "validation": 20, "test": 30 },
          "agents": {
            "grid": { "algorithm": "q_learning", "decisions": 2000, "grid": { "features": ["log10_tumour", "day"], "bins": 3 } },
            "leaves": { "algorithm": "q_learning", "decisions": 2000, "tree": "viper" }
          },
          "trees": {
            "viper": { "method": "viper", "iterations": 2, "patients_per_iteration": 20, "selection_patients": 20, "maximum_leaves": 4 },
            "refined": { "method": "refine", "from": "viper", "maximum_episodes": 200 }
          },
          "evaluation": { "bootstrap": 50, "subgroups": [{ "name": "load", "parameter": "T", "split": "median" }] },
          "quick": { "seeds": 1 }
        }

        """
    for (old, new) in changes {
        guard text.contains(old) else { throw StageError(message: "the example does not contain \(old)") }
        text = text.replacingOccurrences(of: old, with: new)
    }
    return text
}

/// Line, column, message and remedy of every complaint.
private func complaints(_ text: String, quick: Bool = false, settings: [String] = []) -> [String] {
    do {
        let node = try JSONParser.parse(SourceText(name: "s.json", text: text))
        _ = try StudyReader.read(node, folder: "", home: home, quick: quick, settings: settings)
        return []
    } catch {
        return error.items.map {
            "\($0.file):\($0.location.line):\($0.location.column) \($0.message)" + ($0.remedy.map { " (\($0))" } ?? "")
        }
    }
}

@Suite struct StudyReaderTests {
    @Test func aGoodStudy() throws {
        let node = try JSONParser.parse(SourceText(name: "s.json", text: try study()))
        let plain = try StudyReader.read(node, folder: "", home: home)
        #expect(plain.seeds == 2)
        #expect(plain.agents.map(\.name) == ["grid", "leaves"])
        #expect(plain.agents[1].tree == "viper")
        #expect(plain.teachers.map(\.name) == ["grid"])
        #expect(plain.resolved["quick"] == nil)
        let quick = try StudyReader.read(
            node, folder: "", home: home, quick: true, settings: ["evaluation.bootstrap=20"])
        #expect(quick.seeds == 1)
        #expect(quick.evaluation.bootstrap == 20)
        #expect(quick.resolved["evaluation"]?["bootstrap"] == 20)
        // A study read from its resolved form is the same study: what a manifest holds can be run again.
        let again = try StudyReader.read(
            try JSONParser.parse(SourceText(name: "m", text: quick.resolved.text())), folder: "", home: home)
        #expect(again.resolved == quick.resolved)
    }

    @Test(arguments: [
        ("\"seed\": 1,\n", "", ["s.json:1:1 the study lacks \"seed\""]),
        (
            ", \"grid\": { \"features\": [\"log10_tumour\", \"day\"], \"bins\": 3 }", "",
            [
                "s.json:9:13 a grid over all 10 observations has 9765625 cells, more than the 250000 that a table "
                    + "may have (name fewer, such as \"grid\": {\"features\": "
                    + "[\"log10_tumour\", \"log10_nk\", \"log10_cd8\"], \"bins\": 5})"
            ]
        ),
        (
            "\"method\": \"viper\", \"iterations\": 2, \"patients_per_iteration\": 20, \"selection_patients\": 20,",
            "\"method\": \"regret\", \"teacher\": \"grid\", \"values\": \"doubly_robust\",",
            [
                "s.json:13:65 doubly robust values need a teacher that learns from a log "
                    + "(add an agent such as \"cql\" or \"bcq\" and name it as \"teacher\")"
            ]
        ),
        ("\"seeds\": 2", "\"sedes\": 2", ["s.json:6:3 unknown key \"sedes\" in the study (did you mean \"seeds\"?)"]),
        ("\"seeds\": 2", "\"seeds\": -2", ["s.json:6:12 \"seeds\" in the study must be from 1 to 1000, not -2"]),
        (
            "\"seeds\": 2", "\"seeds\": \"2\"",
            ["s.json:6:12 \"seeds\" in the study must be a whole number, not a string"]
        ),
        (
            "\"format\": 1", "\"format\": 2",
            [
                "s.json:2:13 this study has format 2, but this program reads formats up to 1 "
                    + "(use a newer version of the program)"
            ]
        ),
        (
            "\"environment\": \"immuno\"", "\"environment\": \"imuno\"",
            ["s.json:4:18 there is no environment \"imuno\" (did you mean \"immuno\"?)"]
        ),
        (
            "\"name\": \"small\"", "\"name\": \"../up\"",
            [
                "s.json:3:11 the study's name cannot be \"../up\" "
                    + "(up to 64 letters, digits, hyphens and underscores; it names a folder)"
            ]
        ),
        (
            "\"algorithm\": \"q_learning\", \"decisions\": 2000, \"grid\"",
            "\"algorithm\": \"q_learnign\", \"decisions\": 2000, \"grid\"",
            ["s.json:9:28 \"algorithm\" in the agent \"grid\" cannot be \"q_learnign\" (did you mean \"q_learning\"?)"]
        ),
        (
            "\"algorithm\": \"q_learning\", \"decisions\": 2000, \"tree\": \"viper\"",
            "\"algorithm\": \"cql\", \"data\": { \"policy\": \"protocol:bth\" }",
            ["s.json:10:57 immuno has no protocol \"bth\" (did you mean \"both\"?)"]
        ),
        (
            "\"tree\": \"viper\"", "\"tree\": \"vipre\"",
            ["s.json:10:71 there is no tree \"vipre\" in the study (did you mean \"viper\"?)"]
        ),
        (
            "\"from\": \"viper\"", "\"from\": \"refined\"",
            ["s.json:14:16 \"refined\" needs itself, by way of what it is made from"]
        ),
        (
            "\"parameter\": \"T\"", "\"parameter\": \"a\"",
            [
                "s.json:16:81 \"a\" does not differ among the patients "
                    + "(what differs: \"d\", \"l\", \"s\", \"p\", \"m\", \"k\", \"q\", \"alpha\", \"beta\", \"T\", \"N\", \"L\", \"C\")"
            ]
        ),
        (
            "\"bootstrap\": 50", "\"bootstrap\": 50, \"protocols\": [\"both\", \"chemo5d\"]",
            ["s.json:16:58 the environment has no protocol \"chemo5d\" (did you mean \"chemo_5d\"?)"]
        ),
        (
            "\"refined\":", "\"both\":",
            ["s.json:14:5 \"both\" is the name of a protocol of the environment (tables tell policies apart by name)"]
        ),
        (
            "{ \"seeds\": 1 }", "{ \"seeds\": 0, \"sede\": 3 }",
            [
                "s.json:17:23 \"seeds\" in the study must be from 1 to 1000, not 0",
                "s.json:17:26 unknown key \"sede\" in the study (did you mean \"seed\"?)",
            ]
        ),
        (
            "\"quick\": { \"seeds\": 1 }", "\"quick\": 1",
            ["s.json:17:12 \"quick\" in the study must be an object, not a number"]
        ),
        (
            "\"type\": \"vae\"", "\"type\": \"gann\"",
            ["s.json:7:62 \"type\" in the generator cannot be \"gann\" (did you mean \"gan\"?)"]
        ),
    ])
    func malformed(_ old: String, _ new: String, _ expected: [String]) throws {
        let found = complaints(try study([(old, new)]))
        #expect(found == expected)
    }

    @Test func everythingAtOnce() throws {
        let text = try study([
            ("\"seeds\": 2", "\"seeds\": 2.5"), ("\"train\": 60", "\"train\": -60"), ("\"bins\": 3", "\"binz\": 3"),
            ("\"method\": \"refine\"", "\"method\": \"refined\""), ("\"seed\": 1", "\"seed\": \"x\""),
        ])
        let found = complaints(text)
        #expect(found.count == 5)
        #expect(found == found.sorted { Int($0.split(separator: ":")[1])! < Int($1.split(separator: ":")[1])! })
    }

    @Test func settingsAreCheckedAndPlaced() throws {
        let text = try study()
        #expect(
            complaints(text, settings: ["seeds=0", "agents.grid.decisons=5"]) == [
                "--set:1:1 unknown key \"decisons\" in the agent \"grid\" (did you mean \"decisions\"?)",
                "--set:1:7 \"seeds\" in the study must be from 1 to 1000, not 0",
            ])
        #expect(complaints(text, settings: ["seeds"]).first?.hasPrefix("--set:1:1 a setting is written") == true)
        #expect(complaints(text, settings: ["trees.viper.criterion=gini"]).isEmpty)
        #expect(complaints(text, settings: ["evaluation.subgroups.0.split=thirds"]).isEmpty)
        #expect(complaints(text, settings: ["evaluation.subgroups.3.split=thirds"]).count == 1)
        #expect(complaints(text, settings: ["seed.x=1"]).count == 1)
    }

    @Test func theStudiesOfTheRepositoryAreValid() throws {
        let folder = RepositoryFiles.path("Experiments")
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".json") {
            let data = ProcessInfo.processInfo.environment["LAB_DATA"]
            var tables = StudyTables()
            for name in ["cleveland", "iwpc"] { tables.given[name] = data.map { "\($0)/\(name).csv" } }
            let path = folder + "/" + file
            do {
                _ = try StudyReader.readAny(path: path, home: home, tables: tables)
                _ = try StudyReader.readAny(path: path, home: home, quick: true, tables: tables)
            } catch {
                // Without the user's tables that is all there is to say.
                #expect(
                    data == nil && error.items.allSatisfy { $0.remedy?.hasPrefix("give it with --data") == true },
                    "\(error)")
            }
        }
    }

    /// A whole study, small: the same bytes with one thread and two, nothing run twice, a changed seed changes all.
    @Test func aSmallStudyFromEndToEnd() throws {
        let folder = try TemporaryFolder()
        let node = try JSONParser.parse(SourceText(name: "s.json", text: try study()))
        let first = try StudyReader.read(node, folder: "", home: home, quick: true)
        let one = try StudyRunner.run(first, folder: folder.path + "/one", options: RunOptions(jobs: 1))
        let two = try StudyRunner.run(first, folder: folder.path + "/two", options: RunOptions(jobs: 2))
        #expect(one.manifest.artefacts == two.manifest.artefacts)
        #expect(try folder.read("one/manifest.json") == folder.read("two/manifest.json"))
        let again = try StudyRunner.run(first, folder: folder.path + "/two", options: RunOptions(jobs: 2))
        #expect(!again.timings.contains { !$0.wasCached })
        let comparison = try RunReader(folder: folder.path + "/one").comparison()
        #expect(comparison.patients == 30)
        #expect(Set(["grid", "leaves", "viper", "refined", "both"]).isSubset(of: comparison.policies.map(\.name)))
        let subject = try RunReader(folder: folder.path + "/one").treeSubject("viper", home: home)
        #expect(subject.tree.leafCount <= 4)
        #expect(folder.exists("one/report.html"))

        let changed = try StudyReader.read(
            node, folder: "", home: home, quick: true, settings: ["evaluation.bootstrap=40"])
        let partly = try StudyRunner.run(changed, folder: folder.path + "/two", options: RunOptions(jobs: 2))
        #expect(partly.timings.filter { !$0.wasCached }.map(\.stage).contains("evaluation/comparison"))
        #expect(partly.timings.filter { $0.wasCached }.map(\.stage).contains("agents/leaves/seed-1"))

        let without = try StudyReader.read(
            StudyOverlay.removing("trees", from: node), folder: "", home: home, quick: true,
            settings: [
                "agents={\"grid\": {\"algorithm\": \"q_learning\", \"decisions\": 500, \"grid\": {\"features\": [\"day\"]}}}"
            ])
        _ = try StudyRunner.run(without, folder: folder.path + "/two", options: RunOptions(jobs: 2))
        #expect(!folder.exists("two/trees"))
        #expect(!folder.exists("two/agents/leaves"))

        let reproduction = try Reproduction.reproduce(
            run: folder.path + "/one", home: home, options: RunOptions(jobs: 2))
        #expect(reproduction.isIdentical)
        try folder.write("edited", to: "one/cohort/train.csv")
        let edited = try Reproduction.reproduce(run: folder.path + "/one", home: home, options: RunOptions(jobs: 2))
        #expect(edited.artefacts.filter { $0.verdict != .identical }.map(\.path) == ["cohort/train.csv"])
    }

    @Test func aRunDirectoryIsOneRunsAlone() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", to: "thesis/chapter.txt")
        #expect(throws: StageError.self) { _ = try RunDirectory(path: folder.path + "/thesis") }
        let held = try RunDirectory(path: folder.path + "/run")
        #expect(throws: RunFailure.self) { _ = try RunDirectory(path: folder.path + "/run") }
        withExtendedLifetime(held) {}
    }
}

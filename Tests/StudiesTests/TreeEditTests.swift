// Constraints and abstaining leaves in a study, and a tree of its run edited.

import Distillation
import Foundation
import Numerics
import PositionedJSON
import Studies
import TestSupport
import Testing
import Trees

private let home = Home(path: RepositoryFiles.root.path)

private let rules = """
    {
      "format": 1, "kind": "tree_constraints",
      "forbidden": [
        { "action": "chemo", "when": [{ "observation": "log10_tumour", "at_most": 6.25 }], "reason": "a test" },
        { "action": "both", "when": [{ "observation": "log10_tumour", "at_most": 6.25 }] }
      ],
      "mandatory": [{ "action": "TIL", "when": [{ "observation": "day", "above": 52 }] }]
    }
    """

private let study = """
    {
      "format": 1, "name": "rules", "environment": "immuno", "seed": 1, "seeds": 1,
      "cohort": { "source_patients": 200, "generator": { "type": "copula" }, "train": 60, "validation": 20, "test": 30 },
      "agents": { "grid": { "algorithm": "q_learning", "decisions": 2000, "grid": { "features": ["log10_tumour", "day"], "bins": 3 } } },
      "trees": {
        "viper": { "method": "viper", "iterations": 2, "patients_per_iteration": 20, "selection_patients": 20,
                   "abstain": { "fallback": "chemo_5d", "minimum_patients": 21 } },
        "ruled": { "method": "refine", "from": "viper", "maximum_episodes": 200, "constraints": "Rules.json" }
      },
      "evaluation": { "bootstrap": 20 }
    }
    """

@Suite struct TreeEditTests {
    private func tree(_ folder: TemporaryFolder, _ name: String) throws -> DecisionTree {
        let node = try JSONParser.parse(
            SourceText(name: name, text: try folder.read("run/trees/\(name)/seed-1/tree.json")))
        return try #require(DecisionTree(node, complaints: Complaints()))
    }

    /// Whether what the rules demand holds for the tree alone, at random observations.
    private func obeys(_ tree: DecisionTree) -> Bool {
        var stream = RandomStream(seed: 1, purpose: "test.rules")
        let tumour = tree.features.firstIndex(of: "log10_tumour")!
        let day = tree.features.firstIndex(of: "day")!
        return (0..<500).allSatisfy { _ in
            var observation = tree.features.map { _ in stream.uniform(0, 10) }
            observation[tumour] = stream.uniform(4, 9)
            observation[day] = stream.uniform(0, 115)
            let ranking = tree.ranking(ofLeaf: tree.leaf(of: observation)).map { tree.actions[$0] }
            let isFree = observation[tumour] > 6.25 || Set(ranking.suffix(2)) == ["chemo", "both"]
            return isFree && (observation[day] <= 52 || ranking[0] == "TIL")
        }
    }

    @Test func rulesHoldInAStudyAndInAnEdit() throws {
        let folder = try TemporaryFolder()
        try folder.write(rules, to: "studies/rules.json")
        try folder.write(study, to: "studies/s.json")
        let read = try StudyReader.read(path: folder.path + "/studies/s.json", home: home)
        // The study as it is run holds the rules, so that it can be run again without the file.
        #expect(read.resolved["trees"]?["ruled"]?["constraints"]?["kind"] == "tree_constraints")
        _ = try StudyRunner.run(read, folder: folder.path + "/run", options: RunOptions(jobs: 2))
        let (viper, ruled) = (try tree(folder, "viper"), try tree(folder, "ruled"))
        // No leaf can be reached by 21 of 20 patients.
        #expect(Set(viper.abstentions.keys) == Set(viper.leaves) && Set(viper.abstentions.values) == ["chemo_5d"])
        #expect(ruled.abstentions.isEmpty && obeys(ruled) && !obeys(viper))
        let report = try folder.read("run/report.html")
        #expect(
            report.contains("<h2>What the tree relies on</h2>") && !report.contains("<h2>Trees of other seeds</h2>"))
        // A tree that abstains everywhere is its protocol.
        let outcomes = try folder.read("run/evaluation/outcomes.csv").split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false)
        }
        func mean(_ policy: String) -> Substring? { outcomes.first { $0[0] == policy && $0[3] == "return" }?[4] }
        #expect(mean("viper") != nil && mean("viper") == mean("chemo_5d"))

        let run = RunReader(folder: folder.path + "/run")
        let edit = try run.edit(
            "viper", constraints: try JSONParser.parse(SourceText(name: "r.json", text: rules)), episodes: 200,
            home: home,
            jobs: 1)
        #expect(edit.before == viper && obeys(edit.after))
        #expect(edit.steps.contains { $0.change == "constraints put in force" })
        let text = edit.text()
        for part in ["What it costs", "30 test patients", "20 validation patients", "return", "Before", "After", "→"] {
            #expect(text.contains(part), "\(part) is missing")
        }
        #expect(text.contains("no recommendation: follow chemo_5d"))
        #expect(edit.after.abstentions.isEmpty)
        #expect(text.contains(viper.leafCount == 1 ? "1 leaf that abstained decides" : "leaves that abstained decide"))
        // The cost is that of treating the test patients anew.
        let cost = try #require(edit.test.changes.first)
        #expect(abs(cost.after - cost.before - cost.difference.value) < 1e-9 && edit.test.patients == 30)
        #expect(edit.json()["test"]?["metrics"] != nil)

        // The run holds the rules: it comes out the same without the file, and elsewhere.
        try folder.write("{}", to: "studies/rules.json")
        let reproduction = try Reproduction.reproduce(
            run: folder.path + "/run", home: home, options: RunOptions(jobs: 2))
        #expect(reproduction.isIdentical)
    }

    @Test func mistakesAreToldInTheirFile() throws {
        let folder = try TemporaryFolder()
        func complaints(_ name: String, _ abstain: String = "chemo_5d") throws -> [String] {
            try folder.write(
                study.replacingOccurrences(of: "\"Rules.json\"", with: "\"\(name)\"")
                    .replacingOccurrences(of: "\"fallback\": \"chemo_5d\"", with: "\"fallback\": \"\(abstain)\""),
                to: "studies/s.json")
            do {
                _ = try StudyReader.read(path: folder.path + "/studies/s.json", home: home)
                return []
            } catch {
                return error.items.map {
                    "\(($0.file as NSString).lastPathComponent):\($0.location.line):\($0.location.column) \($0.message)"
                }
            }
        }
        try folder.write(rules, to: "outside.json")
        let place = "s.json:8:93"
        #expect(try complaints("../outside.json") == ["\(place) \"../outside.json\" is not in the study's folder"])
        #expect(
            try complaints("\(folder.path)/outside.json")
                == ["\(place) \"\(folder.path)/outside.json\" is not in the study's folder"])
        #expect(try complaints("none.json") == ["\(place) there is no file \"none.json\" in the study's folder"])
        try folder.write(
            "{\"format\": 1, \"kind\": \"tree_constraints\",\n \"locked\": [{\"node\": 1}], \"forbiden\": []}",
            to: "studies/wrong.json")
        #expect(
            try complaints("wrong.json", "chemo5d") == [
                "s.json:7:41 \"fallback\" in the abstention of \"viper\" cannot be \"chemo5d\"",
                "wrong.json:2:22 node 1 is another one in the tree of every seed",
                "wrong.json:2:27 unknown key \"forbiden\" in the constraints",
            ])
    }
}

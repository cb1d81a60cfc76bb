// Policies adapted to another population: read with every mistake, the same bytes whatever the threads and wherever it is
// stopped, on patients that nobody shares.

import Evaluation
import Foundation
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct AdaptationTests {
    private let home = Home(path: RepositoryFiles.root.path)

    private let adapt =
        "\"adapt\": { \"agents\": [\"grid\"], \"trees\": [\"refined\"], \"patients\": [4, 12], \"budget\": 0.5 }"

    /// The small environment, and hospitals where the drug works the other way round.
    private func folder(_ changes: [(String, String)] = []) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let variants = """
            "variants": { "reversed": { "meaning": "the drug raises the marker",
              "change": { "rates": { "M": "made*(0.5 + C/(half + C)) - lost*M" } } } },
            "parameters": {

            """
        try folder.write(
            SmallEnvironment.edited([("\"parameters\": {\n", variants)]), to: "small/environment.json")
        var text = """
            { "format": 1, "name": "s", "environment": "\(folder.path)/small", "seed": 1, "seeds": 2,
              "cohort": { "source_patients": 200, "generator": { "type": "copula" }, "train": 60, "validation": 20, "test": 30 },
              "agents": {
                "grid": { "algorithm": "q_learning", "decisions": 1500, "grid": { "features": ["marker"], "bins": 3 } },
                "cloned": { "algorithm": "behaviour_cloning", "data": { "policy": "random", "episodes": 20 }, "updates": 20 },
                "leaves": { "algorithm": "q_learning", "decisions": 500, "tree": "viper" }
              },
              "trees": {
                "viper": { "method": "viper", "teacher": "grid", "iterations": 1, "patients_per_iteration": 20, "selection_patients": 10, "maximum_leaves": 4 },
                "refined": { "method": "refine", "from": "viper", "maximum_episodes": 400 }
              },
              "evaluation": { "bootstrap": 40, "populations": {
                "elsewhere": { "meaning": "reversed", "environment": "\(folder.path)/small@reversed", \(adapt) },
                "unseen": { "observations": { "missing": { "marker": 0.5 } } } } } }
            """
        for (old, new) in changes {
            precondition(text.contains(old), "\(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        try folder.write(text, to: "s.json")
        return folder
    }

    private func messages(_ old: String, _ new: String) throws -> [String] {
        let folder = try folder([(old, new)])
        do {
            _ = try StudyReader.read(path: folder.path + "/s.json", home: home)
            return []
        } catch {
            return error.items.map { "\($0.location.line): \($0.message)" + ($0.remedy.map { " (\($0))" } ?? "") }
        }
    }

    @Test func everyMistakeHasItsPlaceAndRemedy() throws {
        #expect(try messages("\"budget\": 0.5", "\"budget\": 0.5").isEmpty)
        #expect(
            try messages("\"agents\": [\"grid\"]", "\"agents\": [\"gird\"]")
                == ["13: there is no agent \"gird\" in the study (did you mean \"grid\"?)"])
        #expect(
            try messages("\"agents\": [\"grid\"]", "\"agents\": [\"cloned\"]").first?
                .hasPrefix("13: \"cloned\" (behaviour_cloning) cannot go on from what it has learned") == true)
        #expect(
            try messages("\"agents\": [\"grid\"]", "\"agents\": [\"leaves\"]").first?
                .hasPrefix("13: \"leaves\" stands on a tree") == true)
        #expect(try messages("\"trees\": [\"refined\"]", "\"trees\": [\"refind\"]").count == 1)
        #expect(
            try messages("[4, 12]", "[4, 40]").first?.hasPrefix("13: there are 20 validation patients") == true)
        #expect(try messages("[4, 12]", "[12, 4]") == ["13: the numbers of patients to adapt to must ascend"])
        #expect(try messages("[4, 12]", "[2]").count == 1)
        #expect(try messages("[4, 12]", "[]").count == 1)
        #expect(try messages("\"budget\": 0.5", "\"budget\": 2").count == 1)
        #expect(
            try messages("\"agents\": [\"grid\"], \"trees\": [\"refined\"], ", "").first?.contains("names nobody")
                == true)
        #expect(try messages("\"budget\": 0.5", "\"share\": 0.5").count == 1)
    }

    @Test func theSameBytesWithOneThreadAndTwoAndAfterAStop() throws {
        let folder = try folder()
        let study = try StudyReader.read(path: folder.path + "/s.json", home: home)
        let first = try StudyRunner.run(study, folder: folder.path + "/one", options: RunOptions(jobs: 1))
        // Stopped whenever an adaptation has begun, and taken up again.
        var attempts = 0
        var second: RunResult?
        while second == nil, attempts < 50 {
            attempts += 1
            let count = Count()
            do {
                second = try StudyRunner.run(
                    study, folder: folder.path + "/two",
                    options: RunOptions(
                        jobs: 2,
                        report: {
                            if case .started(let stage) = $0, stage.hasPrefix("adaptation/") { count.add() }
                        }, isInterrupted: { count.value >= 2 }))
            } catch RunFailure.interrupted {}
        }
        #expect(attempts > 2)
        #expect(try #require(second).manifest.artefacts == first.manifest.artefacts)

        let result = try #require(try RunReader(folder: folder.path + "/one").adaptation())
        #expect(result.trials.map(\.policy) == ["grid", "refined"])
        #expect(result.patients("grid", in: "elsewhere") == [4, 12])
        let elsewhere = try #require(try RunReader(folder: folder.path + "/one").populations())
        for policy in ["grid", "refined"] {
            // Carried over is what the comparison of populations says.
            let carried = try #require(result.row(policy, .carriedOver, "return", in: "elsewhere"))
            let known = try #require(elsewhere.row(policy, "return", in: "elsewhere"))
            #expect(abs(carried.estimate.value - known.estimate.value) < 1e-12)
            #expect(carried.seeds == 2 && carried.testPatients == 30)
            // Where the drug does the opposite there is much to learn, even from few.
            let adapted = try #require(result.row(policy, .adapted, patients: 12, "return", in: "elsewhere"))
            let anew = try #require(result.row(policy, .anew, patients: 12, "return", in: "elsewhere"))
            #expect(try #require(adapted.minusCarriedOver).value >= 0)
            #expect(
                abs(try #require(adapted.minusAnew).value - (adapted.estimate.value - anew.estimate.value)) < 1e-12)
        }
        #expect(
            try folder.read("one/evaluation/adaptation.csv").hasPrefix("population,policy,kind,way,patients,metric,"))
        #expect(folder.exists("one/adaptation/elsewhere/grid/seed-2/patients-12/anew.json"))
        #expect(folder.exists("one/plots/adaptation.gp"))
        let report = try folder.read("one/report.html")
        #expect(report.contains("Adaptation to other populations") && report.contains("patients learned from"))
        #expect(result.markdown().contains("| patients learned from | adapted"))
        #expect(result.sentences().count == 2)
        // Read back it is the same.
        let text = try folder.read("one/evaluation/adaptation.json")
        #expect(result.json().text() == text)
        #expect(try folder.read("one/evaluation/adaptation.txt") == result.text(width: 120))

        // A study that asks for one number more makes only that.
        try folder.write(
            try folder.read("s.json").replacingOccurrences(of: "[4, 12]", with: "[4, 12, 16]"), to: "s.json")
        let log = Names()
        _ = try StudyRunner.run(
            try StudyReader.read(path: folder.path + "/s.json", home: home), folder: folder.path + "/one",
            options: RunOptions(jobs: 2, report: { if case .started(let stage) = $0 { log.add(stage) } }))
        let made = log.all.filter { $0.hasPrefix("adaptation/") || $0.hasPrefix("agents/") || $0.hasPrefix("trees/") }
        #expect(made.count == 4 && made.allSatisfy { $0.hasSuffix("patients-16") })
    }
}

private final class Count: @unchecked Sendable {
    private let lock = NSLock()
    private var number = 0
    func add() { lock.withLock { number += 1 } }
    var value: Int { lock.withLock { number } }
}

private final class Names: @unchecked Sendable {
    private let lock = NSLock()
    private var names: [String] = []
    func add(_ name: String) { lock.withLock { names.append(name) } }
    var all: [String] { lock.withLock { names } }
}

// The built program as scripts see it: exit codes, what goes to which stream, and what is left on the disk.

import Foundation
import TestSupport
import Testing

/// The program beside the tests.
private let program: String? = {
    guard let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
    let path = (tests as NSString).deletingLastPathComponent + "/lab"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

private struct Result {
    var code: Int32
    var output: String
    var errors: String
}

private func lab(_ arguments: [String], in folder: String, interruptAfter: Double? = nil) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(program))
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    var environment = ProcessInfo.processInfo.environment
    environment["LAB_HOME"] = RepositoryFiles.root.path
    process.environment = environment
    let output = folder + "/.out"
    let errors = folder + "/.err"
    for file in [output, errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    if let interruptAfter {
        Thread.sleep(forTimeInterval: interruptAfter)
        process.interrupt()
    }
    process.waitUntilExit()
    func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
    return Result(code: process.terminationStatus, output: text(output), errors: text(errors))
}

private let study = """
    {
      "format": 1, "name": "small", "environment": "immuno", "seed": 1, "seeds": 1,
      "cohort": { "source_patients": 200, "generator": { "type": "copula" }, "train": 60, "validation": 20, "test": 30 },
      "agents": { "grid": { "algorithm": "q_learning", "decisions": 1000, "grid": { "features": ["day"] } } },
      "trees": { "viper": { "method": "viper", "iterations": 1, "patients_per_iteration": 20, "selection_patients": 20 } },
      "evaluation": { "bootstrap": 20 }
    }
    """

@Suite(.enabled(if: program != nil)) struct CommandLineTests {
    @Test(arguments: [
        "--version", "--help", "", "run --help", "help env show", "env list", "env show immuno --json", "doctor",
        "policy --help", "env show icu-sepsis", "env show sepsis-oberst --json", "env check sepsis-oberst",
        "tree edit --help",
        "env solve sepsis-oberst --discount 0.95 --method policy --json",
        "env rollout sepsis-oberst --policy protocol:physician --epsilon 0.1 --patients 3 --seed 1 --log log.csv --out -",
        "policy coverage sepsis-oberst --log-policy random --policy random --epsilon 0.5 --episodes 20 --repetitions 4 "
            + "--bootstrap 20 --seed 1",
    ])
    func answers(_ line: String) throws {
        let folder = try TemporaryFolder()
        let result = try lab(line.split(separator: " ").map(String.init), in: folder.path)
        #expect(result.code == 0)
        #expect(!result.output.isEmpty)
        #expect(result.errors.isEmpty)
    }

    @Test(arguments: [
        "2 rum", "2 env", "2 env lst", "2 run", "2 run x.json --jobs 0", "2 compare nowhere", "65 run nowhere.json",
        "65 env show imuno", "2 env rollout immuno --policy protocol:bth --patients 2 --seed 1",
        "2 policy coverage immuno --log-policy random --policy random --episodes 2 --seed 1",
        "65 policy evaluate random --log nowhere.csv --environment sepsis-oberst",
        "2 policy evaluate p.json --log nowhere.csv", "2 env solve immuno", "2 env solve icu-sepsis --method luck",
        "2 env simulate icu-sepsis --schedule s.csv --times t.csv",
        "65 env rollout immuno --policy nothing.json --patients 2 --seed 1",
    ])
    func mistakes(_ line: String) throws {
        let folder = try TemporaryFolder()
        let words = line.split(separator: " ").map(String.init)
        let result = try lab(Array(words.dropFirst()), in: folder.path)
        #expect(result.code == Int32(words[0]))
        #expect(result.output.isEmpty)
        #expect(!result.errors.isEmpty)
    }

    @Test(arguments: [
        "", "{", "[1,", String(repeating: "[", count: 100_000), "{\"format\": 1, \"format\": 1}", "{}",
        "{\"format\": 1, \"nmae\": \"x\"}", "nonsense",
    ])
    func aMalformedStudyLeavesNothing(_ text: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "study.json")
        for command in [["validate"], ["run"], ["run", "--quick"]] {
            let result = try lab(command + ["study.json"], in: folder.path)
            #expect(result.code == 65)
            #expect(result.errors.hasPrefix("study.json:1:"))
            #expect(!folder.exists("runs"))
        }
    }

    @Test func aStudyFromEndToEnd() throws {
        let folder = try TemporaryFolder()
        try folder.write(study, to: "Studies/Small.json")
        let run = try lab(["run", "studies/small.json", "--out", "my run"], in: folder.path)
        #expect(run.code == 0)
        #expect(run.output.contains("grid"))
        #expect(run.errors.contains("my run/report.html"))
        let compared = try lab(["compare", "my run"], in: folder.path)
        #expect(compared.code == 0)
        #expect(run.output.contains(compared.output.split(separator: "\n")[0]))
        for format in ["html", "text", "json", "svg"] {
            let exported = try lab(
                ["export", "my run", "--format", format, "--out", "tree.\(format)"], in: folder.path)
            #expect(exported.code == 0)
            #expect(try folder.read("tree.\(format)").contains("not for clinical use"))
        }
        #expect(try lab(["reproduce", "my run", "--jobs", "1"], in: folder.path).code == 0)
        let policy = "my run/agents/grid/seed-1/policy.json"
        let rollout = try lab(
            [
                "env", "rollout", "immuno", "--policy", policy, "--patients", "30", "--seed", "1", "--cohort",
                "my run/cohort/test.csv",
            ],
            in: folder.path)
        #expect(rollout.code == 0)
        #expect(rollout.output.hasPrefix("patient,return,discounted_return,length,ending,cured,"))
        #expect(rollout.output.split(separator: "\n").count == 31)
        let table = try lab(["policy", "table", policy], in: folder.path)
        #expect(table.output.hasPrefix("state,action,"))
        try folder.write(
            "{\"format\": 1, \"kind\": \"tree_constraints\", \"forbidden\": [{\"action\": \"TIL\", \"when\": []}]}",
            to: "rules.json")
        let edit = ["tree", "edit", "my run", "--episodes", "50", "--constraints"]
        let edited = try lab(edit + ["rules.json", "--out", "edited.json"], in: folder.path)
        #expect(edited.code == 0 && edited.output.contains("What it costs") && folder.exists("edited.json"))
        try folder.write("{\"format\": 1}", to: "wrong.json")
        let wrong = try lab(edit + ["wrong.json"], in: folder.path)
        #expect(wrong.code == 65 && wrong.errors.hasPrefix("wrong.json:1:1: "))
    }

    @Test func aStudyOnATableOfStates() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            {
              "format": 1, "name": "table", "environment": "sepsis-oberst", "seed": 1, "seeds": 1,
              "cohort": { "source_patients": 100, "train": 200, "validation": 50, "test": 100 },
              "agents": { "q": { "algorithm": "q_learning", "decisions": 2000, "grid": { "bins": 3 } } },
              "trees": {
                "viper": { "method": "viper", "iterations": 1, "patients_per_iteration": 20, "selection_patients": 20 }
              },
              "evaluation": {
                "bootstrap": 20, "subgroups": [{ "name": "diabetes", "parameter": "diabetic", "split": [0.5] }]
              }
            }
            """, to: "table.json")
        let run = try lab(["run", "table.json", "--out", "run"], in: folder.path)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("physician"))
        #expect(try folder.read("run/evaluation/subgroups.csv").contains("diabetes"))
        #expect(try lab(["reproduce", "run", "--jobs", "1"], in: folder.path).code == 0)
        for policy in ["run/agents/q/seed-1/policy.json", "run/trees/viper/seed-1/tree.json"] {
            let table = try lab(["policy", "table", policy], in: folder.path)
            // One line per state in which there is something to decide, and the header.
            #expect(table.output.hasPrefix("state,action\n"))
            #expect(table.output.split(separator: "\n").count == 607)
        }
    }

    /// A table that is damaged, cut short or missing is bad input, told at its beginning.
    @Test func aDamagedTable() throws {
        let folder = try TemporaryFolder()
        let place = folder.path + "/mine"
        try FileManager.default.copyItem(atPath: RepositoryFiles.path("Environments/sepsis-oberst"), toPath: place)
        let file = URL(fileURLWithPath: place + "/sim-v2.table")
        let whole = try Data(contentsOf: file)
        for (bytes, message) in [
            (whole.prefix(100_000), "cut short"), (whole.prefix(20), "LABTABLE"),
            (whole.dropLast(100) + Data(repeating: 0, count: 100), "checksum"),
        ] {
            try Data(bytes).write(to: file)
            for command in [["env", "check", "mine"], ["env", "solve", "mine"], ["env", "show", "mine"]] {
                let result = try lab(command, in: folder.path)
                #expect(result.code == 65)
                #expect(result.errors.hasPrefix("mine/sim-v2.table:1:1: error: ") && result.errors.contains(message))
            }
        }
        try FileManager.default.removeItem(at: file)
        let result = try lab(["env", "check", "mine"], in: folder.path)
        #expect(result.code == 65 && result.errors.hasPrefix("mine/environment.json:"))
    }

    @Test func interruptionKeepsWhatIsFinished() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            study.replacingOccurrences(of: "\"decisions\": 1000", with: "\"decisions\": 60000"), to: "s.json")
        let result = try lab(
            ["run", "s.json", "--jobs", "1", "--set", "seeds=50"], in: folder.path, interruptAfter: 0.7)
        #expect(result.code == 130)
        #expect(folder.exists("runs/small/.stages"))
        #expect(!folder.exists("runs/small/manifest.json"))
    }
}

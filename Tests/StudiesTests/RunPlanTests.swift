// What a run says it would do, how long it thinks that takes, and what it tells others of itself.

import Foundation
import PositionedJSON
import Studies
import Testing

private func graph(agent: Int = 1, seconds: UInt32 = 0) -> [Stage] {
    func stage(_ name: String, _ value: Int, _ inputs: [String], _ file: String) -> Stage {
        Stage(name, configuration: ["value": .integer(value)], seed: 7, inputs: inputs) { context in
            usleep(seconds * 1000)
            let told = try context.paths.map { try context.text($0) }
            return [Artefact(file, "\(value)\(told.joined())\n")]
        }
    }
    return [stage("cohort", 1, [], "cohort.csv")]
        + (1...3).map { stage("agents/a/seed-\($0)", agent, ["cohort"], "agents/a/seed-\($0)/policy.json") }
        + [stage("report", 1, (1...3).map { "agents/a/seed-\($0)" }, "report.html")]
}

@Suite struct RunPlanTests {
    private func codes(_ plan: [PlannedStage]) -> [String] { plan.map(\.verdict.code) }

    @Test func aPlanSaysWhatARunThenDoes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run"
        let runner = StageRunner(folder: path, jobs: 2, program: "p1")
        #expect(codes(try runner.plan(graph())) == ["new", "new", "new", "new", "new"])
        #expect(!folder.exists("run"))
        _ = try runner.run(graph())
        #expect(codes(try runner.plan(graph())) == ["kept", "kept", "kept", "kept", "kept"])
        // Other agents: the report waits for what they make.
        let changed = try runner.plan(graph(agent: 2))
        #expect(codes(changed) == ["kept", "changed", "changed", "changed", "follows"])
        #expect(changed[4].verdict == .follows(["agents/a/seed-1", "agents/a/seed-2", "agents/a/seed-3"]))
        let other = StageRunner(folder: path, jobs: 1, program: "p2")
        #expect(codes(try other.plan(graph())) == ["other_build", "follows", "follows", "follows", "follows"])
        let forced = StageRunner(folder: path, jobs: 1, program: "p1", force: true)
        #expect(Set(codes(try forced.plan(graph()))) == ["forced"])
    }

    @Test func damageIsNamed() throws {
        let folder = try TemporaryFolder()
        let warnings = Warnings()
        let runner = StageRunner(
            folder: folder.path, jobs: 1, program: "p",
            report: { if case .warning(let text) = $0 { warnings.add(text) } })
        _ = try runner.run(graph())
        try folder.write("1", to: "agents/a/seed-2/policy.json")
        #expect(try runner.plan(graph())[2].verdict == .damaged(["agents/a/seed-2/policy.json"]))
        _ = try runner.run(graph())
        try folder.write("{\"format\": 1, \"sta", to: ".stages/cohort/stage.json")
        #expect(try runner.plan(graph())[0].verdict == .damaged([".stages/cohort/stage.json"]))
        _ = try runner.run(graph())
        #expect(
            warnings.all == [
                "\(folder.path)/agents/a/seed-2/policy.json is lost or not what stage agents/a/seed-2 wrote; it is run again",
                "\(folder.path)/.stages/cohort/stage.json is lost or not what stage cohort wrote; it is run again",
            ])
        #expect(codes(try runner.plan(graph())).allSatisfy { $0 == "kept" })
    }

    /// An input that changes between its writing and its reading stops the run, and nothing is made of it.
    @Test func aDamagedInputIsNotRead() throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let stages = [
            Stage("a", configuration: [:], seed: 1) { _ in [Artefact("a.txt", "right")] },
            Stage("b", configuration: [:], seed: 1, inputs: ["a"]) { context in
                try Data("wrong".utf8).write(to: URL(fileURLWithPath: path + "/a.txt"))
                return [Artefact("b.txt", try context.text("a.txt"))]
            },
        ]
        do {
            _ = try StageRunner(folder: path, jobs: 1, program: "p").run(stages)
            Issue.record("nothing was thrown")
        } catch { #expect("\(error)".contains("a.txt is no longer what was written")) }
        #expect(!folder.exists("b.txt"))
    }

    @Test func timesOfEqualStagesAreRemembered() throws {
        let folder = try TemporaryFolder()
        _ = try StageRunner(folder: folder.path + "/one", jobs: 1, program: "p").run(graph(seconds: 20))
        // Half a line, as a killed process leaves it.
        let times = try folder.read("one/.stages/times.csv")
        #expect(times.split(separator: "\n").count == 5)
        try folder.write(times + "0123456789abc", to: "one/.stages/times.csv")
        let plan = try StageRunner(folder: folder.path + "/two", jobs: 1, program: "p").plan(graph(seconds: 20))
        #expect(plan.allSatisfy { ($0.seconds ?? 0) >= 0.02 })
        let changed = try StageRunner(folder: folder.path + "/two", jobs: 1, program: "p").plan(graph(agent: 2))
        #expect(changed.map { $0.seconds == nil } == [false, true, true, true, false])
        #expect(changed.estimate(jobs: 1).untimed == 3)
    }

    @Test func anEstimateFollowsTheGraph() {
        func stage(_ name: String, _ seconds: Double?, _ inputs: [String], kept: Bool = false) -> PlannedStage {
            PlannedStage(name: name, inputs: inputs, verdict: kept ? .kept : .new, seconds: seconds)
        }
        let plan = [
            stage("cohort", nil, [], kept: true), stage("a", 10, ["cohort"]), stage("b", 10, ["cohort"]),
            stage("c", 10, ["cohort"]), stage("report", 5, ["a", "b", "c"]),
        ]
        #expect(plan.estimate(jobs: 1).seconds == 35)
        #expect(plan.estimate(jobs: 2).seconds == 25)
        #expect(plan.estimate(jobs: 3).seconds == 15)
        #expect(plan.estimate(jobs: 64).seconds == 15)
    }

    @Test func aPlanInWords() {
        let plan = [
            PlannedStage(name: "cohort", inputs: [], verdict: .kept),
            PlannedStage(name: "agents/a/seed-1", inputs: ["cohort"], verdict: .changed, seconds: 61),
            PlannedStage(name: "agents/a/seed-2", inputs: ["cohort"], verdict: .changed, seconds: 63),
            PlannedStage(name: "report", inputs: ["agents/a/seed-1"], verdict: .follows(["agents/a/seed-1"])),
        ]
        let lines = plan.text(folder: "runs/x", jobs: 2).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines[0]
                == "runs/x: 4 stages, 1 kept, 3 to run; about 1:03 with 2 threads, and what the 1 take that were never timed"
        )
        #expect(
            lines.contains {
                $0.hasPrefix("agents/a") && $0.contains("2  1:02  to run: what it depends on has changed")
            })
    }
}

private final class Warnings: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []
    func add(_ text: String) { lock.withLock { texts.append(text) } }
    var all: [String] { lock.withLock { texts } }
}

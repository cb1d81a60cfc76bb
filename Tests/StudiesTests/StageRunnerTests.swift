// What runs, what is kept, and that neither depends on the number of threads.

import Foundation
import PositionedJSON
import Studies
import Testing

/// Counts what ran.
private final class Log: @unchecked Sendable {
    private let lock = NSLock()
    private var entries: [String] = []
    func add(_ name: String) { lock.withLock { entries.append(name) } }
    var sorted: [String] { lock.withLock { entries.sorted() } }
    var count: Int { lock.withLock { entries.count } }
}

/// cohort → two agents with two seeds each → tree → report; every result tells its inputs.
private func graph(
    _ log: Log, cohort: Int = 1, secondAgent: Int = 1, seed: UInt64 = 7, failing: String? = nil
) -> [Stage] {
    func stage(_ name: String, _ value: Int, _ seed: UInt64, _ inputs: [String], _ file: String) -> Stage {
        Stage(name, configuration: ["value": .integer(value)], seed: seed, inputs: inputs) { context in
            log.add(name)
            if name == failing { throw StageError(message: "it was meant to") }
            context.progress(1, 2, "rows")
            let told = try context.paths.map { "\($0)=\(SHA256.hex(try context.text($0)).prefix(8))" }
            return [Artefact(file, "\(value) \(seed) \(told.joined(separator: " "))\n")]
        }
    }
    var stages = [stage("cohort", cohort, seed, [], "cohort/patients.csv")]
    for (agent, value) in [("first", 1), ("second", secondAgent)] {
        for index in 1...2 {
            stages.append(
                stage(
                    "agents/\(agent)/seed-\(index)", value, seed + UInt64(index), ["cohort"],
                    "agents/\(agent)/seed-\(index)/policy.json"))
        }
    }
    stages.append(stage("tree", 1, seed, ["cohort", "agents/second/seed-1"], "trees/tree.json"))
    stages.append(stage("report", 1, seed, ["tree", "agents/first/seed-1"], "report.html"))
    return stages
}

@Suite struct StageRunnerTests {
    @Test func finishedStagesAreNotRunAgain() throws {
        let folder = try TemporaryFolder()
        let log = Log()
        let runner = StageRunner(folder: folder.path, jobs: 2, program: "p1")
        let first = try runner.run(graph(log))
        #expect(log.count == 7)
        #expect(first.artefacts.count == 7)
        let again = try runner.run(graph(log))
        #expect(log.count == 7)
        #expect(again.artefacts == first.artefacts)
        #expect(!again.timings.contains { !$0.wasCached })
        #expect(again.timings.map(\.stage) == graph(log).map(\.name))
    }

    @Test func onlyDependentsOfAChangeRunAgain() throws {
        let folder = try TemporaryFolder()
        let runner = StageRunner(folder: folder.path, jobs: 2, program: "p1")
        _ = try runner.run(graph(Log()))
        let changedAgent = Log()
        _ = try runner.run(graph(changedAgent, secondAgent: 2))
        #expect(changedAgent.sorted == ["agents/second/seed-1", "agents/second/seed-2", "report", "tree"])
        let changedSeed = Log()
        _ = try runner.run(graph(changedSeed, secondAgent: 2, seed: 8))
        #expect(changedSeed.count == 7)
        let newProgram = Log()
        let kept = try StageRunner(folder: folder.path, jobs: 1, program: "p2", keepsAnyBuild: true)
            .run(graph(newProgram, secondAgent: 2, seed: 8))
        #expect(newProgram.count == 0 && kept.otherBuilds == ["p1"])
        _ = try StageRunner(folder: folder.path, jobs: 1, program: "p2").run(graph(newProgram, secondAgent: 2, seed: 8))
        #expect(newProgram.count == 7)
        let forced = Log()
        _ = try StageRunner(folder: folder.path, jobs: 1, program: "p2", force: true)
            .run(graph(forced, secondAgent: 2, seed: 8))
        #expect(forced.count == 7)
    }

    @Test func damagedOrMissingArtefactsAreMadeAgain() throws {
        let folder = try TemporaryFolder()
        let runner = StageRunner(folder: folder.path, jobs: 2, program: "p1")
        let first = try runner.run(graph(Log()))
        try folder.write("edited", to: "trees/tree.json")
        let log = Log()
        let second = try runner.run(graph(log))
        // The tree comes out as before, so that the report's inputs have not changed.
        #expect(log.sorted == ["tree"])
        #expect(second.artefacts == first.artefacts)
        try folder.write("not json", to: ".stages/cohort/stage.json")
        let log2 = Log()
        _ = try runner.run(graph(log2))
        #expect(log2.sorted == ["cohort"])
    }

    @Test func resultsDoNotDependOnJobs() throws {
        let one = try TemporaryFolder()
        let four = try TemporaryFolder()
        let a = try StageRunner(folder: one.path, jobs: 1, program: "p").run(graph(Log()))
        let b = try StageRunner(folder: four.path, jobs: 4, program: "p").run(graph(Log()))
        #expect(a.artefacts == b.artefacts)
    }

    @Test func aFailureNamesItsStageAndKeepsTheRest() throws {
        let folder = try TemporaryFolder()
        let runner = StageRunner(folder: folder.path, jobs: 2, program: "p")
        do {
            _ = try runner.run(graph(Log(), failing: "agents/second/seed-1"))
            Issue.record("nothing was thrown")
        } catch {
            #expect("\(error)" == "stage agents/second/seed-1 failed: it was meant to")
        }
        #expect(!folder.exists("trees/tree.json"))
        let log = Log()
        _ = try runner.run(graph(log))
        #expect(!log.sorted.contains("cohort"))
    }

    /// A run that is stopped again and again ends with the same bytes as one that was not.
    @Test func anInterruptedRunGoesOn() throws {
        let whole = try TemporaryFolder()
        let expected = try StageRunner(folder: whole.path, jobs: 1, program: "p").run(graph(Log()))
        let folder = try TemporaryFolder()
        var attempts = 0
        while attempts < 20 {
            attempts += 1
            let log = Log()
            let runner = StageRunner(
                folder: folder.path, jobs: 2, program: "p", isInterrupted: { log.count >= 1 })
            do {
                let result = try runner.run(graph(log))
                #expect(result.artefacts == expected.artefacts)
                break
            } catch RunFailure.interrupted {
                continue
            }
        }
        #expect(attempts > 1 && attempts < 20)
    }

    @Test func aStageSeesOnlyItsInputs() throws {
        let folder = try TemporaryFolder()
        let stages = [
            Stage("a", configuration: [:], seed: 1) { _ in [Artefact("a.txt", "a")] },
            Stage("b", configuration: [:], seed: 1) { context in [Artefact("b.txt", try context.text("a.txt"))] },
        ]
        #expect(throws: RunFailure.self) {
            _ = try StageRunner(folder: folder.path, jobs: 1, program: "p").run(stages)
        }
    }

    @Test func aBrokenGraphIsRefused() throws {
        let folder = try TemporaryFolder()
        let runner = StageRunner(folder: folder.path + "/new", jobs: 1, program: "p")
        let lost = [Stage("b", configuration: [:], seed: 1, inputs: ["a"]) { _ in [] }]
        let twice = ["a", "a"].map { Stage($0, configuration: [:], seed: 1) { _ in [] } }
        #expect(throws: RunFailure.self) { _ = try runner.run(lost) }
        #expect(throws: RunFailure.self) { _ = try runner.run(twice) }
        #expect(!folder.exists("new"))
    }
}

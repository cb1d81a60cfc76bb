// Which stages wait, run and are done; shared by the workers of a run.

import Foundation

/// Every access is under the lock.
final class StageBoard: @unchecked Sendable {
    struct Outcome: Sendable {
        var artefacts: [String: String]
        /// The build that made them.
        var program: String
        var seconds: Double
        var wasCached: Bool
    }

    enum Task {
        /// A stage, the hashes of its input artefacts, and how many other stages run now.
        case stage(Stage, inputs: [String: String], running: Int)
        case finished
    }

    private let condition = NSCondition()
    private var waiting: [Stage]
    private var running = 0
    private var done: [String: Outcome] = [:]
    private var stopped = false
    private var firstFailure: RunFailure?

    init(_ stages: [Stage]) { waiting = stages }

    var failure: RunFailure? { condition.withLock { firstFailure } }
    var isDone: Bool { condition.withLock { waiting.isEmpty && running == 0 } }

    /// The first stage in order whose inputs are there; waits for one, or says that no more will come.
    func take(unless isInterrupted: () -> Bool) -> Task {
        condition.withLock {
            while true {
                if !stopped, isInterrupted() { stopped = true }
                if stopped || waiting.isEmpty { return .finished }
                if let index = waiting.firstIndex(where: { $0.inputs.allSatisfy { done[$0] != nil } }) {
                    let stage = waiting.remove(at: index)
                    var inputs: [String: String] = [:]
                    for input in stage.inputs { inputs.merge(done[input]!.artefacts) { first, _ in first } }
                    defer { running += 1 }
                    return .stage(stage, inputs: inputs, running: running)
                }
                condition.wait()
            }
        }
    }

    func finish(_ name: String, _ outcome: Outcome) {
        condition.withLock {
            done[name] = outcome
            running -= 1
            condition.broadcast()
        }
    }

    func fail(_ failure: RunFailure) {
        condition.withLock {
            if firstFailure == nil { firstFailure = failure }
            stopped = true
            running -= 1
            condition.broadcast()
        }
    }

    func results(_ stages: [Stage], program: String) -> StageResults {
        condition.withLock {
            var results = StageResults()
            for stage in stages {
                guard let outcome = done[stage.name] else { continue }
                results.artefacts.merge(outcome.artefacts) { first, _ in first }
                results.timings.append(
                    StageTiming(stage: stage.name, seconds: outcome.seconds, wasCached: outcome.wasCached))
            }
            results.otherBuilds = Set(done.values.map(\.program)).subtracting([program]).sorted()
            return results
        }
    }
}

// Policies with a memory: a session per batch, forgotten where a course begins.

import Numerics
import Patients
import TestSupport
import Testing

/// Chooses the state it saw at the decision before (0 at first), as far as that is an action.
struct DelayedPolicy: ScoredPolicy {
    var hasMemory: Bool { true }
    var scoreKind: ScoreKind { .actionValues }

    final class Session: ScoredPolicySession {
        private var last: [Double]

        init(slots: Int) { last = Array(repeating: -1, count: slots) }

        func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
            for row in 0..<batch.count {
                let before = batch.decisions[row] == 0 ? 0 : last[row]
                for action in 0..<batch.actionCount {
                    scores[row * batch.actionCount + action] = -abs(Double(action) - before)
                }
                last[row] = batch.observations[row * batch.observationCount]
            }
        }
    }

    func makeScoredSession(slots: Int) -> any ScoredPolicySession { Session(slots: slots) }
    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        actAtBeginnings(batch, actions: actions)
    }
    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        scoreAtBeginnings(batch, scores: scores)
    }
}

@Suite struct PolicySessionTests {
    let factory = FiniteModelFactory(.random(states: 4, actions: 4, seed: 3), patients: 60, oneHot: false)

    /// Slots are refilled as courses end, so a memory that outlived its course would show.
    @Test func memoryEndsWithTheCourse() throws {
        let wide = try Rollout.run(factory, policy: DelayedPolicy(), seed: 1, slots: 60)
        let narrow = try Rollout.run(factory, policy: DelayedPolicy(), seed: 1, slots: 3)
        let split = try Rollout.run(factory, policy: DelayedPolicy(), seed: 1, slots: 7, jobs: 2)
        #expect(wide == narrow && wide == split)
        var last: [Int32: Double] = [:]
        _ = try Rollout.visit(
            factory, policy: DelayedPolicy(), patients: Array(0..<60), seed: 1, slots: 3
        ) { batch, actions, status in
            for row in 0..<batch.count where status[row] == .running {
                let before = batch.decisions[row] == 0 ? 0 : last[batch.patients[row]]!
                #expect(Double(actions[row]) == before)
                last[batch.patients[row]] = batch.observations[row]
            }
        }
        #expect(last.count == 60)
    }

    @Test func withoutASessionEveryRowBeginsACourse() {
        let observations: [Double] = [3, 2, 1]
        let allowed = Array(repeating: true, count: 12)
        let decisions: [Int32] = [5, 6, 7]
        var actions: [Int32] = [9, 9, 9]
        observations.withUnsafeBufferPointer { observations in
            allowed.withUnsafeBufferPointer { allowed in
                decisions.withUnsafeBufferPointer { decisions in
                    let batch = DecisionBatch(
                        count: 3, observationCount: 1, actionCount: 4, observations: observations, allowed: allowed,
                        decisions: decisions, patients: decisions)
                    actions.withUnsafeMutableBufferPointer { DelayedPolicy().act(batch, actions: $0) }
                    #expect(batch.row(1).observations[0] == 2 && batch.row(2).decisions[0] == 7)
                }
            }
        }
        #expect(actions == [0, 0, 0])
    }
}

// What the tests of all learners share: exact values of a learned policy, with or without forbidden actions.

import Agents
import Numerics
import Patients
import PositionedJSON
import TestSupport

/// A finite model with the mask under which it is played.
struct Problem: Sendable {
    var model: FiniteModel
    var permitted: [[Bool]]?
    var oneHot = true

    var factory: FiniteModelFactory {
        FiniteModelFactory(model, patients: 200, oneHot: oneHot, permitted: permitted)
    }

    static let identity = Problem(model: .identity(states: 4, horizon: 20))
    static let chain = Problem(model: .chain(length: 6))
    static let random = Problem(model: .random(states: 8, actions: 3, seed: 4))
    /// The random model with about a third of all actions forbidden, the best one of state 0 among them.
    static let masked: Problem = {
        let model = FiniteModel.random(states: 8, actions: 3, seed: 4)
        let best = model.optimalActionValues().map { row in row.indices.max { row[$0] < row[$1] }! }
        var permitted = (0..<8).map { state in (0..<3).map { (state + $0) % 3 != 0 } }
        permitted[0] = (0..<3).map { $0 != best[0] }
        return Problem(model: model, permitted: permitted)
    }()

    func isPermitted(_ state: Int, _ action: Int) -> Bool { permitted?[state][action] ?? true }

    /// Optimal values among permitted actions, per state.
    func optimalValues() -> [Double] {
        var values = Array(repeating: 0.0, count: model.stateCount)
        while true {
            let next = (0..<model.stateCount).map { state in
                (0..<model.actionCount).filter { isPermitted(state, $0) }.map { action in
                    model.rewards[state][action]
                        + model.discount * zip(model.transitions[state][action], values).map { $0 * $1 }.reduce(0, +)
                }.max()!
            }
            let change = zip(values, next).map { abs($0 - $1) }.max()!
            values = next
            if change < 1e-12 { return values }
        }
    }

    /// Calls `body` with all states as a batch.
    func withAllStates(_ body: (DecisionBatch) -> Void) {
        let states = model.stateCount
        let width = oneHot ? states : 1
        var observations = Array(repeating: 0.0, count: states * width)
        for state in 0..<states {
            if oneHot { observations[state * width + state] = 1 } else { observations[state] = Double(state) }
        }
        let allowed = (0..<states).flatMap { state in (0..<model.actionCount).map { isPermitted(state, $0) } }
        let zeros = Array(repeating: Int32(0), count: states)
        observations.withUnsafeBufferPointer { observations in
            allowed.withUnsafeBufferPointer { allowed in
                zeros.withUnsafeBufferPointer { zeros in
                    body(
                        DecisionBatch(
                            count: states, observationCount: width, actionCount: model.actionCount,
                            observations: observations, allowed: allowed, decisions: zeros, patients: zeros))
                }
            }
        }
    }

    func actions(of policy: any Policy) -> [Int] {
        var actions = Array(repeating: Int32(-1), count: model.stateCount)
        withAllStates { batch in actions.withUnsafeMutableBufferPointer { policy.act(batch, actions: $0) } }
        return actions.map(Int.init)
    }

    func scores(of policy: any ScoredPolicy) -> [[Double]] {
        let width = model.actionCount
        var scores = Array(repeating: 0.0, count: model.stateCount * width)
        withAllStates { batch in scores.withUnsafeMutableBufferPointer { policy.score(batch, scores: $0) } }
        return (0..<model.stateCount).map { Array(scores[($0 * width)..<(($0 + 1) * width)]) }
    }

    /// The policy's exact value over all states as a share of the optimum's.
    func quality(of policy: any Policy) -> Double {
        let chosen = actions(of: policy)
        for state in chosen.indices where !isPermitted(state, chosen[state]) { return 0 }
        let reached = model.starts.map { model.values(of: chosen)[$0] }.reduce(0, +)
        let optimum = optimalValues()
        return reached / model.starts.map { optimum[$0] }.reduce(0, +)
    }

    func train(_ learner: any Learner, seed: UInt64 = 1) throws -> TrainedPolicy {
        try learner.train(TrainingJob(environment: factory, validation: factory, seed: seed))
    }
}

/// Parses a policy's JSON and reads it back.
func readBack(_ policy: any SavedPolicy) throws -> (any Policy)? {
    let source = SourceText(name: "policy.json", bytes: Array(policy.json().text().utf8))
    let complaints = Complaints()
    let read = PolicyFile.read(try JSONParser.parse(source), complaints: complaints)
    try complaints.throwIfAny()
    return read
}

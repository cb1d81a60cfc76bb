// Teachers that know finite models exactly.

import Foundation
import Numerics
import Patients
import TestSupport
import Trees

/// Scores a finite model's state (shown as its number) with given values.
struct TableTeacher: ScoredPolicy {
    /// [state][action]
    var values: [[Double]]
    var scoreKind = ScoreKind.actionValues

    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        for row in 0..<batch.count {
            let state = Int(batch.observations[row * batch.observationCount])
            for action in 0..<batch.actionCount { scores[row * batch.actionCount + action] = values[state][action] }
        }
    }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        for row in 0..<batch.count {
            let state = Int(batch.observations[row * batch.observationCount])
            actions[row] = values[state].withUnsafeBufferPointer {
                bestAllowed($0.baseAddress!, batch.allowed.baseAddress! + row * batch.actionCount, count: $0.count)
            }
        }
    }
}

/// A tree over the state's number with one leaf a state, and the given first choices.
func stateTree(_ actions: [Int], actionCount: Int) -> DecisionTree {
    var nodes: [DecisionTree.Node] = []
    for (state, action) in actions.enumerated() {
        let leaf = DecisionTree.Node.leaf(
            scores: (0..<actionCount).map { $0 == action ? 1 : 0 }, weight: 1)
        if state < actions.count - 1 {
            nodes.append(
                .split(
                    feature: 0, threshold: Double(state) + 0.5, missingGoesLeft: true, left: nodes.count + 1,
                    right: nodes.count + 2))
        }
        nodes.append(leaf)
    }
    do {
        return try DecisionTree(
            features: ["state"], actions: (0..<actionCount).map { "a\($0)" }, nodes: nodes)
    } catch {
        fatalError("\(error)")
    }
}

/// A tree over the state's number, at random.
func randomStateTree(leaves: Int, states: Int, actionCount: Int, seed: UInt64) -> DecisionTree {
    var stream = RandomStream(seed: seed, purpose: "test.tree")
    var samples = TreeSamples(features: ["state"], actions: (0..<actionCount).map { "a\($0)" })
    for state in 0..<states {
        for _ in 0..<4 {
            [Double(state)].withUnsafeBufferPointer {
                samples.append($0.baseAddress!, label: Int32(stream.below(actionCount)), weight: stream.uniform())
            }
        }
    }
    return TreeInduction(maximumLeaves: leaves, mergesSameActions: false).fit(samples)
}

/// At least one action in every state, at random.
func randomMask(states: Int, actions: Int, seed: UInt64) -> [[Bool]] {
    var stream = RandomStream(seed: seed, purpose: "test.mask")
    return (0..<states).map { _ in
        let sure = stream.below(actions)
        return (0..<actions).map { $0 == sure || stream.below(2) == 0 }
    }
}

/// An environment whose task is described otherwise.
struct SteppedFactory: EnvironmentFactory {
    var task: TaskDescription
    let base: FiniteModelFactory

    init(base: FiniteModelFactory) {
        self.base = base
        task = base.task
    }

    var patients: Int { base.patients }

    func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment {
        base.makeBatch(slots: slots, seed: seed)
    }
}

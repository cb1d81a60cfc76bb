// A tree whose leaves draw their actions: what a gradient can be taken of.

import Foundation
import Numerics
import Patients
import Trees

/// Draws an allowed action with probability ∝ exp(score) of the leaf, a pure function of seed, patient, decision and draw.
struct SoftTreePolicy: RandomisedPolicy {
    let tree: DecisionTree
    /// Numbers the draws of one seed: each treats the same patients by other decisions.
    let draw: Int
    private let stream: RandomStream
    /// nodes × actions: exp(score − best score of the leaf).
    private let powers: [Double]

    init(_ tree: DecisionTree, seed: UInt64, draw: Int) {
        self.tree = tree
        self.draw = draw
        stream = RandomStream(seed: seed, purpose: "policy_gradient.actions")
        var powers = Array(repeating: 0.0, count: tree.nodeCount * tree.actions.count)
        for leaf in tree.leaves {
            let scores = tree.scores(ofLeaf: leaf)
            let best = scores.max() ?? 0
            for (action, score) in scores.enumerated() {
                powers[leaf * tree.actions.count + action] = exp(score - best)
            }
        }
        self.powers = powers
    }

    /// Probabilities of a leaf's actions; 0 for forbidden ones. Where all that is allowed is too unlikely for a number,
    /// the first allowed one in the leaf's order is sure.
    func probabilities(
        leaf: Int, allowed: UnsafePointer<Bool>, into target: UnsafeMutablePointer<Double>
    ) {
        let choices = tree.actions.count
        var total = 0.0
        for action in 0..<choices {
            target[action] = allowed[action] ? powers[leaf * choices + action] : 0
            total += target[action]
        }
        if total > 1e-300 {
            for action in 0..<choices { target[action] /= total }
        } else {
            for action in 0..<choices { target[action] = 0 }
            target[Int(tree.action(atLeaf: leaf, allowed: allowed))] = 1
        }
    }

    func probabilities(_ batch: DecisionBatch, into probabilities: UnsafeMutableBufferPointer<Double>) {
        for row in 0..<batch.count {
            self.probabilities(
                leaf: tree.leaf(of: batch.observations.baseAddress! + row * batch.observationCount),
                allowed: batch.allowed.baseAddress! + row * batch.actionCount,
                into: probabilities.baseAddress! + row * batch.actionCount)
        }
    }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let choices = batch.actionCount
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, choices)) { chances in
            for row in 0..<batch.count {
                probabilities(
                    leaf: tree.leaf(of: batch.observations.baseAddress! + row * batch.observationCount),
                    allowed: batch.allowed.baseAddress! + row * choices, into: chances.baseAddress!)
                let patient = UInt64(UInt32(bitPattern: batch.patients[row]))
                let decision = UInt64(UInt32(bitPattern: batch.decisions[row]))
                var left = stream.uniform(index: patient << 32 | decision, position: UInt64(draw))
                var chosen: Int32 = -1
                for action in 0..<choices where chances[action] > 0 {
                    chosen = Int32(action)
                    left -= chances[action]
                    if left < 0 { break }
                }
                actions[row] = max(0, chosen)
            }
        }
    }
}

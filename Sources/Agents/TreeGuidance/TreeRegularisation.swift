// A policy held near what a small tree can express, and the tree held near the policy.

import Networks
import Numerics
import Patients
import PositionedJSON
import Trees

/// Settings of tree regularisation: `"tree_regularisation": {"leaves": 16, "coefficient": 0.1, "every": 5}`.
public struct TreeRegularisationSettings: Sendable, Equatable {
    /// Leaves of the tree, at most.
    public var leaves = 16
    /// What the mean of −log π(the tree's action | s) is multiplied by in the loss.
    public var coefficient = 0.1
    /// Updates of the policy between two trees; the first tree comes after as many.
    public var every = 5
    /// The last states that a tree is made from.
    public var states = 20_000

    public init() {}

    /// nil where the key is absent.
    init?(reader: ObjectReader) {
        guard let own = reader.optionalObject("tree_regularisation", what: "tree regularisation") else { return nil }
        leaves = own.integer("leaves", default: leaves, in: 1...4096)
        coefficient = own.number("coefficient", default: coefficient, in: 0...1e6)
        every = own.integer("every", default: every, in: 1...1_000_000)
        states = own.integer("states", default: states, in: 1...100_000_000)
        own.finish()
    }

    static func fields(_ settings: TreeRegularisationSettings?) -> [JSONField] {
        guard let settings else { return [] }
        return [
            JSONField(
                "tree_regularisation",
                [
                    "leaves": .integer(settings.leaves), "coefficient": .number(settings.coefficient),
                    "every": .integer(settings.every), "states": .integer(settings.states),
                ])
        ]
    }
}

/// Tree regularisation of a policy (the idea: Wu, Hughes, Parbhoo, Zazzi, Roth and Doshi-Velez, "Beyond sparsity: tree
/// regularization of deep models for interpretability", AAAI 2018). Wu et al. penalise the predicted size of the tree
/// that a network needs; here the size is given, and the policy's loss grows by
///
///     coefficient · mean of −log π(a_T(s) | s),   a_T the best allowed action of the tree
///
/// Alternately the tree is fitted anew to the policy on the states it has met last, weighted by how much the choice
/// matters there (the gap of log π, as VIPER does), so that each goes towards the other. States in which a single action
/// is allowed count for nothing.
final class TreeRegularisation {
    private let settings: TreeRegularisationSettings
    private let features: [String]
    private let actions: [String]
    private let normalisation: Normalisation
    private let rollout: RolloutBuffer
    /// States met last, a ring, as the network sees them.
    private let states: FloatBuffer
    private let allowed: UnsafeMutableBufferPointer<Bool>
    private var held = 0
    private var next = 0
    private var updates = 0
    /// Over normalised observations.
    private var tree: DecisionTree?
    /// What the tree does at every place of the rollout; used only where there is a tree.
    let targets: UnsafeMutableBufferPointer<Int32>

    var coefficient: Float { tree == nil ? 0 : Float(settings.coefficient) }

    init(
        _ settings: TreeRegularisationSettings, task: TaskDescription, normalisation: Normalisation,
        rollout: RolloutBuffer
    ) {
        self.settings = settings
        features = task.observations.map(\.name)
        actions = task.actions.map(\.name)
        self.normalisation = normalisation
        self.rollout = rollout
        states = FloatBuffer(settings.states * rollout.observationCount)
        allowed = .allocate(capacity: settings.states * rollout.actionCount)
        allowed.initialize(repeating: true)
        targets = .allocate(capacity: rollout.count)
        targets.initialize(repeating: 0)
    }

    deinit {
        allowed.deallocate()
        targets.deallocate()
    }

    /// Takes in a rollout before the policy learns from it; makes a new tree where it is time to.
    func follow(_ actor: DenseNetwork) {
        let (inputs, outputs) = (rollout.observationCount, rollout.actionCount)
        for place in max(0, rollout.count - settings.states)..<rollout.count {
            (states.start + next * inputs).update(from: rollout.observations.start + place * inputs, count: inputs)
            (allowed.baseAddress! + next * outputs).update(from: rollout.allowed + place * outputs, count: outputs)
            next = next + 1 == settings.states ? 0 : next + 1
            held = min(settings.states, held + 1)
        }
        if updates > 0, updates % settings.every == 0 { tree = fit(actor) }
        updates += 1
        guard let tree else { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: inputs) { row in
            for place in 0..<rollout.count {
                for column in 0..<inputs {
                    row[column] = Double(rollout.observations.start[place * inputs + column])
                }
                targets[place] = tree.action(
                    atLeaf: tree.leaf(of: row.baseAddress!), allowed: rollout.allowed + place * outputs)
            }
        }
    }

    /// The tree that says best what the policy does in the states held.
    private func fit(_ actor: DenseNetwork) -> DecisionTree {
        let (inputs, outputs) = (rollout.observationCount, rollout.actionCount)
        let scratch = FloatBuffer(actor.scratchCount(batch: 256))
        let row = FloatBuffer(outputs)
        var samples = TreeSamples(features: features, actions: actions)
        var values = Array(repeating: 0.0, count: inputs)
        for low in stride(from: 0, to: held, by: 256) {
            let size = min(256, held - low)
            let logits = actor.evaluate(states.start + low * inputs, batch: size, scratch: scratch.start)
            for index in 0..<size {
                let mask = allowed.baseAddress! + (low + index) * outputs
                MaskedSoftmax.logProbabilities(logits + index * outputs, allowed: mask, count: outputs, into: row.start)
                let best = Int(bestAllowed(row.start, mask, count: outputs))
                var least = row.start[best]
                for action in 0..<outputs where mask[action] { least = min(least, row.start[action]) }
                guard least < row.start[best] else { continue }
                for column in 0..<inputs { values[column] = Double(states.start[(low + index) * inputs + column]) }
                samples.append(values, label: Int32(best), weight: Double(row.start[best] - least))
            }
        }
        return TreeInduction(maximumLeaves: settings.leaves).fit(samples)
    }

    /// The tree as it is now, over observations in their units; nil before the first.
    func decisionTree() -> DecisionTree? {
        guard let tree else { return nil }
        let nodes = tree.nodes.map { node -> DecisionTree.Node in
            guard case .split(let feature, let threshold, _, let left, let right) = node else { return node }
            // A missing value is the mean, which is normalised to 0.
            return .split(
                feature: feature,
                threshold: threshold * normalisation.deviations[feature] + normalisation.means[feature],
                missingGoesLeft: 0 <= threshold, left: left, right: right)
        }
        return try? DecisionTree(features: features, actions: actions, nodes: nodes)
    }
}

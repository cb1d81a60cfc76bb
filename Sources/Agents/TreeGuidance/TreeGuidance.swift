// What a tree may do for a learner, and how a learner says that it wants one.

import Patients
import PositionedJSON
import Trees

/// A learner that a tree of the same study can help. Whoever runs the study supplies the tree.
public protocol TreeGuidedLearner: Learner {
    /// The name of the tree; nil where none is wanted.
    var treeName: String? { get }
    /// The same learner with its tree.
    func guided(by tree: DecisionTree) -> any Learner
}

/// What a tree's values are used for, besides its leaves being the states of a tabular learner.
public struct TreeGuidance: Sendable, Equatable {
    public enum Use: String, Sendable, CaseIterable {
        /// Learning begins from what the tree does and what that is worth.
        case warmStart = "warm_start"
        /// Rewards are shaped by the potential Φ(s), the value of the leaf of s (`PotentialShaping`).
        case shaping
    }

    public var uses: Set<Use> = []
    /// Courses of training patients under the tree that value its leaves.
    public var patients = 200

    public init(uses: Set<Use> = []) { self.uses = uses }

    /// Reads `tree_use` (a list) and `tree_patients`; complains of uses that the learner does not know, and of either
    /// without a tree.
    init(reader: ObjectReader, known: [Use]) {
        let names = known.map(\.rawValue)
        for node in reader.optionalArray("tree_use") ?? [] {
            if case .string(let name) = node.value, let use = Use(rawValue: name), known.contains(use) {
                uses.insert(use)
            } else {
                reader.complaints.add(
                    node, "\"tree_use\" lists uses of a tree",
                    remedy: "known here: " + names.joined(separator: ", "))
            }
        }
        patients = reader.integer("tree_patients", default: patients, in: 1...1_000_000)
        for key in ["tree_use", "tree_patients"] where reader.node["tree"] == nil {
            if let node = reader.node[key] {
                reader.complaints.add(node, "\(key) does nothing without a tree", remedy: "such as \"tree\": \"viper\"")
            }
        }
    }

    func fields() -> [JSONField] {
        guard !uses.isEmpty else { return [] }
        return [
            JSONField("tree_use", .strings(uses.map(\.rawValue).sorted())),
            JSONField("tree_patients", .integer(patients)),
        ]
    }
}

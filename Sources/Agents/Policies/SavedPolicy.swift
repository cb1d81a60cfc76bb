// Policies as files: what learners leave behind, read back to act exactly as before.

import Patients
import PositionedJSON

/// A learner's policy, which can say how much it prefers each action and can be written down.
///
/// The JSON reads back to a policy that chooses the same actions, to the bit. Policies are used by several threads at a
/// time.
public protocol SavedPolicy: ScoredPolicy {
    /// Names of the observations it reads, in order.
    var observations: [String] { get }
    /// Names of the actions it chooses from, in order.
    var actions: [String] { get }
    /// `{"format": 1, "kind": …, "observations": […], "actions": […], …}`
    func json() -> JSONValue
}

extension SavedPolicy {
    /// Acts on the highest allowed score; ties go to the lowest index.
    public func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let width = batch.actionCount
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, batch.count * width)) { scores in
            score(batch, scores: scores)
            for row in 0..<batch.count {
                let best = bestAllowed(
                    scores.baseAddress! + row * width, batch.allowed.baseAddress! + row * width, count: width)
                actions[row] = max(0, best)
            }
        }
    }

    /// The fields that every policy file begins with.
    func header(kind: String) -> [JSONField] {
        [
            JSONField("format", .integer(PolicyFile.format)), JSONField("kind", .string(kind)),
            JSONField("observations", .strings(observations)),
            JSONField("actions", .strings(actions)),
        ]
    }
}

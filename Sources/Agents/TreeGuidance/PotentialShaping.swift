// Rewards that tell a learner early what a tree already knows, and that change nothing about what is best.

import Patients

/// Potential-based shaping (Ng, Harada and Russell, "Policy invariance under reward transformations", ICML 1999): a
/// decision's reward is increased by
///
///     F(s, s′) = γ·Φ(s′) − Φ(s),   Φ(s) the value of the tree's leaf that s falls into
///
/// with Φ = 0 after termination; a truncated course keeps the potential of its last state, whose value the learner adds
/// as well. Action values become Q(s, a) − Φ(s): the best action of every state is the same.
package final class PotentialShaping {
    private let values: TreeValues
    private let gamma: Double
    /// By slot: Φ of the present state.
    private let present: UnsafeMutableBufferPointer<Double>

    package init(_ values: TreeValues, gamma: Double, slots: Int) {
        self.values = values
        self.gamma = gamma
        present = .allocate(capacity: slots)
        present.initialize(repeating: 0)
    }

    deinit { present.deallocate() }

    /// A slot's patient now shows this row.
    package func see(_ slot: Int, _ row: UnsafePointer<Double>) { present[slot] = values.value(of: row) }

    /// F of a decision that led from what was seen last to this row.
    package func addend(_ slot: Int, next row: UnsafePointer<Double>, isTerminated: Bool) -> Double {
        (isTerminated ? 0 : gamma * values.value(of: row)) - present[slot]
    }
}

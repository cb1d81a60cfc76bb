// Tabular SARSA.

import Patients
import PositionedJSON

/// SARSA (Rummery and Niranjan, "On-line Q-learning using connectionist systems", CUED/F-INFENG/TR 166, Cambridge 1994;
/// Sutton and Barto, Reinforcement Learning, 2nd edition 2018, section 6.4), ε-greedy among the allowed actions:
///
///     Q(s, a) += α·(r + γ·Q(s′, a′) − Q(s, a)),   a′ the action that is taken next
///
/// It learns what the exploring policy is worth, so that where exploration is dangerous it keeps away. The next action is
/// chosen on the values before this change; at a truncation one is chosen though nobody takes it.
public struct SARSA: TabularLearner {
    public var configuration: TabularConfiguration
    public var abstraction: (any StateAbstraction)?

    public init(_ configuration: TabularConfiguration = .init(), abstraction: (any StateAbstraction)? = nil) {
        self.configuration = configuration
        self.abstraction = abstraction
    }

    public var name: String { "sarsa" }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try TabularRun(self, job) { SARSARule(gamma: $0.gamma) }.train()
    }
}

private struct SARSARule: TabularRule {
    let gamma: Double

    @inline(__always)
    mutating func learn(
        _ step: TabularTransition, _ values: ActionValues, _ behaviour: inout EpsilonGreedy
    ) -> Int32? {
        var goal = step.reward
        var action: Int32?
        if !step.isTerminated {
            let next = behaviour.choose(values, step.next, step.allowed)
            goal += gamma * values.row(step.next)[Int(next)]
            action = next
        }
        values.move(step.state * values.width + step.action, towards: goal)
        return action
    }
}

// Tabular expected SARSA.

import Patients
import PositionedJSON

/// Expected SARSA (van Seijen, van Hasselt, Whiteson and Wiering, "A theoretical and empirical analysis of Expected
/// Sarsa", ADPRL 2009, 177–184, equation 5), ε-greedy among the allowed actions:
///
///     Q(s, a) += α·(r + γ·Σ over allowed a′ of π(a′|s′)·Q(s′, a′) − Q(s, a))
///
/// π is the exploring policy with the ε of the moment. Its fixed point is SARSA's, with less variance on the way; with
/// ε = 0 it is Q-learning.
public struct ExpectedSARSA: TabularLearner {
    public var configuration: TabularConfiguration
    public var abstraction: (any StateAbstraction)?

    public init(_ configuration: TabularConfiguration = .init(), abstraction: (any StateAbstraction)? = nil) {
        self.configuration = configuration
        self.abstraction = abstraction
    }

    public var name: String { "expected_sarsa" }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try TabularRun(self, job) { ExpectedSARSARule(gamma: $0.gamma) }.train()
    }
}

private struct ExpectedSARSARule: TabularRule {
    let gamma: Double

    @inline(__always)
    mutating func learn(
        _ step: TabularTransition, _ values: ActionValues, _ behaviour: inout EpsilonGreedy
    ) -> Int32? {
        var goal = step.reward
        if !step.isTerminated {
            let row = values.row(step.next)
            var sum = 0.0
            var count = 0.0
            for action in 0..<values.width where step.allowed[action] {
                sum += row[action]
                count += 1
            }
            let best = row[values.best(step.next, step.allowed)]
            goal += gamma * (best + behaviour.epsilon * (sum / max(1, count) - best))
        }
        values.move(step.state * values.width + step.action, towards: goal)
        return nil
    }
}

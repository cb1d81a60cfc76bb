// Tabular Q-learning.

import Patients
import PositionedJSON

/// Q-learning (Watkins, "Learning from delayed rewards", PhD thesis, Cambridge 1989; Watkins and Dayan, Machine Learning
/// 8 (1992) 279–292), ε-greedy among the allowed actions:
///
///     Q(s, a) += α·(r + γ·max over allowed a′ of Q(s′, a′) − Q(s, a))
///
/// A terminated course has no next value; a truncated one has.
public struct QLearning: TabularLearner {
    public var configuration: TabularConfiguration
    public var abstraction: (any StateAbstraction)?

    public init(_ configuration: TabularConfiguration = .init(), abstraction: (any StateAbstraction)? = nil) {
        self.configuration = configuration
        self.abstraction = abstraction
    }

    public var name: String { "q_learning" }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try TabularRun(self, job) { QLearningRule(gamma: $0.gamma) }.train()
    }
}

private struct QLearningRule: TabularRule {
    let gamma: Double

    @inline(__always)
    mutating func learn(
        _ step: TabularTransition, _ values: ActionValues, _ behaviour: inout EpsilonGreedy
    ) -> Int32? {
        var goal = step.reward
        if !step.isTerminated { goal += gamma * values.row(step.next)[values.best(step.next, step.allowed)] }
        values.move(step.state * values.width + step.action, towards: goal)
        return nil
    }
}

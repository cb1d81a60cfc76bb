// Tabular double Q-learning.

import Numerics
import Patients
import PositionedJSON

/// Double Q-learning (van Hasselt, "Double Q-learning", NIPS 23 (2010) 2613–2621, algorithm 1): two tables A and B, of
/// which a coin says which learns,
///
///     A(s, a) += α·(r + γ·B(s′, argmax over allowed a′ of A(s′, a′)) − A(s, a))
///
/// or the same with A and B exchanged. The maximum of noisy values is too high on average; a value that another table
/// gives to one's own choice is not. Actions are chosen, and the policy made, by the mean of both.
public struct DoubleQLearning: TabularLearner {
    public var configuration: TabularConfiguration
    public var abstraction: (any StateAbstraction)?

    public init(_ configuration: TabularConfiguration = .init(), abstraction: (any StateAbstraction)? = nil) {
        self.configuration = configuration
        self.abstraction = abstraction
    }

    public var name: String { "double_q_learning" }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try TabularRun(self, job) { DoubleQLearningRule($0, configuration) }.train()
    }
}

private struct DoubleQLearningRule: TabularRule {
    let gamma: Double
    let first: ActionValues
    let second: ActionValues
    var coin: RandomStream

    init(_ shape: TabularRunShape, _ configuration: TabularConfiguration) {
        gamma = shape.gamma
        first = ActionValues(
            states: shape.states, width: shape.actions, configuration, start: shape.start,
            known: shape.known)
        second = ActionValues(
            states: shape.states, width: shape.actions, configuration, start: shape.start,
            known: shape.known)
        coin = RandomStream(seed: shape.seed, purpose: "double_q_learning.coin")
    }

    @inline(__always)
    mutating func learn(
        _ step: TabularTransition, _ values: ActionValues, _ behaviour: inout EpsilonGreedy
    ) -> Int32? {
        let (own, other) = coin.uniform() < 0.5 ? (first, second) : (second, first)
        var goal = step.reward
        if !step.isTerminated { goal += gamma * other.row(step.next)[own.best(step.next, step.allowed)] }
        let cell = step.state * values.width + step.action
        own.move(cell, towards: goal)
        values.cells[cell] = (first.cells[cell] + second.cells[cell]) / 2
        values.visits[cell] += 1
        return nil
    }
}

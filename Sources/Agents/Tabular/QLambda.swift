// Watkins's Q(λ): Q-learning with eligibility traces.

import Patients
import PositionedJSON

/// Watkins's Q(λ) (Watkins, PhD thesis, Cambridge 1989; Sutton and Barto, Reinforcement Learning, 1st edition 1998,
/// figure 7.14), ε-greedy among the allowed actions:
///
///     δ = r + γ·max over allowed a′ of Q(s′, a′) − Q(s, a)
///     Q(x, b) += α·δ·e(x, b)   for every pair (x, b) since the last action that was not greedy
///     e(x, b) *= γ·λ           and e = 0 for all once an action is taken that is not greedy
///
/// An action counts as greedy unless, when its outcome is learnt from, it is worth less than the one that was best when
/// its state was reached. α is that of the pair's own visit. With λ = 0 it is Q-learning.
public struct QLambda: TabularLearner {
    /// What becomes of the trace of a pair that is visited again.
    public enum Traces: String, Sendable, CaseIterable {
        /// It grows by one (Watkins 1989).
        case accumulating
        /// It is one (Singh and Sutton, "Reinforcement learning with replacing eligibility traces", Machine Learning 22
        /// (1996) 123–158).
        case replacing
    }

    public var configuration: TabularConfiguration
    public var abstraction: (any StateAbstraction)?
    public var lambda = 0.9
    public var traces = Traces.replacing

    public init(_ configuration: TabularConfiguration = .init(), abstraction: (any StateAbstraction)? = nil) {
        self.configuration = configuration
        self.abstraction = abstraction
    }

    /// Reads the settings of all tabular learners, `lambda` and `traces`.
    public init(reader: ObjectReader, task: TaskDescription? = nil) {
        self.init(TabularConfiguration(reader: reader, task: task))
        lambda = reader.number("lambda", default: lambda, in: 0...1)
        let known = Traces.allCases.map(\.rawValue)
        traces = reader.choice("traces", of: known, default: traces.rawValue).flatMap(Traces.init) ?? traces
    }

    public var name: String { "q_lambda" }

    public func json() -> JSONValue {
        let own = [JSONField("lambda", .number(lambda)), JSONField("traces", .string(traces.rawValue))]
        return settings(name, configuration.fields() + own)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try TabularRun(self, job) {
            QLambdaRule(gamma: $0.gamma, memory: TraceMemory($0, decay: $0.gamma * lambda, traces))
        }.train()
    }
}

private struct QLambdaRule: TabularRule {
    let gamma: Double
    let memory: TraceMemory

    @inline(__always)
    mutating func learn(
        _ step: TabularTransition, _ values: ActionValues, _ behaviour: inout EpsilonGreedy
    ) -> Int32? {
        let row = values.row(step.state)
        if row[step.action] < row[memory.best[step.slot]] { memory.clear(step.slot) }
        let cell = step.state * values.width + step.action
        var goal = step.reward
        if !step.isTerminated {
            let best = values.best(step.next, step.allowed)
            goal += gamma * values.row(step.next)[best]
            memory.best[step.slot] = best
        }
        let error = goal - values.cells[cell]
        memory.visit(step.slot, cell, rate: values.rate(visiting: cell))
        memory.update(step.slot, values, error: error)
        if step.isLast { memory.clear(step.slot) }
        return nil
    }
}

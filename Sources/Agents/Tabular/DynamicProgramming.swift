// The best (and the worst) policy of a tabular environment: value iteration, policy iteration, backward induction.

import Patients

/// Bellman's equations of one environment for one discount.
public struct DynamicProgramming: Sendable {
    public enum Goal: Sendable { case best, worst }

    /// A policy and what it is worth.
    public struct Solution: Sendable {
        /// By state; 0 in endings.
        public var values: [Double]
        /// By state; 0 in endings.
        public var actions: [Int]
        /// Sweeps of value iteration, or policies of policy iteration.
        public var rounds: Int
        /// How far the values are from fulfilling Bellman's equation, at most.
        public var residual: Double
    }

    public let model: TabularModel
    public let discount: Double
    /// The rows of each state's admissible actions as plain arrays.
    private let rows: [[Row]]
    private let allowed: [[Int]]

    private struct Row: Sendable {
        var action: Int
        var gain: Double
        var targets: [Int32]
        var probabilities: [Double]
        /// The endings that the action may meet at once.
        var endings: [(ending: Int, probability: Double)]

        /// The mean of a number by state over the states that the action leads to, endings counting nothing.
        func expected(_ values: [Double]) -> Double {
            var sum = 0.0
            for (target, probability) in zip(targets, probabilities) { sum += probability * values[Int(target)] }
            return sum
        }
    }

    public init(_ model: TabularModel, discount: Double) {
        self.model = model
        self.discount = discount
        allowed = (0..<model.states).map { model.isEnding($0) ? [] : model.allowed($0) }
        rows = (0..<model.states).map { state in
            guard !model.isEnding(state) else { return [] }
            return model.admissible(state).map { action in
                let next = model.table.next(state: state, action: action)
                let lasting = next.filter { !model.isEnding($0.state) }
                return Row(
                    action: action, gain: next.reduce(0) { $0 + $1.probability * model.rewardOfState[$1.state] },
                    targets: lasting.map { Int32($0.state) }, probabilities: lasting.map(\.probability),
                    endings: next.filter { model.isEnding($0.state) }.map {
                        (Int(model.endingOfState[$0.state]), $0.probability)
                    })
            }
        }
    }

    /// Q(s, a) of every allowed action; an action that is averaged has the mean of the admissible ones.
    public func actionValues(_ state: Int, _ values: [Double]) -> [(action: Int, value: Double)] {
        let own = rows[state].map { row -> (action: Int, value: Double) in
            (row.action, row.gain + discount * row.expected(values))
        }
        guard own.count < allowed[state].count else { return own }
        let mean = own.reduce(0) { $0 + $1.value } / Double(own.count)
        var next = 0
        return allowed[state].map { action in
            if next < own.count, own[next].action == action {
                next += 1
                return own[next - 1]
            }
            return (action, mean)
        }
    }

    private func extreme(_ state: Int, _ values: [Double], _ goal: Goal) -> Double {
        let all = actionValues(state, values).map(\.value)
        return (goal == .best ? all.max() : all.min()) ?? 0
    }

    /// Sweeps from 0 until no value changes by more than `tolerance`.
    public func valueIteration(_ goal: Goal = .best, tolerance: Double = 1e-14) -> Solution {
        var values = Array(repeating: 0.0, count: model.states)
        var next = values
        var sweeps = 0
        var change = Double.infinity
        while change > tolerance, sweeps < 200_000 {
            change = 0
            for state in values.indices {
                next[state] = extreme(state, values, goal)
                change = max(change, abs(next[state] - values[state]))
            }
            swap(&values, &next)
            sweeps += 1
        }
        return Solution(values: values, actions: greedy(values, goal), rounds: sweeps, residual: change)
    }

    /// Howard's policy iteration, from the uniform policy. An action is changed only for a better one, so that at a
    /// discount of 1 a policy that ends its courses is not given up for one that does not.
    public func policyIteration() -> Solution {
        var chain = MarkovChain(model, policy: model.uniformMatrix)
        var actions = [Int]?.none
        for round in 1...1000 {
            let values = chain.values(.reward, discount: discount, tolerance: 1e-13).values
            var residual = 0.0
            var better = Array(repeating: 0, count: model.states)
            for state in values.indices where !allowed[state].isEmpty {
                let all = actionValues(state, values)
                let best = all.map(\.value).max() ?? 0
                let current = actions.flatMap { chosen in all.first { $0.action == chosen[state] } }
                residual = max(residual, best - values[state])
                if let current, current.value >= best - 1e-11 {
                    better[state] = current.action
                } else {
                    better[state] = all.first { $0.value == best }?.action ?? 0
                }
            }
            if better == actions { return Solution(values: values, actions: better, rounds: round, residual: residual) }
            actions = better
            chain = MarkovChain(model, policy: model.matrix(actions: better))
        }
        return Solution(
            values: chain.values(.reward, discount: discount).values, actions: actions ?? [], rounds: 1000,
            residual: .infinity)
    }

    /// The best that can be done within a number of decisions, and what comes of it, over the start distribution.
    public struct Plan: Sendable {
        /// Undiscounted.
        public var value: Double
        public var length: Double
        public var endings: [Double]
        /// [decision][state]; 0 in endings.
        public var actions: [[Int]]
    }

    /// Backward induction (Bellman, Dynamic Programming, Princeton 1957; Puterman, Markov Decision Processes, 1994,
    /// section 4.5): the best policy for a given number of decisions, which may do otherwise as the end comes near. No
    /// discount; of equal actions the lowest.
    public func backwardInduction(decisions: Int) -> Plan {
        // By state: the return, the number of decisions, and each ending.
        var sums = Array(repeating: Array(repeating: 0.0, count: model.states), count: 2 + model.endings.count)
        var plan: [[Int]] = []
        for _ in 0..<decisions {
            var next = sums
            var chosen = Array(repeating: 0, count: model.states)
            for state in 0..<model.states where !rows[state].isEmpty {
                var best: (row: Row, value: Double)?
                for row in rows[state] {
                    let value = row.gain + row.expected(sums[0])
                    if best.map({ value > $0.value }) ?? true { best = (row, value) }
                }
                guard let (row, value) = best else { continue }
                chosen[state] = row.action
                next[0][state] = value
                for sum in 1..<sums.count { next[sum][state] = row.expected(sums[sum]) }
                next[1][state] += 1
                for (ending, probability) in row.endings { next[2 + ending][state] += probability }
            }
            sums = next
            plan.append(chosen)
        }
        let means = sums.map(model.atStart)
        return Plan(value: means[0], length: means[1], endings: Array(means[2...]), actions: plan.reversed())
    }

    /// The actions that values call for. Values within 1e-10 of each other count as equal: of these the lowest action
    /// is taken, except that without a discount one is taken that comes nearer to an ending, since an action that only
    /// waits is as good as what it waits for and never gets there.
    public func greedy(_ values: [Double], _ goal: Goal = .best) -> [Int] {
        let choices = values.indices.map { state -> [Int] in
            let all = actionValues(state, values)
            let best = extreme(state, values, goal)
            return all.filter { abs($0.value - best) <= 1e-10 }.map(\.action)
        }
        var chosen = choices.map { $0.first ?? 0 }
        guard discount == 1 else { return chosen }
        var reached = values.indices.map(model.isEnding)
        var found = true
        while found {
            found = false
            let known = reached
            for state in values.indices where !known[state] {
                let forward = choices[state].first { action in
                    successors(state, action).contains { known[$0] }
                }
                guard let forward else { continue }
                chosen[state] = forward
                reached[state] = true
                found = true
            }
        }
        return chosen
    }

    /// The states an action may lead to.
    private func successors(_ state: Int, _ action: Int) -> [Int] {
        let own = model.table.next(state: state, action: action).map(\.state)
        if !own.isEmpty { return own }
        return model.admissible(state).flatMap { model.table.next(state: state, action: $0).map(\.state) }
    }
}

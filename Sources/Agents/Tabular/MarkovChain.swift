// A tabular environment under one policy: values, lengths and endings by sparse iteration, with a bound on the error.

import Patients

/// The chain of states that a policy makes of an environment.
public struct MarkovChain: Sendable {
    public let states: Int
    /// Transitions to states that are no endings: begins by state, then targets and probabilities.
    private let begins: [Int]
    private let targets: [Int32]
    private let probabilities: [Double]
    /// By state, expected over the next step.
    private let reward: [Double]
    /// [ending][state]: the probability of meeting it at the next step.
    private let ends: [[Double]]
    /// By state: the endings that the next step may meet.
    private let endingTargets: [[Int32]]
    /// States from which no ending can be reached; endings themselves count as neither.
    public let isStuck: [Bool]
    private let isEnding: [Bool]

    /// - Parameter policy: states × actions, each row of a state that is no ending summing to 1.
    public init(_ model: TabularModel, policy: [Double]) {
        let count = model.states
        states = count
        isEnding = (0..<count).map(model.isEnding)
        var begins = [0]
        var targets: [Int32] = []
        var probabilities: [Double] = []
        var reward = Array(repeating: 0.0, count: count)
        var ends = model.endings.map { _ in Array(repeating: 0.0, count: count) }
        var endingTargets = Array(repeating: [Int32](), count: count)
        var dense = Array(repeating: 0.0, count: count)
        for state in 0..<count {
            defer { begins.append(targets.count) }
            if isEnding[state] { continue }
            for next in 0..<count { dense[next] = 0 }
            for (action, weight) in model.admissibleWeights(state, policy) {
                for (next, probability) in model.table.next(state: state, action: action) {
                    dense[next] += weight * probability
                }
            }
            for next in 0..<count where dense[next] > 0 {
                reward[state] += dense[next] * model.rewardOfState[next]
                if isEnding[next] {
                    endingTargets[state].append(Int32(next))
                    ends[Int(model.endingOfState[next])][state] += dense[next]
                } else {
                    targets.append(Int32(next))
                    probabilities.append(dense[next])
                }
            }
        }
        self.begins = begins
        self.targets = targets
        self.probabilities = probabilities
        self.reward = reward
        self.ends = ends
        self.endingTargets = endingTargets
        isStuck = MarkovChain.stuck(isEnding, begins, targets, ends)
    }

    /// Searches backwards from the endings.
    private static func stuck(
        _ isEnding: [Bool], _ begins: [Int], _ targets: [Int32], _ ends: [[Double]]
    ) -> [Bool] {
        let states = isEnding.count
        var sources = Array(repeating: [Int32](), count: states)
        for state in 0..<states {
            for entry in begins[state]..<begins[state + 1] { sources[Int(targets[entry])].append(Int32(state)) }
        }
        var reaches = isEnding
        var front = (0..<states).filter { state in !isEnding[state] && ends.contains { $0[state] > 0 } }
        for state in front { reaches[state] = true }
        while let state = front.popLast() {
            for source in sources[state] where !reaches[Int(source)] {
                reaches[Int(source)] = true
                front.append(Int(source))
            }
        }
        return reaches.map { !$0 }
    }

    /// Which states, endings included, can be reached from those of positive start probability.
    public func reachable(from start: [Double]) -> [Bool] {
        var seen = start.map { $0 > 0 }
        var front = start.indices.filter { start[$0] > 0 }
        while let state = front.popLast() {
            for entry in begins[state]..<begins[state + 1] where !seen[Int(targets[entry])] {
                seen[Int(targets[entry])] = true
                front.append(Int(targets[entry]))
            }
            for next in endingTargets[state] { seen[Int(next)] = true }
        }
        return seen
    }

    /// Whether a course from a state of positive start probability may never end.
    public func mayNeverEnd(from start: [Double]) -> Bool {
        zip(reachable(from: start), isStuck).contains { $0 && $1 }
    }

    /// What is added up along a course.
    public enum Sum: Sendable {
        case reward
        /// One for every decision.
        case length
        /// One on meeting that ending.
        case ending(Int)
    }

    private func gains(_ sum: Sum) -> [Double] {
        switch sum {
        case .reward: reward
        case .length: isEnding.map { $0 ? 0 : 1 }
        case .ending(let ending): ends[ending]
        }
    }

    /// One step backwards: gain + discount · P · values. Returns the largest change.
    private func sweep(_ gains: [Double], _ discount: Double, _ skip: [Bool], _ old: [Double], _ new: inout [Double])
        -> Double
    {
        var change = 0.0
        for state in 0..<states where !skip[state] {
            var value = 0.0
            for entry in begins[state]..<begins[state + 1] { value += probabilities[entry] * old[Int(targets[entry])] }
            value = gains[state] + discount * value
            change = max(change, abs(value - old[state]))
            new[state] = value
        }
        return change
    }

    /// Sums over the first `decisions` decisions by state.
    public func sums(_ sum: Sum, decisions: Int, discount: Double = 1) -> [Double] {
        let gains = gains(sum)
        var old = Array(repeating: 0.0, count: states)
        var new = old
        for _ in 0..<decisions {
            _ = sweep(gains, discount, isEnding, old, &new)
            swap(&old, &new)
        }
        return old
    }

    /// Sums over endless time, by state, with a bound on their error.
    public struct Values: Sendable {
        public var values: [Double]
        /// No value is farther from the exact one than this.
        public var bound: Double
        public var sweeps: Int
    }

    /// Solves v = gain + discount · P · v by iteration until the error is bounded by `tolerance` or rounding lets it
    /// fall no further.
    ///
    /// With a discount γ below 1 the error is at most γ/(1−γ) of the last change. Without one it is at most the
    /// longest expected course times the last change, for (I − P)⁻¹ has the expected lengths as its row sums; these
    /// are found in the same way, and with a residual ρ below 1 of their own are at most their largest value over
    /// 1 − ρ. Stuck states count 0 there: whoever asks for lengths looks at `mayNeverEnd` first.
    public func values(_ sum: Sum, discount: Double, tolerance: Double = 1e-12) -> Values {
        let gains = gains(sum)
        guard discount == 1 else {
            return iterate(gains, discount, skip: isEnding, factor: discount / (1 - discount), tolerance)
        }
        let skip = zip(isEnding, isStuck).map { $0 || $1 }
        var lengths = iterate(self.gains(.length), 1, skip: skip, factor: 1, 1e-13)
        let longest = (lengths.values.max() ?? 0) / (1 - min(0.5, lengths.bound))
        if case .length = sum {
            lengths.bound *= longest
            return lengths
        }
        return iterate(gains, 1, skip: skip, factor: longest, tolerance)
    }

    private func iterate(
        _ gains: [Double], _ discount: Double, skip: [Bool], factor: Double, _ tolerance: Double
    ) -> Values {
        var old = Array(repeating: 0.0, count: states)
        var new = old
        var smallest = Double.infinity
        var last = Double.infinity
        var stalled = 0
        var sweeps = 0
        while sweeps < 1_000_000 {
            let change = sweep(gains, discount, skip, old, &new)
            swap(&old, &new)
            sweeps += 1
            last = change
            stalled = change < smallest ? 0 : stalled + 1
            smallest = min(smallest, change)
            // Rounding keeps the change from falling for ever.
            if factor * change <= tolerance || (stalled > 100 && change < 1e-9) { break }
        }
        return Values(values: old, bound: factor * last, sweeps: sweeps)
    }
}

extension TabularModel {
    /// What a policy amounts to in admissible actions: the weight of an inadmissible one, where that is permitted, is
    /// spread evenly over the admissible ones, which is what its mean row does.
    func admissibleWeights(_ state: Int, _ policy: [Double]) -> [(action: Int, weight: Double)] {
        let admissible = admissible(state)
        var spread = 0.0
        for action in 0..<actions where !admissible.contains(action) { spread += policy[state * actions + action] }
        return admissible.compactMap { action in
            let weight = policy[state * actions + action] + spread / Double(admissible.count)
            return weight > 0 ? (action, weight) : nil
        }
    }

    /// The policy matrix of a fixed protocol.
    public func matrix(_ rule: Rule) -> [Double] { (0..<states).flatMap { probabilities(rule, state: $0) } }

    /// Uniform over the allowed actions.
    public var uniformMatrix: [Double] {
        (0..<states).flatMap { state -> [Double] in
            let allowed = Set(allowed(state))
            return (0..<actions).map { allowed.contains($0) ? 1 / Double(allowed.count) : 0 }
        }
    }

    /// One action in every state.
    public func matrix(actions chosen: [Int]) -> [Double] {
        var matrix = Array(repeating: 0.0, count: states * actions)
        for (state, action) in chosen.enumerated() { matrix[state * actions + action] = 1 }
        return matrix
    }

    /// The mean of a number by state over the start distribution.
    public func atStart(_ values: [Double]) -> Double {
        zip(table.start, values).reduce(0) { $0 + $1.0 * $1.1 }
    }
}

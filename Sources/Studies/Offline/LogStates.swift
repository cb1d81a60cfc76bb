// The states of a tabular environment behind logged observations, and the table that a policy is there.

import Patients

extension TabularModel {
    /// The state of every row of a log; nil where observations do not tell states apart (a hidden part) or are not the
    /// environment's.
    ///
    /// What an ending shows may be shown by another state too: nothing is decided there, and any of them will do.
    public func states(of log: EpisodeLog) -> [Int32]? {
        var known: [[Double]: Int32] = [:]
        for state in 0..<states where !isEnding(state) {
            guard known.updateValue(Int32(state), forKey: Array(observation(state))) == nil else { return nil }
        }
        for state in 0..<states where isEnding(state) {
            let seen = Array(observation(state))
            if known[seen] == nil { known[seen] = Int32(state) }
        }
        var result: [Int32] = []
        result.reserveCapacity(log.rows)
        let width = log.observationCount
        for row in 0..<log.rows {
            guard let state = known[Array(log.observations[(row * width)..<((row + 1) * width)])] else { return nil }
            result.append(state)
        }
        return result
    }

    /// states × actions: the probabilities of a policy that looks at nothing but the state or what it shows.
    public func matrix(of policy: any Policy, epsilon: Double) -> [Double] {
        let masks = (0..<states).flatMap { state -> [Bool] in
            let allowed = Set(allowed(state))
            return (0..<actions).map(allowed.contains)
        }
        let zeros = Array(repeating: Int32(0), count: states)
        let numbers = (0..<states).map(Int32.init)
        var chosen = zeros
        var matrix = Array(repeating: 0.0, count: states * actions)
        observations.withUnsafeBufferPointer { observations in
            masks.withUnsafeBufferPointer { masks in
                zeros.withUnsafeBufferPointer { zeros in
                    numbers.withUnsafeBufferPointer { numbers in
                        let batch = DecisionBatch(
                            count: states, observationCount: task.observations.count, actionCount: actions,
                            observations: observations, allowed: masks, decisions: zeros, patients: numbers,
                            states: numbers)
                        let distribution = ActionDistribution(policy, slots: states, epsilon: epsilon)
                        chosen.withUnsafeMutableBufferPointer { chosen in
                            matrix.withUnsafeMutableBufferPointer {
                                distribution.act(batch, actions: chosen, probabilities: $0)
                            }
                        }
                    }
                }
            }
        }
        return matrix
    }
}

/// A policy to be evaluated on logs of a tabular environment, where it can be.
struct LoggedTarget {
    var policy: any Policy
    var epsilon: Double

    /// rows × actions.
    ///
    /// - Throws: `StageError` for a policy that knows more than the log shows.
    func probabilities(_ log: EpisodeLog, _ model: EnvironmentModel?) throws -> [Double] {
        guard policy is TabularProtocolPolicy || policy is StatePolicy else {
            return log.probabilities(of: policy, epsilon: epsilon)
        }
        guard let states = model?.tabular?.states(of: log) else {
            throw StageError(
                message: "this policy looks at the state itself, which the observations of the log do not tell")
        }
        return log.probabilities(of: policy, epsilon: epsilon, states: states)
    }
}

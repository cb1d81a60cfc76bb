// What a policy would have done at every logged decision, and how probably: the log is played to it, episode by episode.

extension EpisodeLog {
    /// The probabilities of all actions under a policy at every row: rows × actions.
    ///
    /// - Parameters:
    ///   - epsilon: how often the policy acts at random instead (`ExploringPolicy`).
    ///   - states: the environment's state at every row, for protocols that are tables of states.
    public func probabilities(of policy: any Policy, epsilon: Double = 0, states: [Int32]? = nil) -> [Double] {
        var result = Array(repeating: 0.0, count: rows * actionCount)
        let width = max(1, min(256, episodes))
        let replay = LogReplay(self, ActionDistribution(policy, slots: width, epsilon: epsilon), width: width)
        for first in stride(from: 0, to: episodes, by: width) {
            replay.play(first..<min(first + width, episodes), states: states, into: &result)
        }
        return result
    }
}

/// Shows a policy as many episodes at a time as there are places, decision by decision.
private final class LogReplay {
    private let log: EpisodeLog
    private let distribution: ActionDistribution
    private let width: Int
    private let observations: UnsafeMutableBufferPointer<Double>
    private let allowed: UnsafeMutableBufferPointer<Bool>
    private let decisions: UnsafeMutableBufferPointer<Int32>
    private let patients: UnsafeMutableBufferPointer<Int32>
    private let states: UnsafeMutableBufferPointer<Int32>
    private let actions: UnsafeMutableBufferPointer<Int32>
    private let probabilities: UnsafeMutableBufferPointer<Double>

    init(_ log: EpisodeLog, _ distribution: ActionDistribution, width: Int) {
        self.log = log
        self.distribution = distribution
        self.width = width
        observations = .copy(of: Array(repeating: 0, count: width * log.observationCount))
        allowed = .copy(of: Array(repeating: true, count: width * log.actionCount))
        decisions = .copy(of: Array(repeating: 0, count: width))
        patients = .copy(of: Array(repeating: 0, count: width))
        states = .copy(of: Array(repeating: 0, count: width))
        actions = .copy(of: Array(repeating: 0, count: width))
        probabilities = .copy(of: Array(repeating: 0, count: width * log.actionCount))
    }

    deinit {
        observations.deallocate()
        allowed.deallocate()
        decisions.deallocate()
        patients.deallocate()
        states.deallocate()
        actions.deallocate()
        probabilities.deallocate()
    }

    func play(_ episodes: Range<Int>, states known: [Int32]?, into result: inout [Double]) {
        let columns = log.observationCount
        let choices = log.actionCount
        let longest = episodes.map { log.begins[$0 + 1] - log.begins[$0] }.max() ?? 0
        for decision in 0..<longest {
            // Places whose episode is over keep what they showed last.
            for (place, episode) in episodes.enumerated() where log.begins[episode] + decision < log.begins[episode + 1]
            {
                let row = log.begins[episode] + decision
                for column in 0..<columns {
                    observations[place * columns + column] = log.observations[row * columns + column]
                }
                for action in 0..<choices { allowed[place * choices + action] = log.allowed[row * choices + action] }
                decisions[place] = Int32(decision)
                patients[place] = log.patients[episode]
                states[place] = known?[row] ?? 0
            }
            let batch = DecisionBatch(
                count: width, observationCount: columns, actionCount: choices,
                observations: UnsafeBufferPointer(observations), allowed: UnsafeBufferPointer(allowed),
                decisions: UnsafeBufferPointer(decisions), patients: UnsafeBufferPointer(patients),
                states: known == nil ? nil : UnsafeBufferPointer(states))
            distribution.act(batch, actions: actions, probabilities: probabilities)
            for (place, episode) in episodes.enumerated() where log.begins[episode] + decision < log.begins[episode + 1]
            {
                let row = log.begins[episode] + decision
                for action in 0..<choices { result[row * choices + action] = probabilities[place * choices + action] }
            }
        }
    }
}

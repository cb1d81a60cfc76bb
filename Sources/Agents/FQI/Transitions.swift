// Transitions in memory: what a batch learner learns from, wherever they came from.

import Patients

/// A table of transitions (s, a, r, s′), a row each.
public struct Transitions: Sendable, Equatable {
    public let observationCount: Int
    public let actionCount: Int
    /// rows × observationCount: what was seen before the decision.
    public private(set) var observations: [Double] = []
    public private(set) var actions: [Int32] = []
    public private(set) var rewards: [Double] = []
    /// rows × observationCount: what was seen after it. Of a truncated course its last state, of a terminated one
    /// anything.
    public private(set) var nextObservations: [Double] = []
    /// rows × actionCount: what is permitted there.
    public private(set) var nextAllowed: [Bool] = []
    /// Whether the course was over: then nothing follows. A course that was only cut off goes on.
    public private(set) var terminated: [Bool] = []

    public init(observationCount: Int, actionCount: Int) {
        self.observationCount = observationCount
        self.actionCount = actionCount
    }

    public var count: Int { actions.count }

    public mutating func reserve(_ rows: Int) {
        observations.reserveCapacity(rows * observationCount)
        nextObservations.reserveCapacity(rows * observationCount)
        nextAllowed.reserveCapacity(rows * actionCount)
        actions.reserveCapacity(rows)
        rewards.reserveCapacity(rows)
        terminated.reserveCapacity(rows)
    }

    public mutating func append(
        _ observation: UnsafePointer<Double>, action: Int32, reward: Double,
        nextObservation: UnsafePointer<Double>, nextAllowed allowed: UnsafePointer<Bool>, terminated over: Bool
    ) {
        observations.append(contentsOf: UnsafeBufferPointer(start: observation, count: observationCount))
        actions.append(action)
        rewards.append(reward)
        nextObservations.append(contentsOf: UnsafeBufferPointer(start: nextObservation, count: observationCount))
        nextAllowed.append(contentsOf: UnsafeBufferPointer(start: allowed, count: actionCount))
        terminated.append(over)
    }
}

extension Transitions {
    /// Every decision of logged episodes, in their order.
    public init(_ log: EpisodeLog) {
        self.init(observationCount: log.observationCount, actionCount: log.actionCount)
        reserve(log.decisions)
        log.observations.withUnsafeBufferPointer { observations in
            log.allowed.withUnsafeBufferPointer { allowed in
                for episode in 0..<log.episodes {
                    for row in log.decisions(of: episode) {
                        let next = row + 1
                        append(
                            observations.baseAddress! + row * observationCount, action: log.actions[row],
                            reward: log.rewards[row],
                            nextObservation: observations.baseAddress! + next * observationCount,
                            nextAllowed: allowed.baseAddress! + next * actionCount,
                            terminated: log.terminated[episode] && next == log.lastRow(of: episode))
                    }
                }
            }
        }
    }
}

// Rewards of several decisions in one transition, on their way into memory.

import Numerics

/// Holds each slot's last decisions until n rewards have followed, then hands on
///
///     (sₜ, aₜ, rₜ + γ·rₜ₊₁ + … + γⁿ⁻¹·rₜ₊ₙ₋₁, sₜ₊ₙ, γⁿ)
///
/// (Sutton 1988; as in Rainbow, Hessel et al., AAAI 2018). At the end of a course shorter sums follow; a terminated one
/// has no next value. With n = 1 every transition passes through as it is. Nothing is allocated after `init`.
final class NStepQueue {
    private let steps: Int
    private let observationCount: Int
    private let gamma: Float
    private let replay: ReplayBuffer
    private let priorities: PrioritisedReplay?
    /// slots × steps, a ring per slot
    private let observations: FloatBuffer
    private let rewards: FloatBuffer
    private let actions: UnsafeMutableBufferPointer<Int32>
    /// Per slot: decisions held, and where the oldest is.
    private let held: UnsafeMutableBufferPointer<Int>
    private let oldest: UnsafeMutableBufferPointer<Int>

    init(steps: Int, slots: Int, gamma: Float, replay: ReplayBuffer, priorities: PrioritisedReplay?) {
        self.steps = steps
        self.gamma = gamma
        self.replay = replay
        self.priorities = priorities
        observationCount = replay.observationCount
        observations = FloatBuffer(slots * steps * observationCount)
        rewards = FloatBuffer(slots * steps)
        actions = .allocate(capacity: slots * steps)
        actions.initialize(repeating: 0)
        held = .allocate(capacity: slots)
        held.initialize(repeating: 0)
        oldest = .allocate(capacity: slots)
        oldest.initialize(repeating: 0)
    }

    deinit {
        actions.deallocate()
        held.deallocate()
        oldest.deallocate()
    }

    /// Takes a decision and what came of it; hands on what is complete.
    ///
    /// - Parameters:
    ///   - ended: whether the course is over, terminated or truncated.
    ///   - nextAllowed: the actions allowed in the next state.
    func add(
        slot: Int, observation: UnsafePointer<Float>, action: Int32, reward: Float,
        nextObservation: UnsafePointer<Float>, nextAllowed: UnsafePointer<Bool>, ended: Bool, terminated: Bool
    ) {
        let place = slot * steps + (oldest[slot] + held[slot]) % steps
        (observations.start + place * observationCount).update(from: observation, count: observationCount)
        rewards.start[place] = reward
        actions[place] = action
        held[slot] += 1
        while held[slot] == steps || (ended && held[slot] > 0) {
            var sum: Float = 0
            var weight: Float = 1
            for step in 0..<held[slot] {
                sum += weight * rewards.start[slot * steps + (oldest[slot] + step) % steps]
                weight *= gamma
            }
            let first = slot * steps + oldest[slot]
            let place = replay.add(
                observation: observations.start + first * observationCount, action: actions[first], reward: sum,
                nextObservation: nextObservation, bootstrap: terminated ? 0 : weight, nextAllowed: nextAllowed)
            priorities?.added(place)
            oldest[slot] = (oldest[slot] + 1) % steps
            held[slot] -= 1
        }
    }
}

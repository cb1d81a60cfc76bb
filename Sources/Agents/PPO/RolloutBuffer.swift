// What a policy-gradient learner collects between two trainings.

import Numerics

/// steps × slots decisions, row-major, in contiguous Float32. Nothing is allocated after `init`.
final class RolloutBuffer {
    let steps, slots, observationCount, actionCount: Int
    var count: Int { steps * slots }
    let observations: FloatBuffer
    let rewards: FloatBuffer
    let values: FloatBuffer
    /// Log probability of the action when it was chosen.
    let logProbabilities: FloatBuffer
    let advantages: FloatBuffer
    let returns: FloatBuffer
    let actions: UnsafeMutablePointer<Int32>
    let allowed: UnsafeMutablePointer<Bool>
    /// Whether the course ended with the decision, terminated or truncated.
    let ends: UnsafeMutablePointer<Bool>

    init(steps: Int, slots: Int, observationCount: Int, actionCount: Int) {
        self.steps = steps
        self.slots = slots
        self.observationCount = observationCount
        self.actionCount = actionCount
        let count = steps * slots
        observations = FloatBuffer(count * observationCount)
        rewards = FloatBuffer(count)
        values = FloatBuffer(count)
        logProbabilities = FloatBuffer(count)
        advantages = FloatBuffer(count)
        returns = FloatBuffer(count)
        actions = .allocate(capacity: count)
        actions.initialize(repeating: 0, count: count)
        allowed = .allocate(capacity: count * actionCount)
        allowed.initialize(repeating: true, count: count * actionCount)
        ends = .allocate(capacity: count)
        ends.initialize(repeating: false, count: count)
    }

    deinit {
        actions.deallocate()
        allowed.deallocate()
        ends.deallocate()
    }
}

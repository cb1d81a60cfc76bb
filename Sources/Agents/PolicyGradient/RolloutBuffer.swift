// What a policy-gradient learner collects between two trainings.

import Numerics

/// steps × slots decisions, row-major, in contiguous Float32. Nothing is allocated after `init`.
package final class RolloutBuffer {
    package let steps, slots, observationCount, actionCount: Int
    package var count: Int { steps * slots }
    package let observations: FloatBuffer
    package let rewards: FloatBuffer
    package let values: FloatBuffer
    /// Log probability of the action when it was chosen.
    package let logProbabilities: FloatBuffer
    package let advantages: FloatBuffer
    package let returns: FloatBuffer
    package let actions: UnsafeMutablePointer<Int32>
    package let allowed: UnsafeMutablePointer<Bool>
    /// Whether a course began with the decision.
    package let starts: UnsafeMutablePointer<Bool>
    /// Whether the course ended with the decision, terminated or truncated.
    package let ends: UnsafeMutablePointer<Bool>

    package init(steps: Int, slots: Int, observationCount: Int, actionCount: Int) {
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
        starts = .allocate(capacity: count)
        starts.initialize(repeating: false, count: count)
        ends = .allocate(capacity: count)
        ends.initialize(repeating: false, count: count)
    }

    deinit {
        actions.deallocate()
        allowed.deallocate()
        starts.deallocate()
        ends.deallocate()
    }
}

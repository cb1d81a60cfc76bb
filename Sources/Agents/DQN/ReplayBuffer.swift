// What a value-based learner remembers: transitions in a ring of contiguous Float32.

import Numerics

/// The last `capacity` transitions. Nothing is allocated after `init`.
final class ReplayBuffer {
    let capacity: Int
    let observationCount: Int
    let actionCount: Int
    /// Transitions held.
    private(set) var count = 0
    private var next = 0

    private let observations: FloatBuffer
    private let nextObservations: FloatBuffer
    private let rewards: FloatBuffer
    /// What the value of the next state is multiplied with: the discount, or 0 after termination (not truncation).
    private let bootstraps: FloatBuffer
    private let actions: UnsafeMutablePointer<Int32>
    private let nextAllowed: UnsafeMutablePointer<Bool>

    init(capacity: Int, observationCount: Int, actionCount: Int) {
        self.capacity = capacity
        self.observationCount = observationCount
        self.actionCount = actionCount
        observations = FloatBuffer(capacity * observationCount)
        nextObservations = FloatBuffer(capacity * observationCount)
        rewards = FloatBuffer(capacity)
        bootstraps = FloatBuffer(capacity)
        actions = .allocate(capacity: capacity)
        actions.initialize(repeating: 0, count: capacity)
        nextAllowed = .allocate(capacity: capacity * actionCount)
        nextAllowed.initialize(repeating: true, count: capacity * actionCount)
    }

    deinit {
        actions.deallocate()
        nextAllowed.deallocate()
    }

    /// Remembers one transition, forgetting the oldest when full.
    ///
    /// - Returns: its place.
    @discardableResult
    func add(
        observation: UnsafePointer<Float>, action: Int32, reward: Float, nextObservation: UnsafePointer<Float>,
        bootstrap: Float, nextAllowed allowed: UnsafePointer<Bool>
    ) -> Int {
        let place = next
        (observations.start + next * observationCount).update(from: observation, count: observationCount)
        (nextObservations.start + next * observationCount).update(from: nextObservation, count: observationCount)
        rewards.start[next] = reward
        bootstraps.start[next] = bootstrap
        actions[next] = action
        (nextAllowed + next * actionCount).update(from: allowed, count: actionCount)
        next = next + 1 == capacity ? 0 : next + 1
        count = min(capacity, count + 1)
        return place
    }

    /// Draws places uniformly with replacement; at least one transition must be held.
    func draw(into batch: ReplayBatch, stream: inout RandomStream) {
        for row in 0..<batch.size { batch.places[row] = stream.below(count) }
    }

    /// Copies the transitions of the batch's places into it.
    func fill(_ batch: ReplayBatch) {
        for row in 0..<batch.size {
            let index = batch.places[row]
            (batch.observations.start + row * observationCount)
                .update(from: observations.start + index * observationCount, count: observationCount)
            (batch.nextObservations.start + row * observationCount)
                .update(from: nextObservations.start + index * observationCount, count: observationCount)
            batch.rewards.start[row] = rewards.start[index]
            batch.bootstraps.start[row] = bootstraps.start[index]
            batch.actions[row] = actions[index]
            (batch.nextAllowed + row * actionCount)
                .update(from: nextAllowed + index * actionCount, count: actionCount)
        }
    }
}

/// A minibatch of transitions, row by row.
class ReplayBatch {
    let size: Int
    /// Where each came from.
    let places: UnsafeMutablePointer<Int>
    /// What each one's gradient is multiplied with; 1 unless drawn by priority.
    let weights: FloatBuffer
    let observations: FloatBuffer
    let nextObservations: FloatBuffer
    let rewards: FloatBuffer
    let bootstraps: FloatBuffer
    let actions: UnsafeMutablePointer<Int32>
    let nextAllowed: UnsafeMutablePointer<Bool>

    init(size: Int, observationCount: Int, actionCount: Int) {
        self.size = size
        places = .allocate(capacity: size)
        places.initialize(repeating: 0, count: size)
        weights = FloatBuffer(size)
        for row in 0..<size { weights.start[row] = 1 }
        observations = FloatBuffer(size * observationCount)
        nextObservations = FloatBuffer(size * observationCount)
        rewards = FloatBuffer(size)
        bootstraps = FloatBuffer(size)
        actions = .allocate(capacity: size)
        actions.initialize(repeating: 0, count: size)
        nextAllowed = .allocate(capacity: size * actionCount)
        nextAllowed.initialize(repeating: true, count: size * actionCount)
    }

    deinit {
        places.deallocate()
        actions.deallocate()
        nextAllowed.deallocate()
    }
}

// Decisions drawn from the policy that is being learned: what every learner collects that learns from its own
// decisions alone.

import Networks
import Numerics
import Patients

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Settings of the collection.
struct CollectionSettings {
    /// Patients treated side by side.
    var slots: Int
    /// Decisions per slot and rollout.
    var steps: Int
    /// As stated; nil for the default.
    var gamma: Double?
    var lambda: Double
    var rewardScale: Double
    var normalisationDecisions: Int
}

/// Collects rollouts; allocates nothing per step.
final class OnPolicyCollector {
    let task: TaskDescription
    let slots: PatientSlots
    let normalisation: Normalisation
    let rollout: RolloutBuffer
    private(set) var decisions = 0
    /// After `collectCourses`: the places in the rollout of decisions that were made.
    let places: UnsafeMutablePointer<Int>
    private(set) var placeCount = 0

    private let settings: CollectionSettings
    private let gamma: Float
    private var choices: RandomStream
    private let current: FloatBuffer
    private let final: FloatBuffer
    private let row: FloatBuffer
    private let actions: UnsafeMutableBufferPointer<Int32>

    /// - Parameter name: keys the random streams.
    init(_ settings: CollectionSettings, _ job: TrainingJob, name: String) throws {
        self.settings = settings
        task = job.environment.task
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        let inputs = task.observations.count
        gamma = Float(resolvedDiscount(settings.gamma, task: task.discount))
        normalisation =
            try job.startNormalisation
            ?? (settings.normalisationDecisions > 0
                ? Normalisation(of: job.environment, decisions: settings.normalisationDecisions, seed: job.seed)
                : Normalisation(identity: inputs))
        let width = settings.slots
        rollout = RolloutBuffer(
            steps: settings.steps, slots: width, observationCount: inputs, actionCount: task.actions.count)
        current = FloatBuffer(width * inputs)
        final = FloatBuffer(inputs)
        row = FloatBuffer(task.actions.count)
        actions = .allocate(capacity: width)
        actions.initialize(repeating: 0)
        places = .allocate(capacity: rollout.count)
        for index in 0..<rollout.count { (places + index).initialize(to: index) }
        choices = RandomStream(seed: job.seed, purpose: name + ".actions")
        slots = try PatientSlots(job.environment, slots: width, seed: job.seed, purpose: name)
        for slot in 0..<width { see(slot) }
    }

    deinit {
        actions.deallocate()
        places.deallocate()
    }

    private func see(_ slot: Int) {
        let inputs = task.observations.count
        normalisation.apply(
            slots.environment.observations.baseAddress! + slot * inputs, into: current.start + slot * inputs)
    }

    /// Fills the rollout with decisions drawn from the policy, a new course beginning wherever one ends, then computes
    /// advantages.
    func collect(_ networks: any ActorCritic) throws {
        let width = settings.slots
        for step in 0..<rollout.steps {
            decide(step, networks)
            try slots.environment.step(UnsafeBufferPointer(actions))
            decisions += width
            for slot in 0..<width {
                if try settle(slot, at: step * width + slot, networks) {
                    try slots.restart(slot)
                    networks.forget(slot: slot)
                }
                see(slot)
            }
        }
        computeAdvantages(steps: rollout.steps, lastValues: networks.values(current.start))
    }

    /// One whole course in every slot, then advantages; `places` tells which decisions were made. The rollout must
    /// have room for the environment's horizon.
    func collectCourses(_ networks: any ActorCritic) throws {
        let environment = slots.environment
        let width = settings.slots
        for slot in 0..<width where environment.status[slot] != .running {
            try slots.restart(slot)
            networks.forget(slot: slot)
            see(slot)
        }
        placeCount = 0
        var step = 0
        while environment.status.contains(.running), step < rollout.steps {
            decide(step, networks)
            let first = placeCount
            for slot in 0..<width where environment.status[slot] == .running {
                places[placeCount] = step * width + slot
                placeCount += 1
            }
            for slot in 0..<width {
                rollout.rewards.start[step * width + slot] = 0
                rollout.ends[step * width + slot] = true
            }
            try environment.step(UnsafeBufferPointer(actions))
            decisions += placeCount - first
            for index in first..<placeCount {
                let slot = places[index] % width
                _ = try settle(slot, at: places[index], networks)
                see(slot)
            }
            step += 1
        }
        // Every course has ended: nothing is added behind the last step.
        computeAdvantages(steps: step, lastValues: UnsafePointer(current.start))
    }

    /// Draws an action for every slot and notes what it was decided on.
    private func decide(_ step: Int, _ networks: any ActorCritic) {
        let environment = slots.environment
        let width = settings.slots
        let inputs = task.observations.count
        let outputs = task.actions.count
        let base = step * width
        (rollout.observations.start + base * inputs).update(from: current.start, count: width * inputs)
        (rollout.allowed + base * outputs).update(from: environment.allowed.baseAddress!, count: width * outputs)
        let logits = networks.decide(step: step, current.start, values: rollout.values.start + base)
        for slot in 0..<width {
            rollout.starts[base + slot] = environment.decisions[slot] == 0
            MaskedSoftmax.logProbabilities(
                logits + slot * outputs, allowed: rollout.allowed + (base + slot) * outputs, count: outputs,
                into: row.start)
            let action = draw()
            actions[slot] = Int32(action)
            rollout.actions[base + slot] = Int32(action)
            rollout.logProbabilities.start[base + slot] = row.start[action]
        }
    }

    /// An action drawn from the log probabilities in `row`.
    private func draw() -> Int {
        var left = Float(choices.uniform())
        var last = 0
        for action in 0..<task.actions.count where row.start[action] > -.infinity {
            last = action
            left -= exp(row.start[action])
            if left < 0 { break }
        }
        return last
    }

    /// Books what a decision led to; whether the course has ended. A truncated course is worth what its last state is.
    private func settle(_ slot: Int, at place: Int, _ networks: any ActorCritic) throws -> Bool {
        let environment = slots.environment
        try slots.book(slot, decisions: decisions)
        var reward = Float(environment.rewards[slot] * settings.rewardScale)
        let status = environment.status[slot]
        if status == .truncated {
            normalisation.apply(
                environment.observations.baseAddress! + slot * task.observations.count, into: final.start)
            reward += gamma * networks.value(slot: slot, final.start)
        }
        rollout.rewards.start[place] = reward
        rollout.ends[place] = status != .running
        return status != .running
    }

    private func computeAdvantages(steps: Int, lastValues: UnsafePointer<Float>) {
        GeneralisedAdvantage.compute(
            steps: steps, slots: settings.slots, rewards: rollout.rewards.start, values: rollout.values.start,
            ends: rollout.ends, lastValues: lastValues, gamma: gamma, lambda: Float(settings.lambda),
            advantages: rollout.advantages.start, returns: rollout.returns.start)
    }
}

// A policy network and a value network that remember, each for itself.

import Networks
import Numerics
import Patients

/// Two recurrent networks and what they remember of every slot.
final class RecurrentActorCritic: ActorCritic {
    let actor: RecurrentNetwork
    let critic: RecurrentNetwork
    /// The states before every `sequence`-th decision of the rollout: sequences × slots × state.
    let actorBefore: FloatBuffer
    let criticBefore: FloatBuffer
    private let width: Int
    private let sequence: Int
    private let actorState: FloatBuffer
    private let criticState: FloatBuffer
    /// A state to look ahead with.
    private let ahead: FloatBuffer
    private let scratch: FloatBuffer
    private let gradients: [UnsafeMutableBufferPointer<Float>]

    /// - Parameters:
    ///   - steps: decisions of a rollout, a multiple of `sequence`.
    ///   - batch: sequences of a training step.
    init(
        _ name: String, task: TaskDescription, state: Int, hidden: [Int], activation: Activation, slots: Int,
        steps: Int, sequence: Int, batch: Int, seed: UInt64
    ) {
        let inputs = task.observations.count
        var initial = RandomStream(seed: seed, purpose: name + ".initial")
        let hiddenGain = Float(2).squareRoot()
        actor = RecurrentNetwork(
            inputs: inputs, state: state, hidden: hidden, outputs: task.actions.count, activation: activation,
            stream: &initial, initialisation: .orthogonal(hiddenGain: hiddenGain, outputGain: 0.01))
        critic = RecurrentNetwork(
            inputs: inputs, state: state, hidden: hidden, outputs: 1, activation: activation, stream: &initial,
            initialisation: .orthogonal(hiddenGain: hiddenGain, outputGain: 1))
        actor.reserve(steps: sequence, batch: batch)
        critic.reserve(steps: sequence, batch: batch)
        width = slots
        self.sequence = sequence
        actorState = FloatBuffer(slots * state)
        criticState = FloatBuffer(slots * state)
        ahead = FloatBuffer(slots * state)
        actorBefore = FloatBuffer(steps / sequence * slots * state)
        criticBefore = FloatBuffer(steps / sequence * slots * state)
        scratch = FloatBuffer(max(actor.scratchCount(batch: slots), critic.scratchCount(batch: slots)))
        gradients = [actor.unit.gradients, actor.head.gradients, critic.unit.gradients, critic.head.gradients]
    }

    func decide(
        step: Int, _ rows: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let count = actorState.count
        if step % sequence == 0 {
            (actorBefore.start + step / sequence * count).update(from: actorState.start, count: count)
            (criticBefore.start + step / sequence * count).update(from: criticState.start, count: count)
        }
        values.update(
            from: critic.advance(rows, state: criticState.start, batch: width, scratch: scratch.start), count: width)
        return actor.advance(rows, state: actorState.start, batch: width, scratch: scratch.start)
    }

    func values(_ rows: UnsafePointer<Float>) -> UnsafePointer<Float> {
        ahead.start.update(from: criticState.start, count: criticState.count)
        return critic.advance(rows, state: ahead.start, batch: width, scratch: scratch.start)
    }

    func value(slot: Int, _ row: UnsafePointer<Float>) -> Float {
        ahead.start.update(from: criticState.start + slot * critic.stateCount, count: critic.stateCount)
        return critic.advance(row, state: ahead.start, batch: 1, scratch: scratch.start)[0]
    }

    func forget(slot: Int) {
        (actorState.start + slot * actor.stateCount).update(repeating: 0, count: actor.stateCount)
        (criticState.start + slot * critic.stateCount).update(repeating: 0, count: critic.stateCount)
    }

    func zeroGradients() {
        actor.zeroGradients()
        critic.zeroGradients()
    }

    /// Adds the gradients of sequences that both networks have just met.
    func backward(_ batch: PolicyBatch) {
        actor.backward(outputGradient: batch.actorGradient.start)
        critic.backward(outputGradient: batch.criticGradient.start)
    }

    /// Clips the gradient of both networks by their common norm.
    func clipGradients(maximum: Double) { clipGradientNorm(gradients, maximum: Float(maximum)) }
}

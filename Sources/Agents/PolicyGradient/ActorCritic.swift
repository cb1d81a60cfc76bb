// The policy network and the value network of learners that learn from their own decisions.

import Networks
import Numerics
import Patients

/// What a collector asks of the networks, one row per slot.
protocol ActorCritic: AnyObject {
    /// Values and logits at a decision of all slots. A network with memory moves on by it.
    ///
    /// - Parameter step: the decision's number within the rollout.
    /// - Returns: slots × actions logits, valid until the next call.
    func decide(
        step: Int, _ rows: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float>
    /// Values of what all slots show now; memory stays as it is. Valid until the next call.
    func values(_ rows: UnsafePointer<Float>) -> UnsafePointer<Float>
    /// The value of a row of one slot; memory stays as it is.
    func value(slot: Int, _ row: UnsafePointer<Float>) -> Float
    /// A new course begins in a slot.
    func forget(slot: Int)
}

/// Two separate dense networks, orthogonally initialised, as in Stable-Baselines3.
final class DenseActorCritic: ActorCritic {
    let actor: DenseNetwork
    let critic: DenseNetwork
    private let width: Int
    private let scratch: FloatBuffer
    private let gradients: [UnsafeMutableBufferPointer<Float>]

    /// - Parameters:
    ///   - name: keys the random first parameters.
    ///   - batch: rows of a training step.
    init(
        _ name: String, task: TaskDescription, hidden: [Int], activation: Activation, slots: Int, batch: Int,
        seed: UInt64
    ) {
        let inputs = task.observations.count
        var initial = RandomStream(seed: seed, purpose: name + ".initial")
        let hiddenGain = Float(2).squareRoot()
        actor = DenseNetwork(
            inputs: inputs, hidden: hidden, outputs: task.actions.count, activation: activation, stream: &initial,
            initialisation: .orthogonal(hiddenGain: hiddenGain, outputGain: 0.01))
        critic = DenseNetwork(
            inputs: inputs, hidden: hidden, outputs: 1, activation: activation, stream: &initial,
            initialisation: .orthogonal(hiddenGain: hiddenGain, outputGain: 1))
        actor.reserve(batch: batch)
        critic.reserve(batch: batch)
        gradients = [actor.gradients, critic.gradients]
        width = slots
        scratch = FloatBuffer(max(actor.scratchCount(batch: slots), critic.scratchCount(batch: slots)))
    }

    func decide(
        step: Int, _ rows: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        values.update(from: critic.evaluate(rows, batch: width, scratch: scratch.start), count: width)
        return actor.evaluate(rows, batch: width, scratch: scratch.start)
    }

    func values(_ rows: UnsafePointer<Float>) -> UnsafePointer<Float> {
        critic.evaluate(rows, batch: width, scratch: scratch.start)
    }

    func value(slot: Int, _ row: UnsafePointer<Float>) -> Float {
        critic.evaluate(row, batch: 1, scratch: scratch.start)[0]
    }

    func forget(slot: Int) {}

    func zeroGradients() {
        actor.zeroGradients()
        critic.zeroGradients()
    }

    /// Adds the gradients of a batch that both networks have just met.
    func backward(_ batch: PolicyBatch) {
        actor.backward(outputGradient: batch.actorGradient.start)
        critic.backward(outputGradient: batch.criticGradient.start)
    }

    /// Clips the gradient of both networks by their common norm.
    func clipGradients(maximum: Double) { clipGradientNorm(gradients, maximum: Float(maximum)) }
}

// The gradient of a policy's and a value network's loss over some decisions of a rollout: what REINFORCE, A2C and PPO
// share. They differ in how an advantage becomes a slope of log π(a|s).

import Networks
import Numerics

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// A batch of decisions on their way through both networks; allocates nothing after `init`.
package final class PolicyBatch {
    /// What an algorithm makes of the advantage of a decision.
    package struct PolicyTerm {
        package var loss: Float
        /// ∂loss/∂log π(a|s)
        package var slope: Float
        /// How far the policy has moved: an estimate of the Kullback–Leibler divergence; 0 where it cannot have.
        package var divergence: Float

        package init(loss: Float, slope: Float, divergence: Float = 0) {
            self.loss = loss
            self.slope = slope
            self.divergence = divergence
        }
    }

    private let inputs: Int
    private let outputs: Int
    package let input: FloatBuffer
    package let actorGradient: FloatBuffer
    package let criticGradient: FloatBuffer
    private let row: FloatBuffer

    package init(capacity: Int, inputs: Int, outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
        input = FloatBuffer(capacity * inputs)
        actorGradient = FloatBuffer(capacity * outputs)
        criticGradient = FloatBuffer(capacity)
        row = FloatBuffer(outputs)
    }

    /// Fetches the observations of decisions.
    ///
    /// - Parameters:
    ///   - places: `size` places in the rollout.
    ///   - normalised: whether advantages are to have mean 0 and deviation 1 within the batch.
    /// - Returns: what is taken off every advantage, and what they are multiplied by.
    package func load(
        _ rollout: RolloutBuffer, _ places: UnsafePointer<Int>, size: Int, normalised: Bool
    ) -> (mean: Float, scale: Float) {
        var mean: Float = 0
        for index in 0..<size {
            let source = places[index]
            (input.start + index * inputs).update(from: rollout.observations.start + source * inputs, count: inputs)
            mean += rollout.advantages.start[source]
        }
        guard normalised, size > 1 else { return (0, 1) }
        mean /= Float(size)
        var square: Float = 0
        for index in 0..<size {
            let difference = rollout.advantages.start[places[index]] - mean
            square += difference * difference
        }
        return (mean, 1 / ((square / Float(size - 1)).squareRoot() + 1e-8))
    }

    /// Writes ∂loss/∂logits and ∂loss/∂values of
    /// share · Σ (policy term − entCoef · entropy + vfCoef · value term).
    ///
    /// - Parameters:
    ///   - logits: size × actions.
    ///   - values: one per decision.
    ///   - share: the weight of a decision, 1/size where the batch is all there is.
    ///   - policy: from the advantage, log π(a|s) now and log π(a|s) at the decision.
    ///   - value: the loss and its derivative, from the value and the decision's place in the rollout.
    /// - Returns: weighted sums of policy term, value term, entropy and divergence.
    @inline(__always)
    package func differentiate(
        _ rollout: RolloutBuffer, _ places: UnsafePointer<Int>, size: Int, logits: UnsafePointer<Float>,
        values: UnsafePointer<Float>, advantages: (mean: Float, scale: Float), share: Float, entCoef: Double,
        vfCoef: Double, policy: (_ advantage: Float, _ logProbability: Float, _ before: Float) -> PolicyTerm,
        value: (_ value: Float, _ place: Int) -> (loss: Float, derivative: Float)
    ) -> SIMD4<Float> {
        var sums = SIMD4<Float>()
        for index in 0..<size {
            let source = places[index]
            let action = Int(rollout.actions[source])
            MaskedSoftmax.logProbabilities(
                logits + index * outputs, allowed: rollout.allowed + source * outputs, count: outputs,
                into: row.start)
            let advantage = (rollout.advantages.start[source] - advantages.mean) * advantages.scale
            let term = policy(advantage, row.start[action], rollout.logProbabilities.start[source])
            let entropy = MaskedSoftmax.entropy(row.start, count: outputs)
            for other in 0..<outputs {
                let logProbability = row.start[other]
                let place = index * outputs + other
                guard logProbability > -.infinity else {
                    actorGradient.start[place] = 0
                    continue
                }
                let probability = exp(logProbability)
                let wanted = term.slope * ((other == action ? 1 : 0) - probability)
                let bonus = Float(entCoef) * probability * (logProbability + entropy)
                actorGradient.start[place] = (wanted + bonus) * share
            }
            let error = value(values[index], source)
            criticGradient.start[index] = Float(vfCoef) * error.derivative * share
            sums += SIMD4(term.loss, error.loss, entropy, term.divergence)
        }
        return sums * share
    }

    /// Adds ∂/∂logits of share · coefficient · Σ −log π(target | s) to what `differentiate` wrote.
    ///
    /// - Parameter targets: an allowed action for every place of the rollout.
    package func addCrossEntropy(
        _ rollout: RolloutBuffer, _ places: UnsafePointer<Int>, size: Int, logits: UnsafePointer<Float>,
        targets: UnsafePointer<Int32>, coefficient: Float, share: Float
    ) {
        for index in 0..<size {
            let source = places[index]
            MaskedSoftmax.logProbabilities(
                logits + index * outputs, allowed: rollout.allowed + source * outputs, count: outputs,
                into: row.start)
            for action in 0..<outputs where row.start[action] > -.infinity {
                let wanted: Float = action == Int(targets[source]) ? 1 : 0
                actorGradient.start[index * outputs + action] +=
                    coefficient * share * (exp(row.start[action]) - wanted)
            }
        }
    }
}

extension RolloutBuffer {
    /// The squared error of a value against the return that followed, and its derivative.
    @inline(__always)
    func squaredError(_ value: Float, _ place: Int) -> (loss: Float, derivative: Float) {
        let error = value - returns.start[place]
        return (error * error, 2 * error)
    }
}

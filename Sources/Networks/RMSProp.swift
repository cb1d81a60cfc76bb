// The optimiser of A2C, and what optimisers have in common.

import Numerics

/// Moves parameters against gradients.
public protocol Optimiser: AnyObject {
    var learningRate: Float { get set }
    func step(parameters: UnsafeMutableBufferPointer<Float>, gradients: UnsafeMutableBufferPointer<Float>)
}

extension Adam: Optimiser {}

/// RMSProp (Tieleman and Hinton, Coursera lecture 6.5, 2012) as PyTorch's `RMSprop` has it, without momentum: a mean
/// square that starts at zero, ε outside the root. Stable-Baselines3's A2C uses it with α = 0.99 and ε = 1e-5. Used by
/// one thread at a time.
public final class RMSProp: Optimiser {
    public var learningRate: Float
    /// How much of the mean square is kept.
    public let alpha: Float
    public let epsilon: Float
    let square: FloatBuffer

    /// - Parameter count: number of parameters.
    public init(count: Int, learningRate: Float = 1e-2, alpha: Float = 0.99, epsilon: Float = 1e-8) {
        self.learningRate = learningRate
        self.alpha = alpha
        self.epsilon = epsilon
        square = FloatBuffer(count)
    }

    /// One step against the gradient. Gradients below 1e-15 and mean squares below 1e-30 count as zero: denormal
    /// numbers are slow and move nothing.
    public func step(parameters: UnsafeMutableBufferPointer<Float>, gradients: UnsafeMutableBufferPointer<Float>) {
        precondition(parameters.count == square.count && gradients.count == square.count, "wrong number of parameters")
        guard let p = parameters.baseAddress, let g = gradients.baseAddress else { return }
        let v = square.start
        let rest = 1 - alpha
        for index in 0..<square.count {
            let raw = g[index]
            let gradient = abs(raw) < 1e-15 ? 0 : raw
            var mean = v[index] * alpha + gradient * gradient * rest
            mean = mean < 1e-30 ? 0 : mean
            v[index] = mean
            p[index] -= learningRate * gradient / (mean.squareRoot() + epsilon)
        }
    }
}

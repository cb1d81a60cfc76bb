// The optimiser and the clipping of gradients before it.

import Numerics

/// Adam (Kingma and Ba, ICLR 2015, algorithm 1) with decoupled weight decay (Loshchilov and Hutter, ICLR 2019,
/// algorithm 2); with no decay it is PyTorch's `Adam`. Used by one thread at a time.
public final class Adam {
    public var learningRate: Float
    public let beta1: Float
    public let beta2: Float
    /// Added to the root of the second moment.
    public let epsilon: Float
    /// Each step multiplies parameters by 1 − learningRate · weightDecay.
    public var weightDecay: Float
    /// Steps made so far.
    public private(set) var steps = 0

    let first: FloatBuffer
    let second: FloatBuffer
    private var power1 = 1.0
    private var power2 = 1.0

    /// - Parameter count: number of parameters.
    public init(
        count: Int, learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
        weightDecay: Float = 0
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        first = FloatBuffer(count)
        second = FloatBuffer(count)
    }

    /// One step against the gradient.
    ///
    /// Denormal moments cost the processor up to nine times as much as normal numbers once gradients vanish. Gradients
    /// below 1e-15, whose squares would become denormal, and moments they would leave behind are therefore set to zero;
    /// next to the usual epsilon of 1e-8 they move a parameter by less than 1e-7 of the learning rate.
    public func step(parameters: UnsafeMutableBufferPointer<Float>, gradients: UnsafeMutableBufferPointer<Float>) {
        precondition(parameters.count == first.count && gradients.count == first.count, "wrong number of parameters")
        guard let p = parameters.baseAddress, let g = gradients.baseAddress else { return }
        steps += 1
        power1 *= Double(beta1)
        power2 *= Double(beta2)
        let rate = Float(Double(learningRate) / (1 - power1))
        let root = Float(1 / (1 - power2).squareRoot())
        let keep = 1 - learningRate * weightDecay
        Adam.update(
            count: first.count, p, g, first.start, second.start, beta1: beta1, beta2: beta2, epsilon: epsilon,
            rate: rate, root: root, keep: keep)
    }

    /// One step of a network down the gradient that `outputGradient` (batch × outputs of its last `forward`) gives,
    /// clipped to a norm of `maximumNorm` (`clipGradientNorm`).
    public func step(_ network: DenseNetwork, outputGradient: UnsafePointer<Float>, maximumNorm: Float) {
        network.zeroGradients()
        network.backward(outputGradient: outputGradient)
        clipGradientNorm(network.gradients, maximum: maximumNorm)
        step(parameters: network.parameters, gradients: network.gradients)
    }

    private static func update(
        count: Int, _ p: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>,
        _ m: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>, beta1: Float, beta2: Float,
        epsilon: Float, rate: Float, root: Float, keep: Float
    ) {
        let rest1 = 1 - beta1
        let rest2 = 1 - beta2
        for index in 0..<count {
            let raw = g[index]
            let gradient = abs(raw) < 1e-15 ? 0 : raw
            var moment = m[index] * beta1 + gradient * rest1
            moment = abs(moment) < 1e-20 ? 0 : moment
            var square = v[index] * beta2 + gradient * gradient * rest2
            square = square < 1e-30 ? 0 : square
            m[index] = moment
            v[index] = square
            p[index] = p[index] * keep - rate * moment / (square.squareRoot() * root + epsilon)
        }
    }
}

/// Scales gradients down so that their Euclidean norm over all buffers is at most `maximum`, as PyTorch's
/// `clip_grad_norm_` does; a maximum of 0 or less leaves them.
///
/// - Returns: the norm before.
@discardableResult
public func clipGradientNorm(_ gradients: [UnsafeMutableBufferPointer<Float>], maximum: Float) -> Float {
    var sum: Float = 0
    for buffer in gradients {
        if let start = buffer.baseAddress { sum += Elementwise.sumOfSquares(start, count: buffer.count) }
    }
    let norm = sum.squareRoot()
    let factor = maximum / (norm + 1e-6)
    if maximum > 0, factor < 1 {
        for buffer in gradients {
            if let start = buffer.baseAddress { Elementwise.scale(start, count: buffer.count, by: factor) }
        }
    }
    return norm
}

/// The same for one buffer, without an array.
@discardableResult
public func clipGradientNorm(_ gradients: UnsafeMutableBufferPointer<Float>, maximum: Float) -> Float {
    guard let start = gradients.baseAddress else { return 0 }
    let norm = Elementwise.sumOfSquares(start, count: gradients.count).squareRoot()
    let factor = maximum / (norm + 1e-6)
    if maximum > 0, factor < 1 { Elementwise.scale(start, count: gradients.count, by: factor) }
    return norm
}

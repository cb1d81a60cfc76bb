// The value and advantage streams of a dueling network, folded into the layers of an ordinary one.

import Numerics

/// Q(s, a) = V(s) + A(s, a) − mean over a′ of A(s, a′) (Wang, Schaul, Hessel, van Hasselt, Lanctot and de Freitas, ICML
/// 2016, eq. 9), where V and A each have a hidden layer of their own above what they share.
///
/// All of this is linear in the last hidden layers of both streams, so it is computed by an ordinary network: its last
/// hidden layer holds both streams side by side, and its output layer is a linear function of the parameters that are
/// learned,
///
///     weights from V's stream: v ⊗ 1        from A's: W − (mean over actions of W) ⊗ 1
///     biases: b_V + b_A − mean(b_A)
///
/// Gradients come back through the transpose of that function. Target networks, acting and policy files need not know.
public final class DuelingHead {
    /// The network that computes; its output layer is overwritten by `fold`.
    public let network: DenseNetwork
    /// Width of one stream's hidden layer.
    private let width: Int
    private let actions: Int
    /// Parameters of the network below its output layer.
    private let below: Int
    private let parameterMemory: FloatBuffer
    private let gradientMemory: FloatBuffer

    /// What is learned: everything below the output layer, v (width), b_V, W (width × actions), b_A (actions).
    public var parameters: UnsafeMutableBufferPointer<Float> { parameterMemory.elements }
    public var gradients: UnsafeMutableBufferPointer<Float> { gradientMemory.elements }

    /// The streams' last layers drawn uniformly on ±1/√width, as all others.
    ///
    /// - Parameter hidden: widths of the hidden layers; the last one is each stream's own, the others are shared.
    public init(
        inputs: Int, hidden: [Int], outputs: Int, activation: Activation, stream: inout RandomStream
    ) {
        guard let last = hidden.last else { preconditionFailure("a dueling network needs a hidden layer") }
        width = last
        actions = outputs
        network = DenseNetwork(
            inputs: inputs, hidden: hidden.dropLast() + [2 * last], outputs: outputs, activation: activation,
            stream: &stream)
        below = network.layers[network.layers.count - 1].weights
        let count = below + (last + 1) * (outputs + 1)
        parameterMemory = FloatBuffer(count)
        gradientMemory = FloatBuffer(count)
        parameterMemory.start.update(from: network.parameterMemory.start, count: below)
        let bound = 1 / Double(last).squareRoot()
        for index in below..<count { parameterMemory.start[index] = Float(stream.uniform(-bound, bound)) }
        fold()
    }

    /// Writes the network's parameters from those that are learned.
    public func fold() {
        let output = network.parameterMemory.start + below
        network.parameterMemory.start.update(from: parameterMemory.start, count: below)
        let value = parameterMemory.start + below
        let advantage = value + width + 1
        for row in 0..<width {
            for action in 0..<actions { output[row * actions + action] = value[row] }
        }
        for row in 0...width {  // the last one is the biases
            let source = advantage + row * actions
            let target = output + (width + row) * actions
            let mean = DuelingHead.mean(source, actions)
            let base = row == width ? value[width] - mean : -mean
            for action in 0..<actions { target[action] = source[action] + base }
        }
    }

    /// Takes the parameters over from the network, which must be one that was folded: the inverse of `fold`, but for what
    /// it had taken away (the mean over actions of W and b_A).
    public func unfold() {
        let output = network.parameterMemory.start + below
        parameterMemory.start.update(from: network.parameterMemory.start, count: below)
        let value = parameterMemory.start + below
        let advantage = value + width + 1
        for row in 0..<width { value[row] = output[row * actions] }
        for row in 0...width {
            let source = output + (width + row) * actions
            let target = advantage + row * actions
            let mean = row == width ? DuelingHead.mean(source, actions) : 0
            for action in 0..<actions { target[action] = source[action] - mean }
            if row == width { value[width] = mean }
        }
        fold()
    }

    /// Takes over the network's gradients, carried back through `fold`.
    public func pullGradients() {
        let output = network.gradientMemory.start + below
        gradientMemory.start.update(from: network.gradientMemory.start, count: below)
        let value = gradientMemory.start + below
        let advantage = value + width + 1
        for row in 0..<width { value[row] = DuelingHead.mean(output + row * actions, actions) * Float(actions) }
        for row in 0...width {
            let source = output + (width + row) * actions
            let target = advantage + row * actions
            let mean = DuelingHead.mean(source, actions)
            for action in 0..<actions { target[action] = source[action] - mean }
            if row == width { value[width] = mean * Float(actions) }
        }
    }

    private static func mean(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
        var sum: Float = 0
        for index in 0..<count { sum += values[index] }
        return sum / Float(count)
    }
}

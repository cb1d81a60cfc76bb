// A fully connected network in Float32, differentiated by hand: forward keeps what backward needs, and neither
// allocates once the batch size has been reserved.

import Numerics

/// The function between hidden layers; the output layer is linear.
public enum Activation: String, Sendable, CaseIterable {
    case tanh, relu
}

/// How weights are drawn.
public enum Initialisation: Sendable, Equatable {
    /// Weights and biases uniform on ±1/√inputs: PyTorch's default for `nn.Linear`, and so that of Stable-Baselines3's
    /// DQN.
    case uniform
    /// Random orthogonal weights (Saxe, McClelland and Ganguli 2014) times a gain, biases zero: that of
    /// Stable-Baselines3's PPO, with √2 for hidden layers and 0.01 (policy) or 1 (value) for the output.
    case orthogonal(hiddenGain: Float, outputGain: Float)
}

/// A dense network `inputs → hidden… → outputs`.
///
/// Parameters lie in one flat buffer, layer by layer: weights (inputs × outputs of the layer, row-major), then biases.
/// A network is used by one thread at a time, except that `evaluate` may run on several as long as nobody writes the
/// parameters.
public final class DenseNetwork {
    /// Widths of all layers, inputs and outputs included.
    public let widths: [Int]
    public let activation: Activation
    public let parameterCount: Int

    /// Where a layer's numbers are.
    struct Layer {
        let inputs, outputs: Int
        /// Offsets into the parameter buffer.
        let weights, biases: Int
    }
    let layers: [Layer]
    let parameterMemory: FloatBuffer
    let gradientMemory: FloatBuffer
    /// One layer's weights, transposed for the way back.
    let transposed: FloatBuffer

    var batchCapacity = 0
    /// Output of every layer for the last `forward`; the last one is the network's.
    var outputs: [FloatBuffer] = []
    /// Gradients on their way back, in turn.
    var deltas: [FloatBuffer] = []
    var lastInput: UnsafePointer<Float>?
    var lastBatch = 0

    /// A network with every parameter zero; the other initialisers fill it.
    init(widths: [Int], activation: Activation) {
        precondition(widths.count >= 2 && widths.allSatisfy { $0 > 0 }, "a network needs positive widths")
        self.widths = widths
        self.activation = activation
        var offset = 0
        var layers: [Layer] = []
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            layers.append(
                Layer(inputs: inputs, outputs: outputs, weights: offset, biases: offset + inputs * outputs))
            offset += (inputs + 1) * outputs
        }
        self.layers = layers
        parameterCount = offset
        parameterMemory = FloatBuffer(offset)
        gradientMemory = FloatBuffer(offset)
        transposed = FloatBuffer(layers.map { $0.inputs * $0.outputs }.max()!)
    }

    /// A network with random parameters.
    public convenience init(
        inputs: Int, hidden: [Int], outputs: Int, activation: Activation, stream: inout RandomStream,
        initialisation: Initialisation = .uniform
    ) {
        self.init(widths: [inputs] + hidden + [outputs], activation: activation)
        initialise(initialisation, stream: &stream)
    }

    /// An independent network with the same parameters.
    public convenience init(copying other: DenseNetwork) {
        self.init(widths: other.widths, activation: other.activation)
        copy(from: other)
    }

    public var inputs: Int { widths[0] }
    public var outputCount: Int { widths[widths.count - 1] }
    public var parameters: UnsafeMutableBufferPointer<Float> { parameterMemory.elements }
    public var gradients: UnsafeMutableBufferPointer<Float> { gradientMemory.elements }

    public func zeroGradients() { gradientMemory.zero() }

    /// Takes over the parameters of a network of the same shape.
    public func copy(from other: DenseNetwork) {
        precondition(other.widths == widths, "networks of different shapes")
        parameterMemory.start.update(from: other.parameterMemory.start, count: parameterCount)
    }

    /// parameters += rate · (other − parameters), the soft target update of Lillicrap et al. 2016 (eq. after 5).
    public func softUpdate(from other: DenseNetwork, rate: Float) {
        precondition(other.widths == widths, "networks of different shapes")
        let mine = parameterMemory.start
        let theirs = other.parameterMemory.start
        for index in 0..<parameterCount { mine[index] += rate * (theirs[index] - mine[index]) }
    }

    /// Makes room for batches of up to `batch` rows, so that forward and backward do not allocate.
    public func reserve(batch: Int) {
        guard batch > batchCapacity else { return }
        batchCapacity = batch
        outputs = layers.map { FloatBuffer(batch * $0.outputs) }
        let widest = layers.map(\.outputs).max()!
        deltas = [FloatBuffer(batch * widest), FloatBuffer(batch * widest)]
        lastInput = nil
    }

    /// The outputs for a batch.
    ///
    /// - Parameter input: batch × inputs, row-major; must stay as it is until `backward`.
    /// - Returns: batch × outputs, row-major, valid until the next `forward` or `reserve`.
    @discardableResult
    public func forward(_ input: UnsafePointer<Float>, batch: Int) -> UnsafePointer<Float> {
        reserve(batch: batch)
        lastInput = input
        lastBatch = batch
        var current = input
        for index in layers.indices {
            let target = outputs[index].start
            run(layer: index, current, batch: batch, into: target)
            current = UnsafePointer(target)
        }
        return current
    }

    /// Floats that `evaluate` needs to work on `batch` rows.
    public func scratchCount(batch: Int) -> Int {
        2 * (batch * widths.dropFirst().max()! + FloatBuffer.slack)
    }

    /// The outputs for a batch without keeping anything, for any number of threads at a time.
    ///
    /// - Parameters:
    ///   - input: batch × inputs.
    ///   - scratch: `scratchCount(batch:)` floats.
    /// - Returns: batch × outputs, inside `scratch`.
    public func evaluate(
        _ input: UnsafePointer<Float>, batch: Int, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let half = scratchCount(batch: batch) / 2
        var current = input
        for index in layers.indices {
            let target = scratch + (index % 2) * half
            run(layer: index, current, batch: batch, into: target)
            current = UnsafePointer(target)
        }
        return current
    }

    private func run(
        layer index: Int, _ input: UnsafePointer<Float>, batch: Int, into target: UnsafeMutablePointer<Float>
    ) {
        let layer = layers[index]
        let start = parameterMemory.start
        MatrixProduct.multiply(
            rows: batch, columns: layer.outputs, depth: layer.inputs, a: MatrixView(input, row: layer.inputs),
            b: start + layer.weights, bRow: layer.outputs, start: .bias(start + layer.biases), c: target,
            cRow: layer.outputs)
        guard index < layers.count - 1 else { return }
        switch activation {
        case .tanh: Elementwise.tanh(target, count: batch * layer.outputs)
        case .relu: Elementwise.relu(target, count: batch * layer.outputs)
        }
    }

    /// Adds the gradients of a scalar loss to `gradients`, for the batch of the last `forward`.
    ///
    /// - Parameters:
    ///   - outputGradient: ∂loss/∂output, batch × outputs.
    ///   - inputGradient: receives ∂loss/∂input, batch × inputs, where wanted.
    public func backward(
        outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>? = nil
    ) {
        guard let input = lastInput else { preconditionFailure("backward without forward") }
        let batch = lastBatch
        var delta = deltas[0].start
        var other = deltas[1].start
        delta.update(from: outputGradient, count: batch * outputCount)
        let parameters = parameterMemory.start
        let gradients = gradientMemory.start
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let below = index == 0 ? input : UnsafePointer(outputs[index - 1].start)
            MatrixProduct.multiply(
                rows: layer.inputs, columns: layer.outputs, depth: batch,
                a: MatrixView(below, row: 1, depth: layer.inputs), b: delta, bRow: layer.outputs, start: .accumulate,
                c: gradients + layer.weights, cRow: layer.outputs)
            Elementwise.addColumnSums(
                delta, rows: batch, columns: layer.outputs, to: gradients + layer.biases)
            let target: UnsafeMutablePointer<Float>
            if index > 0 {
                target = other
            } else if let inputGradient {
                target = inputGradient
            } else {
                return
            }
            MatrixProduct.transpose(
                parameters + layer.weights, rows: layer.inputs, columns: layer.outputs, into: transposed.start)
            MatrixProduct.multiply(
                rows: batch, columns: layer.inputs, depth: layer.outputs, a: MatrixView(delta, row: layer.outputs),
                b: transposed.start, bRow: layer.inputs, c: target, cRow: layer.inputs)
            guard index > 0 else { return }
            switch activation {
            case .tanh: Elementwise.tanhBackward(values: below, gradient: target, count: batch * layer.inputs)
            case .relu: Elementwise.reluBackward(values: below, gradient: target, count: batch * layer.inputs)
            }
            swap(&delta, &other)
        }
    }
}

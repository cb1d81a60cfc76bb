// The critic of adversarial training, and the gradient of its gradient penalty by hand.

import Foundation
import Numerics

/// A dense network with one output and leaky rectifiers between its layers; without batch normalisation, which would
/// make the gradient at one row depend on others (Gulrajani et al., NeurIPS 2017, section 4).
///
/// Used by one thread at a time.
package final class Critic {
    package let widths: [Int]
    /// Of a unit below zero.
    let slope: Float
    private let parameterMemory, gradientMemory: FloatBuffer
    /// Offsets of each layer's weights (inputs × outputs, row-major); its biases follow them.
    private let offsets: [Int]
    private let transposed: FloatBuffer

    private var capacity = 0
    private var outputs: [FloatBuffer] = []
    /// ∂D/∂ what each layer gives before its rectifier.
    private var deltas: [FloatBuffer] = []
    private var direction = [FloatBuffer(0), FloatBuffer(0)]
    private var lastInput: UnsafePointer<Float>?
    private var lastBatch = 0

    package init(inputs: Int, hidden: [Int], slope: Float = 0.2, stream: inout RandomStream) {
        widths = [inputs] + hidden + [1]
        self.slope = slope
        var offset = 0
        var offsets: [Int] = []
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            offsets.append(offset)
            offset += (inputs + 1) * outputs
        }
        self.offsets = offsets
        parameterMemory = FloatBuffer(offset)
        gradientMemory = FloatBuffer(offset)
        transposed = FloatBuffer(zip(widths, widths.dropFirst()).map { $0 * $1 }.max() ?? 0)
        for (layer, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
            let bound = 1 / Double(inputs).squareRoot()
            for index in 0..<((inputs + 1) * outputs) {
                parameterMemory.start[offsets[layer] + index] = Float(stream.uniform(-bound, bound))
            }
        }
    }

    package var parameters: UnsafeMutableBufferPointer<Float> { parameterMemory.elements }
    package var gradients: UnsafeMutableBufferPointer<Float> { gradientMemory.elements }
    private var layers: Range<Int> { 0..<(widths.count - 1) }
    private func weights(_ layer: Int) -> UnsafeMutablePointer<Float> { parameterMemory.start + offsets[layer] }
    private func gradient(_ layer: Int) -> UnsafeMutablePointer<Float> { gradientMemory.start + offsets[layer] }

    package func zeroGradients() { gradientMemory.zero() }

    private func reserve(_ batch: Int) {
        guard batch > capacity else { return }
        capacity = batch
        outputs = widths.dropFirst().map { FloatBuffer(batch * $0) }
        deltas = widths.dropFirst().map { FloatBuffer(batch * $0) }
        let widest = widths.max() ?? 0
        direction = [FloatBuffer(batch * widest), FloatBuffer(batch * widest)]
    }

    /// D of every row of a batch, valid until the next call; `input` must stay as it is until `backward`.
    @discardableResult
    package func forward(_ input: UnsafePointer<Float>, batch: Int) -> UnsafePointer<Float> {
        reserve(batch)
        lastInput = input
        lastBatch = batch
        var current = input
        for layer in layers {
            let (inputs, width) = (widths[layer], widths[layer + 1])
            let target = outputs[layer].start
            MatrixProduct.multiply(
                rows: batch, columns: width, depth: inputs, a: MatrixView(current, row: inputs), b: weights(layer),
                bRow: width, start: .bias(weights(layer) + inputs * width), c: target, cRow: width)
            if layer + 1 < layers.upperBound { Elementwise.leakyRelu(target, slope: slope, count: batch * width) }
            current = UnsafePointer(target)
        }
        return current
    }

    /// From ∂loss/∂D of the last `forward`, in the last of `deltas`, to all layers; the input's is written where wanted.
    private func propagate(input: UnsafeMutablePointer<Float>?) {
        for layer in layers.reversed() {
            guard layer > 0 || input != nil else { return }
            let (inputs, width) = (widths[layer], widths[layer + 1])
            MatrixProduct.transpose(weights(layer), rows: inputs, columns: width, into: transposed.start)
            let target = layer > 0 ? deltas[layer - 1].start : input!
            MatrixProduct.multiply(
                rows: lastBatch, columns: inputs, depth: width, a: MatrixView(deltas[layer].start, row: width),
                b: transposed.start, bRow: inputs, c: target, cRow: inputs)
            if layer > 0 { passRectifier(layer - 1, target) }
        }
    }

    /// values *= the slope that each unit of a layer has at the last rows.
    private func passRectifier(_ layer: Int, _ values: UnsafeMutablePointer<Float>) {
        Elementwise.leakyReluBackward(
            values: outputs[layer].start, slope: slope, gradient: values, count: lastBatch * widths[layer + 1])
    }

    /// Adds the gradients of a loss whose derivative by D of each row of the last `forward` is given.
    ///
    /// - Parameters:
    ///   - parameters: whether those of the parameters are wanted.
    ///   - inputGradient: receives those of the inputs, batch × inputs, where wanted.
    package func backward(
        outputGradient: UnsafePointer<Float>, parameters: Bool = true,
        inputGradient: UnsafeMutablePointer<Float>? = nil
    ) {
        guard let input = lastInput, let top = deltas.last else { preconditionFailure("backward without forward") }
        top.start.update(from: outputGradient, count: lastBatch)
        propagate(input: inputGradient)
        guard parameters else { return }
        for layer in layers {
            let (inputs, width) = (widths[layer], widths[layer + 1])
            addOuter(layer == 0 ? input : UnsafePointer(outputs[layer - 1].start), layer)
            Elementwise.addColumnSums(
                deltas[layer].start, rows: lastBatch, columns: width, to: gradient(layer) + inputs * width)
        }
    }

    /// gradient of a layer's weights += leftᵀ · its deltas
    private func addOuter(_ left: UnsafePointer<Float>, _ layer: Int) {
        let (inputs, width) = (widths[layer], widths[layer + 1])
        MatrixProduct.multiply(
            rows: inputs, columns: width, depth: lastBatch, a: MatrixView(left, row: 1, depth: inputs),
            b: deltas[layer].start, bRow: width, start: .accumulate, c: gradient(layer), cRow: width)
    }

    /// weight · mean over rows of (‖∇ₓD(x)‖ − 1)² (Gulrajani et al., eq. 3), whose gradient is added to the parameters'.
    ///
    /// D is piecewise linear: with M the diagonal of slopes at x, ∇ₓD = W₁M₁W₂…M W_L, and M does not change with the
    /// weights but on a set of measure zero. So for a direction u, ∂(u·∇ₓD)/∂W_l is the outer product of
    /// u W₁M₁…W_{l−1}M_{l−1} and of what is left of the product, the delta of layer l that the way back from D = 1 has.
    /// The penalty's u is 2·weight·(‖∇ₓD‖ − 1)·∇ₓD/‖∇ₓD‖; biases have no gradient.
    package func penalty(_ input: UnsafePointer<Float>, batch: Int, weight: Float) -> Double {
        forward(input, batch: batch)
        guard let top = deltas.last else { return 0 }
        top.start.update(repeating: 1, count: batch)
        var current = direction[0].start
        var next = direction[1].start
        propagate(input: current)
        let inputs = widths[0]
        var total = 0.0
        for row in 0..<batch {
            let g = current + row * inputs
            var square: Float = 0
            for k in 0..<inputs { square += g[k] * g[k] }
            let norm = square.squareRoot()
            total += Double((norm - 1) * (norm - 1))
            let factor = 2 * weight * (norm - 1) / (max(norm, 1e-12) * Float(batch))
            for k in 0..<inputs { g[k] *= factor }
        }
        for layer in layers {
            addOuter(UnsafePointer(current), layer)
            guard layer + 1 < layers.upperBound else { break }
            let (inputs, width) = (widths[layer], widths[layer + 1])
            MatrixProduct.multiply(
                rows: batch, columns: width, depth: inputs, a: MatrixView(current, row: inputs), b: weights(layer),
                bRow: width, c: next, cRow: width)
            passRectifier(layer, next)
            swap(&current, &next)
        }
        return Double(weight) * total / Double(batch)
    }
}

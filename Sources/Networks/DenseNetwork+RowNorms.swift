// How long the gradient of each row of a batch is, without forming it.

import Numerics

extension DenseNetwork {
    /// Adds the squared norm of every row's own gradient, for the batch of the last `forward`.
    ///
    /// A dense layer's gradient of one row is the outer product of the row's input and of its delta, whose squared norm is
    /// the product of theirs (Goodfellow, "Efficient per-example gradient computations", 2015, section 4); the bias is an
    /// input of 1. `gradients` stays as it is.
    ///
    /// - Parameters:
    ///   - outputGradient: ∂(the row's loss)/∂output, batch × outputs.
    ///   - inputGradient: receives ∂(the row's loss)/∂input, batch × inputs, where wanted.
    ///   - norms: a number a row.
    public func addSquaredRowNorms(
        outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>? = nil,
        to norms: UnsafeMutablePointer<Float>
    ) {
        guard let input = lastInput else { preconditionFailure("norms without forward") }
        let batch = lastBatch
        var delta = deltas[0].start
        var other = deltas[1].start
        delta.update(from: outputGradient, count: batch * outputCount)
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let below = index == 0 ? input : UnsafePointer(outputs[index - 1].start)
            for row in 0..<batch {
                norms[row] +=
                    (1 + Elementwise.sumOfSquares(below + row * layer.inputs, count: layer.inputs))
                    * Elementwise.sumOfSquares(delta + row * layer.outputs, count: layer.outputs)
            }
            let target: UnsafeMutablePointer<Float>
            if index > 0 {
                target = other
            } else if let inputGradient {
                target = inputGradient
            } else {
                return
            }
            MatrixProduct.transpose(
                parameterMemory.start + layer.weights, rows: layer.inputs, columns: layer.outputs,
                into: transposed.start)
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

// The gradient of every row of a batch, clipped, and their sum: what noise is added to.

import Foundation
import Networks
import Numerics

extension VAEObjective {
    /// Adds Σ over rows of g·min(1, clip/‖g‖) to the gradients, g being the gradient of a row's own loss over encoder,
    /// decoder and log σ together (Abadi and others, CCS 2016, algorithm 1). Norms are found first, without forming any
    /// row's gradient; the second way back is weighted by row.
    ///
    /// - Parameter norms: receives the norms before clipping, a number a row.
    package func addClipped(_ batch: Batch, beta: Float, clip: Float, norms: UnsafeMutablePointer<Float>) -> Loss {
        let count = batch.count
        let (posterior, divergence) = encode(batch)
        let output = decoder.forward(UnsafePointer(codes.start), batch: count)
        let reconstruction = likelihood(batch, output: output, gradient: 1, addingSigma: false)
        let outer = outputGradient.start
        for row in 0..<count {
            var square: Float = 0
            for k in 0..<scores {
                let part = sigmaGradient(batch, row, k)
                square += part * part
            }
            norms[row] = square
        }
        decoder.addSquaredRowNorms(
            outputGradient: UnsafePointer(outer), inputGradient: codeGradient.start, to: norms)
        fillEncoderGradient(batch, posterior: posterior, beta: beta, perRow: 1)
        let inner = encoderGradient.start
        encoder.addSquaredRowNorms(outputGradient: UnsafePointer(inner), to: norms)
        for row in 0..<count {
            norms[row] = norms[row].squareRoot()
            // A row whose gradient is no number has no part.
            let factor = norms[row].isFinite ? min(1, clip / max(norms[row], 1e-12)) : 0
            for k in 0..<scores where factor > 0 { logSigmaGradient.start[k] += factor * sigmaGradient(batch, row, k) }
            scale(outer + row * width, width, by: factor)
            scale(inner + row * 2 * latent, 2 * latent, by: factor)
        }
        decoder.backward(outputGradient: UnsafePointer(outer))
        encoder.backward(outputGradient: UnsafePointer(inner))
        return Loss(reconstruction: reconstruction / Double(count), divergence: divergence / Double(count))
    }

    /// The gradient of a row's loss by ln s of a score, from the gradient at the output.
    private func sigmaGradient(_ batch: Batch, _ row: Int, _ k: Int) -> Float {
        guard batch.mask[row * scores + k] > 0 else { return 0 }
        let error = outputGradient.start[row * width + k] * expf(logSigma.start[k])
        return 1 - error * error
    }

    private func scale(_ values: UnsafeMutablePointer<Float>, _ count: Int, by factor: Float) {
        for k in 0..<count { values[k] = factor == 0 ? 0 : values[k] * factor }
    }
}

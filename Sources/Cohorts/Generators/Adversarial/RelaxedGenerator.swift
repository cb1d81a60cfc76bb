// The generator of adversarial training: rows by which a critic can be differentiated.

import Foundation
import Networks
import Numerics

/// A network from noise to rows in the encoding of the table.
///
/// A score is normal around the network's output with a learned σ per column (reparameterised); a choice is a Gumbel-softmax (Jang, Gu and Poole, ICLR 2017, eq. 2; as in CTGAN, Xu et al. 2019),
/// whose largest entry follows the softmax of the logits. So it is trained to be drawn from as an autoencoder's decoder
/// is, by the same code. Used by one thread at a time.
package final class RelaxedGenerator {
    package let network: DenseNetwork
    package let logSigma, logSigmaGradient: FloatBuffer
    package let scores, choices: Int
    private let temperature: Float
    private let blocks: [(place: Int, width: Int, slot: Int?)]
    private var capacity = 0
    /// The scores drawn, and their derivatives by ln σ.
    private var drawn = FloatBuffer(0)
    private var slopes = FloatBuffer(0)
    private var outputGradient = FloatBuffer(0)
    private var lastBatch = 0

    /// ln σ stays between these.
    static let logSigmaRange: ClosedRange<Float> = -4...0

    package init(encoding: TableEncoding, network: DenseNetwork, temperature: Double) {
        scores = encoding.scores
        choices = encoding.choices
        self.network = network
        self.temperature = Float(temperature)
        logSigma = FloatBuffer(scores)
        logSigmaGradient = FloatBuffer(scores)
        logSigma.start.update(repeating: -1, count: scores)
        // The state `.score` of a block is its first.
        blocks = encoding.plans.compactMap { plan in
            plan.block.map { (encoding.scores + $0, plan.states.count, plan.slot) }
        }
    }

    package var width: Int { scores + choices }

    private func reserve(_ batch: Int) {
        guard batch > capacity else { return }
        capacity = batch
        network.reserve(batch: batch)
        drawn = FloatBuffer(batch * scores)
        slopes = FloatBuffer(batch * scores)
        outputGradient = FloatBuffer(batch * width)
    }

    package func zeroGradients() {
        network.zeroGradients()
        logSigmaGradient.zero()
    }

    /// Writes a row for each of the noise, which must stay as it is until `backward`.
    package func forward(_ noise: GeneratorNoise, into rows: UnsafeMutablePointer<Float>) {
        reserve(noise.rows)
        lastBatch = noise.rows
        let output = network.forward(UnsafePointer(noise.inputs.start), batch: noise.rows)
        for row in 0..<noise.rows {
            let y = output + row * width
            let x = rows + row * width
            for k in 0..<scores {
                let place = row * scores + k
                slopes.start[place] = expf(logSigma.start[k]) * noise.normal.start[place]
                drawn.start[place] = y[k] + slopes.start[place]
                x[k] = drawn.start[place]
            }
            for block in blocks {
                let logits = y + block.place
                let gumbel = noise.gumbel.start + row * choices + (block.place - scores)
                let chosen = x + block.place
                var top = -Float.infinity
                for k in 0..<block.width {
                    chosen[k] = (logits[k] + gumbel[k]) / temperature
                    top = max(top, chosen[k])
                }
                var mass: Float = 0
                for k in 0..<block.width {
                    chosen[k] = expf(chosen[k] - top)
                    mass += chosen[k]
                }
                for k in 0..<block.width { chosen[k] /= mass }
                // As in the encoding, a score is 0 where the column is in another state.
                if let slot = block.slot { x[slot] *= chosen[0] }
            }
        }
    }

    /// Adds the gradients of a loss whose derivative by each of the last rows is given.
    ///
    /// - Parameter rows: what the last `forward` wrote.
    package func backward(rows: UnsafePointer<Float>, rowGradient: UnsafePointer<Float>) {
        let g = outputGradient.start
        for row in 0..<lastBatch {
            let x = rows + row * width
            let from = rowGradient + row * width
            let target = g + row * width
            for k in 0..<scores { target[k] = from[k] }
            for block in blocks {
                let chosen = x + block.place
                var first: Float = 0
                if let slot = block.slot {
                    first = from[slot] * drawn.start[row * scores + slot]
                    target[slot] = from[slot] * chosen[0]
                }
                // Of a softmax: y (d − Σ y d), over the temperature.
                var mean = chosen[0] * first
                for k in 0..<block.width { mean += chosen[k] * from[block.place + k] }
                for k in 0..<block.width {
                    let d = from[block.place + k] + (k == 0 ? first : 0)
                    target[block.place + k] = chosen[k] * (d - mean) / temperature
                }
            }
            for k in 0..<scores { logSigmaGradient.start[k] += target[k] * slopes.start[row * scores + k] }
        }
        network.backward(outputGradient: UnsafePointer(g))
    }
}

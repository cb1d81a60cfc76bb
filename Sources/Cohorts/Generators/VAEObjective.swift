// The evidence lower bound of a variational autoencoder over scores and choices, and its gradient by hand.

import Foundation
import Networks
import Numerics

/// Encoder, decoder and the loss between them.
///
/// Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014: the negative evidence lower bound (eq. 3) with one
/// reparameterised draw z = μ + σ·ε (eq. 10) and the divergence between Gaussians in closed form (appendix B). A
/// normal score x has the likelihood N(x; y, s²) with a learned s per column; a column's state has a softmax.
/// Used by one thread at a time.
package final class VAEObjective {
    let scores: Int
    /// Offset and width of every one-hot block, among the choices.
    let blocks: [(offset: Int, width: Int)]
    let width: Int
    let latent: Int
    package let encoder: DenseNetwork
    package let decoder: DenseNetwork
    /// With two levels of codes, from the upper to mean and ln σ² of the lower.
    package let top: DenseNetwork?
    /// ln s of every score, and its gradient.
    package let logSigma: FloatBuffer
    package let logSigmaGradient: FloatBuffer

    /// Weight of every block's likelihood.
    let blockWeights: [Float]

    private var capacity = 0
    private(set) var codes = FloatBuffer(0)
    private(set) var codeGradient = FloatBuffer(0)
    private(set) var outputGradient = FloatBuffer(0)
    private(set) var encoderGradient = FloatBuffer(0)

    /// ln σ² of the posterior is kept between these.
    static let logVarianceRange: ClosedRange<Float> = -12...6

    package convenience init(
        encoding: TableEncoding, latent: Int, upper: Int = 0, hidden: [Int], activation: Activation,
        targetWeight: Double = 1, stream: inout RandomStream
    ) {
        let encoder = DenseNetwork(
            inputs: encoding.width, hidden: hidden, outputs: 2 * (latent + upper), activation: activation,
            stream: &stream)
        let decoder = DenseNetwork(
            inputs: latent, hidden: hidden.reversed(), outputs: encoding.width, activation: activation,
            stream: &stream)
        let top =
            upper == 0
            ? nil
            : DenseNetwork(
                inputs: upper, hidden: [VAEObjective.topHidden], outputs: 2 * latent, activation: activation,
                stream: &stream)
        self.init(encoding: encoding, encoder: encoder, decoder: decoder, top: top, targetWeight: targetWeight)
    }

    /// Units of the hidden layer between the levels.
    static let topHidden = 32

    /// All that are trained.
    var networks: [DenseNetwork] { [encoder, decoder] + (top.map { [$0] } ?? []) }

    /// Takes networks as they are; their widths must be those of the encoding.
    init(
        encoding: TableEncoding, encoder: DenseNetwork, decoder: DenseNetwork, top: DenseNetwork? = nil,
        targetWeight: Double = 1
    ) {
        scores = encoding.scores
        blockWeights = encoding.blocks.map { plan in
            encoding.columns[plan.column].name == encoding.target ? Float(targetWeight) : 1
        }
        blocks = encoding.blocks.map { ($0.block ?? 0, $0.states.count) }
        width = encoding.width
        latent = decoder.inputs + (top?.inputs ?? 0)
        self.top = top
        self.encoder = encoder
        self.decoder = decoder
        logSigma = FloatBuffer(scores)
        logSigmaGradient = FloatBuffer(scores)
    }

    /// Makes room for batches of this size.
    func reserve(batch: Int) {
        guard batch > capacity else { return }
        capacity = batch
        encoder.reserve(batch: batch)
        decoder.reserve(batch: batch)
        top?.reserve(batch: batch)
        codes = FloatBuffer(batch * latent)
        codeGradient = FloatBuffer(batch * latent)
        outputGradient = FloatBuffer(batch * width)
        encoderGradient = FloatBuffer(batch * 2 * latent)
    }

    package func zeroGradients() {
        encoder.zeroGradients()
        decoder.zeroGradients()
        top?.zeroGradients()
        logSigmaGradient.zero()
    }

    /// A batch of encoded rows.
    package struct Batch {
        /// rows × width
        var inputs: UnsafePointer<Float>
        /// rows × scores
        var mask: UnsafePointer<Float>
        /// rows × blocks
        var states: UnsafePointer<Int32>
        /// Standard normal numbers, rows × latent.
        var noise: UnsafePointer<Float>
        var count: Int

        package init(
            inputs: UnsafePointer<Float>, mask: UnsafePointer<Float>, states: UnsafePointer<Int32>,
            noise: UnsafePointer<Float>, count: Int
        ) {
            self.inputs = inputs
            self.mask = mask
            self.states = states
            self.noise = noise
            self.count = count
        }
    }

    /// Means over the batch, in nats a row.
    package struct Loss {
        /// −E ln p(x|z)
        package var reconstruction: Double
        /// KL(q(z|x) ‖ p(z))
        package var divergence: Double
    }

    /// The loss of a batch; with `gradient`, that of reconstruction + beta · divergence is added to the gradients.
    package func evaluate(_ batch: Batch, beta: Float, gradient: Bool) -> Loss {
        if let top { return evaluate(batch, beta: beta, gradient: gradient, top) }
        let count = batch.count
        let perRow = 1 / Float(count)
        let (posterior, divergence) = encode(batch)
        let output = decoder.forward(UnsafePointer(codes.start), batch: count)
        let reconstruction = likelihood(
            batch, output: output, gradient: gradient ? perRow : nil, addingSigma: true)
        if gradient {
            decoder.backward(outputGradient: UnsafePointer(outputGradient.start), inputGradient: codeGradient.start)
            fillEncoderGradient(batch, posterior: posterior, beta: beta, perRow: perRow)
            encoder.backward(outputGradient: UnsafePointer(encoderGradient.start))
        }
        return Loss(reconstruction: reconstruction / Double(count), divergence: divergence / Double(count))
    }

    /// Draws the codes of a batch; the sum of the divergences.
    func encode(_ batch: Batch) -> (posterior: UnsafePointer<Float>, divergence: Double) {
        let count = batch.count
        reserve(batch: count)
        let posterior = encoder.forward(batch.inputs, batch: count)
        var divergence = 0.0
        let z = codes.start
        for row in 0..<count {
            let mean = posterior + row * 2 * latent
            let logVariance = mean + latent
            var sum: Float = 0
            for k in 0..<latent {
                let l = VAEObjective.clamped(logVariance[k])
                let deviation = expf(0.5 * l)
                z[row * latent + k] = mean[k] + deviation * batch.noise[row * latent + k]
                // Appendix B: −½ (1 + ln σ² − μ² − σ²).
                sum += 0.5 * (mean[k] * mean[k] + deviation * deviation - 1 - l)
            }
            divergence += Double(sum)
        }
        return (posterior, divergence)
    }

    /// The gradient at the encoder's output from that at the codes, each row's loss weighted by `perRow`.
    func fillEncoderGradient(_ batch: Batch, posterior: UnsafePointer<Float>, beta: Float, perRow: Float) {
        let g = encoderGradient.start
        for row in 0..<batch.count {
            let mean = posterior + row * 2 * latent
            let logVariance = mean + latent
            for k in 0..<latent {
                let raw = logVariance[k]
                let deviation = expf(0.5 * VAEObjective.clamped(raw))
                let fromDecoder = codeGradient.start[row * latent + k]
                g[row * 2 * latent + k] = fromDecoder + beta * perRow * mean[k]
                g[row * 2 * latent + latent + k] =
                    VAEObjective.logVarianceRange.contains(raw)
                    ? 0.5 * fromDecoder * deviation * batch.noise[row * latent + k]
                        + 0.5 * beta * perRow * (deviation * deviation - 1) : 0
            }
        }
    }

    /// −Σ ln p(x|z) over the batch; its gradient, each row weighted by `gradient`, goes to `outputGradient` and, where
    /// wanted, is added to `logSigmaGradient`.
    func likelihood(
        _ batch: Batch, output: UnsafePointer<Float>, gradient weight: Float?, addingSigma: Bool
    ) -> Double {
        let gradient = weight != nil
        let perRow = weight ?? 0
        let halfLogTau: Float = 0.918_938_533  // ½ ln 2π
        let g = outputGradient.start
        var total = 0.0
        for row in 0..<batch.count {
            let x = batch.inputs + row * width
            let mask = batch.mask + row * scores
            let y = output + row * width
            let target = g + row * width
            var sum: Float = 0
            for k in 0..<scores {
                let logS = logSigma.start[k]
                let inverse = expf(-logS)
                let error = (y[k] - x[k]) * inverse
                sum += mask[k] * (0.5 * error * error + logS + halfLogTau)
                if gradient {
                    target[k] = mask[k] * error * inverse * perRow
                    if addingSigma { logSigmaGradient.start[k] += mask[k] * (1 - error * error) * perRow }
                }
            }
            for (number, block) in blocks.enumerated() {
                let logits = y + scores + block.offset
                let state = Int(batch.states[row * blocks.count + number])
                var top = logits[0]
                for k in 1..<block.width { top = max(top, logits[k]) }
                var mass: Float = 0
                for k in 0..<block.width { mass += expf(logits[k] - top) }
                let weight = blockWeights[number]
                sum += weight * (logf(mass) + top - logits[state])
                if gradient {
                    let place = target + scores + block.offset
                    let scale = weight * perRow / mass
                    for k in 0..<block.width { place[k] = expf(logits[k] - top) * scale }
                    place[state] -= weight * perRow
                }
            }
            total += Double(sum)
        }
        return total
    }

    @inline(__always)
    static func clamped(_ value: Float) -> Float {
        min(max(value, logVarianceRange.lowerBound), logVarianceRange.upperBound)
    }
}

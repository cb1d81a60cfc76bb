// The evidence lower bound with two levels of codes, and its gradient by hand.

import Foundation
import Networks
import Numerics

/// Two levels as in the ladder autoencoder (Sønderby et al., NeurIPS 2016, eq. 8–13): z₂ ~ N(0, I), z₁ ~ N(μ(z₂), σ²(z₂)).
/// The encoder gives q(z₂|x) and a Gaussian for z₁, which is joined with the prior of z₁ in proportion to their precisions.
/// Noise and codes are z₁'s numbers, then z₂'s.
extension VAEObjective {
    func evaluate(_ batch: Batch, beta: Float, gradient: Bool, _ top: DenseNetwork) -> Loss {
        let (count, lower, upper) = (batch.count, decoder.inputs, top.inputs)
        reserve(batch: count)
        let perRow = 1 / Float(count)
        let width = 2 * latent
        let posterior = encoder.forward(batch.inputs, batch: count)
        let z1 = codes.start
        let z2 = codes.start + count * lower
        var divergence = 0.0
        for row in 0..<count {
            let mean = posterior + row * width + 2 * lower
            for k in 0..<upper {
                let l = VAEObjective.clamped(mean[upper + k])
                let deviation = expf(0.5 * l)
                z2[row * upper + k] = mean[k] + deviation * batch.noise[row * latent + lower + k]
                divergence += Double(0.5 * (mean[k] * mean[k] + deviation * deviation - 1 - l))
            }
        }
        let prior = top.forward(UnsafePointer(z2), batch: count)
        for row in 0..<count {
            for k in 0..<lower {
                let joined = Joined(posterior + row * width, prior + row * 2 * lower, k, lower)
                z1[row * lower + k] = joined.mean + joined.variance.squareRoot() * batch.noise[row * latent + k]
                divergence += Double(joined.divergence)
            }
        }
        let output = decoder.forward(UnsafePointer(z1), batch: count)
        let reconstruction = likelihood(
            batch, output: output, gradient: gradient ? perRow : nil, addingSigma: true)
        if gradient {
            decoder.backward(outputGradient: UnsafePointer(outputGradient.start), inputGradient: codeGradient.start)
            let g = encoderGradient.start
            let topGradient = FloatBuffer(count * 2 * lower)
            for row in 0..<count {
                let target = g + row * width
                let priorTarget = topGradient.start + row * 2 * lower
                for k in 0..<lower {
                    let joined = Joined(posterior + row * width, prior + row * 2 * lower, k, lower)
                    let slopes = joined.slopes(
                        code: codeGradient.start[row * lower + k], noise: batch.noise[row * latent + k],
                        beta: beta * perRow)
                    target[k] = slopes.mean
                    target[lower + k] = slopes.logVariance
                    priorTarget[k] = slopes.priorMean
                    priorTarget[lower + k] = slopes.priorLogVariance
                }
            }
            let upperGradient = FloatBuffer(count * upper)
            top.backward(outputGradient: UnsafePointer(topGradient.start), inputGradient: upperGradient.start)
            for row in 0..<count {
                let mean = posterior + row * width + 2 * lower
                let target = g + row * width + 2 * lower
                for k in 0..<upper {
                    let raw = mean[upper + k]
                    let deviation = expf(0.5 * VAEObjective.clamped(raw))
                    let above = upperGradient.start[row * upper + k]
                    target[k] = above + beta * perRow * mean[k]
                    target[upper + k] =
                        VAEObjective.logVarianceRange.contains(raw)
                        ? 0.5 * above * deviation * batch.noise[row * latent + lower + k]
                            + 0.5 * beta * perRow * (deviation * deviation - 1) : 0
                }
            }
            encoder.backward(outputGradient: UnsafePointer(g))
        }
        return Loss(reconstruction: reconstruction / Double(count), divergence: divergence / Double(count))
    }

    /// One number of z₁: the encoder's Gaussian N(m, 1/a) and the prior's N(p, 1/b), joined: variance v = 1/(a + b), mean
    /// (a m + b p) v.
    struct Joined {
        let own, prior, ownPrecision, priorPrecision, mean, variance: Float
        private let ownIsFree, priorIsFree: Bool

        init(_ posterior: UnsafePointer<Float>, _ prior: UnsafePointer<Float>, _ k: Int, _ lower: Int) {
            own = posterior[k]
            self.prior = prior[k]
            ownPrecision = expf(-VAEObjective.clamped(posterior[lower + k]))
            priorPrecision = expf(-VAEObjective.clamped(prior[lower + k]))
            ownIsFree = VAEObjective.logVarianceRange.contains(posterior[lower + k])
            priorIsFree = VAEObjective.logVarianceRange.contains(prior[lower + k])
            variance = 1 / (ownPrecision + priorPrecision)
            mean = (ownPrecision * own + priorPrecision * self.prior) * variance
        }

        /// From the prior, in its standard deviations.
        var standardised: Float { (mean - prior) * priorPrecision.squareRoot() }
        var standardisedVariance: Float { variance * priorPrecision }

        /// KL(N(mean, v) ‖ N(p, 1/b)).
        var divergence: Float {
            0.5 * (standardisedVariance + standardised * standardised - 1 - logf(standardisedVariance))
        }

        /// Derivatives of the loss by what both networks gave, from that by the code.
        func slopes(
            code: Float, noise: Float, beta: Float
        ) -> (mean: Float, logVariance: Float, priorMean: Float, priorLogVariance: Float) {
            let (a, b, v) = (ownPrecision, priorPrecision, variance)
            let gap = mean - prior
            let byMean = code + beta * gap * b
            let byVariance = 0.5 * code * noise / v.squareRoot() + 0.5 * beta * (b - 1 / v)
            // ∂v/∂a = ∂v/∂b = −v², ∂mean/∂a = (m − mean) v, ∂mean/∂b = (p − mean) v.
            let byOwn = byMean * (own - mean) * v - byVariance * v * v
            let byPrior = -byMean * gap * v - byVariance * v * v + 0.5 * beta * (v + gap * gap - 1 / b)
            return (
                byMean * a * v, ownIsFree ? -a * byOwn : 0, byMean * b * v - beta * gap * b,
                priorIsFree ? -b * byPrior : 0
            )
        }
    }
}

// The distribution of latent codes given conditions: a network that makes a mixture of Gaussians of them.

import Foundation
import Networks
import Numerics
import PositionedJSON

/// p(w|c): a mixture of diagonal Gaussians whose weights, means and variances a network reads from the conditions.
///
/// A mixture density network (Bishop, NCRG/94/004, 1994, eq. 22–25) in the place of the prior of a conditional
/// autoencoder (Sohn, Lee and Yan, NeurIPS 2015, section 4.1). Codes are whitened, so that without conditions they
/// follow N(0, I). Trained by one thread, read by any number.
package final class ConditionalPrior: @unchecked Sendable {
    package let network: DenseNetwork
    let latent: Int
    let components: Int
    private var outputGradient = FloatBuffer(0)

    static let logVarianceRange: ClosedRange<Float> = -7...3

    package init(inputs: Int, hidden: [Int], latent: Int, components: Int, stream: inout RandomStream) {
        self.latent = latent
        self.components = components
        network = DenseNetwork(
            inputs: inputs, hidden: hidden, outputs: components * (1 + 2 * latent), activation: .tanh,
            stream: &stream)
    }

    /// Takes a network as it is; nil where its outputs are not those of a mixture.
    init?(network: DenseNetwork, latent: Int) {
        guard network.outputCount % (1 + 2 * latent) == 0 else { return nil }
        self.network = network
        self.latent = latent
        components = network.outputCount / (1 + 2 * latent)
    }

    /// Mean of −ln p(w|c) over a batch; with `gradient`, its gradient is added to the network's.
    package func loss(
        conditions: UnsafePointer<Float>, codes: UnsafePointer<Float>, count: Int, gradient: Bool
    ) -> Double {
        let output = network.forward(conditions, batch: count)
        let width = network.outputCount
        if outputGradient.count < count * width { outputGradient = FloatBuffer(count * width) }
        let perRow = 1 / Float(count)
        var total = 0.0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: components) { terms in
            for row in 0..<count {
                let place = output + row * width
                let w = codes + row * latent
                let (logDensity, normaliser) = logTerms(place, w, into: terms)
                total -= Double(logDensity)
                guard gradient else { continue }
                let g = outputGradient.start + row * width
                for k in 0..<components {
                    // Responsibility of the component, and its weight.
                    let r = expf(terms[k] - logDensity)
                    g[k] = perRow * (expf(place[k] - normaliser) - r)
                    for d in 0..<latent {
                        let (mean, raw) = (place[meanAt(k) + d], place[logVarianceAt(k) + d])
                        let inverse = expf(-ConditionalPrior.clamped(raw))
                        let miss = w[d] - mean
                        g[meanAt(k) + d] = -perRow * r * miss * inverse
                        g[logVarianceAt(k) + d] =
                            ConditionalPrior.logVarianceRange.contains(raw)
                            ? 0.5 * perRow * r * (1 - miss * miss * inverse) : 0
                    }
                }
            }
        }
        if gradient { network.backward(outputGradient: UnsafePointer(outputGradient.start)) }
        return total / Double(count)
    }

    private func meanAt(_ component: Int) -> Int { components + component * 2 * latent }
    private func logVarianceAt(_ component: Int) -> Int {
        components + component * 2 * latent + latent
    }

    /// ln p(w|c) and ln Σ exp(logit) from a row of outputs; the terms of the sum are left in `terms`.
    private func logTerms(
        _ output: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
        into terms: UnsafeMutableBufferPointer<Float>
    ) -> (density: Float, normaliser: Float) {
        let halfLogTau: Float = 0.918_938_533  // ½ ln 2π
        var top = output[0]
        for k in 1..<max(components, 1) { top = max(top, output[k]) }
        var mass: Float = 0
        for k in 0..<components { mass += expf(output[k] - top) }
        let normaliser = top + logf(mass)
        var best = -Float.infinity
        for k in 0..<components {
            var sum = output[k] - normaliser
            for d in 0..<latent {
                let logVariance = ConditionalPrior.clamped(output[logVarianceAt(k) + d])
                let miss = w[d] - output[meanAt(k) + d]
                sum -= 0.5 * (miss * miss * expf(-logVariance) + logVariance) + halfLogTau
            }
            terms[k] = sum
            best = max(best, sum)
        }
        var sum: Float = 0
        for k in 0..<components { sum += expf(terms[k] - best) }
        return (best + logf(sum), normaliser)
    }

    /// ln p(w|c) from a row of outputs.
    func logDensity(_ output: UnsafePointer<Float>, _ w: UnsafePointer<Float>) -> Float {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: components) {
            logTerms(output, w, into: $0).density
        }
    }

    /// Draws a whitened code from a row of outputs.
    func draw(
        _ output: UnsafePointer<Float>, _ stream: inout RandomStream,
        into w: UnsafeMutablePointer<Float>
    ) {
        var top = output[0]
        for k in 1..<max(components, 1) { top = max(top, output[k]) }
        var mass: Float = 0
        for k in 0..<components { mass += expf(output[k] - top) }
        var left = Float(stream.uniform()) * mass
        var chosen = components - 1
        for k in 0..<components {
            left -= expf(output[k] - top)
            if left < 0 {
                chosen = k
                break
            }
        }
        for d in 0..<latent {
            let deviation = expf(0.5 * ConditionalPrior.clamped(output[logVarianceAt(chosen) + d]))
            w[d] = output[meanAt(chosen) + d] + deviation * Float(stream.normal())
        }
    }

    @inline(__always)
    private static func clamped(_ value: Float) -> Float {
        min(max(value, logVarianceRange.lowerBound), logVarianceRange.upperBound)
    }
}

extension ConditionalPrior {
    /// Trains on codes of real rows under random conditions that the rows fulfil.
    ///
    /// The term of a conditional autoencoder's bound that its prior has a part in is −KL(q(z|x) ‖ p(z|c)); over q fixed
    /// that is E ln p(z|c), which is maximised here.
    ///
    /// - Parameter pick: draws a row and conditions that it fulfils.
    func train(
        _ posteriors: RowPosteriors, _ whitening: Whitening, steps: Int, batch: Int, seed: UInt64,
        pick: (inout RandomStream) -> (row: Int, conditions: EncodedConditions)
    ) throws {
        let width = network.inputs
        let inputs = FloatBuffer(batch * width)
        let codes = FloatBuffer(batch * latent)
        var stream = RandomStream(seed: seed, purpose: "cvae.prior")
        let adam = Adam(count: network.parameterCount, learningRate: 0, weightDecay: 1e-3)
        var z = [Double](repeating: 0, count: latent)
        for step in 0..<steps {
            for place in 0..<batch {
                let (row, drawn) = pick(&stream)
                for k in 0..<width { inputs.start[place * width + k] = drawn.inputs[k] }
                for d in 0..<latent {
                    z[d] =
                        posteriors.means[row * latent + d]
                        + posteriors.variances[row * latent + d].squareRoot() * stream.normal()
                }
                whitening.whiten(z, into: codes.start + place * latent)
            }
            network.zeroGradients()
            let loss = self.loss(
                conditions: UnsafePointer(inputs.start), codes: UnsafePointer(codes.start), count: batch,
                gradient: true)
            guard loss.isFinite else {
                throw CohortError("the conditional prior's loss is not finite at step \(step)")
            }
            clipGradientNorm(network.gradients, maximum: 5)
            adam.learningRate = Float(2e-3 * 0.5 * (1 + cos(Double.pi * Double(step) / Double(steps))))
            adam.step(parameters: network.parameters, gradients: network.gradients)
        }
    }
}

/// Codes z = μ + L·w of one Gaussian, and back.
struct Whitening: Sendable {
    let mean: [Double]
    let factor: [Double]

    init(_ gaussian: GaussianMixture) {
        mean = gaussian.components[0].mean
        factor = gaussian.components[0].factor
    }

    /// w = L⁻¹(z − μ), by forward substitution.
    func whiten(_ z: [Double], into w: UnsafeMutablePointer<Float>) {
        let n = mean.count
        withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { solved in
            for a in 0..<n {
                var value = z[a] - mean[a]
                for b in 0..<a { value -= factor[a * n + b] * solved[b] }
                solved[a] = value / factor[a * n + a]
                w[a] = Float(solved[a])
            }
        }
    }

    func code(_ w: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>) {
        let n = mean.count
        for a in 0..<n {
            var value = mean[a]
            for b in 0...a { value += factor[a * n + b] * Double(w[b]) }
            z[a] = Float(value)
        }
    }
}

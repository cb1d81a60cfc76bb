// The Gaussian that latent codes of real rows follow together, to draw new codes from.

import Foundation
import Numerics

/// The moments of the aggregate posterior q(z) = mean over rows of q(z|x).
///
/// Drawing from it rather than from the prior mends the mismatch between the two (Tomczak and Welling, "VAE with a
/// VampPrior", AISTATS 2018, section 2): its mean is that of the posterior means, its covariance theirs plus the mean
/// posterior variance.
struct AggregatePosterior: Sendable {
    let mean: [Double]
    /// Lower Cholesky factor of the covariance, latent × latent.
    let factor: [Double]

    init(_ objective: VAEObjective, _ rows: TableEncoding.Rows) throws {
        let latent = objective.latent
        var means: [Double] = []
        means.reserveCapacity(rows.count * latent)
        var variance = [Double](repeating: 0, count: latent)
        let chunk = 512
        let input = FloatBuffer(chunk * objective.width)
        var start = 0
        while start < rows.count {
            let count = min(chunk, rows.count - start)
            for index in 0..<(count * objective.width) {
                input.start[index] = rows.inputs[start * objective.width + index]
            }
            let output = objective.encoder.forward(UnsafePointer(input.start), batch: count)
            for row in 0..<count {
                for k in 0..<latent {
                    means.append(Double(output[row * 2 * latent + k]))
                    let raw = output[row * 2 * latent + latent + k]
                    let range = VAEObjective.logVarianceRange
                    variance[k] += exp(Double(min(max(raw, range.lowerBound), range.upperBound)))
                }
            }
            start += count
        }
        let total = Double(rows.count)
        var mean = [Double](repeating: 0, count: latent)
        for row in 0..<rows.count {
            for k in 0..<latent { mean[k] += means[row * latent + k] / total }
        }
        var covariance = [Double](repeating: 0, count: latent * latent)
        for row in 0..<rows.count {
            for a in 0..<latent {
                let deviation = means[row * latent + a] - mean[a]
                for b in 0...a {
                    covariance[a * latent + b] += deviation * (means[row * latent + b] - mean[b]) / total
                }
            }
        }
        for k in 0..<latent { covariance[k * latent + k] += variance[k] / total }
        self.mean = mean
        factor = try cholesky(covariance, latent)
    }

    /// Draws a code.
    func draw(_ stream: inout RandomStream, into code: UnsafeMutablePointer<Float>) {
        let latent = mean.count
        withUnsafeTemporaryAllocation(of: Double.self, capacity: latent) { normal in
            for k in 0..<latent { normal[k] = stream.normal() }
            for a in 0..<latent {
                var value = mean[a]
                for b in 0...a { value += factor[a * latent + b] * normal[b] }
                code[a] = Float(value)
            }
        }
    }
}

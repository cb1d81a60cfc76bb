// The distribution that latent codes of real rows follow together, to draw new codes from.

import Foundation
import Networks
import Numerics

/// Means and variances of q(z|x) of every row.
struct RowPosteriors {
    private(set) var count: Int
    let latent: Int
    /// count × latent
    var means: [Double]
    /// count × latent
    var variances: [Double]

    /// None yet.
    init(latent: Int) {
        count = 0
        self.latent = latent
        means = []
        variances = []
    }

    mutating func append(means: [Double], variances: [Double]) {
        self.means += means
        self.variances += variances
        count += 1
    }

    init(_ objective: VAEObjective, _ rows: TableEncoding.Rows) {
        count = rows.count
        latent = objective.latent
        means = []
        variances = []
        means.reserveCapacity(count * latent)
        variances.reserveCapacity(count * latent)
        let chunk = objective.encoder.rowsAtATime
        let scratch = FloatBuffer(objective.encoder.scratchCount(batch: min(chunk, rows.count)))
        let input = FloatBuffer(chunk * objective.width)
        var start = 0
        while start < rows.count {
            let batch = min(chunk, rows.count - start)
            for index in 0..<(batch * objective.width) {
                input.start[index] = rows.inputs[start * objective.width + index]
            }
            let output = objective.encoder.evaluate(
                UnsafePointer(input.start), batch: batch, scratch: scratch.start)
            if let top = objective.top {
                appendTwoLevels(output, batch, top)
                start += batch
                continue
            }
            for row in 0..<batch {
                for k in 0..<latent {
                    means.append(Double(output[row * 2 * latent + k]))
                    let raw = output[row * 2 * latent + latent + k]
                    let range = VAEObjective.logVarianceRange
                    variances.append(exp(Double(min(max(raw, range.lowerBound), range.upperBound))))
                }
            }
            start += batch
        }
    }

    /// Of codes (w, z₂) with two levels: w at the mean of z₂, in the standard deviations of its prior.
    private mutating func appendTwoLevels(_ output: UnsafePointer<Float>, _ batch: Int, _ top: DenseNetwork) {
        let upper = top.inputs
        let lower = latent - upper
        let z2 = FloatBuffer(upper)
        let scratch = FloatBuffer(top.scratchCount(batch: 1))
        for row in 0..<batch {
            let own = output + row * 2 * latent
            for k in 0..<upper { z2.start[k] = own[2 * lower + k] }
            let prior = top.evaluate(UnsafePointer(z2.start), batch: 1, scratch: scratch.start)
            for k in 0..<lower {
                let joined = VAEObjective.Joined(own, prior, k, lower)
                means.append(Double(joined.standardised))
                variances.append(Double(joined.standardisedVariance))
            }
            for k in 0..<upper {
                means.append(Double(own[2 * lower + k]))
                variances.append(exp(Double(VAEObjective.clamped(own[2 * lower + upper + k]))))
            }
        }
    }

    /// Codes that are known, count × latent.
    init(codes: [Double], latent: Int) {
        count = codes.count / latent
        self.latent = latent
        means = codes
        variances = Array(repeating: 0, count: codes.count)
    }

    /// The Gaussian with the moments of the aggregate posterior q(z) = mean over rows of q(z|x).
    ///
    /// Drawing from it rather than from the prior mends the mismatch between the two (Tomczak and Welling, "VAE with a
    /// VampPrior", AISTATS 2018, section 2): its mean is that of the posterior means, its covariance theirs plus the
    /// mean posterior variance.
    func moments() throws -> GaussianMixture {
        let total = Double(count)
        var mean = [Double](repeating: 0, count: latent)
        for row in 0..<count {
            for k in 0..<latent { mean[k] += means[row * latent + k] / total }
        }
        var covariance = [Double](repeating: 0, count: latent * latent)
        for row in 0..<count {
            for a in 0..<latent {
                let deviation = means[row * latent + a] - mean[a]
                for b in 0...a {
                    covariance[a * latent + b] += deviation * (means[row * latent + b] - mean[b]) / total
                }
                covariance[a * latent + a] += variances[row * latent + a] / total
            }
        }
        return GaussianMixture([.init(weight: 1, mean: mean, factor: try cholesky(covariance, latent))])
    }
}

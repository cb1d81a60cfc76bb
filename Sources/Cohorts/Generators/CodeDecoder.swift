// From codes to what the cells of patients are drawn from, by one network or by two levels of them.

import Foundation
import Networks
import Numerics

/// A network over codes; with two levels, a code is (w, z₂), and the network reads z₁ = μ(z₂) + σ(z₂) w, where the upper
/// network gives μ and ln σ². A code of independent standard normal numbers is then one of the hierarchical prior. Read by
/// any number of threads.
struct CodeDecoder: @unchecked Sendable {
    let network: DenseNetwork
    /// The upper level, from z₂ to μ and ln σ² of z₁.
    var top: DenseNetwork?

    /// Numbers of a code.
    var latent: Int { network.inputs + (top?.inputs ?? 0) }
    var outputCount: Int { network.outputCount }
    var rowsAtATime: Int { min(network.rowsAtATime, top?.rowsAtATime ?? .max) }

    func scratchCount(batch: Int) -> Int {
        guard let top else { return network.scratchCount(batch: batch) }
        return network.scratchCount(batch: batch) + top.scratchCount(batch: batch)
            + batch * (latent + FloatBuffer.slack)
    }

    /// The outputs of a batch of codes.
    ///
    /// - Parameter scratch: `scratchCount(batch:)` floats; the outputs lie in it.
    func evaluate(
        _ codes: UnsafePointer<Float>, batch: Int, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        guard let top else { return network.evaluate(codes, batch: batch, scratch: scratch) }
        let (lower, upper) = (network.inputs, top.inputs)
        let z1 = scratch + network.scratchCount(batch: batch) + top.scratchCount(batch: batch)
        let z2 = z1 + batch * lower
        for row in 0..<batch {
            for k in 0..<upper { z2[row * upper + k] = codes[row * (lower + upper) + lower + k] }
        }
        let prior = top.evaluate(
            UnsafePointer(z2), batch: batch, scratch: scratch + network.scratchCount(batch: batch))
        for row in 0..<batch {
            let mean = prior + row * 2 * lower
            for k in 0..<lower {
                let deviation = expf(0.5 * VAEObjective.clamped(mean[lower + k]))
                z1[row * lower + k] = mean[k] + deviation * codes[row * (lower + upper) + k]
            }
        }
        return network.evaluate(UnsafePointer(z1), batch: batch, scratch: scratch)
    }
}

extension DenseNetwork {
    /// Rows to evaluate at once, so that no product is large enough to go to OpenBLAS, whose sums depend on its size: a
    /// row's outputs are then the same whatever rows are evaluated with it.
    var rowsAtATime: Int {
        let largest = zip(widths, widths.dropFirst()).map { $0 * $1 }.max() ?? 1
        return max(1, min(512, (1 << 24) / largest))
    }
}

// The random numbers of one pass of a generator in training.

import Foundation
import Numerics

/// Noise for a batch of rows; used by one thread at a time.
package struct GeneratorNoise {
    package let rows: Int
    /// The network's inputs, standard normal, rows × latent.
    package let inputs: FloatBuffer
    /// Standard normal, rows × scores.
    package let normal: FloatBuffer
    /// −ln −ln u, rows × choices.
    package let gumbel: FloatBuffer

    package init(latent: Int, scores: Int, choices: Int, rows: Int) {
        self.rows = rows
        inputs = FloatBuffer(rows * latent)
        normal = FloatBuffer(rows * scores)
        gumbel = FloatBuffer(rows * choices)
    }

    /// Draws all numbers anew.
    package func draw(_ stream: inout RandomStream) {
        let (z, e, g) = (inputs.start, normal.start, gumbel.start)
        for index in 0..<inputs.count { z[index] = Float(stream.normal()) }
        for index in 0..<normal.count { e[index] = Float(stream.normal()) }
        for index in 0..<gumbel.count { g[index] = Float(-log(-log(RandomStream.inside(stream.nextBits())))) }
    }
}

// Draws latent codes and runs them through a decoder in chunks.

import Numerics

/// A decoder that makes of a code what the cells of a patient are drawn from, and where its codes come from; used by one
/// thread, on networks that any number of threads may read.
struct CodeSampler: @unchecked Sendable {
    let encoding: TableEncoding
    /// What codes are drawn from.
    let codes: GaussianMixture
    /// From a code to a mean per score and a logit per choice.
    let decoder: CodeDecoder
    /// ln of the standard deviation of every score around its mean.
    let logSigma: FloatBuffer

    /// Decodes a chunk of rows; each row has its own stream, which `body` may go on drawing from.
    func decode(
        _ rows: [Int], seed: UInt64, purpose: String,
        body: (_ row: Int, _ output: UnsafePointer<Float>, _ stream: inout RandomStream) -> Void
    ) {
        let latent = decoder.latent
        let codes = FloatBuffer(rows.count * latent)
        let scratch = FloatBuffer(decoder.scratchCount(batch: rows.count))
        let first = RandomStream(seed: seed, purpose: purpose)
        let streams = rows.enumerated().map { place, row in
            var stream = first.withIndex(UInt64(row))
            self.codes.draw(&stream, into: codes.start + place * latent)
            return stream
        }
        let step = decoder.rowsAtATime
        for start in stride(from: 0, to: rows.count, by: step) {
            let batch = min(step, rows.count - start)
            let output = decoder.evaluate(
                UnsafePointer(codes.start + start * latent), batch: batch, scratch: scratch.start)
            for place in 0..<batch {
                var stream = streams[start + place]
                body(rows[start + place], output + place * encoding.width, &stream)
            }
        }
    }
}

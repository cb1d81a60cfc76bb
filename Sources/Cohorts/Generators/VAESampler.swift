// Draws latent codes and decodes them in chunks.

import Numerics

/// Decodes new codes; used by one thread, on networks that any number of threads may read.
struct VAESampler {
    let encoding: TableEncoding
    let objective: VAEObjective
    let posterior: GaussianMixture

    /// Decodes a chunk of rows; each row has its own stream, which `body` may go on drawing from.
    func decode(
        _ rows: [Int], seed: UInt64, purpose: String,
        body: (_ row: Int, _ output: UnsafePointer<Float>, _ stream: inout RandomStream) -> Void
    ) {
        let latent = objective.latent
        let codes = FloatBuffer(rows.count * latent)
        let scratch = FloatBuffer(objective.decoder.scratchCount(batch: rows.count))
        let first = RandomStream(seed: seed, purpose: purpose)
        let streams = rows.enumerated().map { place, row in
            var stream = first.withIndex(UInt64(row))
            posterior.draw(&stream, into: codes.start + place * latent)
            return stream
        }
        let output = objective.decoder.evaluate(
            UnsafePointer(codes.start), batch: rows.count, scratch: scratch.start)
        for (place, row) in rows.enumerated() {
            var stream = streams[place]
            body(row, output + place * encoding.width, &stream)
        }
    }
}

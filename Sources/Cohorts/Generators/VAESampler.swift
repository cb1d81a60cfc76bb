// Draws latent codes and decodes them in chunks.

import Networks
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
        let step = objective.decoder.rowsAtATime
        for start in stride(from: 0, to: rows.count, by: step) {
            let batch = min(step, rows.count - start)
            let output = objective.decoder.evaluate(
                UnsafePointer(codes.start + start * latent), batch: batch, scratch: scratch.start)
            for place in 0..<batch {
                var stream = streams[start + place]
                body(rows[start + place], output + place * encoding.width, &stream)
            }
        }
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

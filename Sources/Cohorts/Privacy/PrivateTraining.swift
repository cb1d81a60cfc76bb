// Gradient steps whose every look at the table is noised: DP-SGD.

import Foundation
import Networks
import Numerics

/// Trains an autoencoder further on real rows (Abadi and others, "Deep learning with differential privacy", CCS 2016,
/// algorithm 1): Poisson samples of rows, each row's gradient clipped, Gaussian noise on their sum, Adam on what comes out.
struct PrivateTraining {
    let configuration: PrivacyConfiguration
    let rows: TableEncoding.Rows
    let beta: Double
    let leastSigma: Double
    let seed: UInt64
    let samplingRate: Double
    let noise: Double
    /// What the sum of gradients is divided by: rows expected in a sample, by the noised number of rows.
    let expected: Double

    /// Rows whose gradients are formed at a time.
    static let chunk = 512

    func run(_ objective: VAEObjective, _ encoding: TableEncoding) {
        let parts = [objective.encoder, objective.decoder].map { network in
            (network: network, optimiser: Adam(count: network.parameterCount, learningRate: 0))
        }
        let sigmaAdam = Adam(count: objective.logSigma.count, learningRate: 0)
        var sampling = RandomStream(seed: seed, purpose: "privacy.batches")
        var codes = RandomStream(seed: seed, purpose: "privacy.codes")
        var gaussian = RandomStream(seed: seed, purpose: "privacy.gradients")
        let memory = RowMemory(rows: min(PrivateTraining.chunk, rows.count), encoding, latent: objective.latent)
        let norms = FloatBuffer(PrivateTraining.chunk)
        let floor = Float(log(leastSigma))
        let deviation = Float(noise * configuration.clip)
        let scale = Float(1 / expected)
        for step in 0..<configuration.steps {
            objective.zeroGradients()
            let sample = poisson(&sampling)
            for start in stride(from: 0, to: sample.count, by: PrivateTraining.chunk) {
                let part = sample[start..<min(start + PrivateTraining.chunk, sample.count)]
                memory.fill(part, from: rows, encoding)
                for index in 0..<(part.count * objective.latent) { memory.noise.start[index] = Float(codes.normal()) }
                _ = objective.addClipped(
                    memory.batch(part.count), beta: Float(beta), clip: Float(configuration.clip), norms: norms.start)
            }
            let buffers = parts.map(\.network.gradients) + [objective.logSigmaGradient.elements]
            for buffer in buffers {
                for index in buffer.indices {
                    buffer[index] = scale * (buffer[index] + deviation * Float(gaussian.normal()))
                }
            }
            let rate =
                0.5 * configuration.learningRate * (1 + cos(Double.pi * Double(step) / Double(configuration.steps)))
            for part in parts {
                part.optimiser.learningRate = Float(rate)
                part.optimiser.step(parameters: part.network.parameters, gradients: part.network.gradients)
            }
            sigmaAdam.learningRate = Float(rate)
            sigmaAdam.step(parameters: objective.logSigma.elements, gradients: objective.logSigmaGradient.elements)
            for k in 0..<objective.logSigma.count {
                objective.logSigma.start[k] = min(max(objective.logSigma.start[k], floor), 1)
            }
        }
    }

    /// Each row with the same probability, whatever the others: gaps between chosen rows are geometric.
    private func poisson(_ stream: inout RandomStream) -> [Int] {
        guard samplingRate < 1 else { return Array(0..<rows.count) }
        var chosen: [Int] = []
        var row = -1
        let logarithm = log1p(-samplingRate)
        while true {
            let gap = log(1 - stream.uniform()) / logarithm
            guard gap < Double(rows.count - row) else { return chosen }
            row += 1 + Int(gap)
            guard row < rows.count else { return chosen }
            chosen.append(row)
        }
    }
}

/// Rows gathered for one pass.
final class RowMemory {
    let inputs, mask, noise: FloatBuffer
    let states: UnsafeMutableBufferPointer<Int32>
    private let blocks: Int

    init(rows: Int, _ encoding: TableEncoding, latent: Int) {
        blocks = encoding.blocks.count
        inputs = FloatBuffer(rows * encoding.width)
        mask = FloatBuffer(rows * encoding.scores)
        noise = FloatBuffer(rows * latent)
        states = .allocate(capacity: max(rows * blocks, 1))
        states.initialize(repeating: 0)
    }

    deinit { states.deallocate() }

    func fill(_ numbers: ArraySlice<Int>, from rows: TableEncoding.Rows, _ encoding: TableEncoding) {
        let (width, scores) = (encoding.width, encoding.scores)
        for (place, row) in numbers.enumerated() {
            for k in 0..<width { inputs.start[place * width + k] = rows.inputs[row * width + k] }
            for k in 0..<scores { mask.start[place * scores + k] = rows.mask[row * scores + k] }
            for k in 0..<blocks { states[place * blocks + k] = rows.states[row * blocks + k] }
        }
    }

    func batch(_ count: Int) -> VAEObjective.Batch {
        VAEObjective.Batch(
            inputs: UnsafePointer(inputs.start), mask: UnsafePointer(mask.start),
            states: UnsafePointer(states.baseAddress!), noise: UnsafePointer(noise.start), count: count)
    }
}

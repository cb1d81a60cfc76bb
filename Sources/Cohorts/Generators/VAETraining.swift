// Trains a variational autoencoder: mini-batches, warm-up, cosine decay, and a stop by held-out rows.

import Foundation
import Networks
import Numerics

/// What a training did.
struct VAETrainingRecord: Sendable {
    /// Gradient steps made, and that of the parameters kept.
    var steps = 0
    var bestStep = 0
    /// Reconstruction + β · divergence of held-out rows at the best step, nats a row; nil without held-out rows.
    var heldOutLoss: Double?
    var trainingRows = 0
    var heldOutRows = 0
}

/// Trains one objective on encoded rows.
struct VAETraining {
    let configuration: VAEConfiguration
    let rows: TableEncoding.Rows
    let width: Int
    let scores: Int
    let blocks: Int
    let seed: UInt64

    /// Draws of the latent noise with which held-out rows are judged.
    static let heldOutDraws = 4

    /// Trains, and leaves the best parameters in the objective.
    func run(_ objective: VAEObjective) throws -> VAETrainingRecord {
        var order = RandomStream(seed: seed, purpose: "vae.held-out")
        let shuffled = order.permutation(rows.count)
        // Fewer than eight held-out rows decide nothing.
        var heldOutCount = Int((Double(rows.count) * configuration.heldOut).rounded())
        if heldOutCount < 8 { heldOutCount = 0 }
        let heldOut = Array(shuffled[..<heldOutCount])
        let training = Array(shuffled[heldOutCount...])
        var record = VAETrainingRecord(trainingRows: training.count, heldOutRows: heldOut.count)

        let batchSize = min(configuration.batch, training.count)
        let largest = max(batchSize, heldOut.count)
        let memory = BatchMemory(rows: largest, training: self, latent: objective.latent)
        objective.reserve(batch: largest)
        let adam = [objective.encoder, objective.decoder].map {
            (
                network: $0,
                optimiser: Adam(
                    count: $0.parameterCount, learningRate: 0, weightDecay: Float(configuration.weightDecay))
            )
        }
        let sigmaAdam = Adam(count: objective.logSigma.count, learningRate: 0)
        let steps = configuration.steps(rows: training.count, scores: scores)
        let fullWeight = configuration.beta(rows: rows.count)
        let warmUp = max(1, configuration.warmUp * Double(steps))
        let floor = Float(log(configuration.leastSigma))

        var noise = RandomStream(seed: seed, purpose: "vae.noise")
        var shuffling = RandomStream(seed: seed, purpose: "vae.batches")
        var epoch = training
        var next = epoch.count
        var best = Snapshot(objective)
        var bestLoss = Double.infinity
        var stale = 0
        for step in 1...steps {
            if next + batchSize > epoch.count {
                shuffling.shuffle(&epoch)
                next = 0
            }
            memory.fill(epoch[next..<(next + batchSize)], from: self)
            next += batchSize
            for index in 0..<(batchSize * objective.latent) { memory.noise.start[index] = Float(noise.normal()) }
            let beta = Float(fullWeight * min(1, Double(step) / warmUp))
            objective.zeroGradients()
            let loss = objective.evaluate(memory.batch(batchSize), beta: beta, gradient: true)
            guard loss.reconstruction.isFinite, loss.divergence.isFinite else {
                throw CohortError("the autoencoder's loss is not finite at step \(step); lower its learning rate")
            }
            let gradients = adam.map { $0.network.gradients } + [objective.logSigmaGradient.elements]
            clipGradientNorm(gradients, maximum: 5)
            let rate = 0.5 * configuration.learningRate * (1 + cos(Double.pi * Double(step - 1) / Double(steps)))
            for part in adam {
                part.optimiser.learningRate = Float(rate)
                part.optimiser.step(parameters: part.network.parameters, gradients: part.network.gradients)
            }
            sigmaAdam.learningRate = Float(rate)
            sigmaAdam.step(
                parameters: objective.logSigma.elements, gradients: objective.logSigmaGradient.elements)
            for k in 0..<objective.logSigma.count {
                objective.logSigma.start[k] = min(max(objective.logSigma.start[k], floor), 1)
            }
            record.steps = step
            guard !heldOut.isEmpty, step % configuration.evaluateEvery == 0 || step == steps else { continue }
            let judged = heldOutLoss(objective, heldOut, memory)
            if judged < bestLoss {
                bestLoss = judged
                best = Snapshot(objective)
                record.bestStep = step
                stale = 0
            } else if beta >= Float(fullWeight) {
                stale += 1
                if stale >= configuration.patience { break }
            }
        }
        if heldOut.isEmpty {
            record.bestStep = record.steps
        } else {
            best.restore(objective)
            record.heldOutLoss = bestLoss
        }
        return record
    }

    /// The bound with full weight on the divergence, always with the same noise.
    private func heldOutLoss(_ objective: VAEObjective, _ heldOut: [Int], _ memory: BatchMemory) -> Double {
        memory.fill(heldOut[...], from: self)
        var total = 0.0
        for draw in 0..<VAETraining.heldOutDraws {
            var stream = RandomStream(seed: seed, purpose: "vae.held-out.noise", index: UInt64(draw))
            for index in 0..<(heldOut.count * objective.latent) {
                memory.noise.start[index] = Float(stream.normal())
            }
            let loss = objective.evaluate(memory.batch(heldOut.count), beta: 1, gradient: false)
            total += loss.reconstruction + configuration.beta(rows: rows.count) * loss.divergence
        }
        return total / Double(VAETraining.heldOutDraws)
    }

    /// Rows gathered for one pass.
    private final class BatchMemory {
        let inputs, mask, noise: FloatBuffer
        let states: UnsafeMutableBufferPointer<Int32>

        init(rows: Int, training: VAETraining, latent: Int) {
            inputs = FloatBuffer(rows * training.width)
            mask = FloatBuffer(rows * training.scores)
            noise = FloatBuffer(rows * latent)
            states = .allocate(capacity: max(rows * training.blocks, 1))
            states.initialize(repeating: 0)
        }

        deinit { states.deallocate() }

        func fill(_ numbers: ArraySlice<Int>, from training: VAETraining) {
            for (place, row) in numbers.enumerated() {
                for k in 0..<training.width {
                    inputs.start[place * training.width + k] = training.rows.inputs[row * training.width + k]
                }
                for k in 0..<training.scores {
                    mask.start[place * training.scores + k] = training.rows.mask[row * training.scores + k]
                }
                for k in 0..<training.blocks {
                    states[place * training.blocks + k] = training.rows.states[row * training.blocks + k]
                }
            }
        }

        func batch(_ count: Int) -> VAEObjective.Batch {
            VAEObjective.Batch(
                inputs: UnsafePointer(inputs.start), mask: UnsafePointer(mask.start),
                states: UnsafePointer(states.baseAddress!), noise: UnsafePointer(noise.start), count: count)
        }
    }

    /// Parameters worth keeping.
    private struct Snapshot {
        let encoder, decoder, logSigma: [Float]

        init(_ objective: VAEObjective) {
            encoder = Array(objective.encoder.parameters)
            decoder = Array(objective.decoder.parameters)
            logSigma = Array(objective.logSigma.elements)
        }

        func restore(_ objective: VAEObjective) {
            _ = objective.encoder.parameters.update(fromContentsOf: encoder)
            _ = objective.decoder.parameters.update(fromContentsOf: decoder)
            _ = objective.logSigma.elements.update(fromContentsOf: logSigma)
        }
    }
}

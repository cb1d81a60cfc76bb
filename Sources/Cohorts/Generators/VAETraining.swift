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

/// Trains one member or several on encoded rows, each with held-out rows of its own, all stopped at the same step.
///
/// On a small table the held-out rows of one member say little about when to stop; those of all members together say
/// more, and what the members learn apart from each other is averaged when patients are drawn.
struct VAETraining {
    let configuration: VAEConfiguration
    let rows: TableEncoding.Rows
    let width: Int
    let scores: Int
    let blocks: Int
    let seed: UInt64

    /// Draws of the latent noise with which held-out rows are judged.
    static let heldOutDraws = 4

    /// Trains, and leaves the best parameters in the objectives.
    func run(_ objectives: [VAEObjective]) throws -> VAETrainingRecord {
        var order = RandomStream(seed: seed, purpose: "vae.held-out")
        let shuffled = order.permutation(rows.count)
        // Fewer than eight held-out rows decide nothing.
        var heldOutCount = Int((Double(rows.count) * configuration.heldOut).rounded())
        if heldOutCount * objectives.count < 8 { heldOutCount = 0 }
        let steps = configuration.steps(rows: rows.count - heldOutCount, scores: scores)
        let members = objectives.enumerated().map { number, objective in
            Member(
                self, objective, number: number, shuffled: shuffled,
                heldOut: number * heldOutCount..<(number + 1) * heldOutCount, steps: steps)
        }
        var record = VAETrainingRecord(
            trainingRows: rows.count - heldOutCount, heldOutRows: heldOutCount * members.count)
        let fullWeight = Float(configuration.beta(rows: rows.count))
        var best: [Snapshot] = []
        var bestLoss = Double.infinity
        var stale = 0
        while record.steps < steps {
            // The next look, or the end.
            let next = min(steps, (record.steps / configuration.evaluateEvery + 1) * configuration.evaluateEvery)
            for member in members { try member.advance(to: next) }
            record.steps = next
            guard heldOutCount > 0 else { continue }
            let judged = members.reduce(0) { $0 + $1.heldOutLoss() } / Double(members.count)
            if judged < bestLoss {
                bestLoss = judged
                best = objectives.map { Snapshot($0) }
                record.bestStep = next
                stale = 0
            } else if members[0].beta(next) >= fullWeight {
                stale += 1
                if stale >= configuration.patience { break }
            }
        }
        if heldOutCount == 0 {
            record.bestStep = record.steps
        } else {
            guard !best.isEmpty else { throw CohortError("the autoencoder's loss on held-out rows is never finite") }
            for (snapshot, objective) in zip(best, objectives) { snapshot.restore(objective) }
            record.heldOutLoss = bestLoss
        }
        return record
    }

    /// One member on its way.
    private final class Member {
        let training: VAETraining
        let objective: VAEObjective
        let heldOut: [Int]
        let memory: BatchMemory
        let batchSize: Int
        let steps: Int
        private let adam: [(network: DenseNetwork, optimiser: Adam)]
        private let sigmaAdam: Adam
        private let seed: UInt64
        private var noise, shuffling: RandomStream
        private var epoch: [Int]
        private var next: Int
        private var step = 0

        init(
            _ training: VAETraining, _ objective: VAEObjective, number: Int, shuffled: [Int], heldOut: Range<Int>,
            steps: Int
        ) {
            self.training = training
            self.objective = objective
            self.steps = steps
            let configuration = training.configuration
            // With many members held-out shares overlap; each begins where the one before ended.
            let places = heldOut.map { $0 % shuffled.count }
            let taken = Set(places)
            self.heldOut = places.map { shuffled[$0] }
            epoch = shuffled.indices.filter { !taken.contains($0) }.map { shuffled[$0] }
            next = epoch.count
            batchSize = min(configuration.batch, epoch.count)
            let largest = max(batchSize, heldOut.count)
            memory = BatchMemory(rows: largest, training: training, latent: objective.latent)
            objective.reserve(batch: largest)
            adam = objective.networks.map {
                (
                    network: $0,
                    optimiser: Adam(
                        count: $0.parameterCount, learningRate: 0, weightDecay: Float(configuration.weightDecay))
                )
            }
            sigmaAdam = Adam(count: objective.logSigma.count, learningRate: 0)
            // The first member's streams are those of a training of one.
            seed = number == 0 ? training.seed : training.seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15
            noise = RandomStream(seed: seed, purpose: "vae.noise")
            shuffling = RandomStream(seed: seed, purpose: "vae.batches")
        }

        func beta(_ step: Int) -> Float {
            let warmUp = max(1, training.configuration.warmUp * Double(steps))
            return Float(training.configuration.beta(rows: training.rows.count) * min(1, Double(step) / warmUp))
        }

        func advance(to end: Int) throws {
            let configuration = training.configuration
            let floor = Float(log(configuration.leastSigma))
            while step < end {
                step += 1
                if next + batchSize > epoch.count {
                    shuffling.shuffle(&epoch)
                    next = 0
                }
                memory.fill(epoch[next..<(next + batchSize)], from: training)
                next += batchSize
                for index in 0..<(batchSize * objective.latent) { memory.noise.start[index] = Float(noise.normal()) }
                objective.zeroGradients()
                let loss = objective.evaluate(memory.batch(batchSize), beta: beta(step), gradient: true)
                guard loss.reconstruction.isFinite, loss.divergence.isFinite else {
                    throw CohortError("the autoencoder's loss is not finite at step \(step); lower its learning rate")
                }
                clipGradientNorm(
                    adam.map { $0.network.gradients } + [objective.logSigmaGradient.elements], maximum: 5)
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
            }
        }

        /// The bound with full weight on the divergence, always with the same noise.
        func heldOutLoss() -> Double {
            memory.fill(heldOut[...], from: training)
            var total = 0.0
            for draw in 0..<VAETraining.heldOutDraws {
                var stream = RandomStream(seed: seed, purpose: "vae.held-out.noise", index: UInt64(draw))
                for index in 0..<(heldOut.count * objective.latent) {
                    memory.noise.start[index] = Float(stream.normal())
                }
                let loss = objective.evaluate(memory.batch(heldOut.count), beta: 1, gradient: false)
                total += loss.reconstruction + training.configuration.beta(rows: training.rows.count) * loss.divergence
            }
            return total / Double(VAETraining.heldOutDraws)
        }
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
        let networks: [[Float]]
        let logSigma: [Float]

        init(_ objective: VAEObjective) {
            networks = objective.networks.map { Array($0.parameters) }
            logSigma = Array(objective.logSigma.elements)
        }

        func restore(_ objective: VAEObjective) {
            for (network, values) in zip(objective.networks, networks) {
                _ = network.parameters.update(fromContentsOf: values)
            }
            _ = objective.logSigma.elements.update(fromContentsOf: logSigma)
        }
    }
}

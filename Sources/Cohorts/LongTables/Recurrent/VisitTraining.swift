// Trains a recurrent autoencoder: mini-batches of patients, warm-up, cosine decay, and a stop by held-out patients.

import Foundation
import Networks
import Numerics

/// Trains on encoded visits; a patient is either learned from or held out, with all visits.
struct VisitTraining {
    let configuration: RecurrentConfiguration
    let data: EncodedVisits
    let encoding: VisitEncoding
    let seed: UInt64

    /// Draws of the codes with which held-out patients are judged.
    static let heldOutDraws = 2
    /// Fewer held-out patients decide nothing; fewer patients than five times as many have none to spare.
    static let leastHeldOut = 8

    /// The patients held out, and the others.
    private var split: (heldOut: [Int], learned: [Int]) {
        var order = RandomStream(seed: seed, purpose: "rvae.held-out")
        let shuffled = order.permutation(data.patientCount)
        var count = Int((Double(data.patientCount) * configuration.heldOut).rounded())
        if count > 0, data.patientCount >= 5 * VisitTraining.leastHeldOut {
            count = max(count, VisitTraining.leastHeldOut)
        } else {
            count = 0
        }
        return (Array(shuffled.prefix(count)), Array(shuffled.dropFirst(count)))
    }

    /// Trains, and leaves the best parameters in the objective.
    func run(_ objective: VisitObjective) throws -> VAETrainingRecord {
        let heldOut = split.heldOut
        var epoch = split.learned
        let heldOutCount = heldOut.count
        objective.start = VisitStart(encoding, objective.shape, data, patients: epoch.sorted())
        let batchSize = min(configuration.batch, epoch.count)
        let steps = configuration.steps(patients: epoch.count)
        let optimisers = objective.parameters.enumerated().map { place, part in
            // Scales are no weights: they do not decay.
            Adam(
                count: part.values.count, learningRate: 0,
                weightDecay: place == 5 ? 0 : Float(configuration.weightDecay))
        }
        let batch = VisitBatch(shape: objective.shape)
        let judged = VisitBatch(shape: objective.shape)
        if heldOutCount > 0 { judged.fill(heldOut, from: data, clock: encoding.clock) }
        let noise = FloatBuffer(max(batchSize, heldOutCount) * configuration.latent)
        var noiseStream = RandomStream(seed: seed, purpose: "rvae.noise")
        var shuffling = RandomStream(seed: seed, purpose: "rvae.batches")
        let dropping = RandomStream(seed: seed, purpose: "rvae.dropout")
        let floor = Float(log(configuration.leastSigma))
        let sigmas = objective.shape.scores + objective.shape.gapScores
        var record = VAETrainingRecord(trainingRows: epoch.count, heldOutRows: heldOutCount)
        var average = objective.parameters.map { Array($0.values) }
        var best: [[Float]] = []
        var bestLoss = Double.infinity
        var stale = 0
        var next = epoch.count
        let warmUp = max(1, configuration.warmUp * Double(steps))
        while record.steps < steps {
            record.steps += 1
            let step = record.steps
            if next + batchSize > epoch.count {
                shuffling.shuffle(&epoch)
                next = 0
            }
            batch.fill(
                epoch[next..<(next + batchSize)], from: data, clock: encoding.clock,
                dropout: configuration.inputDropout > 0
                    ? (configuration.inputDropout, dropping.withIndex(UInt64(step))) : nil)
            next += batchSize
            for index in 0..<(batchSize * configuration.latent) { noise.start[index] = Float(noiseStream.normal()) }
            objective.zeroGradients()
            let beta = configuration.beta * min(1, Double(step) / warmUp)
            let loss = objective.evaluate(
                batch, data, noise: UnsafePointer(noise.start), beta: Float(beta), gradient: true)
            guard loss.reconstruction.isFinite, loss.divergence.isFinite else {
                throw CohortError("the autoencoder's loss is not finite at step \(step); lower its learning rate")
            }
            let parts = objective.parameters
            clipGradientNorm(parts.map(\.gradients), maximum: 5)
            let rate = 0.5 * configuration.learningRate * (1 + cos(Double.pi * Double(step - 1) / Double(steps)))
            for (optimiser, part) in zip(optimisers, parts) {
                optimiser.learningRate = Float(rate)
                optimiser.step(parameters: part.values, gradients: part.gradients)
            }
            for k in 0..<sigmas { objective.scales.start[k] = min(max(objective.scales.start[k], floor), 1) }
            // Of the first steps an average over all of them.
            let keep = Float(min(configuration.average, Double(step) / (10 + Double(step))))
            for (place, part) in parts.enumerated() {
                for (index, value) in part.values.enumerated() {
                    average[place][index] = keep * average[place][index] + (1 - keep) * value
                }
            }
            guard heldOutCount > 0, step % configuration.evaluateEvery == 0 || step == steps else { continue }
            let latest = parts.map { Array($0.values) }
            VisitTraining.set(objective, average)
            let value = heldOutLoss(objective, judged, noise)
            VisitTraining.set(objective, latest)
            if value < bestLoss {
                bestLoss = value
                best = average
                record.bestStep = step
                stale = 0
            } else if Double(step) >= warmUp {
                stale += 1
                if stale >= configuration.patience { break }
            }
        }
        guard heldOutCount > 0 else {
            record.bestStep = record.steps
            VisitTraining.set(objective, average)
            return record
        }
        guard !best.isEmpty else { throw CohortError("the autoencoder's loss on held-out patients is never finite") }
        VisitTraining.set(objective, best)
        record.heldOutLoss = bestLoss
        return record
    }

    private static func set(_ objective: VisitObjective, _ parameters: [[Float]]) {
        for (part, values) in zip(objective.parameters, parameters) { _ = part.values.update(fromContentsOf: values) }
    }

    /// The bound with full weight on the divergence, always with the same noise.
    private func heldOutLoss(_ objective: VisitObjective, _ batch: VisitBatch, _ noise: FloatBuffer) -> Double {
        var total = 0.0
        for draw in 0..<VisitTraining.heldOutDraws {
            var stream = RandomStream(seed: seed, purpose: "rvae.held-out.noise", index: UInt64(draw))
            for index in 0..<(batch.patients * configuration.latent) { noise.start[index] = Float(stream.normal()) }
            let loss = objective.evaluate(
                batch, data, noise: UnsafePointer(noise.start), beta: 1, gradient: false)
            total += loss.reconstruction + configuration.beta * loss.divergence
        }
        return total / Double(VisitTraining.heldOutDraws)
    }
}

// Trains a Wasserstein GAN with gradient penalty; held-out rows decide which step's generator is kept.

import Foundation
import Networks
import Numerics

/// What a training did.
struct GANTrainingRecord: Sendable {
    var steps = 0
    var bestStep = 0
    /// Energy distance of generated rows from held-out ones at the best step; nil without held-out rows.
    var heldOutDistance: Double?
    var trainingRows = 0
    var heldOutRows = 0

    var summary: [(name: String, value: Double)] {
        [
            ("training_rows", Double(trainingRows)), ("held_out_rows", Double(heldOutRows)), ("steps", Double(steps)),
            ("best_step", Double(bestStep)),
        ] + (heldOutDistance.map { [("held_out_distance", $0)] } ?? [])
    }
}

/// Trains one member or several, each with held-out rows of its own; all keep the generator of the same step, the one
/// whose patients are together nearest to the held-out rows. Critics never see held-out rows.
struct GANTraining {
    let configuration: GANConfiguration
    let encoding: TableEncoding
    let encoded: TableEncoding.Rows
    let seed: UInt64

    /// Patients drawn for each look.
    static let drawnRows = 600

    func run() throws -> (members: [GANMember], record: GANTrainingRecord) {
        var order = RandomStream(seed: seed, purpose: "gan.held-out")
        let rows = encoded.count
        let shuffled = order.permutation(rows)
        let count = configuration.members(rows: rows)
        // Fewer than eight held-out rows decide nothing.
        var heldOutCount = Int((Double(rows) * configuration.heldOut).rounded())
        if heldOutCount * count < 8 { heldOutCount = 0 }
        let steps = configuration.steps(rows: rows)
        let runs = (0..<count).map { number in
            GANRun(self, number: number, shuffled: shuffled, heldOut: heldOutCount, steps: steps)
        }
        var record = GANTrainingRecord(
            steps: steps, bestStep: steps, trainingRows: rows - heldOutCount, heldOutRows: heldOutCount * count)
        var best: [GANMember] = []
        var bestDistance = Double.infinity
        for look in 1...configuration.looks {
            let step = steps * look / configuration.looks
            for run in runs { try run.advance(to: step) }
            // Earlier ones are far from done.
            guard look * 4 >= configuration.looks, heldOutCount > 0 || look == configuration.looks else { continue }
            let members = runs.map { $0.member() }
            guard heldOutCount > 0 else { return (members, record) }
            let distance = zip(runs, members).reduce(0) { $0 + $1.0.distance($1.1) } / Double(count)
            if distance < bestDistance {
                bestDistance = distance
                best = members
                record.bestStep = step
            }
        }
        guard !best.isEmpty else { throw CohortError("the generator's patients are never finite") }
        record.heldOutDistance = bestDistance
        return (best, record)
    }
}

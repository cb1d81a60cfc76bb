// Brings the marginals of generated rows back to those of the training table.

import Foundation
import Numerics

/// Offsets of logits and quantiles of generated scores, measured on one large draw from the fitted network.
///
/// A network reproduces relations between columns better than it reproduces each column; the marginals are known from
/// the table. Shifting a block's logits by one constant per category until mean probabilities equal the training
/// shares, and reading each score by its rank among generated scores, leave the relations and mend the marginals.
struct MarginalCalibration: Sendable {
    /// Added to the logits, one per choice.
    private(set) var offsets: [Float]
    /// Per score, generated quantiles at (i + ½)/count.
    private(set) var knots: [[Float]]

    /// Offsets and knots of a generator's file.
    init(offsets: [Float], knots: [[Float]]) {
        self.offsets = offsets
        self.knots = knots
    }

    static let rows = 8192
    static let knotCount = 512
    static let rounds = 8

    init(_ sampler: CodeSampler, seed: UInt64, purpose: String) {
        let encoding = sampler.encoding
        let total = MarginalCalibration.rows
        offsets = Array(repeating: 0, count: encoding.choices)
        knots = []
        var logits = [Float](repeating: 0, count: total * encoding.choices)
        var scores = [[Float]](repeating: Array(repeating: 0, count: total), count: encoding.scores)
        var uniforms = [Double](repeating: 0, count: total * encoding.plans.count)
        for start in stride(from: 0, to: total, by: PatientSampler.chunk) {
            let end = min(start + PatientSampler.chunk, total)
            sampler.decode(Array(start..<end), seed: seed, purpose: purpose) {
                row, output, stream in
                for k in 0..<encoding.choices {
                    logits[row * encoding.choices + k] = output[encoding.scores + k]
                }
                for k in 0..<encoding.scores {
                    let noise = Float(stream.normal())
                    scores[k][row] = output[k] + expf(sampler.logSigma.start[k]) * noise
                }
                for k in encoding.plans.indices {
                    uniforms[row * encoding.plans.count + k] = stream.uniform()
                }
            }
        }
        for plan in encoding.plans {
            if let block = plan.block { fitOffsets(plan, block, logits, choices: encoding.choices) }
        }
        for (number, plan) in encoding.plans.enumerated() {
            guard let slot = plan.slot else { continue }
            var kept = scores[slot]
            if let block = plan.block {
                let scored = plan.states.firstIndex(of: .score)
                let among = (0..<total).filter { row in
                    logits.withUnsafeBufferPointer { memory in
                        choose(
                            memory.baseAddress! + row * encoding.choices + block, block: block,
                            width: plan.states.count, uniform: uniforms[row * encoding.plans.count + number])
                    } == scored
                }
                // Too few to measure a distribution: all rows then stand for them.
                if among.count >= 200 { kept = among.map { scores[slot][$0] } }
            }
            kept.sort()
            knots.append(
                (0..<MarginalCalibration.knotCount).map { index in
                    let position =
                        (Double(index) + 0.5) / Double(MarginalCalibration.knotCount) * Double(kept.count)
                    return kept[min(kept.count - 1, Int(position))]
                })
        }
    }

    /// Iterative proportional fitting of one block's offsets.
    private mutating func fitOffsets(
        _ plan: ColumnPlan, _ block: Int, _ logits: [Float], choices: Int
    ) {
        let width = plan.states.count
        let total = logits.count / choices
        var probabilities = [Float](repeating: 0, count: width)
        for _ in 0..<MarginalCalibration.rounds {
            var mean = [Double](repeating: 0, count: width)
            for row in 0..<total {
                var top = -Float.infinity
                for k in 0..<width {
                    probabilities[k] = logits[row * choices + block + k] + offsets[block + k]
                    top = max(top, probabilities[k])
                }
                var mass: Float = 0
                for k in 0..<width {
                    probabilities[k] = expf(probabilities[k] - top)
                    mass += probabilities[k]
                }
                for k in 0..<width { mean[k] += Double(probabilities[k] / mass) }
            }
            for k in 0..<width {
                let ratio = plan.shares[k] / max(mean[k] / Double(total), 1e-6)
                offsets[block + k] += Float(log(min(max(ratio, 0.1), 10)))
            }
        }
    }

    /// The most probable state.
    func mostProbable(_ logits: UnsafePointer<Float>, block: Int, width: Int) -> Int {
        var best = 0
        for k in 1..<width where logits[k] + offsets[block + k] > logits[best] + offsets[block + best] {
            best = k
        }
        return best
    }

    /// Draws a state from a block's logits.
    func choose(_ logits: UnsafePointer<Float>, block: Int, width: Int, uniform: Double) -> Int {
        var top = -Float.infinity
        for k in 0..<width { top = max(top, logits[k] + offsets[block + k]) }
        var mass: Float = 0
        for k in 0..<width { mass += expf(logits[k] + offsets[block + k] - top) }
        var left = Float(uniform) * mass
        for k in 0..<width {
            left -= expf(logits[k] + offsets[block + k] - top)
            if left < 0 { return k }
        }
        return width - 1
    }

    /// The probabilities of a block's states.
    func shares(_ logits: UnsafePointer<Float>, block: Int, width: Int) -> [Float] {
        var top = -Float.infinity
        for k in 0..<width { top = max(top, logits[k] + offsets[block + k]) }
        var shares = (0..<width).map { expf(logits[$0] + offsets[block + $0] - top) }
        let mass = shares.reduce(0, +)
        for k in 0..<width { shares[k] /= mass }
        return shares
    }

    /// The score at a place of its distribution: what `probability` maps to it.
    func score(at probability: Double, slot: Int) -> Double {
        let quantiles = knots[slot]
        let count = Double(quantiles.count)
        guard probability > 0 else { return -.infinity }
        guard probability < 1 else { return .infinity }
        let position = probability * count - 0.5
        if position < 0 { return Double(quantiles[0]) + 0.5 * log(2 * count * probability) }
        let below = Int(position)
        guard below + 1 < quantiles.count else {
            return Double(quantiles[quantiles.count - 1]) - 0.5 * log(2 * count * (1 - probability))
        }
        return Double(quantiles[below]) + (position - Double(below))
            * Double(quantiles[below + 1] - quantiles[below])
    }

    /// The place of a generated score in its distribution, in (0, 1).
    func probability(_ score: Float, slot: Int) -> Double {
        let quantiles = knots[slot]
        let count = Double(quantiles.count)
        var low = 0
        var high = quantiles.count
        while low < high {
            let middle = (low + high) / 2
            if quantiles[middle] < score { low = middle + 1 } else { high = middle }
        }
        // Beyond the outermost knots, the half step that is left, on the slope of a normal tail.
        if low == 0 {
            let gap = Double(quantiles[0] - score)
            return 0.5 / count * exp(-2 * gap)
        }
        if low == quantiles.count {
            let gap = Double(score - quantiles[quantiles.count - 1])
            return 1 - 0.5 / count * exp(-2 * gap)
        }
        let below = quantiles[low - 1]
        let width = quantiles[low] - below
        let fraction = width > 0 ? Double((score - below) / width) : 0.5
        return (Double(low) - 0.5 + fraction) / count
    }
}

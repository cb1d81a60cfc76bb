// Brings drawn visits back to the table's: how columns of one visit go together, each column's distribution, the number
// of visits.

import Foundation
import Numerics
import PositionedJSON

/// Measured after training, on the table and on patients drawn from the networks.
///
/// Given the visits before, the columns of one visit are independent to the decoder. What goes together beyond that is
/// measured on the table: each cell's place in the distribution that the decoder foresaw (Rosenblatt 1952; for
/// categories a random place in its interval, Dunn and Smyth, J. Comput. Graph. Stat. 5 (1996) 236–244), as a normal
/// number, and the correlations of these. What scores differ by from what was foreseen is drawn as it was seen, by its
/// quantiles in units of σ: most change little, a few much. The shares of states and the number of visits are mended
/// while patients are drawn; distributions of numbers as `MarginalCalibration` does, in what is written and not in what
/// the decoder is told of the last visit, so that courses stay as it learned them.
struct VisitCalibration: Sendable {
    /// Added to the logit of another visit.
    var goOn: Float
    var visits: MarginalCalibration
    var gaps: MarginalCalibration
    /// Of every score, quantiles at (i + ½)/count of its difference from what was foreseen, in units of σ.
    let noise: [[Float]]
    /// Of scores, then of blocks: width × width.
    let correlation: [Double]
    let factor: [Double]
    let width: Int

    /// Patients drawn in a round, and rounds.
    static let patients = 1024
    static let rounds = 3
    /// Fewer rows say nothing of a correlation, fewer scores nothing of a distribution.
    static let leastRows = 30
    static let leastScores = 200

    init(
        goOn: Float, visits: MarginalCalibration, gaps: MarginalCalibration, noise: [[Float]], correlation: [Double]
    ) throws {
        self.noise = noise
        self.goOn = goOn
        self.visits = visits
        self.gaps = gaps
        self.correlation = correlation
        width = Int(Double(correlation.count).squareRoot().rounded())
        factor = width == 0 ? [] : try regularisedCholesky(correlation, width)
    }

    /// As the networks say, with the correlations of what they could not foresee.
    init(_ objective: VisitObjective, _ encoding: VisitEncoding, _ data: EncodedVisits, seed: UInt64) throws {
        let normal = (0..<MarginalCalibration.knotCount).map {
            Float(normalQuantile((Double($0) + 0.5) / Double(MarginalCalibration.knotCount)))
        }
        func plain(_ encoding: TableEncoding) -> MarginalCalibration {
            MarginalCalibration(
                offsets: Array(repeating: 0, count: encoding.choices),
                knots: Array(repeating: normal, count: encoding.scores))
        }
        var residuals = VisitCalibration.residuals(objective, data, encoding, seed: seed)
        var noise: [[Float]] = []
        for slot in 0..<encoding.visits.scores {
            let seen = residuals[slot].filter { !$0.isNaN }.map { Float($0) }
            guard seen.count >= VisitCalibration.leastScores else {
                noise.append(normal)
                continue
            }
            noise.append(VisitCalibration.knots(seen))
            let map = QuantileMap(residuals[slot].filter { !$0.isNaN })
            residuals[slot] = residuals[slot].map { $0.isNaN ? .nan : map.score(of: $0, tie: 0.5) }
        }
        try self.init(
            goOn: 0, visits: plain(encoding.visits), gaps: plain(encoding.gaps), noise: noise,
            correlation: VisitCalibration.correlation(residuals))
    }

    /// How far a score is from what was foreseen, in units of σ.
    ///
    /// - Parameter probability: its place among such differences.
    func difference(_ probability: Double, slot: Int) -> Float {
        let knots = noise[slot]
        let position = min(max(probability * Double(knots.count) - 0.5, 0), Double(knots.count - 1))
        let below = Int(position)
        guard below + 1 < knots.count else { return knots[below] }
        return knots[below] + Float(position - Double(below)) * (knots[below + 1] - knots[below])
    }

    /// What the decoder did not foresee of visits, scores in units of σ, then blocks as normal numbers.
    private static func residuals(
        _ objective: VisitObjective, _ data: EncodedVisits, _ encoding: VisitEncoding, seed: UInt64
    ) -> [[Double]] {
        let shape = objective.shape
        let width = shape.scores + shape.blocks
        var residuals = [[Double]](repeating: [], count: width)
        let batch = VisitBatch(shape: shape)
        for start in stride(from: 0, to: data.patientCount, by: VisitSampler.chunk) {
            let patients = start..<min(start + VisitSampler.chunk, data.patientCount)
            batch.fill(patients, from: data, clock: encoding.clock)
            let said = objective.encode(batch)
            let codes = FloatBuffer(patients.count * shape.latent)
            for (slot, number) in patients.enumerated() {
                var stream = RandomStream(seed: seed, purpose: "rvae.residuals", index: UInt64(number))
                let mean = said + slot * 2 * shape.latent
                for k in 0..<shape.latent {
                    let deviation = expf(0.5 * VisitObjective.clamped(mean[shape.latent + k]))
                    codes.start[slot * shape.latent + k] = mean[k] + deviation * Float(stream.normal())
                }
            }
            let output = objective.decode(batch, codes: UnsafePointer(codes.start)).visits
            for row in 0..<batch.rows where batch.patient[row] >= 0 && batch.visit[row] >= 0 {
                let visit = batch.visit[row]
                let y = output + row * shape.visitOutputs
                for k in 0..<shape.scores {
                    let isThere = data.visits.mask[visit * shape.scores + k] == 1
                    residuals[k].append(
                        isThere
                            ? Double((data.visits.inputs[visit * shape.visit + k] - y[k]) / objective.sigma(k, y))
                            : .nan)
                }
                var stream = RandomStream(seed: seed, purpose: "rvae.places", index: UInt64(visit))
                for (number, block) in objective.blocks.enumerated() {
                    let state = Int(data.visits.states[visit * shape.blocks + number])
                    let place = VisitCalibration.place(
                        state, y + shape.scores + block.offset, block.width, uniform: stream.uniform())
                    residuals[shape.scores + number].append(normalQuantile(min(max(place, 1e-6), 1 - 1e-6)))
                }
            }
        }
        return residuals
    }

    private static func correlation(_ residuals: [[Double]]) -> [Double] {
        let width = residuals.count
        var matrix = [Double](repeating: 0, count: width * width)
        for first in 0..<width {
            matrix[first * width + first] = 1
            for second in 0..<first {
                let rows = residuals[first].indices.filter {
                    !residuals[first][$0].isNaN && !residuals[second][$0].isNaN
                }
                guard rows.count >= leastRows else { continue }
                let value = pearson(rows.map { residuals[first][$0] }, rows.map { residuals[second][$0] }) ?? 0
                matrix[first * width + second] = value
                matrix[second * width + first] = value
            }
        }
        return matrix
    }

    /// A random place in the interval of a state, the states being in their order.
    private static func place(_ state: Int, _ logits: UnsafePointer<Float>, _ width: Int, uniform: Double) -> Double {
        var top = logits[0]
        for k in 1..<width { top = max(top, logits[k]) }
        var mass = 0.0
        var below = 0.0
        var own = 0.0
        for k in 0..<width {
            let share = Double(expf(logits[k] - top))
            mass += share
            if k < state { below += share } else if k == state { own = share }
        }
        return (below + uniform * own) / mass
    }

    /// One round: what was drawn against what the table has.
    ///
    /// - Parameters:
    ///   - visitsPerPatient: in the table, and of the patients drawn.
    mutating func adjust(
        _ encoding: VisitEncoding, _ log: VisitLog, visitsPerPatient real: Double, drawn: Double
    ) {
        goOn += Float(0.5 * Foundation.log(min(max(real / max(drawn, 1), 0.5), 2)))
        goOn = min(max(goOn, -3), 3)
        visits = VisitCalibration.adjusted(visits, encoding.visits, counts: log.states, scores: log.scores)
        gaps = VisitCalibration.adjusted(gaps, encoding.gaps, counts: log.gapStates, scores: [log.gapScores])
    }

    private static func knots(_ values: [Float]) -> [Float] {
        let sorted = values.sorted()
        return (0..<MarginalCalibration.knotCount).map { index in
            let position = (Double(index) + 0.5) / Double(MarginalCalibration.knotCount) * Double(sorted.count)
            return sorted[min(sorted.count - 1, Int(position))]
        }
    }

    private static func adjusted(
        _ calibration: MarginalCalibration, _ encoding: TableEncoding, counts: [Int], scores: [[Float]]
    ) -> MarginalCalibration {
        var offsets = calibration.offsets
        var knots = calibration.knots
        for plan in encoding.plans {
            if let block = plan.block {
                let total = Double((0..<plan.states.count).reduce(0) { $0 + counts[block + $1] })
                guard total >= Double(leastScores) else { continue }
                for state in 0..<plan.states.count {
                    let ratio = (plan.shares[state] * total + 0.5) / (Double(counts[block + state]) + 0.5)
                    offsets[block + state] += Float(0.5 * Foundation.log(min(max(ratio, 0.2), 5)))
                    offsets[block + state] = min(max(offsets[block + state], -3), 3)
                }
            }
            if let slot = plan.slot, scores[slot].count >= leastScores {
                knots[slot] = VisitCalibration.knots(scores[slot])
            }
        }
        return MarginalCalibration(offsets: offsets, knots: knots)
    }
}

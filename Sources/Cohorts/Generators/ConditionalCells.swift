// The cells of patients under conditions, from what a network says of them: truncated numbers, masked categories.

import Foundation
import Networks
import Numerics

/// Whatever the network says, the patient fulfils the conditions.
struct ConditionalCells {
    private let encoding: TableEncoding
    private let calibration: MarginalCalibration
    private let logSigma: FloatBuffer
    private let conditions: EncodedConditions
    private let tailTrim: Double?
    /// What each plan must be, nil where anything goes.
    private let parts: [EncodedConditions.Part?]
    /// The interval of raw scores of each plan's part.
    private let bounds: [(low: Double, high: Double)]

    init(_ member: PatientSampler.Member, _ conditions: EncodedConditions, tailTrim: Double?) {
        encoding = member.codes.encoding
        calibration = member.calibration
        logSigma = member.codes.logSigma
        self.conditions = conditions
        self.tailTrim = tailTrim
        var parts = [EncodedConditions.Part?](repeating: nil, count: encoding.plans.count)
        var bounds = [(low: Double, high: Double)](
            repeating: (-.infinity, .infinity), count: encoding.plans.count)
        for part in conditions.parts {
            parts[part.plan] = part
            guard let slot = encoding.plans[part.plan].slot else { continue }
            bounds[part.plan] = (
                calibration.score(at: part.low, slot: slot), calibration.score(at: part.high, slot: slot)
            )
        }
        self.parts = parts
        self.bounds = bounds
    }

    /// ln P(conditions | z) from a row of the network's outputs.
    func logProbability(_ output: UnsafePointer<Float>) -> Double {
        var total = 0.0
        for part in conditions.parts {
            let plan = encoding.plans[part.plan]
            var inside = 1.0
            if let slot = plan.slot {
                let mean = Double(output[slot])
                let deviation = exp(Double(logSigma.start[slot]))
                let low = (bounds[part.plan].low - mean) / deviation
                let high = (bounds[part.plan].high - mean) / deviation
                // From the tail that is the smaller, where digits are.
                inside = low > 0 ? normalCDF(-low) - normalCDF(-high) : normalCDF(high) - normalCDF(low)
            }
            guard let block = plan.block else {
                total += log(max(inside, 1e-300))
                continue
            }
            let shares = calibration.shares(
                output + encoding.scores + block, block: block, width: plan.states.count)
            var allowed = 0.0
            for (index, state) in plan.states.enumerated() where part.allowed[index] {
                allowed += Double(shares[index]) * (state == .score ? inside : 1)
            }
            total += log(max(allowed, 1e-300))
        }
        return total
    }

    /// Draws the cells of a row.
    func fill(
        _ output: UnsafePointer<Float>, _ stream: inout RandomStream,
        set: (_ column: Int, _ value: Double) -> Void
    ) {
        for (number, plan) in encoding.plans.enumerated() {
            let part = parts[number]
            var deviation = 1.0
            var mean = 0.0
            if let slot = plan.slot {
                mean = Double(output[slot])
                deviation = exp(Double(logSigma.start[slot]))
            }
            var state = 0
            if let block = plan.block {
                var shares = calibration.shares(
                    output + encoding.scores + block, block: block, width: plan.states.count)
                if let part {
                    for (index, kind) in plan.states.enumerated() {
                        if !part.allowed[index] {
                            shares[index] = 0
                        } else {
                            // Never all of them zero.
                            shares[index] = max(shares[index], 1e-30)
                            if kind == .score {
                                let low = (bounds[number].low - mean) / deviation
                                let high = (bounds[number].high - mean) / deviation
                                let inside =
                                    low > 0 ? normalCDF(-low) - normalCDF(-high) : normalCDF(high) - normalCDF(low)
                                shares[index] *= Float(max(inside, 1e-6))
                            }
                        }
                    }
                }
                state = ConditionalCells.draw(shares, &stream)
            }
            var probability = 0.5
            if let slot = plan.slot {
                let score = stream.truncatedNormal(
                    mean: mean, standardDeviation: deviation, low: bounds[number].low,
                    high: bounds[number].high)
                probability = calibration.probability(Float(score), slot: slot)
                if let part { probability = min(max(probability, part.low), part.high) }
            }
            var value = encoding.value(plan, state: state, probability: probability, trim: tailTrim)
            // Rounding and interpolation may reach over the ends.
            if let range = part?.values, plan.states[state] == .score {
                value = min(max(value, range.lowerBound), range.upperBound)
            }
            set(plan.column, value)
        }
    }

    /// The index of a share; those of zero are never drawn.
    private static func draw(_ shares: [Float], _ stream: inout RandomStream) -> Int {
        var left = Float(stream.uniform()) * shares.reduce(0, +)
        for index in shares.indices where shares[index] > 0 {
            left -= shares[index]
            if left < 0 { return index }
        }
        return shares.lastIndex { $0 > 0 } ?? 0
    }
}

// Draws patients under conditions from one member: proposals, their weights, and the cells of the one chosen.

import Foundation
import Networks
import Numerics

/// Used by one thread.
struct ConditionalSampler {
    private let encoding: TableEncoding
    private let member: VAEMember
    private let prior: ConditionalPrior
    private let conditions: EncodedConditions
    private let proposals: Int
    private let tailTrim: Double?
    private let whitening: Whitening
    /// What each plan must be, nil where anything goes.
    private let parts: [EncodedConditions.Part?]
    /// The interval of raw scores of each plan's part.
    private let bounds: [(low: Double, high: Double)]

    init(
        _ base: VariationalAutoencoder, _ member: VAEMember, _ prior: ConditionalPrior,
        _ conditions: EncodedConditions, proposals: Int
    ) {
        encoding = base.encoding
        tailTrim = base.tailTrim
        self.member = member
        self.prior = prior
        self.conditions = conditions
        self.proposals = proposals
        whitening = Whitening(member.posterior)
        var parts = [EncodedConditions.Part?](repeating: nil, count: encoding.plans.count)
        var bounds = [(low: Double, high: Double)](
            repeating: (-.infinity, .infinity), count: encoding.plans.count)
        for part in conditions.parts {
            parts[part.plan] = part
            guard let slot = encoding.plans[part.plan].slot else { continue }
            let calibration = member.calibration
            bounds[part.plan] = (
                calibration.score(at: part.low, slot: slot), calibration.score(at: part.high, slot: slot)
            )
        }
        self.parts = parts
        self.bounds = bounds
    }

    func sample(
        _ rows: [Int], seed: UInt64, set: (_ row: Int, _ column: Int, _ value: Double) -> Void
    ) {
        let latent = prior.latent
        let decoder = member.objective.decoder
        let input = FloatBuffer(conditions.inputs.count)
        _ = input.elements.update(fromContentsOf: conditions.inputs)
        let mixtureScratch = FloatBuffer(prior.network.scratchCount(batch: 1))
        let mixture = prior.network.evaluate(
            UnsafePointer(input.start), batch: 1, scratch: mixtureScratch.start)
        let whitened = FloatBuffer(latent)
        let codes = FloatBuffer(rows.count * proposals * latent)
        var weights = [Double](repeating: 0, count: rows.count * proposals)
        let first = RandomStream(seed: seed, purpose: "cvae.sample")
        var streams: [RandomStream] = []
        for (place, row) in rows.enumerated() {
            var stream = first.withIndex(UInt64(row))
            for proposal in place * proposals..<(place + 1) * proposals {
                prior.draw(mixture, &stream, into: whitened.start)
                whitening.code(UnsafePointer(whitened.start), into: codes.start + proposal * latent)
                // ln p(w) − ln p(w|c), but for a constant.
                var weight = -Double(prior.logDensity(mixture, UnsafePointer(whitened.start)))
                for d in 0..<latent { weight -= 0.5 * Double(whitened.start[d] * whitened.start[d]) }
                weights[proposal] = weight
            }
            streams.append(stream)
        }
        let total = rows.count * proposals
        let outputs = FloatBuffer(total * encoding.width)
        let step = min(total, decoder.rowsAtATime)
        let scratch = FloatBuffer(decoder.scratchCount(batch: step))
        for start in stride(from: 0, to: total, by: step) {
            let batch = min(step, total - start)
            (outputs.start + start * encoding.width).update(
                from: decoder.evaluate(
                    UnsafePointer(codes.start + start * latent), batch: batch, scratch: scratch.start),
                count: batch * encoding.width)
        }
        let output = UnsafePointer(outputs.start)
        for (place, row) in rows.enumerated() {
            for proposal in place * proposals..<(place + 1) * proposals where proposals > 1 {
                weights[proposal] += logProbability(output + proposal * encoding.width)
            }
            let chosen = choose(weights[place * proposals..<(place + 1) * proposals], &streams[place])
            fill(output + chosen * encoding.width, &streams[place]) { set(row, $0, $1) }
        }
    }

    /// One index, with probability in proportion to exp(weight).
    private func choose(_ weights: ArraySlice<Double>, _ stream: inout RandomStream) -> Int {
        let uniform = stream.uniform()
        let top = weights.max() ?? 0
        guard top.isFinite else { return weights.startIndex }
        var left = uniform * weights.reduce(0) { $0 + exp($1 - top) }
        for index in weights.indices {
            left -= exp(weights[index] - top)
            if left < 0 { return index }
        }
        return weights.endIndex - 1
    }

    /// ln P(conditions | z) from a row of the decoder's outputs.
    private func logProbability(_ output: UnsafePointer<Float>) -> Double {
        var total = 0.0
        for part in conditions.parts {
            let plan = encoding.plans[part.plan]
            var inside = 1.0
            if let slot = plan.slot {
                let mean = Double(output[slot])
                let deviation = exp(Double(member.objective.logSigma.start[slot]))
                let low = (bounds[part.plan].low - mean) / deviation
                let high = (bounds[part.plan].high - mean) / deviation
                // From the tail that is the smaller, where digits are.
                inside = low > 0 ? normalCDF(-low) - normalCDF(-high) : normalCDF(high) - normalCDF(low)
            }
            guard let block = plan.block else {
                total += log(max(inside, 1e-300))
                continue
            }
            let shares = member.calibration.shares(
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
    private func fill(
        _ output: UnsafePointer<Float>, _ stream: inout RandomStream,
        set: (_ column: Int, _ value: Double) -> Void
    ) {
        let calibration = member.calibration
        for (number, plan) in encoding.plans.enumerated() {
            let part = parts[number]
            var deviation = 1.0
            var mean = 0.0
            if let slot = plan.slot {
                mean = Double(output[slot])
                deviation = exp(Double(member.objective.logSigma.start[slot]))
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
                state = ConditionalSampler.draw(shares, &stream)
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

// Draws patients under conditions from one member: proposals, their weights, and the cells of the one chosen.

import Foundation
import Networks
import Numerics

/// Used by one thread.
struct ConditionalSampler {
    private let member: PatientSampler.Member
    private let prior: ConditionalPrior
    private let conditions: EncodedConditions
    private let proposals: Int
    private let whitening: Whitening
    private let cells: ConditionalCells

    init(
        _ member: PatientSampler.Member, _ prior: ConditionalPrior, _ conditions: EncodedConditions, proposals: Int,
        tailTrim: Double?
    ) {
        self.member = member
        self.prior = prior
        self.conditions = conditions
        self.proposals = proposals
        whitening = Whitening(member.codes.codes)
        cells = ConditionalCells(member, conditions, tailTrim: tailTrim)
    }

    func sample(
        _ rows: [Int], seed: UInt64, purpose: String, set: (_ row: Int, _ column: Int, _ value: Double) -> Void
    ) {
        let latent = prior.latent
        let decoder = member.codes.decoder
        let width = decoder.outputCount
        let input = FloatBuffer(conditions.inputs.count)
        _ = input.elements.update(fromContentsOf: conditions.inputs)
        let mixtureScratch = FloatBuffer(prior.network.scratchCount(batch: 1))
        let mixture = prior.network.evaluate(
            UnsafePointer(input.start), batch: 1, scratch: mixtureScratch.start)
        let whitened = FloatBuffer(latent)
        let codes = FloatBuffer(rows.count * proposals * latent)
        var weights = [Double](repeating: 0, count: rows.count * proposals)
        let first = RandomStream(seed: seed, purpose: purpose)
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
        let outputs = FloatBuffer(total * width)
        let step = min(total, decoder.rowsAtATime)
        let scratch = FloatBuffer(decoder.scratchCount(batch: step))
        for start in stride(from: 0, to: total, by: step) {
            let batch = min(step, total - start)
            (outputs.start + start * width).update(
                from: decoder.evaluate(
                    UnsafePointer(codes.start + start * latent), batch: batch, scratch: scratch.start),
                count: batch * width)
        }
        let output = UnsafePointer(outputs.start)
        for (place, row) in rows.enumerated() {
            for proposal in place * proposals..<(place + 1) * proposals where proposals > 1 {
                weights[proposal] += cells.logProbability(output + proposal * width)
            }
            let chosen = choose(weights[place * proposals..<(place + 1) * proposals], &streams[place])
            cells.fill(output + chosen * width, &streams[place]) { set(row, $0, $1) }
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
}

// Draws patients from networks that were fitted: what autoencoders and adversarial networks have in common.

import Foundation
import Numerics

/// Members that each row is drawn by one of, marginals brought back to the training table's, and pairs where asked for.
struct PatientSampler: Sendable {
    struct Member: Sendable {
        let codes: CodeSampler
        let calibration: MarginalCalibration
    }

    let encoding: TableEncoding
    let members: [Member]
    /// What mends the relations of pairs, where asked for.
    private(set) var pairs: PairCalibration?
    /// Candidates of which one is kept by its weight, where pairs are mended.
    let candidates: Int
    let tailTrim: Double?
    /// Begins the names of the random streams.
    let family: String

    /// Rows decoded at a time; results do not depend on it.
    static let chunk = 512
    /// Rows drawn to fit the correction of pairs.
    static let pairPool = 8192

    init(
        encoding: TableEncoding, members: [Member], pairs: PairCalibration?, candidates: Int, tailTrim: Double?,
        family: String
    ) {
        self.encoding = encoding
        self.members = members
        self.pairs = pairs
        self.candidates = candidates
        self.tailTrim = tailTrim
        self.family = family
    }

    /// Fits the correction of pairs to the training table.
    mutating func mendPairs(of table: PatientTable, shrink: Double, sweeps: Int, seed: UInt64) {
        let pool = sample(rows: 0..<PatientSampler.pairPool, seed: seed, purpose: family + ".pairs")
        pairs = PairCalibration(encoding, real: table, pool: pool, shrink: shrink, sweeps: sweeps)
    }

    /// Of the random streams of rows.
    var purpose: String { family + ".sample" }

    func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        guard let pairs else { return sample(rows: rows, seed: seed, purpose: purpose) }
        return weighted(rows: rows, seed: seed, pairs)
    }

    private func sample(rows: Range<Int>, seed: UInt64, purpose: String) -> PatientTable {
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: rows.count) }
        var start = rows.lowerBound
        while start < rows.upperBound {
            let end = min(start + PatientSampler.chunk, rows.upperBound)
            for (number, part) in share(start..<end, seed: seed) {
                let member = members[number]
                member.codes.decode(part, seed: seed, purpose: purpose) { row, output, stream in
                    fill(output, &stream, member) { number, _, value in
                        values[encoding.plans[number].column][row - rows.lowerBound] = value
                    }
                }
            }
            start = end
        }
        return encoding.table(values)
    }

    /// Draws several candidates for each row and keeps one, with probability in proportion to its weight.
    private func weighted(rows: Range<Int>, seed: UInt64, _ pairs: PairCalibration) -> PatientTable {
        let plans = encoding.plans.count
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: rows.count) }
        let step = max(1, PatientSampler.chunk / candidates)
        var drawn = [Double](repeating: 0, count: step * candidates * plans)
        var weights = [Float](repeating: 0, count: step * candidates)
        var cells = [Int](repeating: 0, count: plans)
        let choice = RandomStream(seed: seed, purpose: family + ".choice")
        var start = rows.lowerBound
        while start < rows.upperBound {
            let end = min(start + step, rows.upperBound)
            for (number, part) in share(start..<end, seed: seed) {
                let member = members[number]
                var place = 0
                // A stream for every candidate of every row.
                let numbers = part.flatMap { row in (0..<candidates).map { row * candidates + $0 } }
                member.codes.decode(numbers, seed: seed, purpose: purpose) { _, output, stream in
                    fill(output, &stream, member) { number, state, value in
                        drawn[place * plans + number] = value
                        cells[number] = pairs.cell(encoding.plans[number], number, state: state, value: value)
                    }
                    weights[place] = cells.withUnsafeBufferPointer { pairs.logWeight($0.baseAddress!) }
                    place += 1
                }
                for (place, row) in part.enumerated() {
                    var stream = choice.withIndex(UInt64(row))
                    let chosen = PatientSampler.choose(
                        weights[place * candidates..<(place + 1) * candidates], uniform: stream.uniform())
                    for (number, plan) in encoding.plans.enumerated() {
                        values[plan.column][row - rows.lowerBound] = drawn[chosen * plans + number]
                    }
                }
            }
            start = end
        }
        return encoding.table(values)
    }

    /// One index, with probability in proportion to exp(weight).
    private static func choose(_ weights: ArraySlice<Float>, uniform: Double) -> Int {
        let top = weights.max() ?? 0
        var left = Float(uniform) * weights.reduce(0) { $0 + expf($1 - top) }
        for index in weights.indices {
            left -= expf(weights[index] - top)
            if left < 0 { return index }
        }
        return weights.endIndex - 1
    }

    /// Which member draws which rows.
    func share(_ rows: Range<Int>, seed: UInt64) -> [(member: Int, rows: [Int])] {
        guard members.count > 1 else { return [(0, Array(rows))] }
        var parts = [[Int]](repeating: [], count: members.count)
        let first = RandomStream(seed: seed, purpose: family + ".member")
        for row in rows {
            var stream = first.withIndex(UInt64(row))
            parts[stream.below(members.count)].append(row)
        }
        return parts.enumerated().filter { !$1.isEmpty }.map { ($0, $1) }
    }

    /// Draws one row's cells from what the network says.
    private func fill(
        _ output: UnsafePointer<Float>, _ stream: inout RandomStream, _ member: Member,
        set: (_ plan: Int, _ state: Int, _ value: Double) -> Void
    ) {
        let calibration = member.calibration
        for (number, plan) in encoding.plans.enumerated() {
            var state = 0
            if let block = plan.block {
                state = calibration.choose(
                    output + encoding.scores + block, block: block, width: plan.states.count,
                    uniform: stream.uniform())
            }
            var probability = 0.5
            if let slot = plan.slot {
                let noise = Float(stream.normal())
                probability = calibration.probability(
                    output[slot] + expf(member.codes.logSigma.start[slot]) * noise, slot: slot)
            }
            set(number, state, encoding.value(plan, state: state, probability: probability, trim: tailTrim))
        }
    }
}

// The default generator: a small variational autoencoder over normal scores and categories.

import Foundation
import Networks
import Numerics
import PositionedJSON

/// A fitted variational autoencoder of patients, or several whose patients are mixed.
///
/// Kingma and Welling 2014, with what small clinical tables need: columns as normal scores by rank, a learned σ per
/// column that is sampled, categories sampled rather than taken at their most probable, latent codes drawn from the
/// Gaussian of the aggregate posterior instead of the prior, and marginals brought back to the training table's.
public struct VariationalAutoencoder: LatentGenerator {
    let encoding: TableEncoding
    let members: [VAEMember]
    /// What mends the relations of pairs, where asked for.
    let pairs: PairCalibration?
    /// Candidates of which one is kept by its weight, where pairs are mended.
    let candidates: Int
    let tailTrim: Double?
    public let summary: [(name: String, value: Double)]
    public var privacy: PrivacyStatement?

    public var kind: String { "vae" }
    public var columns: [TableColumn] { encoding.columns }
    public var latent: Int { members[0].objective.latent }

    /// Rows decoded at a time; results do not depend on it.
    static let chunk = 512

    public static func fit(
        _ table: PatientTable, configuration: VAEConfiguration, seed: UInt64
    ) throws -> VariationalAutoencoder {
        if let privacy = configuration.privacy {
            return try fitPrivately(table, configuration: configuration, privacy: privacy, seed: seed)
        }
        let rows = table.rowCount
        guard rows >= 10 else {
            throw CohortError("an autoencoder needs at least 10 rows, this table has \(rows)")
        }
        let encoding = TableEncoding(table, spikeShare: configuration.spikeShare)
        let encoded = encoding.encode(table, seed: seed)
        guard encoding.width > 0 else {
            throw CohortError("every column of the table is constant: there is nothing to learn")
        }
        let latent = configuration.latent(rows: rows, width: encoding.scores + encoding.blocks.count)
        let objectives = (0..<configuration.members(rows: rows)).map { number in
            var stream = RandomStream(seed: seed, purpose: "vae.weights", index: UInt64(number))
            return VAEObjective(
                encoding: encoding, latent: latent, hidden: configuration.hidden,
                activation: configuration.activation, targetWeight: configuration.targetWeight(rows: rows),
                stream: &stream)
        }
        let training = VAETraining(
            configuration: configuration, rows: encoded, width: encoding.width, scores: encoding.scores,
            blocks: encoding.blocks.count, seed: seed)
        let record = try training.run(objectives)
        let members = try objectives.map { objective in
            let posterior = try RowPosteriors(objective, encoded).moments()
            let sampler = VAESampler(encoding: encoding, objective: objective, posterior: posterior)
            return VAEMember(
                objective: objective, posterior: posterior,
                calibration: MarginalCalibration(sampler, seed: seed))
        }
        let summary = [("latent", Double(latent)), ("members", Double(members.count))] + record.summary
        func generator(_ pairs: PairCalibration?) -> VariationalAutoencoder {
            VariationalAutoencoder(
                encoding: encoding, members: members, pairs: pairs, candidates: configuration.candidates,
                tailTrim: configuration.tailTrim, summary: summary)
        }
        let sweeps = configuration.pairSweeps(rows: rows)
        guard sweeps > 0 else { return generator(nil) }
        let pool = generator(nil).sample(rows: pairPool, seed: seed, purpose: "vae.pairs")
        return generator(
            PairCalibration(
                encoding, real: table, pool: pool, shrink: configuration.pairShrink, sweeps: sweeps))
    }

    /// Rows drawn to fit the correction of pairs.
    static let pairPool = 8192

    public func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        pairs == nil
            ? sample(rows: rows, seed: seed, purpose: "vae.sample") : weighted(rows: rows, seed: seed)
    }

    private func sample(rows: Int, seed: UInt64, purpose: String) -> PatientTable {
        sample(rows: 0..<rows, seed: seed, purpose: purpose)
    }

    private func sample(rows: Range<Int>, seed: UInt64, purpose: String) -> PatientTable {
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: rows.count) }
        var start = rows.lowerBound
        while start < rows.upperBound {
            let end = min(start + VariationalAutoencoder.chunk, rows.upperBound)
            for (number, part) in share(start..<end, seed: seed) {
                let member = members[number]
                let sampler = VAESampler(
                    encoding: encoding, objective: member.objective, posterior: member.posterior)
                sampler.decode(part, seed: seed, purpose: purpose) { row, output, stream in
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
    private func weighted(rows: Range<Int>, seed: UInt64) -> PatientTable {
        guard let pairs else { return sample(rows: rows, seed: seed, purpose: "vae.sample") }
        let plans = encoding.plans.count
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: rows.count) }
        let step = max(1, VariationalAutoencoder.chunk / candidates)
        var drawn = [Double](repeating: 0, count: step * candidates * plans)
        var weights = [Float](repeating: 0, count: step * candidates)
        var cells = [Int](repeating: 0, count: plans)
        let choice = RandomStream(seed: seed, purpose: "vae.choice")
        var start = rows.lowerBound
        while start < rows.upperBound {
            let end = min(start + step, rows.upperBound)
            for (number, part) in share(start..<end, seed: seed) {
                let member = members[number]
                let sampler = VAESampler(
                    encoding: encoding, objective: member.objective, posterior: member.posterior)
                var place = 0
                // A stream for every candidate of every row.
                let numbers = part.flatMap { row in (0..<candidates).map { row * candidates + $0 } }
                sampler.decode(numbers, seed: seed, purpose: "vae.sample") { _, output, stream in
                    fill(output, &stream, member) { number, state, value in
                        drawn[place * plans + number] = value
                        cells[number] = pairs.cell(encoding.plans[number], number, state: state, value: value)
                    }
                    weights[place] = cells.withUnsafeBufferPointer { pairs.logWeight($0.baseAddress!) }
                    place += 1
                }
                for (place, row) in part.enumerated() {
                    var stream = choice.withIndex(UInt64(row))
                    let chosen = VariationalAutoencoder.choose(
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
        let first = RandomStream(seed: seed, purpose: "vae.member")
        for row in rows {
            var stream = first.withIndex(UInt64(row))
            parts[stream.below(members.count)].append(row)
        }
        return parts.enumerated().filter { !$1.isEmpty }.map { ($0, $1) }
    }

    /// Draws one row's cells from what the decoder says.
    private func fill(
        _ output: UnsafePointer<Float>, _ stream: inout RandomStream, _ member: VAEMember,
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
                    output[slot] + expf(member.objective.logSigma.start[slot]) * noise, slot: slot)
            }
            set(
                number, state, encoding.value(plan, state: state, probability: probability, trim: tailTrim))
        }
    }

    /// Codes are those of the first member.
    public func encode(_ table: PatientTable) throws -> [[Double]] {
        let posteriors = RowPosteriors(members[0].objective, try encoding.encode(table))
        return (0..<posteriors.count).map { row in
            Array(posteriors.means[(row * latent)..<((row + 1) * latent)])
        }
    }

    public func decode(_ codes: [[Double]]) throws -> PatientTable {
        guard codes.allSatisfy({ $0.count == latent && $0.allSatisfy(\.isFinite) }) else {
            throw CohortError("a code of this generator has \(latent) finite numbers")
        }
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: codes.count) }
        let decoder = members[0].objective.decoder
        let calibration = members[0].calibration
        let input = FloatBuffer(latent)
        let scratch = FloatBuffer(decoder.scratchCount(batch: 1))
        for (row, code) in codes.enumerated() {
            for k in 0..<latent { input.start[k] = Float(code[k]) }
            let output = decoder.evaluate(UnsafePointer(input.start), batch: 1, scratch: scratch.start)
            for plan in encoding.plans {
                let state =
                    plan.block.map { block in
                        calibration.mostProbable(
                            output + encoding.scores + block, block: block, width: plan.states.count)
                    } ?? 0
                let probability = plan.slot.map { calibration.probability(output[$0], slot: $0) } ?? 0.5
                values[plan.column][row] = encoding.value(
                    plan, state: state, probability: probability, trim: tailTrim)
            }
        }
        return encoding.table(values)
    }
}

/// One trained autoencoder; its networks are read by any number of threads once training is over.
struct VAEMember: @unchecked Sendable {
    let objective: VAEObjective
    let posterior: GaussianMixture
    let calibration: MarginalCalibration
}

extension VAETrainingRecord {
    var summary: [(name: String, value: Double)] {
        [
            ("training_rows", Double(trainingRows)), ("held_out_rows", Double(heldOutRows)),
            ("steps", Double(steps)),
            ("best_step", Double(bestStep)),
        ] + (heldOutLoss.map { [("held_out_loss", $0)] } ?? [])
    }
}

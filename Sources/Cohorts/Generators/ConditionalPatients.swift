// Draws patients of a kind from members that have a conditional prior each: what conditional autoencoders and conditional
// adversarial networks have in common.

import Networks
import PositionedJSON

/// Under a generator, the patients x in C are distributed as ∫ p(z|C) p(x|z, C) dz: a decoder whose normals are truncated to
/// C's intervals and whose categories are masked, over codes from p(z|C) ∝ p(z) P(C|z). The conditional prior approximates
/// p(z|C) in one pass; what it misses is made good by sampling importance resampling (Rubin, JASA 82 (1987) 543–546): of
/// several codes drawn from it, one is kept with probability in proportion to p(z) P(C|z) / p(z|c). Whichever is kept, the
/// patient fulfils the conditions.
struct ConditionalPatients: Sendable {
    let patients: PatientSampler
    /// One per member.
    let priors: [ConditionalPrior]
    let proposals: Int
    /// Of the random stream.
    let purpose: String

    func sample(rows: Range<Int>, where conditions: CohortConditions, seed: UInt64) throws -> PatientTable {
        if conditions.isEmpty { return patients.sample(rows: rows, seed: seed) }
        let encoding = patients.encoding
        let encoded = try EncodedConditions(conditions, encoding, trim: patients.tailTrim)
        var values = encoding.columns.map { _ in [Double](repeating: .nan, count: rows.count) }
        var start = rows.lowerBound
        while start < rows.upperBound {
            let end = min(start + PatientSampler.chunk, rows.upperBound)
            for (number, part) in patients.share(start..<end, seed: seed) {
                ConditionalSampler(
                    patients.members[number], priors[number], encoded, proposals: proposals,
                    tailTrim: patients.tailTrim
                )
                .sample(part, seed: seed, purpose: purpose) { row, column, value in
                    values[column][row - rows.lowerBound] = value
                }
            }
            start = end
        }
        return encoding.table(values)
    }

    func write(to value: inout JSONValue) {
        value["proposals"] = .integer(proposals)
        value["priors"] = .array(priors.map { $0.network.json() })
    }

    /// Reads the keys that `write` writes; complains and returns nil where it cannot.
    ///
    /// - Parameters:
    ///   - latent: numbers of a code.
    ///   - members: how many there are, for a prior each.
    static func read(
        _ reader: ObjectReader, _ encoding: TableEncoding, latent: Int, members: Int
    ) -> (priors: [ConditionalPrior], proposals: Int)? {
        let complaints = reader.complaints
        let proposals = reader.integer("proposals", in: 1...1024)
        let nodes = reader.array("priors") ?? []
        let width = EncodedConditions.inputWidth(encoding)
        let priors = nodes.compactMap { node -> ConditionalPrior? in
            guard let network = DenseNetwork(node, complaints: complaints) else { return nil }
            guard network.inputs == width, let prior = ConditionalPrior(network: network, latent: latent) else {
                complaints.add(
                    node,
                    "a conditional prior must have \(width) inputs and a multiple of \(1 + 2 * latent) outputs")
                return nil
            }
            return prior
        }
        guard let proposals, priors.count == nodes.count else { return nil }
        guard priors.count == members else {
            reader.complain("\(members) members need as many priors, not \(priors.count)")
            return nil
        }
        return (priors, proposals)
    }
}

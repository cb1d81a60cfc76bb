// What a linear autoregression and a Markov chain say of the next visit: what the decoder starts from and mends.

import Foundation
import Numerics

/// Fitted in closed form on a few hundred patients, both foresee a visit better than a network does that must find them
/// by gradient steps and is stopped before it overfits.
package struct VisitStart: Sendable, Equatable {
    /// Scores × (the visit's inputs without memory and code, then 1), by ridge regression.
    var linear: [Float]
    /// The same where nothing is known of a last visit.
    var linearFirst: [Float]
    /// ln of the shares of a column's states after each state, block by block.
    var transitions: [Float]
    /// ln of the shares of a column's states.
    var shares: [Float]
    /// Offset, width and place of the transitions of every block.
    private(set) var blocks: [(offset: Int, width: Int, start: Int)]
    let scores: Int
    let width: Int
    /// Where the last visit's values begin among the inputs.
    let last: Int

    static let ridge = 5.0
    /// Visits after a state as good as which each state's overall shares count.
    static let prior = 2.0

    package static func == (a: VisitStart, b: VisitStart) -> Bool {
        a.linear == b.linear && a.linearFirst == b.linearFirst && a.transitions == b.transitions && a.shares == b.shares
    }

    /// Nothing foreseen.
    init(_ encoding: VisitEncoding, _ shape: VisitShape) {
        scores = shape.scores
        width = VisitStart.width(shape)
        last = shape.baseline
        blocks = []
        var start = 0
        for plan in encoding.visits.blocks {
            blocks.append((plan.block ?? 0, plan.states.count, start))
            start += plan.states.count * plan.states.count
        }
        linear = Array(repeating: 0, count: scores * (width + 1))
        linearFirst = linear
        transitions = Array(repeating: 0, count: start)
        shares = Array(repeating: 0, count: encoding.visits.choices)
    }

    static func width(_ shape: VisitShape) -> Int { shape.baseline + shape.visit + shape.gap + shape.time }

    /// Fitted on some patients.
    init(_ encoding: VisitEncoding, _ shape: VisitShape, _ data: EncodedVisits, patients: [Int]) {
        self.init(encoding, shape)
        let batch = VisitBatch(shape: shape)
        // With the last visit, and without.
        for isKnown in [true, false] {
            var matrix = [Double](repeating: 0, count: (width + 1) * (width + 1))
            var counts = [Double](repeating: 0, count: scores)
            var right = [Double](repeating: 0, count: (width + 1) * scores)
            var matrices = [[Double]](repeating: matrix, count: scores)
            var isComplete = [Bool](repeating: true, count: scores)
            var x = [Double](repeating: 1, count: width + 1)
            for begin in Swift.stride(from: 0, to: patients.count, by: VisitSampler.chunk) {
                batch.fill(
                    patients[begin..<min(begin + VisitSampler.chunk, patients.count)], from: data,
                    clock: encoding.clock,
                    dropout: isKnown ? nil : (1, RandomStream(seed: 0, purpose: "rvae.start")))
                for row in 0..<batch.rows where batch.visit[row] >= 0 && !(isKnown && batch.isFirst[row]) {
                    let visit = batch.visit[row]
                    let input =
                        batch.visitInput.start + row * shape.visitInputs + shape.decoder + shape.latent
                    for a in 0..<width { x[a] = Double(input[a]) }
                    for a in 0...width where x[a] != 0 {
                        for b in 0...a { matrix[a * (width + 1) + b] += x[a] * x[b] }
                    }
                    for k in 0..<scores {
                        guard data.visits.mask[visit * shape.scores + k] == 1 else {
                            isComplete[k] = false
                            continue
                        }
                        counts[k] += 1
                        let y = Double(data.visits.inputs[visit * shape.visit + k])
                        for a in 0...width { right[k * (width + 1) + a] += x[a] * y }
                        // A column with gaps has a matrix of its own, of the rows that have it.
                        for a in 0...width where x[a] != 0 {
                            for b in 0...a { matrices[k][a * (width + 1) + b] += x[a] * x[b] }
                        }
                    }
                    count(visit, batch, row, data, isKnown: isKnown)
                }
            }
            for k in 0..<scores where counts[k] > 0 {
                var own = isComplete[k] ? matrix : matrices[k]
                for a in 0...width {
                    for b in 0..<a { own[b * (width + 1) + a] = own[a * (width + 1) + b] }
                    own[a * (width + 1) + a] += VisitStart.ridge
                }
                let solved = solveLinear(own, width + 1, Array(right[(k * (width + 1))..<((k + 1) * (width + 1))]))
                for a in 0...width {
                    let value = Float(solved?[a] ?? 0)
                    if isKnown { linear[k * (width + 1) + a] = value } else { linearFirst[k * (width + 1) + a] = value }
                }
            }
        }
        finishShares()
    }

    /// Counts a visit's states, after those of the last visit where that is known.
    private mutating func count(
        _ visit: Int, _ batch: VisitBatch, _ row: Int, _ data: EncodedVisits, isKnown: Bool
    ) {
        let input =
            batch.visitInput.start + row * batch.shape.visitInputs + batch.shape.decoder + batch.shape.latent + last
        for (number, block) in blocks.enumerated() {
            let state = Int(data.visits.states[visit * blocks.count + number])
            if isKnown {
                let before = VisitStart.state(input + scores + block.offset, block.width)
                transitions[block.start + before * block.width + state] += 1
            } else {
                shares[block.offset + state] += 1
            }
        }
    }

    private mutating func finishShares() {
        for block in blocks {
            let total = (0..<block.width).reduce(Float(0)) { $0 + shares[block.offset + $1] }
            for state in 0..<block.width {
                shares[block.offset + state] = (shares[block.offset + state] + 0.5) / (total + 0.5 * Float(block.width))
            }
            for before in 0..<block.width {
                let start = block.start + before * block.width
                let count = (0..<block.width).reduce(Float(0)) { $0 + transitions[start + $1] }
                for state in 0..<block.width {
                    let prior = Float(VisitStart.prior)
                    transitions[start + state] = logf(
                        (transitions[start + state] + prior * shares[block.offset + state]) / (count + prior))
                }
            }
            for state in 0..<block.width { shares[block.offset + state] = logf(shares[block.offset + state]) }
        }
    }

    private static func state(_ choices: UnsafePointer<Float>, _ width: Int) -> Int {
        for state in 0..<width where choices[state] > 0.5 { return state }
        return 0
    }

    /// Adds what is foreseen to a visit's means and logits.
    ///
    /// - Parameter input: the visit's inputs without memory and code.
    func add(_ input: UnsafePointer<Float>, isKnown: Bool, to output: UnsafeMutablePointer<Float>) {
        (isKnown ? linear : linearFirst).withUnsafeBufferPointer { coefficients in
            for k in 0..<scores {
                let own = coefficients.baseAddress! + k * (width + 1)
                var sum = own[width]
                for a in 0..<width { sum += own[a] * input[a] }
                output[k] += sum
            }
        }
        for block in blocks {
            let target = output + scores + block.offset
            if isKnown {
                let before = VisitStart.state(input + last + scores + block.offset, block.width)
                for state in 0..<block.width {
                    target[state] += transitions[block.start + before * block.width + state]
                }
            } else {
                for state in 0..<block.width { target[state] += shares[block.offset + state] }
            }
        }
    }
}

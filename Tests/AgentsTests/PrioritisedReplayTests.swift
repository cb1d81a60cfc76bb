// The sum tree against plain sums, in every small case; and drawing by priority against the paper's formulas.

import Agents
import Numerics
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

@Suite struct PrioritisedReplayTests {
    /// Every way to fill up to five leaves with 0, 1, 2 or 5, and every half-integer mass.
    @Test func treeAgreesWithPlainSumsInEverySmallCase() {
        let numbers = [0.0, 1, 2, 5]
        for capacity in 1...5 {
            let tree = SumTree(capacity: capacity)
            for code in 0..<(1 << (2 * capacity)) {
                let leaves = (0..<capacity).map { numbers[(code >> (2 * $0)) & 3] }
                for (index, leaf) in leaves.enumerated() { tree[index] = leaf }
                #expect(tree.total == leaves.reduce(0, +))
                var below = 0.0
                for (index, leaf) in leaves.enumerated() {
                    #expect(tree[index] == leaf)
                    for mass in stride(from: below, to: below + leaf, by: 0.5) where tree.index(at: mass) != index {
                        Issue.record("mass \(mass) of \(leaves) is leaf \(tree.index(at: mass))")
                    }
                    below += leaf
                }
                // The total itself, which rounding may ask for, is the last leaf that is not zero.
                if let last = leaves.lastIndex(where: { $0 > 0 }) { #expect(tree.index(at: below) == last) }
            }
        }
    }

    @Test func sumsDoNotDrift() {
        let tree = SumTree(capacity: 1000)
        var stream = RandomStream(seed: 3, purpose: "test.tree")
        var leaves = Array(repeating: 0.0, count: 1000)
        for _ in 0..<100_000 {
            let index = stream.below(1000)
            leaves[index] = stream.uniform() < 0.01 ? 1e9 * stream.uniform() : stream.uniform()
            tree[index] = leaves[index]
        }
        for index in 0..<1000 where leaves[index] > 1 { tree[index] = 0.5 }
        for index in 0..<1000 where leaves[index] > 1 { leaves[index] = 0.5 }
        #expect(abs(tree.total / leaves.reduce(0, +) - 1) < 1e-12)
    }

    /// P(i) = p^α / Σ p^α, w = (N·P)^−β over the largest, the new at the highest priority so far.
    @Test func drawsAndWeightsFollowTheFormula() {
        var settings = PrioritisedReplaySettings()
        settings.alpha = 0.5
        settings.beta0 = 0.4
        settings.epsilon = 1e-9
        let errors: [Float] = [0.25, 4, 1, 0, 9, 2.25]
        let replay = PrioritisedReplay(settings, capacity: 8)
        for place in 0..<6 { replay.added(place) }
        for (place, error) in errors.enumerated() { replay.learned(place, error: -error) }
        replay.added(6)  // as 9, the highest
        let priorities = (errors + [9]).map { Double($0).squareRoot() }
        let total = priorities.reduce(0, +)
        let size = 16
        let rounds = 4000
        var places = Array(repeating: 0, count: size)
        var weights = Array(repeating: Float(0), count: size)
        var counts = Array(repeating: 0, count: 8)
        var stream = RandomStream(seed: 4, purpose: "test.priorities")
        let beta = 0.4 + 0.6 * 0.25
        for _ in 0..<rounds {
            replay.draw(size, places: &places, weights: &weights, held: 7, progress: 0.25, stream: &stream)
            let raw = places.map { pow7(priorities[$0] / total, beta) }
            for row in 0..<size {
                counts[places[row]] += 1
                if abs(Double(weights[row]) - raw[row] / raw.max()!) > 1e-4 { Issue.record("weight \(weights[row])") }
            }
        }
        #expect(counts[7] == 0 && counts[3] < 20)
        for place in 0..<7 {
            let expected = Double(size * rounds) * priorities[place] / total
            // Five standard deviations of independent draws; drawing from equal parts scatters less.
            #expect(abs(Double(counts[place]) - expected) < 5 * expected.squareRoot() + 20)
        }
        // β = 1 at the end of the run: weights in inverse proportion to probabilities.
        replay.draw(size, places: &places, weights: &weights, held: 7, progress: 1, stream: &stream)
        for row in 1..<size {
            let ratio = Double(weights[row] / weights[0])
            #expect(abs(ratio * priorities[places[row]] / priorities[places[0]] - 1) < 1e-3)
        }
    }

    /// (7 p)^−β
    private func pow7(_ probability: Double, _ beta: Double) -> Double { pow(7 * probability, -beta) }
}

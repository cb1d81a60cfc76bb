// Remembered transitions drawn by how wrong the network was about them.

import Numerics

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Settings of prioritised replay. Keys are those of Stable-Baselines 2; Stable-Baselines3 has no such thing.
public struct PrioritisedReplaySettings: Sendable, Equatable {
    /// α: 0 draws evenly, 1 in proportion to the error.
    public var alpha = 0.6
    /// β at the start of the run; it rises linearly to 1, which undoes the bias in full.
    public var beta0 = 0.4
    /// ε, added to every error, so that nothing remembered is never seen again.
    public var epsilon = 1e-6

    public init() {}
}

/// Proportional prioritisation (Schaul, Quan, Antonoglou and Silver, ICLR 2016, algorithm 1): transition i is drawn with
/// probability P(i) = pᵢ^α / Σ p^α, where pᵢ = |δᵢ| + ε is its last error, or the highest so far where it has not been
/// seen. Its gradient is weighted with wᵢ = (N·P(i))^−β, divided by the largest weight of the minibatch.
package final class PrioritisedReplay {
    private let settings: PrioritisedReplaySettings
    private let tree: SumTree
    /// The highest pᵢ^α so far.
    private var highest = 1.0

    package init(_ settings: PrioritisedReplaySettings, capacity: Int) {
        self.settings = settings
        tree = SumTree(capacity: capacity)
    }

    /// A transition has been put in this place.
    package func added(_ place: Int) { tree[place] = highest }

    /// Draws the places and weights of a minibatch: one from each of `size` equal parts of the total, as the paper's
    /// appendix has it.
    ///
    /// - Parameters:
    ///   - places: receives `size` places.
    ///   - weights: receives their weights.
    ///   - held: N, the number of transitions remembered.
    ///   - progress: the share of the run that is over.
    package func draw(
        _ size: Int, places: UnsafeMutablePointer<Int>, weights: UnsafeMutablePointer<Float>, held: Int,
        progress: Double, stream: inout RandomStream
    ) {
        let beta = settings.beta0 + (1 - settings.beta0) * min(1, progress)
        let part = tree.total / Double(size)
        var largest: Float = 0
        for row in 0..<size {
            let place = tree.index(at: part * (Double(row) + stream.uniform()))
            places[row] = place
            weights[row] = Float(pow(Double(held) * tree[place] / tree.total, -beta))
            largest = max(largest, weights[row])
        }
        for row in 0..<size { weights[row] /= largest }
    }

    /// A transition's error has been computed anew.
    package func learned(_ place: Int, error: Float) {
        let priority = pow(Double(abs(error)) + settings.epsilon, settings.alpha)
        tree[place] = priority
        highest = max(highest, priority)
    }
}

// The passes of a PPO update over its rollout, and what they say of themselves: the same for decisions and for sequences.

import Numerics

/// Shuffles what a rollout consists of and deals it out in minibatches; keeps the means of the last update. One run's own.
final class PPOPasses {
    static let diagnosticNames = ["policy_loss", "value_loss", "entropy", "approximate_kl"]

    private var order: RandomStream
    /// Sums over minibatches of what `diagnosticNames` names.
    private var sums = SIMD4<Double>()
    private var minibatches = 0.0

    init(seed: UInt64, name: String) { order = RandomStream(seed: seed, purpose: name + ".minibatches") }

    /// `epochs` passes in minibatches of at most `size`, until one says that the policy has moved too far.
    ///
    /// - Parameter step: one gradient step on some of the items; false ends the update.
    func run(
        over items: UnsafeMutableBufferPointer<Int>, size limit: Int, epochs: Int, decisions: Int,
        step: (UnsafePointer<Int>, Int) -> Bool
    ) throws {
        sums = SIMD4()
        minibatches = 0
        let count = items.count
        passes: for _ in 0..<epochs {
            for last in stride(from: count - 1, to: 0, by: -1) { items.swapAt(last, order.below(last + 1)) }
            var low = 0
            while low < count {
                let size = min(limit, count - low)
                guard step(items.baseAddress! + low, size) else { break passes }
                low += size
            }
        }
        guard sums.x.isFinite, sums.y.isFinite else {
            throw TrainingError.notFinite(what: "the loss", decisions: decisions)
        }
    }

    /// Books a minibatch; false when its divergence is beyond 1.5 times `target_kl`, as in Stable-Baselines3.
    func book(_ terms: SIMD4<Float>, targetKL: Double?) -> Bool {
        sums += SIMD4(Double(terms.x), Double(terms.y), Double(terms.z), Double(terms.w))
        minibatches += 1
        return targetKL.map { Double(terms.w) <= 1.5 * $0 } ?? true
    }

    func diagnostics() -> [Double] { (0..<4).map { minibatches > 0 ? sums[$0] / minibatches : .nan } }
}

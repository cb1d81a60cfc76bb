// Advantages from rewards and values.

/// Generalised advantage estimation (Schulman, Moritz, Levine, Jordan and Abbeel, ICLR 2016, eqs 11 and 16).
///
///     δₜ = rₜ + γ·V(sₜ₊₁)·(1 − endₜ) − V(sₜ),   Aₜ = δₜ + γλ·(1 − endₜ)·Aₜ₊₁,   returnₜ = Aₜ + V(sₜ)
///
/// A truncated course also ends the sums; its caller has added γ·V(last state) to the reward, as Stable-Baselines3 does.
public enum GeneralisedAdvantage {
    /// Every array is steps × slots, row-major, except `lastValues` (one per slot, the value of what is seen after the
    /// last step).
    public static func compute(
        steps: Int, slots: Int, rewards: UnsafePointer<Float>, values: UnsafePointer<Float>,
        ends: UnsafePointer<Bool>, lastValues: UnsafePointer<Float>, gamma: Float, lambda: Float,
        advantages: UnsafeMutablePointer<Float>, returns: UnsafeMutablePointer<Float>
    ) {
        for slot in 0..<slots {
            var advantage: Float = 0
            var nextValue = lastValues[slot]
            for step in stride(from: steps - 1, through: 0, by: -1) {
                let index = step * slots + slot
                let goesOn: Float = ends[index] ? 0 : 1
                let delta = rewards[index] + gamma * nextValue * goesOn - values[index]
                advantage = delta + gamma * lambda * goesOn * advantage
                advantages[index] = advantage
                returns[index] = advantage + values[index]
                nextValue = values[index]
            }
        }
    }
}

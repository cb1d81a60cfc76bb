// Logged episodes as the estimators of importance sampling want them: weights, rewards and fitted values, decision by
// decision.

import Patients

/// Episodes with the weights that turn them into episodes of another policy (Precup, Sutton and Singh, "Eligibility
/// traces for off-policy policy evaluation", ICML 2000):
///
///     ρₜ = Π over k ≤ t of π(aₖ|sₖ) / b(aₖ|sₖ)
///
/// What is estimated is the value within the first `horizon` decisions, Σ γᵗ·rₜ.
public struct WeightedEpisodes: Sendable {
    public let episodes: Int
    /// By episode: ρ after its last decision.
    public private(set) var weights: [Double]
    /// By episode: Σ γᵗ·rₜ.
    public private(set) var returns: [Double]

    /// One decision of an episode; all of the first decisions, then all of the second ones, ….
    struct Entry: Sendable {
        var episode: Int32
        /// Whether the episode has no further decision.
        var isLast: Bool
        /// ρₜ, and ρₜ₋₁ (1 at the first decision).
        var weight: Double
        var before: Double
        /// γᵗ times the reward, Q̂ of the action and V̂ of the state.
        var reward: Double
        var action: Double
        var state: Double
    }
    var entries: [Entry] = []
    /// By decision: the first entry; behind them the number of entries.
    var starts: [Int] = []

    /// - Parameters:
    ///   - target: rows × actions: the probabilities under the policy to be evaluated.
    ///   - fitted: for the doubly robust estimators; zeros make of them those without a model.
    public init(_ log: EpisodeLog, target: [Double], discount: Double, horizon: Int, fitted: FittedValues) {
        episodes = log.episodes
        weights = Array(repeating: 1, count: log.episodes)
        returns = (0..<log.episodes).map { log.discountedReturn(of: $0, discount: discount, horizon: horizon) }
        entries.reserveCapacity(log.decisions)
        var factor = 1.0
        let longest = min(horizon, (0..<log.episodes).map { log.decisions(of: $0).count }.max() ?? 0)
        for decision in 0..<longest {
            starts.append(entries.count)
            for episode in 0..<log.episodes {
                let row = log.begins[episode] + decision
                let last = log.lastRow(of: episode)
                guard row < last else { continue }
                let before = weights[episode]
                let share = target[row * log.actionCount + Int(log.actions[row])]
                weights[episode] = before * share / log.probabilities[row]
                entries.append(
                    Entry(
                        episode: Int32(episode), isLast: row + 1 == last || decision + 1 == horizon,
                        weight: weights[episode], before: before, reward: factor * log.rewards[row],
                        action: factor * fitted.actions[row], state: factor * fitted.states[row]))
            }
            factor *= discount
        }
        starts.append(entries.count)
    }

    /// (Σw)² / Σw²: how many episodes of the policy itself the weighted ones amount to (Kong, technical report 348,
    /// University of Chicago 1992); 0 where none of them could be the policy's.
    public var effectiveSampleSize: Double {
        let sum = weights.reduce(0, +)
        let squares = weights.reduce(0) { $0 + $1 * $1 }
        return squares > 0 ? sum * sum / squares : 0
    }

    /// Its expectation is 1 where the logged policy may do whatever the evaluated one does; far from 1, rare episodes of
    /// large weight are missing from the log, or are in it.
    public var meanWeight: Double { weights.reduce(0, +) / Double(max(1, episodes)) }
}

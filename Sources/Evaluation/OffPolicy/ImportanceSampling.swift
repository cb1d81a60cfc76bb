// The estimators of importance sampling and the doubly robust ones, all in one pass over the weighted decisions.

/// An estimator of a policy's value from another policy's episodes.
public enum OffPolicyEstimator: String, Sendable, CaseIterable {
    /// (1/n)·Σ ρ·G: ordinary importance sampling (Precup et al. 2000).
    case ordinary = "is"
    /// (1/n)·Σ Σₜ γᵗ·ρₜ·rₜ: a reward is weighted only by what led to it (Precup et al. 2000, section 3).
    case perDecision = "pdis"
    /// Σ ρ·G / Σ ρ: weighted importance sampling; biased, consistent, of smaller variance.
    case weighted = "wis"
    /// Σₜ γᵗ·Σ ρₜ·rₜ / Σ ρₜ: weighted and per decision (Thomas, PhD thesis, UMass 2015, section 3.10).
    case weightedPerDecision = "pdwis"
    /// (1/n)·Σ Σₜ γᵗ·(ρₜ·(rₜ − Q̂(sₜ, aₜ)) + ρₜ₋₁·V̂(sₜ)): doubly robust (Jiang and Li, ICML 2016, eq. 10 unrolled).
    case doublyRobust = "dr"
    /// The same with weights that sum to 1 at every decision (Thomas and Brunskill, ICML 2016, eq. 11).
    case weightedDoublyRobust = "wdr"

    public var title: String {
        switch self {
        case .ordinary: "importance sampling"
        case .perDecision: "importance sampling per decision"
        case .weighted: "weighted importance sampling"
        case .weightedPerDecision: "weighted, per decision"
        case .doublyRobust: "doubly robust"
        case .weightedDoublyRobust: "weighted doubly robust"
        }
    }
}

extension WeightedEpisodes {
    /// Every estimate, in the order of `OffPolicyEstimator.allCases`; NaN where all weights are 0 and must sum to 1.
    ///
    /// - Parameter multiplicities: how often each episode counts (a bootstrap's draw); nil for once each.
    public func estimates(_ multiplicities: [Double]? = nil) -> [Double] {
        let count = multiplicities?.reduce(0, +) ?? Double(episodes)
        var weightSum = 0.0
        var weightedReturns = 0.0
        for episode in 0..<episodes {
            let weight = (multiplicities?[episode] ?? 1) * weights[episode]
            weightSum += weight
            weightedReturns += weight * returns[episode]
        }
        var perDecision = 0.0
        var robust = 0.0
        var weightedPerDecision = 0.0
        var weightedRobust = 0.0
        // The weights of the decision before, and of all episodes that have ended; an episode keeps its last weight.
        var sumBefore = count
        var ended = 0.0
        for decision in 0..<max(0, starts.count - 1) {
            var sum = ended
            var rewards = 0.0
            var corrections = 0.0
            var values = 0.0
            for entry in entries[starts[decision]..<starts[decision + 1]] {
                let times = multiplicities?[Int(entry.episode)] ?? 1
                let weight = times * entry.weight
                sum += weight
                ended += entry.isLast ? weight : 0
                rewards += weight * entry.reward
                corrections += weight * (entry.reward - entry.action)
                values += times * entry.before * entry.state
            }
            perDecision += rewards
            robust += corrections + values
            weightedPerDecision += rewards / sum
            weightedRobust += corrections / sum + values / sumBefore
            sumBefore = sum
        }
        return [
            weightedReturns / count, perDecision / count, weightedReturns / weightSum, weightedPerDecision,
            robust / count, weightedRobust,
        ]
    }
}

// A refinement on few patients: of a tree that comes from others, or from a single leaf.

import Trees

extension RefinementConfiguration {
    /// These settings for few patients, and with a share of the budget.
    ///
    /// - Parameters:
    ///   - share: of the episodes, in (0, 1].
    ///   - patients: to learn from.
    public func taking(share: Double, patients count: Int) -> RefinementConfiguration {
        var small = self
        small.patients = nil
        small.maximumEpisodes = max(1, Int((share * Double(maximumEpisodes)).rounded()))
        small.evolution.episodes = Int((share * Double(evolution.episodes)).rounded())
        // Of five patients eight cannot be treated otherwise; a quarter of them must be.
        small.minimumAffected = min(minimumAffected, max(2, count / 4))
        return small
    }
}

extension DecisionTree {
    /// A tree for the same observations and actions that knows nothing: one leaf.
    public var blank: DecisionTree {
        DecisionTree(features: features, actions: actions, scores: Array(repeating: 0, count: actions.count))
    }
}

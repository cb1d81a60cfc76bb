// From weighted samples to a tree: best-first growth on histograms.

import Numerics

/// Induction of a classification tree (CART: Breiman et al. 1984; best-first growth: Shi 2007; histograms: Ke et al.,
/// "LightGBM", 2017).
///
/// Values are binned once (see `FeatureBins`); up to 255 distinct values of a feature this finds the exact best split.
/// Weights are added as integers, so that a row of weight 2 is two rows, to the last bit, in whatever order.
public struct TreeInduction: Sendable, Equatable {
    /// Leaves at most; nil for no limit.
    public var maximumLeaves: Int? = 16
    /// Splits on any way at most; nil for no limit.
    public var maximumDepth: Int?
    public var criterion = SplitCriterion.entropy
    /// The least sample weight on either side of a split.
    public var minimumLeafWeight = 0.0
    /// Whether subtrees whose leaves choose the same action become one leaf. Growth then goes on until that many
    /// leaves remain after merging.
    public var mergesSameActions = true
    public var missing = MissingRouting.heavierSide
    public var splits = SplitPoints.binned

    public init(
        maximumLeaves: Int? = 16, maximumDepth: Int? = nil, criterion: SplitCriterion = .entropy,
        minimumLeafWeight: Double = 0, mergesSameActions: Bool = true, missing: MissingRouting = .heavierSide,
        splits: SplitPoints = .binned
    ) {
        self.maximumLeaves = maximumLeaves
        self.maximumDepth = maximumDepth
        self.criterion = criterion
        self.minimumLeafWeight = minimumLeafWeight
        self.mergesSameActions = mergesSameActions
        self.missing = missing
        self.splits = splits
    }

    /// The tree of the samples. A leaf's scores are its labels' shares of its weight; without weight, a single leaf
    /// with zeros.
    public func fit(_ samples: TreeSamples) -> DecisionTree {
        precondition(
            samples.labels.allSatisfy { $0 >= 0 && $0 < samples.actions.count }, "labels are indices of actions")
        guard let rows = RowWeights(samples.weights) else {
            return DecisionTree(
                features: samples.features, actions: samples.actions,
                scores: Array(repeating: 0, count: samples.actions.count))
        }
        let tree =
            samples.actions.count <= 4
            ? grow(samples, rows, ClassTargets<FourChannels>(samples, rows, criterion))
            : grow(samples, rows, ClassTargets<AsManyChannels>(samples, rows, criterion))
        return mergesSameActions ? tree.mergingSameActions() : tree
    }

    private func grow(_ samples: TreeSamples, _ rows: RowWeights, _ targets: some SplitTargets) -> DecisionTree {
        let limits = GrowthLimits(
            leaves: maximumLeaves, depth: maximumDepth, leafWeight: minimumLeafWeight,
            mergesSameActions: mergesSameActions, missing: missing, splits: splits)
        let growth = TreeGrowth(
            values: samples.values, columns: samples.features.count, rows: rows.rows, targets: targets, limits: limits)
        return growth.grow(features: samples.features, actions: samples.actions)
    }
}

// From weighted samples of numbers to a tree that predicts them.

/// Induction of a regression tree for one or several outputs: splits lower the variance, summed over the outputs
/// (CART: Breiman et al. 1984; several outputs: De'ath, "Multivariate regression trees", Ecology 83, 2002).
///
/// Grown as `TreeInduction` grows, best first on binned values. A leaf's scores are the mean targets of its rows, so
/// that a tree of logits or of action values is a policy. Sums are of integers: a row of weight 2 is two rows, to the
/// last bit, in whatever order; targets are rounded to 2⁻⁴⁰ of half their output's range for that.
public struct RegressionInduction: Sendable, Equatable {
    /// Leaves at most; nil for no limit.
    public var maximumLeaves: Int?
    /// Splits on any way at most; nil for no limit.
    public var maximumDepth: Int?
    /// The least sample weight on either side of a split.
    public var minimumLeafWeight: Double
    public var missing: MissingRouting
    public var splits: SplitPoints

    public init(
        maximumLeaves: Int? = 16, maximumDepth: Int? = nil, minimumLeafWeight: Double = 0,
        missing: MissingRouting = .byGain, splits: SplitPoints = .binned
    ) {
        self.maximumLeaves = maximumLeaves
        self.maximumDepth = maximumDepth
        self.minimumLeafWeight = minimumLeafWeight
        self.missing = missing
        self.splits = splits
    }

    /// The tree of the samples; without weight, a single leaf with zeros.
    ///
    /// - Parameters:
    ///   - features: names of the columns of `values`.
    ///   - outputs: names of the columns of `targets`; the tree's actions.
    ///   - values: rows × features, row-major; NaN is missing.
    ///   - targets: rows × outputs, row-major; finite, at most 1e100 in size.
    ///   - weights: one per row, finite and not negative, at most 1e100 in sum; nil for 1 each.
    public func fit(
        features: [String], outputs: [String], values: [Double], targets: [Double], weights: [Double]? = nil
    ) -> DecisionTree {
        precondition(!outputs.isEmpty, "a regression tree needs an output")
        let weights = weights ?? Array(repeating: 1, count: targets.count / outputs.count)
        precondition(
            values.count == weights.count * features.count && targets.count == weights.count * outputs.count,
            "samples need a value per feature, a target per output and a weight per row")
        guard let rows = RowWeights(weights) else {
            return DecisionTree(features: features, actions: outputs, scores: outputs.map { _ in 0 })
        }
        let growth = TreeGrowth(
            values: values, columns: features.count, rows: rows.rows,
            targets: MeanTargets(targets: targets, outputs: outputs.count, rows),
            limits: GrowthLimits(
                leaves: maximumLeaves, depth: maximumDepth, leafWeight: minimumLeafWeight, mergesSameActions: false,
                missing: missing, splits: splits))
        return growth.grow(features: features, actions: outputs)
    }
}

// The settings of an ensemble of extremely randomised trees.

import PositionedJSON

/// Settings as in Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63 (2006) 3–42.
public struct ExtraTreesConfiguration: Sendable, Equatable {
    /// M, trees in the ensemble.
    public var trees: Int
    /// K, features tried per split; nil for all, the paper's default for regression. K = 1 makes totally randomised
    /// trees, whose splits do not look at the targets at all.
    public var features: Int?
    /// n_min, the fewest samples that a node must have to be split. (The paper's default for regression is 5.)
    public var minimumSplit: Int
    /// Whether nodes whose targets are all equal are split all the same, at random: for trees whose splits are kept for
    /// other targets. Without, they are leaves, as in the paper.
    public var splitsConstantTargets = false

    public init(trees: Int = 50, features: Int? = nil, minimumSplit: Int = 5) {
        self.trees = trees
        self.features = features
        self.minimumSplit = minimumSplit
    }

    /// Reads `trees`, `features_per_split` and `minimum_split`.
    public init(reader: ObjectReader, default settings: ExtraTreesConfiguration) {
        self = settings
        trees = reader.integer("trees", default: trees, in: 1...10_000)
        features = reader.optionalInteger("features_per_split", in: 1...FeatureRows.mostColumns) ?? features
        minimumSplit = reader.integer("minimum_split", default: minimumSplit, in: 2...1_000_000)
    }

    public func fields() -> [JSONField] {
        [
            JSONField("trees", .integer(trees)),
            JSONField("features_per_split", features.map { .integer($0) } ?? .null),
            JSONField("minimum_split", .integer(minimumSplit)),
        ]
    }
}

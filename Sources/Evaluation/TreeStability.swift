// How far the same study with other seeds makes the same tree: what asks at the root, where thresholds lie, what is done.

import Numerics
import PositionedJSON

/// The trees of one name over the seeds of a study.
public struct TreeStability: Sendable, Equatable {
    /// A split of one seed's tree.
    public struct Split: Sendable, Equatable {
        public var seed: Int
        /// The observation's name.
        public var feature: String
        public var threshold: Double
        /// Splits above it; 0 is the root.
        public var depth: Int

        public init(seed: Int, feature: String, threshold: Double, depth: Int) {
            self.seed = seed
            self.feature = feature
            self.threshold = threshold
            self.depth = depth
        }
    }

    /// An observation that some seed's tree asks for.
    public struct Feature: Sendable, Equatable {
        public var name: String
        public var unit: String
        /// Seeds whose tree asks for it, and those that ask for it first.
        public var seeds: Int
        public var roots: Int
        public var splits: Int
        /// Thresholds of all seeds: lowest, median, highest.
        public var low: Double
        public var median: Double
        public var high: Double
        /// How far thresholds move from seed to seed, in the observation's unit: the mean distance from a threshold to
        /// the nearest one of the same observation in another seed's tree, over all pairs of trees that have one. NaN
        /// where only one has.
        public var movement: Double
        /// The same as a share of the observation's plausible range; NaN where that is empty.
        public var relativeMovement: Double
        /// Whether it is a yes or no, whose threshold cannot move.
        public var isFlag: Bool

        public init(
            name: String, unit: String, seeds: Int, roots: Int, splits: Int, low: Double, median: Double, high: Double,
            movement: Double, relativeMovement: Double, isFlag: Bool
        ) {
            self.name = name
            self.unit = unit
            self.seeds = seeds
            self.roots = roots
            self.splits = splits
            self.low = low
            self.median = median
            self.high = high
            self.movement = movement
            self.relativeMovement = relativeMovement
            self.isFlag = isFlag
        }
    }

    /// The trees' name in the study.
    public var tree: String
    public var seeds: Int
    /// By use, the most used first.
    public var features: [Feature]
    public var splits: [Split]
    /// Share of the common states in which two seeds' trees do the same: the mean over pairs, the least and the greatest.
    /// The value is NaN with one seed.
    public var agreement: Estimate
    /// What two trees that acted as often alike, but at random, would agree in.
    public var agreementByChance: Double
    /// How many states were asked about, all visited by one of the trees while treating patients who had no part in
    /// making it.
    public var states: Int

    public init(
        tree: String, seeds: Int, features: [Feature], splits: [Split], agreement: Estimate,
        agreementByChance: Double, states: Int
    ) {
        self.tree = tree
        self.seeds = seeds
        self.features = features
        self.splits = splits
        self.agreement = agreement
        self.agreementByChance = agreementByChance
        self.states = states
    }

    /// The feature that most often asks first, and in how many seeds; nil where every tree is a leaf.
    public var commonRoot: Feature? {
        features.filter { $0.roots > 0 }.max { $0.roots < $1.roots }
    }

    /// Mean of the features' relative movements, flags left out; NaN where nothing can move.
    public var relativeMovement: Double {
        Statistics.meanOfDefined(features.filter { !$0.isFlag }.map(\.relativeMovement))
    }

    /// A line per tree and observation, with a header.
    public static func csv(_ all: [TreeStability]) -> String {
        var text =
            "tree,feature,unit,seeds,asked_by,at_root_of,splits,lowest,median,highest,movement,relative_movement\n"
        for stability in all {
            for feature in stability.features {
                text += CSV.line(
                    [
                        stability.tree, feature.name, feature.unit, "\(stability.seeds)", "\(feature.seeds)",
                        "\(feature.roots)", "\(feature.splits)",
                    ]
                        + [feature.low, feature.median, feature.high, feature.movement, feature.relativeMovement]
                        .map(CSV.number))
            }
        }
        return text
    }
}

extension TreeStability {
    public func json() -> JSONValue {
        [
            "tree": .string(tree), "seeds": .integer(seeds),
            "root": commonRoot.map { ["feature": .string($0.name), "seeds": .integer($0.roots)] } ?? .null,
            "relative_movement": .number(relativeMovement),
            "agreement": [
                "mean": .number(agreement.value), "least": .number(agreement.low), "greatest": .number(agreement.high),
                "by_chance": .number(agreementByChance), "states": .integer(states),
            ],
            "features": .array(
                features.map {
                    [
                        "name": .string($0.name), "unit": .string($0.unit), "seeds": .integer($0.seeds),
                        "roots": .integer($0.roots), "splits": .integer($0.splits), "lowest": .number($0.low),
                        "median": .number($0.median), "highest": .number($0.high), "movement": .number($0.movement),
                        "relative_movement": .number($0.relativeMovement), "flag": .bool($0.isFlag),
                    ]
                }),
            "splits": .array(
                splits.map {
                    [
                        "seed": .integer($0.seed), "feature": .string($0.feature), "threshold": .number($0.threshold),
                        "depth": .integer($0.depth),
                    ]
                }),
        ]
    }

    /// Reads what `json()` writes.
    public init(_ reader: ObjectReader) {
        tree = reader.string("tree") ?? ""
        seeds = reader.integer("seeds") ?? 0
        for key in ["root", "relative_movement"] { _ = reader.optionalChild(key) }
        agreement = .undefined
        agreementByChance = .nan
        states = 0
        if let part = reader.object("agreement", what: "the agreement of trees") {
            agreement = Estimate(
                part.nullableNumber("mean") ?? .nan, low: part.nullableNumber("least") ?? .nan,
                high: part.nullableNumber("greatest") ?? .nan)
            agreementByChance = part.nullableNumber("by_chance") ?? .nan
            states = part.integer("states") ?? 0
            part.finish()
        }
        features = reader.objects("features", what: "an observation of trees").map { part in
            let feature = Feature(
                name: part.string("name") ?? "", unit: part.string("unit") ?? "", seeds: part.integer("seeds") ?? 0,
                roots: part.integer("roots") ?? 0, splits: part.integer("splits") ?? 0,
                low: part.nullableNumber("lowest") ?? .nan, median: part.nullableNumber("median") ?? .nan,
                high: part.nullableNumber("highest") ?? .nan, movement: part.nullableNumber("movement") ?? .nan,
                relativeMovement: part.nullableNumber("relative_movement") ?? .nan,
                isFlag: part.boolean("flag", default: false))
            part.finish()
            return feature
        }
        splits = reader.objects("splits", what: "a split of a tree").map { part in
            let split = Split(
                seed: part.integer("seed") ?? 0, feature: part.string("feature") ?? "",
                threshold: part.number("threshold") ?? .nan, depth: part.integer("depth") ?? 0)
            part.finish()
            return split
        }
        reader.finish()
    }

    /// `{"format": 1, "kind": "tree_stability", "trees": […]}`
    public static func file(_ all: [TreeStability]) -> JSONValue {
        ["format": 1, "kind": "tree_stability", "trees": .array(all.map { $0.json() })]
    }

    /// Reads what `file` writes.
    public static func read(_ node: JSONNode, complaints: Complaints) -> [TreeStability] {
        let reader = ObjectReader(node, what: "the stability of trees", complaints: complaints)
        _ = reader.integer("format", in: 1...1)
        _ = reader.choice("kind", of: ["tree_stability"])
        let trees = reader.objects("trees", what: "the stability of a tree").map { TreeStability($0) }
        reader.finish()
        return trees
    }
}

// Trees in words: the way to each leaf as one interval per feature, and how much each feature matters.

/// The conditions under which an observation falls into a leaf, merged per feature.
public struct LeafRule: Sendable, Equatable {
    /// `low` < value ≤ `high`; nil where there is no bound.
    public struct Condition: Sendable, Hashable {
        /// Index into the tree's features.
        public var feature: Int
        public var low: Double?
        public var high: Double?
        /// Whether a missing value meets it as well.
        public var missingMeets: Bool

        public init(feature: Int, low: Double?, high: Double?, missingMeets: Bool) {
            self.feature = feature
            self.low = low
            self.high = high
            self.missingMeets = missingMeets
        }

        /// Whether no value can meet it.
        public var isEmpty: Bool {
            guard let low, let high else { return false }
            return low >= high
        }

        /// Whether a value meets it.
        public func holds(for value: Double) -> Bool {
            if value.isNaN { return missingMeets }
            return (low.map { value > $0 } ?? true) && (high.map { value <= $0 } ?? true)
        }
    }

    /// Node number of the leaf.
    public var leaf: Int
    /// In the order in which the path first asks for the features.
    public var conditions: [Condition]
}

extension DecisionTree {
    /// The rule of every leaf, from left to right. Exactly one rule holds for an observation.
    public func rules() -> [LeafRule] {
        var rules: [LeafRule] = []
        var conditions: [[LeafRule.Condition]] = Array(repeating: [], count: nodeCount)
        for number in 0..<nodeCount {
            switch node(number) {
            case .leaf: rules.append(LeafRule(leaf: number, conditions: conditions[number]))
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                for (child, isLeft) in [(left, true), (right, false)] {
                    var path = conditions[number]
                    let place =
                        path.firstIndex { $0.feature == feature }
                        ?? {
                            path.append(.init(feature: feature, low: nil, high: nil, missingMeets: true))
                            return path.count - 1
                        }()
                    if isLeft {
                        path[place].high = min(path[place].high ?? threshold, threshold)
                    } else {
                        path[place].low = max(path[place].low ?? threshold, threshold)
                    }
                    if missingGoesLeft != isLeft { path[place].missingMeets = false }
                    conditions[child] = path
                }
                conditions[number] = []
            }
        }
        return rules
    }

    /// The share of each feature in the fall of impurity (mean decrease in impurity: Breiman et al., "Classification
    /// and regression trees", 1984); sums to 1, or to 0 where no gain is known.
    public func featureImportance() -> [Double] {
        var importance = Array(repeating: 0.0, count: features.count)
        for number in 0..<nodeCount {
            if case .split(let feature, _, _, _, _) = node(number) { importance[feature] += max(0, gain(of: number)) }
        }
        let total = importance.reduce(0, +)
        return total > 0 ? importance.map { $0 / total } : importance
    }
}

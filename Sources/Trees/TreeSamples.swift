// What a tree is induced from: rows of values, each with the action it calls for and how much that matters.

/// Labelled, weighted observations.
public struct TreeSamples: Sendable, Equatable {
    /// Names of the columns.
    public var features: [String]
    /// Names of the classes that labels number.
    public var actions: [String]
    /// rows × features, row-major; NaN is missing.
    public var values: [Double]
    /// One per row, an index into `actions`.
    public var labels: [Int32]
    /// One per row, finite and not negative; a row of weight 0 counts for nothing.
    public var weights: [Double]

    public init(
        features: [String], actions: [String], values: [Double] = [], labels: [Int32] = [], weights: [Double] = []
    ) {
        precondition(
            values.count == labels.count * features.count && labels.count == weights.count,
            "samples need a value per feature, a label and a weight per row")
        self.features = features
        self.actions = actions
        self.values = values
        self.labels = labels
        self.weights = weights
    }

    public var count: Int { labels.count }

    /// Appends a row; `observation` has a value per feature.
    public mutating func append(_ observation: UnsafePointer<Double>, label: Int32, weight: Double) {
        values.append(contentsOf: UnsafeBufferPointer(start: observation, count: features.count))
        labels.append(label)
        weights.append(weight)
    }

    /// Appends the rows of samples of the same features and actions.
    public mutating func append(_ other: TreeSamples) {
        precondition(other.features == features && other.actions == actions, "samples of another task")
        values += other.values
        labels += other.labels
        weights += other.weights
    }

    /// The weighted share of rows for which a tree's first choice is the label; 0 without weight.
    public func accuracy(of tree: DecisionTree) -> Double {
        var right = 0.0
        var total = 0.0
        values.withUnsafeBufferPointer { values in
            for row in 0..<count {
                let leaf = tree.leaf(of: values.baseAddress! + row * features.count)
                total += weights[row]
                if tree.action(atLeaf: leaf) == Int(labels[row]) { right += weights[row] }
            }
        }
        return total > 0 ? right / total : 0
    }
}

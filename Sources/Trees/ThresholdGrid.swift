// Thresholds that a clinic can measure: multiples of each observation's step.

/// The steps in which features are measured.
///
/// A simulator knows values to sixteen digits, and a tree would use them: a drug level told apart in the eighth digit
/// counts the doses given before, which no assay does. On a grid, a threshold is a multiple of its feature's step.
public struct ThresholdGrid: Sendable, Equatable {
    /// One per feature; nil leaves the feature as it is.
    public let steps: [Double?]

    /// - Parameter steps: one per feature; a step that is not positive counts as nil.
    public init(steps: [Double?]) {
        self.steps = steps.map { step in step.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } }
    }

    /// The multiple of a step with a number, as exactly as it can be written: 63 steps of 0.1 are 6.3.
    private static func multiple(_ number: Double, _ step: Double) -> Double {
        let inverse = (1 / step).rounded()
        return abs(inverse * step - 1) < 1e-12 ? number / inverse : number * step
    }

    /// The nearest multiple of the feature's step, the lower one of two: a threshold halfway between two measurable
    /// values parts them as the lower value does.
    public func nearest(_ threshold: Double, feature: Int) -> Double {
        guard let step = steps[feature] else { return threshold }
        let rounded = ThresholdGrid.multiple((threshold / step - 0.5).rounded(.up), step)
        return rounded.isFinite ? rounded : threshold
    }

    /// The threshold one step up or down; nil where the feature has no step.
    public func neighbour(of threshold: Double, feature: Int, up: Bool) -> Double? {
        guard let step = steps[feature] else { return nil }
        let next = ThresholdGrid.multiple((threshold / step).rounded() + (up ? 1 : -1), step)
        return next.isFinite && next != threshold ? next : nil
    }

    /// The least threshold of the grid that a value does not exceed: values with the same cell are not told apart by
    /// any threshold of the grid.
    public func cell(_ value: Double, feature: Int) -> Double {
        guard let step = steps[feature], value.isFinite else { return value }
        let number = (value / step).rounded(.up)
        // Division may have gone either way at a multiple of the step.
        for candidate in [number - 1, number] {
            let multiple = ThresholdGrid.multiple(candidate, step)
            if value <= multiple { return multiple }
        }
        let multiple = ThresholdGrid.multiple(number + 1, step)
        return multiple.isFinite && value <= multiple ? multiple : value
    }
}

extension TreeSamples {
    /// The samples with every value moved to its cell: a tree induced from them and rounded to the grid decides on the
    /// original values as it does on these.
    public func onGrid(_ grid: ThresholdGrid) -> TreeSamples {
        guard grid.steps.contains(where: { $0 != nil }) else { return self }
        var samples = self
        let width = features.count
        for place in samples.values.indices {
            samples.values[place] = grid.cell(samples.values[place], feature: place % width)
        }
        return samples
    }
}

extension DecisionTree {
    /// The tree with every threshold moved to the nearest one of a grid.
    public func rounded(to grid: ThresholdGrid) -> DecisionTree {
        precondition(grid.steps.count == features.count, "a step, or nil, per feature")
        var tree = self
        for number in 0..<nodeCount {
            guard case .split(let feature, let threshold, _, _, _) = node(number) else { continue }
            tree.set(threshold: grid.nearest(threshold, feature: feature), at: number)
        }
        return tree
    }

    /// The tree with every threshold moved to the nearest multiple of its feature's step.
    ///
    /// - Parameter steps: one per feature; nil leaves the feature's thresholds alone.
    public func roundedThresholds(steps: [Double?]) -> DecisionTree { rounded(to: ThresholdGrid(steps: steps)) }
}

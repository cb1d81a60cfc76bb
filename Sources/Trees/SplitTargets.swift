// What the rows of a tree are told apart by, as sums over rows: the seam between growing a tree and what it predicts.

/// What the rows of an induction should be told apart by. Rows contribute integers to a few channels; a node is known by
/// the sums of its rows' contributions, whatever their order.
protocol SplitTargets {
    /// Sums per node, and per bin of a histogram.
    var channels: Int { get }
    /// What one of each channel's integers stands for: powers of two.
    var units: UnsafePointer<Double> { get }

    /// Adds a row's contribution.
    func add(_ row: Int, to sums: UnsafeMutablePointer<Int64>)

    /// Adds rows to a histogram of columns × 256 bins × channels, or takes them away from it.
    ///
    /// - Parameter codes: rows × columns: the bin of each value.
    func count(
        _ rows: UnsafeBufferPointer<Int32>, codes: UnsafePointer<UInt8>, columns: Int,
        in histogram: UnsafeMutablePointer<Int64>, removing: Bool)

    /// Whether no row has contributed to sums.
    func isEmpty(_ sums: UnsafePointer<Int64>) -> Bool

    /// What all rows behind sums have in common, if that makes a boundary between two groups of the same kind never the
    /// best; −1 otherwise.
    func kind(_ sums: UnsafePointer<Int64>) -> Int

    /// Adds a bin's sums in numbers; returns the weight so far, `weight` being that before.
    func add(_ bin: UnsafePointer<Int64>, to sums: UnsafeMutablePointer<Double>, weight: Double) -> Double

    /// Minus weight × impurity, but for what depends on the rows and not on how they are parted.
    func purity(_ sums: UnsafePointer<Double>, _ weight: Double) -> Double

    /// Whether rows, of which the sums are known, have anything to be told apart by.
    func isMixed(_ rows: UnsafeBufferPointer<Int32>, _ sums: UnsafePointer<Int64>) -> Bool

    /// What a leaf of these sums says first.
    func action(_ sums: UnsafePointer<Int64>) -> Int32

    /// The leaf of these sums.
    func leaf(_ sums: UnsafePointer<Int64>) -> DecisionTree.Node

    func deallocate()
}

/// Where a row goes at a split by a value that it lacks.
public enum MissingRouting: String, Sendable, CaseIterable {
    /// To the side on which more weight has a value.
    case heavierSide = "heavier_side"
    /// To the side on which it leaves less impurity; both are tried at every threshold.
    case byGain = "by_gain"
}

/// Between which values a tree may split.
public enum SplitPoints: String, Sendable, CaseIterable {
    /// Between bins of a feature, at most 255: every split is exact where a feature has no more distinct values.
    case binned
    /// Between any two values that a node has; slower.
    case exact
}

/// How a tree grows, and how far.
struct GrowthLimits {
    var leaves: Int?
    var depth: Int?
    var leafWeight: Double
    var mergesSameActions: Bool
    var missing: MissingRouting
    var splits: SplitPoints
}

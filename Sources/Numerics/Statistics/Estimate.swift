// A number with its interval: what every table, plot and leaf shows.

/// A point estimate with a confidence interval, in the unit of what is estimated. Bounds are NaN where no interval
/// can be given (a single run).
public struct Estimate: Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double

    public init(_ value: Double, low: Double = .nan, high: Double = .nan) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// Nothing to estimate from.
    public static let undefined = Estimate(.nan)

    public var isDefined: Bool { value.isFinite }
    public var hasInterval: Bool { low.isFinite && high.isFinite }

    /// Whether the whole interval lies above 0.
    public var isAboveZero: Bool { hasInterval && low > 0 }
    /// Whether the whole interval lies below 0.
    public var isBelowZero: Bool { hasInterval && high < 0 }
}

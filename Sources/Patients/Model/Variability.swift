// How numbers differ: a distribution with plain numbers, and one whose numbers may depend on the patient.

import Numerics

/// A distribution of a number, drawn by inversion of its distribution function: one uniform number per draw.
public struct Distribution: Sendable, Equatable {
    public enum Shape: String, Sendable, CaseIterable {
        case constant, uniform, logUniform = "log_uniform", normal, logNormal = "log_normal", categorical
    }
    public var shape: Shape
    /// The constant, the lower end, the mean or the median.
    public var first: Double
    /// The upper end, or the standard deviation (of the logarithm, where the logarithm is normal).
    public var second: Double
    /// Where a normal or log-normal distribution is cut off.
    public var low = -Double.infinity
    public var high = Double.infinity
    /// Draws are rounded to multiples of it; 0 for no rounding.
    public var rounding = 0.0
    /// Of categories 0, 1, …; they sum to 1.
    public var probabilities: [Double] = []

    public init(shape: Shape, first: Double = 0, second: Double = 0) {
        self.shape = shape
        self.first = first
        self.second = second
    }

    public static func constant(_ value: Double) -> Distribution { .init(shape: .constant, first: value) }

    /// What stands for it where chance is off: the mean of normal and uniform numbers, the median where the logarithm
    /// is so distributed, the first most probable category.
    public var centre: Double {
        switch shape {
        case .constant, .normal, .logNormal: return first
        case .uniform: return (first + second) / 2
        case .logUniform: return (first * second).squareRoot()
        case .categorical:
            let top = probabilities.max() ?? 0
            return Double(probabilities.firstIndex(of: top) ?? 0)
        }
    }

    /// The value for 64 random bits.
    public func value(bits: UInt64) -> Double {
        let below = Double(bits >> 11) * 0x1p-53
        switch shape {
        case .constant: return rounded(first)
        case .uniform: return rounded(first + (second - first) * below)
        case .logUniform:
            let low = laneScalar(LaneMath.log, first)
            let high = laneScalar(LaneMath.log, second)
            return rounded(laneScalar(LaneMath.exp, low + (high - low) * below))
        case .normal, .logNormal: return value(normal: normalQuantile(RandomStream.inside(bits)))
        case .categorical:
            var sum = 0.0
            for (index, probability) in probabilities.enumerated() {
                sum += probability
                if below < sum { return Double(index) }
            }
            return Double(probabilities.lastIndex { $0 > 0 } ?? 0)
        }
    }

    /// The value at a standard normal number, for normal and log-normal distributions: where the distribution is cut
    /// off, at the same share of what is left.
    public func value(normal: Double) -> Double {
        guard low > -.infinity || high < .infinity else { return rounded(transformed(normal)) }
        // Bounds may be expressions; where they exclude everything, the draw is not a number and is reported as that.
        guard low <= high else { return .nan }
        let number = truncatedNormalQuantile(normalCDF(normal), low: standard(low), high: standard(high))
        return rounded(min(max(transformed(number), low), high))
    }

    /// The value at the share of the distribution that lies below a standard normal number; not rounded. A categorical
    /// number is its centre.
    public func quantile(normal: Double) -> Double {
        var smooth = self
        smooth.rounding = 0
        switch shape {
        case .constant, .categorical: return centre
        case .uniform: return first + (second - first) * normalCDF(normal)
        case .logUniform:
            return first * laneScalar(LaneMath.exp, laneScalar(LaneMath.log, second / first) * normalCDF(normal))
        case .normal, .logNormal: return smooth.value(normal: normal)
        }
    }

    public func sample(_ stream: inout RandomStream) -> Double { value(bits: stream.nextBits()) }

    /// The standard normal number of which a normal or log-normal distribution makes this value; finite for every value.
    public func normal(of value: Double) -> Double {
        guard second > 0 else { return 0 }
        let number = shape == .logNormal && value <= 0 ? -8 : standard(value)
        guard low > -.infinity || high < .infinity else { return min(8, max(-8, number)) }
        let (bottom, top) = (normalCDF(standard(low)), normalCDF(standard(high)))
        guard top > bottom else { return 0 }
        let below = (normalCDF(number) - bottom) / (top - bottom)
        return normalQuantile(min(1 - 1e-12, max(1e-12, below)))
    }

    private func transformed(_ normal: Double) -> Double {
        shape == .normal ? first + second * normal : first * laneScalar(LaneMath.exp, second * normal)
    }

    /// A bound as a standard normal number.
    private func standard(_ bound: Double) -> Double {
        guard bound.isFinite else { return bound }
        guard second > 0 else { return bound < first ? -.infinity : .infinity }
        if shape == .normal { return (bound - first) / second }
        return bound <= 0 ? -.infinity : (laneScalar(LaneMath.log, bound) - laneScalar(LaneMath.log, first)) / second
    }

    private func rounded(_ value: Double) -> Double {
        rounding > 0 ? (value / rounding).rounded() * rounding : value
    }
}

/// How a number differs among patients: a distribution whose numbers may be expressions over covariates and parameters
/// declared above.
public struct Variability: Sendable, Equatable {
    public enum Number: Sendable, Equatable {
        case constant(Double)
        case expression(Formula, text: String)
        /// The nominal value of what varies.
        case nominal

        public var constant: Double? {
            if case .constant(let value) = self { return value }
            return nil
        }
    }
    public var shape: Distribution.Shape
    public var first: Number = .nominal
    public var second: Number = .constant(0)
    /// `second` is a coefficient of variation and not the standard deviation of the logarithm.
    public var isCoefficientOfVariation = false
    public var low: Number?
    public var high: Number?
    public var rounding = 0.0
    public var probabilities: [Double] = []

    public init(shape: Distribution.Shape) { self.shape = shape }

    /// In words, such as `log-normal, median 3, coefficient of variation 0.4, from 1 to 9`.
    public var words: String {
        func text(_ number: Number) -> String {
            switch number {
            case .constant(let value): shortNumber(value)
            case .expression(_, let text): text
            case .nominal: "the value above"
            }
        }
        var words: String
        switch shape {
        case .constant: words = text(first)
        case .uniform: words = "uniform from \(text(first)) to \(text(second))"
        case .logUniform: words = "log-uniform from \(text(first)) to \(text(second))"
        case .normal: words = "normal, mean \(text(first)), sd \(text(second))"
        case .logNormal:
            words =
                "log-normal, median \(text(first)), "
                + (isCoefficientOfVariation ? "coefficient of variation" : "sd of the logarithm") + " \(text(second))"
        case .categorical: words = "in shares of " + probabilities.map(shortNumber).joined(separator: ", ")
        }
        if let low { words += ", at least \(text(low))" }
        if let high { words += ", at most \(text(high))" }
        return words
    }

    /// The expressions among its numbers.
    public var formulas: [Formula] {
        [first, second, low, high].compactMap { if case .expression(let formula, _)? = $0 { formula } else { nil } }
    }

    /// The distribution for one patient.
    ///
    /// - Parameters:
    ///   - nominal: the nominal value of what varies.
    ///   - evaluate: values of expressions.
    public func distribution(nominal: Double, _ evaluate: (Formula) throws -> Double) rethrows -> Distribution {
        func number(_ number: Number) throws -> Double {
            switch number {
            case .constant(let value): value
            case .expression(let formula, _): try evaluate(formula)
            case .nominal: nominal
            }
        }
        var result = Distribution(shape: shape, first: try number(first), second: try number(second))
        if isCoefficientOfVariation {
            // σ² = ln(1 + CV²) of a log-normal number.
            result.second = laneScalar(LaneMath.log, 1 + result.second * result.second).squareRoot()
        }
        result.low = try low.map(number) ?? -.infinity
        result.high = try high.map(number) ?? .infinity
        result.rounding = rounding
        result.probabilities = probabilities
        return result
    }
}

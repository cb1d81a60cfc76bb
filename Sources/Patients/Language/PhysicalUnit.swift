// Units of measurement: a product of powers of known symbols, with its dimension and its scale.

/// A unit such as `mg/L`, `1/(cell d)` or `%`.
///
/// Two units are the same when dimension and scale agree (`mg/L` and `ug/mL` are, `d` and `h` are not); nothing is
/// ever converted silently. Exponents are doubles, so that √ and literal powers have units too.
public struct PhysicalUnit: Sendable, Hashable, CustomStringConvertible {
    struct Factor: Sendable, Hashable {
        var symbol: String
        var exponent: Double
    }

    /// Symbols with their exponents, each once, in the order in which they were written.
    var factors: [Factor]
    /// A number in front, such as 10⁹ in `1e9/L`.
    var multiplier: Double

    /// Exponents over the base dimensions, in the order of `BaseDimension`.
    public let dimension: Dimension
    /// The unit's size in base units (s, g, m, mol, …).
    public let scale: Double

    /// Exponents of the base dimensions.
    public struct Dimension: Sendable, Hashable {
        var exponents: SIMD16<Double> = .zero

        public static let none = Dimension()

        public static func == (a: Dimension, b: Dimension) -> Bool {
            (0..<16).allSatisfy { abs(a.exponents[$0] - b.exponents[$0]) < 1e-9 }
        }

        public func hash(into hasher: inout Hasher) {
            for index in 0..<16 { hasher.combine(Int((exponents[index] * 1e6).rounded())) }
        }
    }

    init(factors: [Factor], multiplier: Double = 1) {
        var kept: [Factor] = []
        for factor in factors {
            if let index = kept.firstIndex(where: { $0.symbol == factor.symbol }) {
                kept[index].exponent += factor.exponent
            } else {
                kept.append(factor)
            }
        }
        kept.removeAll { abs($0.exponent) < 1e-9 }
        var dimension = Dimension()
        var scale = multiplier
        for factor in kept {
            guard let symbol = UnitSymbol.known[factor.symbol] else { continue }
            scale *= power(symbol.scale, factor.exponent)
            if let base = symbol.base {
                dimension.exponents[base.rawValue] += factor.exponent * symbol.exponent
            }
        }
        self.factors = kept
        self.multiplier = multiplier
        self.dimension = dimension
        self.scale = scale
    }

    /// A plain number.
    public static let dimensionless = PhysicalUnit(factors: [])

    /// True for a plain number: no dimension and scale 1 (so not for `%` or `h/d`).
    public var isDimensionless: Bool { dimension == .none && sameScale(scale, 1) }

    /// The same dimension and the same scale.
    public static func == (a: PhysicalUnit, b: PhysicalUnit) -> Bool {
        a.dimension == b.dimension && sameScale(a.scale, b.scale)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(dimension) }

    public static func * (a: PhysicalUnit, b: PhysicalUnit) -> PhysicalUnit {
        PhysicalUnit(factors: a.factors + b.factors, multiplier: a.multiplier * b.multiplier)
    }

    public static func / (a: PhysicalUnit, b: PhysicalUnit) -> PhysicalUnit { a * b.raised(to: -1) }

    public func raised(to exponent: Double) -> PhysicalUnit {
        PhysicalUnit(
            factors: factors.map { Factor(symbol: $0.symbol, exponent: $0.exponent * exponent) },
            multiplier: power(multiplier, exponent))
    }

    /// How many of `other` make one of this unit, where the dimensions agree.
    public func ratio(to other: PhysicalUnit) -> Double? {
        dimension == other.dimension ? scale / other.scale : nil
    }

    /// As it is written in a file: `cell^2/d^2`, `1/(cell d)`; `1` for a plain number.
    public var description: String {
        func text(_ factor: Factor, _ exponent: Double) -> String {
            exponent == 1 ? factor.symbol : "\(factor.symbol)^\(shortNumber(exponent))"
        }
        let above = factors.filter { $0.exponent > 0 }.map { text($0, $0.exponent) }
        let below = factors.filter { $0.exponent < 0 }.map { text($0, -$0.exponent) }
        var top = above.joined(separator: " ")
        if !sameScale(multiplier, 1) { top = shortNumber(multiplier) + (top.isEmpty ? "" : " " + top) }
        if top.isEmpty { top = "1" }
        if below.isEmpty { return top }
        return top + "/" + (below.count == 1 ? below[0] : "(" + below.joined(separator: " ") + ")")
    }
}

/// Equal but for rounding.
private func sameScale(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b)) }

/// Integer powers by multiplication (so that scales stay as exact as they can), others through logarithms.
private func power(_ base: Double, _ exponent: Double) -> Double {
    if base == 1 { return 1 }
    if exponent.rounded() == exponent, abs(exponent) <= 64 {
        var result = 1.0
        for _ in 0..<Int(abs(exponent)) { result *= base }
        return exponent < 0 ? 1 / result : result
    }
    return ScalarMath.power(base, exponent)
}

/// A double in the shortest form that reads back, without `.0`.
func shortNumber(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

// Elementary functions of one number, with the language's conventions at the edges; used for folding constants and
// for values needed once (initial values), never in a simulation's inner loop.

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

enum ScalarMath {
    /// xʸ: x⁰ = 1, 0ʸ = 0 for y > 0; a negative base is for integer exponents that are written out.
    static func power(_ base: Double, _ exponent: Double, literal: Bool = false) -> Double {
        if exponent == 0 { return 1 }
        if base < 0, !(literal && exponent.rounded() == exponent) { return .nan }
        return pow(base, exponent)
    }

    static func evaluate(_ function: UnaryOperation, _ x: Double) -> Double {
        switch function {
        case .negate: -x
        case .not: x == 0 ? 1 : 0
        case .exp: exp(x)
        case .log: log(x)
        case .log10: log10(x)
        case .sqrt: x.squareRoot()
        case .abs: abs(x)
        case .sign: x > 0 ? 1 : (x < 0 ? -1 : x)
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .round: x.rounded(.toNearestOrEven)
        case .tanh: tanh(x)
        case .sin: sin(x)
        case .cos: cos(x)
        }
    }

    static func evaluate(_ operation: BinaryOperation, _ a: Double, _ b: Double, literal: Bool = false) -> Double {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .power: power(a, b, literal: literal)
        case .minimum: a < b ? a : b
        case .maximum: a > b ? a : b
        case .less: a < b ? 1 : 0
        case .lessOrEqual: a <= b ? 1 : 0
        case .equal: a == b ? 1 : 0
        case .notEqual: a != b ? 1 : 0
        case .and: a != 0 && b != 0 ? 1 : 0
        case .or: a != 0 || b != 0 ? 1 : 0
        }
    }

    /// x − y·floor(x / y): the remainder with the divisor's sign.
    static func modulo(_ x: Double, _ y: Double) -> Double { x - y * (x / y).rounded(.down) }
}

/// Operations of one argument. Truth is 1 and falsehood 0; anything but 0 counts as true.
enum UnaryOperation: UInt8, Sendable {
    case negate, not, exp, log, log10, sqrt, abs, sign, floor, ceil, round, tanh, sin, cos
}

/// Operations of two arguments.
enum BinaryOperation: UInt8, Sendable {
    case add, subtract, multiply, divide, power, minimum, maximum, less, lessOrEqual, equal, notEqual, and, or

    var commutes: Bool {
        switch self {
        case .add, .multiply, .equal, .notEqual, .and, .or: true
        default: false
        }
    }
}

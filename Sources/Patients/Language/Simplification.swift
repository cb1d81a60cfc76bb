// The operations of an expression graph. Each simplifies what it can see at once: constants fold, 0 and 1 vanish,
// signs move outwards, a factor cancels against itself.

extension ExpressionGraph {
    public func sum(_ a: Term, _ b: Term) -> Term { apply(.add, a, b) }
    public func difference(_ a: Term, _ b: Term) -> Term { apply(.subtract, a, b) }
    public func product(_ a: Term, _ b: Term) -> Term { apply(.multiply, a, b) }
    public func quotient(_ a: Term, _ b: Term) -> Term { apply(.divide, a, b) }
    public func power(_ a: Term, _ b: Term) -> Term { apply(.power, a, b) }
    public func negated(_ a: Term) -> Term { apply(.negate, a) }
    public func exp(_ a: Term) -> Term { apply(.exp, a) }
    public func log(_ a: Term) -> Term { apply(.log, a) }

    /// The argument of a node of this kind.
    private func argument(_ operation: UnaryOperation, of term: Term) -> Term? {
        if case .unary(operation, let inner) = self[term] { return inner }
        return nil
    }

    private func arguments(_ operation: BinaryOperation, of term: Term) -> (Term, Term)? {
        if case .binary(operation, let a, let b) = self[term] { return (a, b) }
        return nil
    }

    /// A power with an integer exponent ≥ 1: x is its own first power.
    private func integerPower(_ term: Term) -> (base: Term, exponent: Double) {
        if let (base, exponent) = arguments(.power, of: term), let n = constantValue(exponent), n >= 2,
            n.rounded() == n
        {
            return (base, n)
        }
        return (term, 1)
    }

    /// True where the value can only be 0 or 1.
    private func isTruth(_ term: Term) -> Bool {
        switch self[term] {
        case .unary(.not, _): true
        case .binary(let operation, _, _): operation.rawValue >= BinaryOperation.less.rawValue
        default: false
        }
    }

    func apply(_ operation: UnaryOperation, _ a: Term) -> Term {
        if let value = constantValue(a) {
            let folded = ScalarMath.evaluate(operation, value)
            if folded.isFinite { return constant(folded) }
        }
        switch operation {
        case .negate:
            if let inner = argument(.negate, of: a) { return inner }
            if let (x, y) = arguments(.subtract, of: a) { return difference(y, x) }
            if let (x, y) = arguments(.multiply, of: a) {
                if let c = constantValue(x) { return product(constant(-c), y) }
                if let c = constantValue(y) { return product(constant(-c), x) }
            }
        case .log:
            if let inner = argument(.exp, of: a) { return inner }
        case .exp:
            if let inner = argument(.log, of: a) { return inner }
        case .abs:
            if argument(.abs, of: a) != nil || argument(.exp, of: a) != nil { return a }
            if let inner = argument(.negate, of: a) { return apply(.abs, inner) }
        case .floor, .ceil, .round:
            if case .unary(let inner, _) = self[a], [.floor, .ceil, .round].contains(inner) { return a }
        default: break
        }
        return intern(.unary(operation, a))
    }

    func apply(_ operation: BinaryOperation, _ left: Term, _ right: Term) -> Term {
        let a = operation.commutes && right.id < left.id ? right : left
        let b = operation.commutes && right.id < left.id ? left : right
        let first = constantValue(a)
        let second = constantValue(b)
        if let first, let second {
            let folded = ScalarMath.evaluate(operation, first, second, literal: true)
            if folded.isFinite { return constant(folded) }
        }
        let simpler: Term?
        switch operation {
        case .add: simpler = simplerSum(a, b, first, second)
        case .subtract: simpler = simplerDifference(a, b, first, second)
        case .multiply: simpler = simplerProduct(a, b, first, second)
        case .divide: simpler = simplerQuotient(a, b, first, second)
        case .power: simpler = simplerPower(a, b, first, second)
        case .minimum, .maximum: simpler = a == b ? a : nil
        case .less, .notEqual: simpler = a == b ? constant(0) : nil
        case .lessOrEqual, .equal: simpler = a == b ? constant(1) : nil
        case .and:
            if first == 0 || second == 0 {
                simpler = constant(0)
            } else if first != nil, isTruth(b) {
                simpler = b
            } else {
                simpler = (second != nil || a == b) && isTruth(a) ? a : nil
            }
        case .or:
            if (first ?? 0) != 0 || (second ?? 0) != 0 {
                simpler = constant(1)
            } else if first != nil, isTruth(b) {
                simpler = b
            } else {
                simpler = (second != nil || a == b) && isTruth(a) ? a : nil
            }
        }
        return simpler ?? intern(.binary(operation, a, b))
    }

    func select(_ condition: Term, _ whenTrue: Term, _ whenFalse: Term) -> Term {
        if let value = constantValue(condition) { return value != 0 ? whenTrue : whenFalse }
        if whenTrue == whenFalse { return whenTrue }
        if let inner = argument(.not, of: condition) { return select(inner, whenFalse, whenTrue) }
        return intern(.select(condition, whenTrue, whenFalse))
    }

    private func simplerSum(_ a: Term, _ b: Term, _ first: Double?, _ second: Double?) -> Term? {
        if first == 0 { return b }
        if second == 0 { return a }
        if a == b { return product(constant(2), a) }
        if let x = argument(.negate, of: b) { return difference(a, x) }
        if let x = argument(.negate, of: a) { return difference(b, x) }
        if let (x, y) = arguments(.subtract, of: a), y == b { return x }
        if let (x, y) = arguments(.subtract, of: b), y == a { return x }
        return nil
    }

    private func simplerDifference(_ a: Term, _ b: Term, _ first: Double?, _ second: Double?) -> Term? {
        if second == 0 { return a }
        if first == 0 { return negated(b) }
        if a == b { return constant(0) }
        if let x = argument(.negate, of: b) { return sum(a, x) }
        if let x = argument(.negate, of: a) { return negated(sum(x, b)) }
        if let (x, y) = arguments(.add, of: a) {
            if x == b { return y }
            if y == b { return x }
        }
        return nil
    }

    private func simplerProduct(_ a: Term, _ b: Term, _ first: Double?, _ second: Double?) -> Term? {
        if first == 0 || second == 0 { return constant(0) }
        if first == 1 { return b }
        if second == 1 { return a }
        if first == -1 { return negated(b) }
        if second == -1 { return negated(a) }
        // c₁·(c₂·x) = (c₁c₂)·x, and the sign joins the constant.
        for (value, other) in [(first, b), (second, a)] {
            guard let value else { continue }
            if let x = argument(.negate, of: other) { return product(constant(-value), x) }
            if let (x, y) = arguments(.multiply, of: other) {
                for (inner, rest) in [(constantValue(x), y), (constantValue(y), x)] {
                    if let inner, (inner * value).isNormal { return product(constant(inner * value), rest) }
                }
            }
        }
        if let x = argument(.negate, of: a) { return negated(product(x, b)) }
        if let y = argument(.negate, of: b) { return negated(product(a, y)) }
        // (x / y)·y = x and x·(1 / y) = x / y.
        if let (x, y) = arguments(.divide, of: a) {
            if y == b { return x }
            if constantValue(x) == 1 { return quotient(b, y) }
        }
        if let (x, y) = arguments(.divide, of: b) {
            if y == a { return x }
            if constantValue(x) == 1 { return quotient(a, y) }
        }
        let (base, n) = integerPower(a)
        let (otherBase, m) = integerPower(b)
        if base == otherBase { return power(base, constant(n + m)) }
        return nil
    }

    private func simplerQuotient(_ a: Term, _ b: Term, _ first: Double?, _ second: Double?) -> Term? {
        if first == 0, second != 0 { return constant(0) }
        if second == 1 { return a }
        if second == -1 { return negated(a) }
        if a == b { return constant(1) }
        // Division by a power of two is exact as a product.
        if let second, second.isNormal, second.significand == 1, (1 / second).isNormal {
            return product(constant(1 / second), a)
        }
        if let x = argument(.negate, of: a) { return negated(quotient(x, b)) }
        if let y = argument(.negate, of: b) { return negated(quotient(a, y)) }
        return exactQuotientOfProduct(a, by: b)
    }

    /// a / b where b is one of a's factors.
    private func exactQuotientOfProduct(_ a: Term, by b: Term) -> Term? {
        if let (x, y) = arguments(.multiply, of: a) {
            if x == b { return y }
            if y == b { return x }
        }
        let (base, n) = integerPower(a)
        let (otherBase, m) = integerPower(b)
        if base == otherBase {
            if n > m { return power(base, constant(n - m)) }
            if m > n { return quotient(constant(1), power(base, constant(m - n))) }
        }
        return nil
    }

    private func simplerPower(_ a: Term, _ b: Term, _ first: Double?, _ second: Double?) -> Term? {
        if first == 1 { return a }
        if let second {
            switch second {
            case 0: return constant(1)
            case 1: return a
            case 0.5: return apply(.sqrt, a)
            case -1: return quotient(constant(1), a)
            default: break
            }
            if second.rounded() == second, abs(second) <= 64 {
                if let (base, inner) = arguments(.power, of: a), let n = constantValue(inner), n.rounded() == n,
                    abs(n * second) <= 64
                {
                    return power(base, constant(n * second))
                }
                if let x = argument(.negate, of: a) {
                    let even = power(x, b)
                    return second.truncatingRemainder(dividingBy: 2) == 0 ? even : negated(even)
                }
                if second < 0 { return quotient(constant(1), power(a, constant(-second))) }
                return nil
            }
            // Large integer powers go through the logarithm, of the magnitude.
            if second.rounded() == second, argument(.abs, of: a) == nil, argument(.exp, of: a) == nil {
                let magnitude = intern(.binary(.power, apply(.abs, a), b))
                let even = second.truncatingRemainder(dividingBy: 2) == 0
                return even ? magnitude : product(apply(.sign, a), magnitude)
            }
        }
        // (eˣ)ʸ = e^(x·y): saves the logarithm.
        if let x = argument(.exp, of: a) { return exp(product(x, b)) }
        return nil
    }
}

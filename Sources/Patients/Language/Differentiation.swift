// Symbolic derivatives of a graph's terms, shared as far as the terms are, and exact division by an input.

extension ExpressionGraph {
    /// ∂term/∂input. `if`, `min`, `max` and `abs` are differentiated piece by piece (at a kink: the piece that the
    /// value comes from); comparisons, `floor`, `ceil`, `round` and `sign` have derivative 0.
    public func derivative(of term: Term, withRespectTo slot: Int) -> Term {
        if let known = derivatives[slot]?[term] { return known }
        var found = derivatives.removeValue(forKey: slot) ?? [:]
        let zero = constant(0)
        for node in reachable(from: [term]) where found[node] == nil {
            found[node] = rule(node, slot: slot, zero: zero) { found[$0] ?? zero }
        }
        derivatives[slot] = found
        return found[term] ?? zero
    }

    private func rule(_ node: Term, slot: Int, zero: Term, _ d: (Term) -> Term) -> Term {
        switch self[node] {
        case .constant: return zero
        case .input(let own): return Int(own) == slot ? constant(1) : zero
        case .unary(let operation, let a):
            let da = d(a)
            return da == zero ? zero : unaryRule(operation, node, a, da)
        case .binary(let operation, let a, let b):
            let (da, db) = (d(a), d(b))
            return da == zero && db == zero ? zero : binaryRule(operation, node, a, b, da, db)
        case .select(let condition, let a, let b):
            return select(condition, d(a), d(b))
        }
    }

    private func unaryRule(_ operation: UnaryOperation, _ node: Term, _ a: Term, _ da: Term) -> Term {
        switch operation {
        case .negate: return negated(da)
        case .exp: return product(node, da)
        case .log: return quotient(da, a)
        case .log10: return product(constant(0.43429448190325182765), quotient(da, a))  // 1 / ln 10
        case .sqrt: return quotient(product(constant(0.5), da), node)
        case .abs: return product(apply(.sign, a), da)
        case .tanh: return product(difference(constant(1), product(node, node)), da)
        case .sin: return product(apply(.cos, a), da)
        case .cos: return negated(product(apply(.sin, a), da))
        case .not, .sign, .floor, .ceil, .round: return constant(0)
        }
    }

    private func binaryRule(
        _ operation: BinaryOperation, _ node: Term, _ a: Term, _ b: Term, _ da: Term, _ db: Term
    ) -> Term {
        let zero = constant(0)
        switch operation {
        case .add: return sum(da, db)
        case .subtract: return difference(da, db)
        case .multiply: return sum(product(da, b), product(a, db))
        case .divide:
            // (a / b)′ = (a′ − (a / b)·b′) / b
            return quotient(difference(da, product(node, db)), b)
        case .power:
            // (aᵇ)′ = b·aᵇ⁻¹·a′ + aᵇ·ln(a)·b′; the logarithm is left out at a = 0, where the second term is 0.
            var result = zero
            if da != zero { result = product(product(b, power(a, difference(b, constant(1)))), da) }
            if db != zero {
                let logarithm = select(apply(.equal, a, zero), zero, log(a))
                result = sum(result, product(product(node, logarithm), db))
            }
            return result
        case .minimum: return select(apply(.less, a, b), da, db)
        case .maximum: return select(apply(.less, b, a), da, db)
        case .less, .lessOrEqual, .equal, .notEqual, .and, .or: return zero
        }
    }

    /// term / input. The division is carried through sums, products, powers and branches wherever the input is a
    /// factor, so that (a·T·(1 − b·T) − c·N·T) / T is a·(1 − b·T) − c·N; what it is not a factor of stays a quotient.
    public func divide(_ term: Term, by slot: Int) -> Term {
        let divisor = input(slot)
        let nodes = reachable(from: [term])
        var exact: [Term: Term] = [:]
        for node in nodes { exact[node] = exactQuotient(node, divisor: divisor) { exact[$0] } }
        // A sum of which only some terms have the factor is divided term by term; that can start at the top only.
        var open: Set<Term> = [term]
        for node in nodes.reversed() where open.contains(node) && exact[node] == nil {
            switch self[node] {
            case .binary(.add, let a, let b), .binary(.subtract, let a, let b): open.formUnion([a, b])
            case .unary(.negate, let a): open.insert(a)
            case .select(_, let a, let b): open.formUnion([a, b])
            default: break
            }
        }
        var divided: [Term: Term] = [:]
        for node in nodes where open.contains(node) {
            func part(_ child: Term) -> Term { divided[child] ?? quotient(child, divisor) }
            if let whole = exact[node] {
                divided[node] = whole
                continue
            }
            switch self[node] {
            case .binary(.add, let a, let b): divided[node] = sum(part(a), part(b))
            case .binary(.subtract, let a, let b): divided[node] = difference(part(a), part(b))
            case .unary(.negate, let a): divided[node] = negated(part(a))
            case .select(let condition, let a, let b): divided[node] = select(condition, part(a), part(b))
            default: divided[node] = quotient(node, divisor)
            }
        }
        return divided[term] ?? quotient(term, divisor)
    }

    /// The quotient where the divisor is a factor of the node, given its children's.
    private func exactQuotient(_ node: Term, divisor: Term, _ known: (Term) -> Term?) -> Term? {
        if node == divisor { return constant(1) }
        switch self[node] {
        case .constant(let bits): return Double(bitPattern: bits) == 0 ? node : nil
        case .unary(.negate, let a): return known(a).map { negated($0) }
        case .binary(.add, let a, let b):
            if let x = known(a), let y = known(b) { return sum(x, y) }
        case .binary(.subtract, let a, let b):
            if let x = known(a), let y = known(b) { return difference(x, y) }
        case .binary(.multiply, let a, let b):
            if let x = known(a) { return product(x, b) }
            if let y = known(b) { return product(a, y) }
        case .binary(.divide, let a, let b):
            if let x = known(a) { return quotient(x, b) }
        case .binary(.power, let a, let b):
            if a == divisor { return power(a, difference(b, constant(1))) }
        case .select(let condition, let a, let b):
            if let x = known(a), let y = known(b) { return select(condition, x, y) }
        default: break
        }
        return nil
    }
}

// How units go through operators and functions, and what is said when they do not fit.

struct UnitRules {
    let graph: ExpressionGraph
    /// Place of the operator or function at hand.
    let offset: Int

    /// A unit as it is named in a sentence.
    static func name(_ unit: PhysicalUnit) -> String {
        unit.isDimensionless && unit.description == "1" ? "no unit" : "\(unit)"
    }

    /// What to multiply by to get from one unit to the other, where they measure the same.
    static func conversion(from: PhysicalUnit, to: PhysicalUnit) -> String? {
        guard let ratio = from.ratio(to: to) else { return nil }
        let whole = ratio.rounded()
        if whole >= 1, abs(ratio - whole) < 1e-9 * whole {
            return "nothing is converted silently: multiply by \(shortNumber(whole))[\(to / from)]"
        }
        let inverse = (1 / ratio).rounded()
        if inverse >= 1, abs(1 / ratio - inverse) < 1e-9 * inverse {
            return "nothing is converted silently: divide by \(shortNumber(inverse))[\(from / to)]"
        }
        return "nothing is converted silently: multiply by \(shortNumber(ratio))[\(to / from)]"
    }

    func truth(_ term: Term) -> Quantity { Quantity(term: term, unit: .dimensionless) }

    /// A term that is used as a condition.
    func condition(_ quantity: Quantity, _ user: String) throws(ExpressionError) -> Term {
        if quantity.unit.isDimensionless || quantity.fitsAnyUnit { return quantity.term }
        throw ExpressionError(
            utf8Offset: offset,
            message: "\(user) needs a condition, not a quantity in \(UnitRules.name(quantity.unit))",
            remedy: "compare it with something, as in x > 1[\(quantity.unit)]")
    }

    func dimensionless(_ quantity: Quantity, _ function: String) throws(ExpressionError) -> Term {
        if quantity.unit.isDimensionless { return quantity.term }
        throw ExpressionError(
            utf8Offset: offset,
            message: "\(function) needs a plain number, and this is in \(UnitRules.name(quantity.unit))",
            remedy: "divide by a reference, as in \(function)(x / 1[\(quantity.unit)])")
    }

    /// The unit that all of these share.
    func common(_ quantities: [Quantity], _ verb: String) throws(ExpressionError) -> Quantity {
        guard let first = quantities.first(where: { !$0.fitsAnyUnit }) else { return quantities[0] }
        for other in quantities where !other.fitsAnyUnit && other.unit != first.unit {
            throw ExpressionError(
                utf8Offset: offset,
                message: "cannot \(verb) \(UnitRules.name(first.unit)) and \(UnitRules.name(other.unit))",
                remedy: UnitRules.conversion(from: other.unit, to: first.unit))
        }
        return first
    }

    func binary(_ operation: Formula.Operator, _ a: Quantity, _ b: Quantity) throws(ExpressionError) -> Quantity {
        switch operation {
        case .add, .subtract:
            let shared = try common([a, b], operation == .add ? "add" : "subtract")
            let term = operation == .add ? graph.sum(a.term, b.term) : graph.difference(a.term, b.term)
            return Quantity(term: term, unit: shared.unit, fitsAnyUnit: a.fitsAnyUnit && b.fitsAnyUnit)
        case .multiply:
            return Quantity(
                term: graph.product(a.term, b.term), unit: a.unit * b.unit,
                fitsAnyUnit: a.fitsAnyUnit || b.fitsAnyUnit)
        case .divide:
            return Quantity(
                term: graph.quotient(a.term, b.term), unit: a.unit / b.unit, fitsAnyUnit: a.fitsAnyUnit)
        case .power: return try power(a, b)
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
            _ = try common([a, b], "compare")
            return truth(comparison(operation, a.term, b.term))
        case .and:
            return truth(graph.apply(.and, try condition(a, "and"), try condition(b, "and")))
        case .or:
            return truth(graph.apply(.or, try condition(a, "or"), try condition(b, "or")))
        }
    }

    private func comparison(_ operation: Formula.Operator, _ a: Term, _ b: Term) -> Term {
        switch operation {
        case .less: graph.apply(.less, a, b)
        case .lessOrEqual: graph.apply(.lessOrEqual, a, b)
        case .greater: graph.apply(.less, b, a)
        case .greaterOrEqual: graph.apply(.lessOrEqual, b, a)
        case .equal: graph.apply(.equal, a, b)
        default: graph.apply(.notEqual, a, b)
        }
    }

    private func power(_ base: Quantity, _ exponent: Quantity) throws(ExpressionError) -> Quantity {
        guard exponent.unit.isDimensionless else {
            throw ExpressionError(
                utf8Offset: offset, message: "an exponent is a plain number, and this is in \(exponent.unit)",
                remedy: "divide it by a reference, as in x / 1[\(exponent.unit)]")
        }
        let term = graph.power(base.term, exponent.term)
        if base.unit.isDimensionless { return Quantity(term: term, unit: .dimensionless) }
        guard let value = graph.constantValue(exponent.term) else {
            throw ExpressionError(
                utf8Offset: offset,
                message: "what is in \(UnitRules.name(base.unit)) can only be raised to a number that is written out",
                remedy: "divide by a reference first, as in (x / 1[\(base.unit)])^y")
        }
        guard abs(value) <= 16 else {
            throw ExpressionError(utf8Offset: offset, message: "the exponent of a quantity with a unit is at most 16")
        }
        return Quantity(term: term, unit: base.unit.raised(to: value))
    }

    func call(_ function: Function, _ arguments: [Quantity]) throws(ExpressionError) -> Quantity {
        let name = function.rawValue
        let first = arguments[0]
        switch function {
        case .exp: return plain(.exp, try dimensionless(first, name))
        case .log: return plain(.log, try dimensionless(first, name))
        case .log10: return plain(.log10, try dimensionless(first, name))
        case .tanh: return plain(.tanh, try dimensionless(first, name))
        case .sin: return plain(.sin, try dimensionless(first, name))
        case .cos: return plain(.cos, try dimensionless(first, name))
        case .tan:
            let angle = try dimensionless(first, name)
            return truth(graph.quotient(graph.apply(.sin, angle), graph.apply(.cos, angle)))
        case .floor: return plain(.floor, try dimensionless(first, name))
        case .ceil: return plain(.ceil, try dimensionless(first, name))
        case .round: return plain(.round, try dimensionless(first, name))
        case .sign: return plain(.sign, first.term)
        case .abs:
            return Quantity(term: graph.apply(.abs, first.term), unit: first.unit, fitsAnyUnit: first.fitsAnyUnit)
        case .sqrt:
            return Quantity(
                term: graph.apply(.sqrt, first.term), unit: first.unit.raised(to: 0.5), fitsAnyUnit: first.fitsAnyUnit)
        case .min, .max:
            let shared = try common(arguments, "compare")
            let operation = function == .min ? BinaryOperation.minimum : .maximum
            let term = arguments.dropFirst().reduce(first.term) { graph.apply(operation, $0, $1.term) }
            return Quantity(term: term, unit: shared.unit, fitsAnyUnit: shared.fitsAnyUnit)
        case .clamp:
            let shared = try common(arguments, "compare")
            let raised = graph.apply(.maximum, first.term, arguments[1].term)
            return Quantity(term: graph.apply(.minimum, raised, arguments[2].term), unit: shared.unit)
        case .mod:
            // x − y·⌊x / y⌋
            let shared = try common(arguments, "divide with remainder")
            let whole = graph.apply(.floor, graph.quotient(first.term, arguments[1].term))
            let term = graph.difference(first.term, graph.product(arguments[1].term, whole))
            return Quantity(term: term, unit: shared.unit)
        case .if:
            let condition = try condition(first, "if")
            let shared = try common(Array(arguments[1...]), "choose between")
            let term = graph.select(condition, arguments[1].term, arguments[2].term)
            return Quantity(term: term, unit: shared.unit, fitsAnyUnit: shared.fitsAnyUnit)
        }
    }

    private func plain(_ operation: UnaryOperation, _ term: Term) -> Quantity {
        truth(graph.apply(operation, term))
    }
}

// From a parsed expression to a term with a unit: names are looked up, units checked, functions applied.

extension SymbolTable {
    /// Resolves an expression to a term of the table's graph, checking units on the way.
    public func resolve(_ formula: Formula) throws(ExpressionError) -> Quantity {
        // What stands inside a call with a handler is the handler's business. A function that does not exist is
        // complained of before its arguments, which may be names that only it would know.
        var isOurs = [Bool](repeating: true, count: formula.nodes.count)
        for (index, node) in formula.nodes.enumerated().reversed() where isOurs[index] {
            guard case .call(let name) = node.kind else { continue }
            if handlers[name] != nil {
                for inner in node.first..<index { isOurs[inner] = false }
            } else if Function(rawValue: name) == nil {
                throw unknownFunction(name, at: node.offset)
            }
        }
        var values: [Quantity?] = []
        values.reserveCapacity(formula.nodes.count)
        for (index, node) in formula.nodes.enumerated() {
            guard isOurs[index] else {
                values.append(nil)
                continue
            }
            if case .call(let name) = node.kind, let handler = handlers[name] {
                let arguments = node.children.map { formula.part($0) }
                values.append(
                    try handler(CallSite(name: name, utf8Offset: node.offset, arguments: arguments), self))
                continue
            }
            values.append(try resolve(node, node.children.compactMap { values[$0] }))
        }
        guard let last = values.last, let result = last else {
            throw ExpressionError(utf8Offset: 0, message: "the expression is empty")
        }
        return result
    }

    private func resolve(_ node: Formula.Node, _ arguments: [Quantity]) throws(ExpressionError) -> Quantity {
        let rules = UnitRules(graph: graph, offset: node.offset)
        switch node.kind {
        case .number(let value, let unit):
            return Quantity(
                term: graph.constant(value), unit: unit ?? .dimensionless, fitsAnyUnit: value == 0 && unit == nil)
        case .name(let name): return try lookUp(name, at: node.offset)
        case .negate:
            var result = arguments[0]
            result.term = graph.negated(result.term)
            return result
        case .not: return rules.truth(graph.apply(.not, try rules.condition(arguments[0], "not")))
        case .binary(let operation): return try rules.binary(operation, arguments[0], arguments[1])
        case .call(let name): return try call(name, arguments, rules)
        }
    }

    private func lookUp(_ name: String, at offset: Int) throws(ExpressionError) -> Quantity {
        switch entries[name] {
        case .quantity(let quantity)?: return quantity
        case .faulty?:
            throw ExpressionError(
                utf8Offset: offset, message: "the definition of '\(name)' is at fault", isConsequence: true)
        case nil: break
        }
        if name == "pi" { return Quantity(term: graph.constant(.pi), unit: .dimensionless) }
        let shown = name.utf8.count > 64 ? "\(name.prefix(40))…" : name
        if let explanation = elsewhere[name] {
            throw ExpressionError(utf8Offset: offset, message: "'\(name)' \(explanation)")
        }
        if Function(rawValue: name) != nil || handlers[name] != nil {
            throw ExpressionError(
                utf8Offset: offset, message: "'\(name)' is a function and needs its argument in parentheses")
        }
        let guess = Spelling.closest(to: name, among: names)
        throw ExpressionError(
            utf8Offset: offset, message: "nothing is called '\(shown)'", remedy: guess.map { "did you mean \($0)?" })
    }

    /// Names that other languages have, and what they are called here.
    private static let otherNames = [
        "ln": "log", "pow": "^ (as in x^2)", "fabs": "abs", "ceiling": "ceil", "log2": "log(x) / log(2)",
        "heaviside": "if(x > 0, 1, 0)", "ifelse": "if", "where": "if", "square": "x^2", "fmax": "max", "fmin": "min",
        "pmax": "max", "pmin": "min", "power": "^ (as in x^2)", "log1p": "log(1 + x)", "expm1": "exp(x) - 1",
    ]

    private func unknownFunction(_ name: String, at offset: Int) -> ExpressionError {
        let known = Function.allCases.map(\.rawValue) + handlers.keys.sorted()
        var remedy = SymbolTable.otherNames[name].map { "write \($0)" }
        if remedy == nil, entries[name] != nil { remedy = "products are written with *: \(name)*(…)" }
        if remedy == nil, let guess = Spelling.closest(to: name, among: known) { remedy = "did you mean \(guess)?" }
        let shown = name.utf8.count > 64 ? "\(name.prefix(40))…" : name
        return ExpressionError(utf8Offset: offset, message: "there is no function '\(shown)'", remedy: remedy)
    }

    private func call(
        _ name: String, _ arguments: [Quantity], _ rules: UnitRules
    ) throws(ExpressionError) -> Quantity {
        guard let function = Function(rawValue: name) else { throw unknownFunction(name, at: rules.offset) }
        guard function.argumentCount.contains(arguments.count) else {
            throw ExpressionError(
                utf8Offset: rules.offset,
                message: "\(name) takes \(function.argumentText), not \(arguments.count)",
                remedy: "write \(function.example)")
        }
        return try rules.call(function, arguments)
    }
}

/// The functions of the language.
enum Function: String, CaseIterable, Sendable {
    case exp, log, log10, sqrt, abs, sign, floor, ceil, round, tanh, sin, cos, tan, min, max, clamp, mod
    case `if`

    var argumentCount: ClosedRange<Int> {
        switch self {
        case .min, .max: 2...64
        case .mod: 2...2
        case .clamp, .if: 3...3
        default: 1...1
        }
    }

    var argumentText: String {
        switch self {
        case .min, .max: "two arguments or more"
        case .mod: "two arguments"
        case .clamp, .if: "three arguments"
        default: "one argument"
        }
    }

    var example: String {
        switch self {
        case .min, .max: "\(rawValue)(x, y)"
        case .mod: "mod(x, period)"
        case .clamp: "clamp(x, low, high)"
        case .if: "if(condition, x, y)"
        default: "\(rawValue)(x)"
        }
    }
}

// Reads tokens into a formula by precedence climbing.

struct FormulaParser {
    private let tokens: [Token]
    private var position = 0
    private var nodes: [Formula.Node] = []

    init(tokens: [Token]) { self.tokens = tokens }

    mutating func parse() throws(ExpressionError) -> [Formula.Node] {
        if current.kind == .end {
            throw ExpressionError(utf8Offset: current.offset, message: "the expression is empty")
        }
        _ = try expression(minimum: 0, depth: 0)
        if current.kind != .end { throw leftover() }
        return nodes
    }

    private var current: Token { tokens[position] }

    private mutating func advance() { if position < tokens.count - 1 { position += 1 } }

    private func leftover() -> ExpressionError {
        let token = current
        switch token.kind {
        case .symbol(")"):
            return ExpressionError(utf8Offset: token.offset, message: "this ) closes nothing")
        case .symbol(","):
            return ExpressionError(utf8Offset: token.offset, message: "a comma only separates a function's arguments")
        case .symbol("("), .number, .name:
            return ExpressionError(
                utf8Offset: token.offset, message: "an operator is missing before \(token.quoted)",
                remedy: "products are written with *")
        default:
            return ExpressionError(utf8Offset: token.offset, message: "\(token.quoted) cannot stand here")
        }
    }

    /// Appends a node; children precede it.
    private mutating func append(_ kind: Formula.Node.Kind, at offset: Int, textStart: Int, _ children: [Int]) -> Int {
        nodes.append(
            Formula.Node(
                kind: kind, offset: offset, textStart: textStart,
                first: children.first.map { nodes[$0].first } ?? nodes.count, children: children))
        return nodes.count - 1
    }

    private func checkDepth(_ depth: Int) throws(ExpressionError) {
        if depth > Formula.maximumDepth {
            throw ExpressionError(
                utf8Offset: current.offset, message: "the expression is nested deeper than \(Formula.maximumDepth)",
                remedy: "give parts of it names of their own under definitions")
        }
    }

    private mutating func expression(minimum: Int, depth: Int) throws(ExpressionError) -> Int {
        try checkDepth(depth)
        var left = try prefix(minimum: minimum, depth: depth)
        var comparedAlready = false
        while case .symbol(let symbol) = current.kind, let operation = Formula.Operator(rawValue: symbol),
            operation.precedence >= minimum
        {
            let token = current
            if operation.isComparison {
                if comparedAlready {
                    throw ExpressionError(
                        utf8Offset: token.offset, message: "comparisons cannot be chained",
                        remedy: "write a < b and b < c")
                }
                comparedAlready = true
            } else if operation.precedence < Formula.Precedence.comparison {
                comparedAlready = false
            }
            advance()
            let right =
                operation == .power
                ? try expression(minimum: Formula.Precedence.sign, depth: depth + 1)
                : try expression(minimum: operation.precedence + 1, depth: depth)
            left = append(
                .binary(operation), at: token.offset, textStart: nodes[left].textStart, [left, right])
        }
        return left
    }

    private mutating func prefix(minimum: Int, depth: Int) throws(ExpressionError) -> Int {
        let token = current
        switch token.kind {
        case .number(let value, let unit):
            advance()
            return append(.number(value, unit), at: token.offset, textStart: token.offset, [])
        case .name(let name):
            advance()
            guard current.kind == .symbol("(") else {
                return append(.name(name), at: token.offset, textStart: token.offset, [])
            }
            return try call(name, token, depth: depth)
        case .symbol("("):
            advance()
            let inside = try expression(minimum: 0, depth: depth + 1)
            try expectClosing(openedAt: token.offset)
            return inside
        case .symbol("-"):
            advance()
            let operand = try expression(minimum: Formula.Precedence.power, depth: depth + 1)
            return append(.negate, at: token.offset, textStart: token.offset, [operand])
        case .symbol("+"):
            advance()
            return try expression(minimum: Formula.Precedence.power, depth: depth + 1)
        case .symbol("not"):
            guard minimum <= Formula.Precedence.not else {
                throw ExpressionError(
                    utf8Offset: token.offset, message: "'not' binds looser than what stands before it",
                    remedy: "put it in parentheses: (not …)")
            }
            advance()
            let operand = try expression(minimum: Formula.Precedence.not, depth: depth + 1)
            return append(.not, at: token.offset, textStart: token.offset, [operand])
        case .end:
            throw ExpressionError(utf8Offset: token.offset, message: "the expression ends where a value is expected")
        case .symbol:
            throw ExpressionError(
                utf8Offset: token.offset, message: "a value is expected here, not \(token.quoted)")
        }
    }

    private mutating func call(_ name: String, _ token: Token, depth: Int) throws(ExpressionError) -> Int {
        let opening = current.offset
        advance()
        var arguments: [Int] = []
        let first = nodes.count
        if current.kind != .symbol(")") {
            while true {
                arguments.append(try expression(minimum: 0, depth: depth + 1))
                guard current.kind == .symbol(",") else { break }
                advance()
            }
        }
        try expectClosing(openedAt: opening)
        let index = append(.call(name), at: token.offset, textStart: token.offset, arguments)
        nodes[index].first = first
        return index
    }

    private mutating func expectClosing(openedAt opening: Int) throws(ExpressionError) {
        if current.kind == .symbol(")") {
            advance()
            return
        }
        if current.kind == .end {
            throw ExpressionError(utf8Offset: opening, message: "this ( is not closed")
        }
        throw leftover()
    }
}

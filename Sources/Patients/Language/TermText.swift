// Terms back to text: what the simplified, differentiated or substituted expression looks like.

extension ExpressionGraph {
    /// A term as text that the language reads back (`sign`, comparisons and all); parts longer than `limit` characters
    /// are shown as `…`, since shared parts are written out wherever they occur.
    /// - Parameter name: the name of an input.
    public func text(_ term: Term, limit: Int = 4000, name: (Int) -> String) -> String {
        typealias Level = Formula.Precedence
        var texts: [Term: (text: String, level: Int)] = [:]
        for node in reachable(from: [term]) {
            func wrapped(_ child: Term, _ level: Int) -> String {
                guard let (text, own) = texts[child] else { return "…" }
                return own < level ? "(\(text))" : text
            }
            func list(_ children: Term...) -> String { children.map { wrapped($0, 0) }.joined(separator: ", ") }
            var result: (text: String, level: Int)
            switch self[node] {
            case .constant(let bits):
                let value = Double(bitPattern: bits)
                result = (shortNumber(value), value < 0 ? Level.sign : Level.primary)
            case .input(let slot): result = (name(Int(slot)), Level.primary)
            case .unary(.negate, let a): result = ("-" + wrapped(a, Level.sign), Level.sign)
            case .unary(.not, let a): result = ("not " + wrapped(a, Level.not), Level.not)
            case .unary(let operation, let a): result = ("\(operation)(\(list(a)))", Level.primary)
            case .binary(.minimum, let a, let b): result = ("min(\(list(a, b)))", Level.primary)
            case .binary(.maximum, let a, let b): result = ("max(\(list(a, b)))", Level.primary)
            case .binary(let operation, let a, let b):
                let sign = operation.sign
                let level = sign.precedence
                let isPower = sign == .power
                let left = wrapped(a, isPower || sign.isComparison ? level + 1 : level)
                let right = wrapped(b, isPower ? Level.sign : level + 1)
                let tight = isPower || sign == .multiply || sign == .divide
                result = (left + (tight ? sign.rawValue : " \(sign.rawValue) ") + right, level)
            case .select(let c, let a, let b): result = ("if(\(list(c, a, b)))", Level.primary)
            }
            if result.text.utf8.count > limit { result = ("…", Level.primary) }
            texts[node] = result
        }
        return texts[term]?.text ?? "…"
    }
}

extension BinaryOperation {
    /// The operator it is written with (`min` and `max` are written as calls).
    fileprivate var sign: Formula.Operator {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .power: .power
        case .less, .minimum: .less
        case .lessOrEqual, .maximum: .lessOrEqual
        case .equal: .equal
        case .notEqual: .notEqual
        case .and: .and
        case .or: .or
        }
    }
}

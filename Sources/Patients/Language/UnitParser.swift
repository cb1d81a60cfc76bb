// Reads units: `mg/L`, `cell^2/d^2`, `1/(cell d)`, `mL/min/kg`, `10^9/L`, `%`, or nothing at all for a plain number.

extension PhysicalUnit {
    /// Reads a unit. Products are written with a blank, `*` or `·`; `/` divides by the one factor or parenthesis that
    /// follows it (so `1/cell d` is refused as ambiguous: write `1/(cell d)` or `d/cell`).
    public init(parsing text: String) throws(ExpressionError) {
        var parser = UnitParser(text)
        self = try parser.parse()
    }
}

struct UnitParser {
    static let maximumLength = 256
    static let maximumDepth = 16
    private let scalars: [(scalar: Unicode.Scalar, offset: Int)]
    private var position = 0
    private let end: Int

    init(_ text: String) {
        var scalars: [(scalar: Unicode.Scalar, offset: Int)] = []
        var offset = 0
        for scalar in text.unicodeScalars.prefix(UnitParser.maximumLength + 1) {
            scalars.append((scalar, offset))
            offset += scalar.utf8.count
        }
        self.scalars = scalars
        end = offset
    }

    mutating func parse() throws(ExpressionError) -> PhysicalUnit {
        guard scalars.count <= UnitParser.maximumLength else {
            throw ExpressionError(utf8Offset: 0, message: "a unit has at most \(UnitParser.maximumLength) characters")
        }
        skipBlanks()
        if current == nil { return .dimensionless }
        let unit = try product(depth: 0)
        if current != nil { throw unexpected() }
        guard unit.scale.isNormal, unit.dimension.exponents.max() < 1e3, unit.dimension.exponents.min() > -1e3 else {
            throw ExpressionError(utf8Offset: 0, message: "this unit is too large or too small to reckon with")
        }
        return unit
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position].scalar : nil }
    private var offset: Int { position < scalars.count ? scalars[position].offset : end }

    private mutating func skipBlanks() {
        while let scalar = current, scalar == " " || scalar == "\t" { position += 1 }
    }

    private func unexpected() -> ExpressionError {
        guard let scalar = current else {
            return ExpressionError(utf8Offset: offset, message: "the unit ends too early")
        }
        return ExpressionError(
            utf8Offset: offset, message: "'\(scalar)' cannot stand here in a unit",
            remedy: "units look like mg/L, 1/(cell d), cell^2/d^2")
    }

    private mutating func product(depth: Int) throws(ExpressionError) -> PhysicalUnit {
        var unit = try factor(depth: depth)
        var divided = false
        while true {
            let before = position
            skipBlanks()
            guard let scalar = current, scalar != ")" else { return unit }
            if scalar == "/" {
                position += 1
                unit = unit / (try factor(depth: depth))
                divided = true
            } else {
                let explicit = scalar == "*" || scalar == "·" || scalar == "⋅"
                if explicit {
                    position += 1
                } else if position == before {
                    throw unexpected()
                }
                if divided {
                    throw ExpressionError(
                        utf8Offset: offset, message: "a unit after / is ambiguous here",
                        remedy: "put what is below the line in parentheses, as in 1/(cell d)")
                }
                unit = unit * (try factor(depth: depth))
            }
        }
    }

    private mutating func factor(depth: Int) throws(ExpressionError) -> PhysicalUnit {
        skipBlanks()
        guard let scalar = current else { throw unexpected() }
        var unit: PhysicalUnit
        if scalar == "(" {
            guard depth < UnitParser.maximumDepth else {
                throw ExpressionError(utf8Offset: offset, message: "parentheses are nested too deep in this unit")
            }
            position += 1
            unit = try product(depth: depth + 1)
            guard current == ")" else {
                throw ExpressionError(utf8Offset: offset, message: "a closing parenthesis is missing in the unit")
            }
            position += 1
        } else if scalar.value < 128, ("0"..."9").contains(scalar) {
            let start = offset
            let value = try number()
            guard value > 0, value.isFinite else {
                throw ExpressionError(utf8Offset: start, message: "a number in a unit must be positive")
            }
            unit = PhysicalUnit(factors: [], multiplier: value)
        } else {
            unit = try symbol()
        }
        if current == "²" || current == "³" {
            let exponent: Double = current == "²" ? 2 : 3
            position += 1
            return unit.raised(to: exponent)
        }
        if current == "^" {
            position += 1
            var sign = 1.0
            if current == "-" {
                sign = -1
                position += 1
            }
            let start = offset
            guard let digit = current, ("0"..."9").contains(digit) else {
                throw ExpressionError(utf8Offset: start, message: "an exponent in a unit is a number, as in d^2")
            }
            let exponent = try number()
            guard exponent <= 16 else {
                throw ExpressionError(utf8Offset: start, message: "the exponent of a unit is at most 16")
            }
            unit = unit.raised(to: sign * exponent)
        }
        return unit
    }

    private mutating func number() throws(ExpressionError) -> Double {
        let start = offset
        var text = ""
        var last: Unicode.Scalar = " "
        while let scalar = current {
            let digit = ("0"..."9").contains(scalar) || scalar == "."
            let exponentMark = (scalar == "e" || scalar == "E") && startsExponent(at: position + 1)
            let exponentSign = (scalar == "-" || scalar == "+") && (last == "e" || last == "E")
            guard digit || exponentMark || exponentSign else { break }
            text.unicodeScalars.append(scalar)
            last = scalar
            position += 1
        }
        guard let value = Double(text) else {
            throw ExpressionError(utf8Offset: start, message: "'\(text)' is not a number")
        }
        return value
    }

    private func startsExponent(at index: Int) -> Bool {
        guard index < scalars.count else { return false }
        let scalar = scalars[index].scalar
        if ("0"..."9").contains(scalar) { return true }
        guard scalar == "-" || scalar == "+", index + 1 < scalars.count else { return false }
        return ("0"..."9").contains(scalars[index + 1].scalar)
    }

    private mutating func symbol() throws(ExpressionError) -> PhysicalUnit {
        let start = offset
        var name = ""
        if current == "%" {
            name = "%"
            position += 1
        } else {
            while let scalar = current, isSymbolScalar(scalar) {
                name.unicodeScalars.append(scalar)
                position += 1
            }
        }
        if name.isEmpty { throw unexpected() }
        let canonical = UnitSymbol.aliases[name] ?? name
        guard UnitSymbol.known[canonical] != nil else {
            let guess = Spelling.closest(to: name, among: UnitSymbol.known.keys.sorted())
            throw ExpressionError(
                utf8Offset: start, message: "'\(name)' is not a known unit", remedy: guess.map { "did you mean \($0)?" }
            )
        }
        return PhysicalUnit(factors: [Factor(symbol: canonical, exponent: 1)])
    }

    private func isSymbolScalar(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
            || scalar == "_" || scalar == "µ" || scalar == "μ"
    }

    private typealias Factor = PhysicalUnit.Factor
}

// Cuts the text of an expression into tokens, each with its place.

struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case number(Double, PhysicalUnit?)
        case name(String)
        /// An operator, parenthesis or comma as written; `and`, `or` and `not` among them.
        case symbol(String)
        case end
    }
    var kind: Kind
    var offset: Int

    /// As it is quoted in a complaint.
    var quoted: String {
        switch kind {
        case .number(let value, _): shortNumber(value)
        case .name(let name): "'\(name.count > 40 ? name.prefix(40) + "…" : name)'"
        case .symbol(let text): "'\(text)'"
        case .end: "the end"
        }
    }
}

struct Lexer {
    private let bytes: [UInt8]
    private let text: String
    private var position = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    static func tokens(of text: String) throws(ExpressionError) -> [Token] {
        guard text.utf8.count <= Formula.maximumLength else {
            throw ExpressionError(
                utf8Offset: Formula.maximumLength,
                message: "an expression has at most \(Formula.maximumLength) characters",
                remedy: "give parts of it names of their own under definitions")
        }
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private func byte(_ ahead: Int = 0) -> UInt8 {
        position + ahead < bytes.count ? bytes[position + ahead] : 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte == 95
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [32, 9, 10, 13].contains(bytes[position]) { position += 1 }
    }

    private mutating func next() throws(ExpressionError) -> Token {
        skipBlanks()
        let start = position
        guard position < bytes.count else { return Token(kind: .end, offset: start) }
        let first = byte()
        if Lexer.isDigit(first) || (first == 46 && Lexer.isDigit(byte(1))) { return try number() }
        if Lexer.isLetter(first) { return name() }
        return try symbol()
    }

    private mutating func number() throws(ExpressionError) -> Token {
        let start = position
        while Lexer.isDigit(byte()) { position += 1 }
        if byte() == 46 {
            position += 1
            while Lexer.isDigit(byte()) { position += 1 }
        }
        if byte() == 101 || byte() == 69 {
            let signed = byte(1) == 43 || byte(1) == 45
            if Lexer.isDigit(byte(signed ? 2 : 1)) {
                position += signed ? 2 : 1
                while Lexer.isDigit(byte()) { position += 1 }
            }
        }
        if byte() == 46 {
            throw ExpressionError(utf8Offset: position, message: "a number has one decimal point")
        }
        let literal = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let value = Double(literal), value.isFinite else {
            throw ExpressionError(utf8Offset: start, message: "this number is too large for double precision")
        }
        return Token(kind: .number(value, try bracketedUnit()), offset: start)
    }

    /// A unit in brackets after a number.
    private mutating func bracketedUnit() throws(ExpressionError) -> PhysicalUnit? {
        let before = position
        skipBlanks()
        guard byte() == 91 else {
            position = before
            return nil
        }
        let opening = position
        guard let closing = bytes[opening...].firstIndex(of: 93) else {
            throw ExpressionError(utf8Offset: opening, message: "the unit's closing bracket ] is missing")
        }
        position = closing + 1
        let content = String(decoding: bytes[(opening + 1)..<closing], as: UTF8.self)
        do {
            return try PhysicalUnit(parsing: content)
        } catch {
            var moved = error
            moved.utf8Offset += opening + 1
            throw moved
        }
    }

    /// A name; dots may join names, as in `initial.T`.
    private mutating func name() -> Token {
        let start = position
        while Lexer.isLetter(byte()) || Lexer.isDigit(byte()) || (byte() == 46 && Lexer.isLetter(byte(1))) {
            position += 1
        }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        let isOperator = name == "and" || name == "or" || name == "not"
        return Token(kind: isOperator ? .symbol(name) : .name(name), offset: start)
    }

    /// What people write, and what the language calls it.
    private static let mistaken: [String: String] = [
        "**": "write ^ for a power", "&&": "write and", "||": "write or", "=": "write == to compare",
        "!": "write not", "<>": "write !=", "=<": "write <=", "=>": "write >=",
    ]

    private mutating func symbol() throws(ExpressionError) -> Token {
        let start = position
        let pair = String(decoding: bytes[start..<min(start + 2, bytes.count)], as: UTF8.self)
        if ["<=", ">=", "==", "!="].contains(pair) {
            position += 2
            return Token(kind: .symbol(pair), offset: start)
        }
        if let remedy = Lexer.mistaken[pair] {
            throw ExpressionError(utf8Offset: start, message: "'\(pair)' is not an operator here", remedy: remedy)
        }
        let single = String(decoding: bytes[start..<(start + 1)], as: UTF8.self)
        if "+-*/^<>(),".contains(single) {
            position += 1
            return Token(kind: .symbol(single), offset: start)
        }
        if let remedy = Lexer.mistaken[single] {
            throw ExpressionError(utf8Offset: start, message: "'\(single)' is not an operator here", remedy: remedy)
        }
        if single == "[" || single == "]" {
            throw ExpressionError(
                utf8Offset: start, message: "a unit in brackets belongs to a number",
                remedy: "write 1[mg/L]; names have their units where they are declared")
        }
        let character = String(text.utf8.dropFirst(start)).flatMap(\.first).map(String.init) ?? "?"
        let printable = character.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        throw ExpressionError(
            utf8Offset: start,
            message: printable
                ? "'\(character)' cannot be used in an expression" : "a control character in an expression",
            remedy: bytes[start] >= 128 ? "names are written in ASCII letters, digits and _" : nil)
    }
}

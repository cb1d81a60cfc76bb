// What names mean: inputs, constants, definitions, and calls that only the owner of the table understands.

/// A term with its unit.
public struct Quantity: Sendable {
    public var term: Term
    public var unit: PhysicalUnit
    /// True for a plain 0, which may stand for nothing of any unit.
    public var fitsAnyUnit: Bool

    public init(term: Term, unit: PhysicalUnit, fitsAnyUnit: Bool = false) {
        self.term = term
        self.unit = unit
        self.fitsAnyUnit = fitsAnyUnit
    }
}

/// A named expression. `unit` is what the file declares it to be in, and checked.
public struct Definition: Sendable {
    public var name: String
    public var formula: Formula
    public var unit: PhysicalUnit?

    public init(name: String, formula: Formula, unit: PhysicalUnit? = nil) {
        self.name = name
        self.formula = formula
        self.unit = unit
    }
}

/// A call that a handler of the table is asked to give a meaning, such as `count(chemo)`.
public struct CallSite: Sendable {
    public var name: String
    public var utf8Offset: Int
    /// The arguments, unresolved; their places are places in the whole text.
    public var arguments: [Formula]
}

/// Names and their meanings. A value: copy it to add names for one purpose without the others seeing them.
public struct SymbolTable {
    public typealias CallHandler = (CallSite, SymbolTable) throws(ExpressionError) -> Quantity

    enum Entry {
        case quantity(Quantity)
        /// Declared, but its definition is at fault.
        case faulty
    }

    /// Where all terms of this table live.
    public let graph: ExpressionGraph
    private(set) var entries: [String: Entry] = [:]
    var handlers: [String: CallHandler] = [:]
    /// Names that exist elsewhere in the file and what to say of them here (`"is a reward and cannot be used in a
    /// rate"`).
    public var elsewhere: [String: String] = [:]

    public init(graph: ExpressionGraph = ExpressionGraph()) { self.graph = graph }

    /// Words of the language, which cannot name anything.
    public static let reservedWords: Set<String> = ["and", "or", "not", "if"]

    /// Why a text cannot be a name, or nil if it can: ASCII letters, digits and `_`, not beginning with a digit, at
    /// most 64 long, parts joined by dots.
    public static func objection(toName name: String) -> String? {
        if name.isEmpty { return "a name cannot be empty" }
        if name.utf8.count > 64 { return "a name has at most 64 characters" }
        if reservedWords.contains(name) { return "'\(name)' is a word of the language" }
        guard let tokens = try? Lexer.tokens(of: name), tokens.count == 2, tokens[0].kind == .name(name) else {
            return "a name is made of ASCII letters, digits and _, and begins with a letter"
        }
        return nil
    }

    /// All names, in alphabetical order.
    public var names: [String] { entries.keys.sorted() }

    public func contains(_ name: String) -> Bool { entries[name] != nil }

    /// What a name means, if it means something.
    public func quantity(_ name: String) -> Quantity? {
        if case .quantity(let quantity)? = entries[name] { return quantity }
        return nil
    }

    /// Gives a name a meaning. Returns false, and changes nothing, where the name is taken.
    @discardableResult
    public mutating func declare(_ name: String, _ quantity: Quantity) -> Bool {
        if entries[name] != nil { return false }
        entries[name] = .quantity(quantity)
        return true
    }

    /// Declares an input: a state, a parameter, the time, a dose.
    @discardableResult
    public mutating func declare(_ name: String, slot: Int, unit: PhysicalUnit) -> Bool {
        declare(name, Quantity(term: graph.input(slot), unit: unit))
    }

    /// Declares a number that never changes.
    @discardableResult
    public mutating func declare(_ name: String, constant: Double, unit: PhysicalUnit) -> Bool {
        declare(name, Quantity(term: graph.constant(constant), unit: unit))
    }

    /// Lets a handler give meaning to calls of a name. The handler gets the table as it is at the place of the call.
    public mutating func handleCalls(of name: String, _ handler: @escaping CallHandler) { handlers[name] = handler }

    /// Declares names by their expressions, in whatever order they depend on each other, and reports every mistake
    /// with the index of the definition it is in. A faulty name can be used without further complaint.
    public mutating func define(_ definitions: [Definition]) -> [(index: Int, error: ExpressionError)] {
        var errors: [(index: Int, error: ExpressionError)] = []
        var indices: [String: Int] = [:]
        for (index, definition) in definitions.enumerated() {
            if entries[definition.name] != nil || indices[definition.name] != nil {
                errors.append(
                    (index, ExpressionError(utf8Offset: 0, message: "the name '\(definition.name)' is taken already")))
            } else {
                indices[definition.name] = index
            }
        }
        // Kahn's algorithm: resolve what depends on nothing unresolved, until only cycles and what needs them are left.
        let wanted = definitions.map { definition in
            Set(definition.formula.names.compactMap { indices[$0.name] }).sorted()
        }
        var waiting = Set(indices.values)
        var missing = wanted.map(\.count)
        var users = [[Int]](repeating: [], count: definitions.count)
        for index in waiting.sorted() {
            for needed in wanted[index] { users[needed].append(index) }
        }
        var ready = waiting.filter { missing[$0] == 0 }.sorted()
        var next = 0
        while next < ready.count {
            let index = ready[next]
            next += 1
            waiting.remove(index)
            for user in users[index] {
                missing[user] -= 1
                if missing[user] == 0 { ready.append(user) }
            }
            let definition = definitions[index]
            do {
                var quantity = try resolve(definition.formula)
                if let unit = definition.unit {
                    let term = try check(quantity, is: unit, for: definition.formula, what: "'\(definition.name)'")
                    quantity = Quantity(term: term, unit: unit)
                }
                entries[definition.name] = .quantity(quantity)
            } catch {
                entries[definition.name] = .faulty
                if !error.isConsequence { errors.append((index, error)) }
            }
        }
        for index in waiting.sorted() {
            entries[definitions[index].name] = .faulty
            guard let path = cycle(from: index, wanted: wanted) else { continue }
            let text =
                path.prefix(8).map { definitions[$0].name }.joined(separator: " → ") + (path.count > 8 ? " → …" : "")
            let place = definitions[index].formula.names.first { indices[$0.name] == path[1] }
            errors.append(
                (
                    index,
                    ExpressionError(
                        utf8Offset: place?.utf8Offset ?? 0,
                        message: "'\(definitions[index].name)' is defined by itself: \(text)")
                ))
        }
        return errors.sorted { ($0.index, $0.error.utf8Offset) < ($1.index, $1.error.utf8Offset) }
    }

    /// The shortest way from a definition back to itself.
    private func cycle(from start: Int, wanted: [[Int]]) -> [Int]? {
        var cameFrom: [Int: Int] = [:]
        var queue = [start]
        var next = 0
        while next < queue.count {
            let index = queue[next]
            next += 1
            for needed in wanted[index] {
                if needed == start {
                    var path = [start, index]
                    var step = index
                    while let before = cameFrom[step], step != start {
                        path.append(before)
                        step = before
                    }
                    if index == start { path = [start, start] }
                    return path.reversed()
                }
                if cameFrom[needed] == nil {
                    cameFrom[needed] = index
                    queue.append(needed)
                }
            }
        }
        return nil
    }

    /// Resolves an expression and checks that it is in a given unit.
    /// - Parameter what: what is being given a value, as it is to be named in the complaint (`"the rate of T"`).
    public func resolve(
        _ formula: Formula, expecting unit: PhysicalUnit, what: String
    ) throws(ExpressionError) -> Term {
        try check(try resolve(formula), is: unit, for: formula, what: what)
    }

    private func check(
        _ quantity: Quantity, is unit: PhysicalUnit, for formula: Formula, what: String
    ) throws(ExpressionError) -> Term {
        if quantity.fitsAnyUnit || quantity.unit == unit { return quantity.term }
        throw ExpressionError(
            utf8Offset: formula.textStart,
            message: "\(what) is to be in \(UnitRules.name(unit)), but this is in \(UnitRules.name(quantity.unit))",
            remedy: UnitRules.conversion(from: quantity.unit, to: unit))
    }
}

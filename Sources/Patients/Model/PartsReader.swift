// The named parts of an environment's file, whatever its kind: members by name, names taken, units, formulas, and
// complaints in their places.

import PositionedJSON

/// What reads named parts.
protocol PartsReader {
    var complaints: Complaints { get }
    /// Names taken so far, and by what.
    var taken: [String: String] { get set }
    /// Names declared twice.
    var clashes: Set<String> { get set }
}

extension PartsReader {
    /// Most parameters, definitions, doses and the like.
    static var maximumMembers: Int { 1000 }

    /// The members of an object by name, in the file's order.
    func members(_ file: ObjectReader, _ key: String, what: String, required: Bool) -> [(String, JSONNode)] {
        guard let node = required ? file.child(key) : file.optionalChild(key) else { return [] }
        guard case .object(let list) = node.value else {
            complaints.add(node, "\(key) must be an object of \(what)s by name, not \(node.kindName)")
            return []
        }
        if list.count > Self.maximumMembers {
            complaints.add(node, "\(list.count) \(what)s; an environment may have at most \(Self.maximumMembers)")
        }
        return list.prefix(Self.maximumMembers).map { ($0.key, $0.node) }
    }

    /// Takes a name, which must be one that an expression can spell and not yet taken.
    mutating func declare(_ name: String, _ node: JSONNode, as what: String) {
        if let objection = SymbolTable.objection(toName: name) {
            complaints.add(node, "'\(name)' cannot be a name: \(objection)")
        } else if let other = taken[name] {
            complaints.add(node, "the name '\(name)' is taken already by \(other)")
            clashes.insert(name)
        }
        taken[name] = what
    }

    /// A unit that must be stated, and its text.
    func unit(_ reader: ObjectReader, _ key: String = "unit") -> (PhysicalUnit, String) {
        guard let text = reader.string(key) else { return (.dimensionless, "") }
        return (unit(text, reader.node[key]), text)
    }

    /// - Parameter node: where the text stands; nil for a default, which is right.
    func unit(_ text: String, _ node: JSONNode?) -> PhysicalUnit {
        do {
            return try PhysicalUnit(parsing: text)
        } catch {
            if let node { complain(node, error) }
            return .dimensionless
        }
    }

    /// Parses a formula; nil where it cannot be parsed, which has then been complained of.
    func parsed(_ text: String, _ node: JSONNode) -> Formula? {
        do {
            return try Formula(parsing: text)
        } catch {
            complain(node, error)
            return nil
        }
    }

    /// Reports a mistake inside a string at its place, unless another that has been reported is the cause.
    func complain(_ node: JSONNode, _ error: ExpressionError) {
        if error.isConsequence { return }
        complaints.add(
            in: node.source, at: node.location(inString: error.utf8Offset), error.message, remedy: error.remedy)
    }
}

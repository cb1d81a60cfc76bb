// Names, units and expressions of a tabular environment's file, with complaints in their places.

import PositionedJSON

extension TabularReader {
    func members(_ key: String, required: Bool = true) -> [(String, JSONNode)] {
        guard let node = required ? file.child(key) : file.optionalChild(key) else { return [] }
        return members(of: node, key)
    }

    func members(of node: JSONNode, _ key: String) -> [(String, JSONNode)] {
        guard case .object(let list) = node.value else {
            complaints.add(node, "\(key) must be an object by name, not \(node.kindName)")
            return []
        }
        return list.map { ($0.key, $0.node) }
    }

    mutating func declare(_ name: String, _ node: JSONNode, as what: String) {
        if let objection = SymbolTable.objection(toName: name) {
            complaints.add(node, "'\(name)' cannot be a name: \(objection)")
        } else if let other = taken[name] {
            complaints.add(node, "the name '\(name)' is taken already by \(other)")
        }
        taken[name] = what
    }

    func unit(_ text: String, _ node: JSONNode?) -> PhysicalUnit {
        do {
            return try PhysicalUnit(parsing: text)
        } catch {
            if let node { complain(node, error) }
            return .dimensionless
        }
    }

    func formula(_ reader: ObjectReader, _ key: String) -> PlacedFormula? {
        guard let text = reader.string(key), let node = reader.node[key] else { return nil }
        return formula(text, node, "\(reader.what): \(key)")
    }

    func formula(_ text: String, _ node: JSONNode, _ what: String) -> PlacedFormula {
        do {
            return PlacedFormula(formula: try Formula(parsing: text), text: text, node: node, what: what)
        } catch {
            complain(node, error)
            return PlacedFormula(formula: nil, text: text, node: node, what: what)
        }
    }

    /// Reports a mistake inside a string at its place.
    func complain(_ node: JSONNode, _ error: ExpressionError) {
        if error.isConsequence { return }
        complaints.add(
            in: node.source, at: node.location(inString: error.utf8Offset), error.message, remedy: error.remedy)
    }
}

// Expressions of an environment file: parsed where they stand, checked for names and units once all names are known.

import PositionedJSON

/// An expression that waits for its check.
struct PendingExpression {
    var formula: Formula
    var node: JSONNode
    /// nil where any unit will do.
    var unit: PhysicalUnit?
    var level: ExpressionLevel
    var what: String
}

extension EnvironmentReader {
    /// Parses an expression; a mistake is reported and a harmless stand-in returned.
    func formula(_ reader: ObjectReader, _ key: String) -> (Formula, String) {
        guard let text = reader.string(key), let node = reader.node[key] else { return (.nothing, "") }
        return (parsed(text, node) ?? .nothing, text)
    }

    mutating func expression(
        _ reader: ObjectReader, _ key: String, unit: PhysicalUnit?, level: ExpressionLevel
    ) -> (Formula, String) {
        let (formula, text) = formula(reader, key)
        if let node = reader.node[key], formula != .nothing {
            pending.append(
                PendingExpression(
                    formula: formula, node: node, unit: unit, level: level, what: "\(reader.what): \(key)"))
        }
        return (formula, text)
    }

    /// An expression that is true or false.
    mutating func condition(_ reader: ObjectReader, _ key: String, level: ExpressionLevel) -> (Formula, String) {
        expression(reader, key, unit: .dimensionless, level: level)
    }

    /// Checks every expression read, now that all names are known.
    func checkExpressions(_ file: ObjectReader) {
        let symbols = ModelSymbols(model, varying: Array(model.parameters.indices))
        for (index, error) in symbols.definitionErrors {
            let name = model.definitions[index].name
            // A name taken by a parameter, state or input has been complained of where it was declared.
            if taken[name] != "a definition" || clashes.contains(name) { continue }
            if let node = file.node["definitions"]?[name]?["expression"] { complain(node, error) }
        }
        for item in pending {
            let table = symbols.table(item.level)
            do throws(ExpressionError) {
                if let unit = item.unit {
                    _ = try table.resolve(item.formula, expecting: unit, what: item.what)
                } else {
                    let quantity = try table.resolve(item.formula)
                    if quantity.unit.hidesFactor {
                        throw ExpressionError(
                            utf8Offset: item.formula.textStart,
                            message: "\(item.what): this is a number that is to be multiplied by "
                                + "\(shortNumber(quantity.unit.scale)), since its units (\(quantity.unit)) cancel only up to that",
                            remedy:
                                "nothing is converted silently: divide by \(shortNumber(1 / quantity.unit.scale))[\(quantity.unit)] "
                                + "or by a reference in the same unit")
                    }
                }
            } catch {
                complain(item.node, error)
            }
        }
    }
}

extension Formula {
    /// Stands where an expression could not be read.
    static let nothing = (try? Formula(parsing: "0")) ?? Formula(nodes: [])
}

extension PhysicalUnit {
    /// Units that cancel but for a factor, such as uL/mL: the number beside them is not the number that is meant. A
    /// percentage is no such thing.
    var hidesFactor: Bool {
        dimension == .none && abs(scale - 1) > 1e-9 && factors.contains { UnitSymbol.known[$0.symbol]?.base != nil }
    }
}

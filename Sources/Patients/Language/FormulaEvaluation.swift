// The value of an expression for given names, without units: for numbers that are needed once.

extension Formula {
    /// Evaluates in scalar arithmetic; units are not checked. A name without a value, or a function that the language
    /// does not have, is an error.
    public func evaluate(_ values: [String: Double]) throws(ExpressionError) -> Double {
        let graph = ExpressionGraph()
        var table = SymbolTable(graph: graph)
        // Without units every name is a plain number.
        var slots: [Double] = []
        for name in Set(names.map(\.name)).sorted() {
            guard let value = values[name] else { continue }
            table.declare(name, slot: slots.count, unit: .dimensionless)
            slots.append(value)
        }
        let quantity = try table.resolve(withoutUnits)
        return graph.evaluate(quantity.term) { slots[$0] }
    }

    /// The same expression with all units left away.
    private var withoutUnits: Formula {
        Formula(
            nodes: nodes.map { node in
                guard case .number(let value, _?) = node.kind else { return node }
                var plain = node
                plain.kind = .number(value, nil)
                return plain
            })
    }
}

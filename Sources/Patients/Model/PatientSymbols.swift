// What an expression about a patient may name, before any course begins: covariates and parameters declared above it.

/// Names of covariates and parameters over one graph; the slot of each is its index among the model's parameters.
struct PatientSymbols {
    let graph = ExpressionGraph()
    private(set) var table: SymbolTable
    private var parameters: [EnvironmentModel.Parameter] = []

    init() { table = SymbolTable(graph: graph) }

    mutating func declare(_ parameter: EnvironmentModel.Parameter) {
        table.declare(parameter.name, slot: parameters.count, unit: parameter.unit)
        parameters.append(parameter)
        table.handleCalls(of: "pick", CategoryPick.handler(parameters, graph: graph))
    }

    func resolve(_ formula: Formula, _ unit: PhysicalUnit, what: String) throws(ExpressionError) -> Term {
        try table.resolve(formula, expecting: unit, what: what)
    }
}

/// `pick(covariate, x0, x1, …)`: one value for each category of a categorical covariate, in the order of the categories.
enum CategoryPick {
    static func handler(
        _ parameters: [EnvironmentModel.Parameter], graph: ExpressionGraph
    ) -> SymbolTable.CallHandler {
        { (call: CallSite, table: SymbolTable) throws(ExpressionError) -> Quantity in
            let known = parameters.filter { !$0.categories.isEmpty }
            guard let name = call.arguments.first?.plainName, let covariate = known.first(where: { $0.name == name })
            else {
                throw ExpressionError(
                    utf8Offset: call.arguments.first?.textStart ?? call.utf8Offset,
                    message: "pick(…) takes a covariate with categories first",
                    remedy: known.isEmpty
                        ? "declare one with \"categories\"" : "known: " + known.map(\.name).joined(separator: ", "))
            }
            let count = covariate.categories.count
            guard call.arguments.count == count + 1 else {
                throw ExpressionError(
                    utf8Offset: call.utf8Offset,
                    message: "\(name) has \(count) categories, and this gives \(call.arguments.count - 1) values",
                    remedy: "categories, in order: " + covariate.categories.joined(separator: ", "))
            }
            let selector = try table.resolve(call.arguments[0])
            var values: [Quantity] = []
            for argument in call.arguments.dropFirst() { values.append(try table.resolve(argument)) }
            let shared = try UnitRules(graph: graph, offset: call.utf8Offset).common(values, "pick between")
            var term = values[count - 1].term
            for index in stride(from: count - 2, through: 0, by: -1) {
                let holds = graph.apply(.equal, selector.term, graph.constant(Double(index)))
                term = graph.select(holds, values[index].term, term)
            }
            return Quantity(term: term, unit: shared.unit, fitsAnyUnit: shared.fitsAnyUnit)
        }
    }
}

// What names mean in the expressions of a tabular environment: the variables of a state, its number, and in outcomes
// also how the course ended.

/// The symbols of a tabular environment over one graph.
struct TabularSymbols {
    let graph = ExpressionGraph()
    let layout: OutcomeLayout
    /// Endings, rewards, observations: of one state.
    let state: SymbolTable
    /// Also `initial(…)`, `time`, `ended(…)`, `time_of(…)`.
    let outcome: SymbolTable
    let definitionErrors: [(index: Int, error: ExpressionError)]

    init(
        variables: [TabularModel.Variable], definitions: [Definition], endings: [String], timeUnit: PhysicalUnit
    ) {
        let layout = OutcomeLayout(variables: variables.count, endings: endings.count)
        let graph = graph
        var state = SymbolTable(graph: graph)
        for (index, variable) in variables.enumerated() {
            state.declare(variable.name, slot: index, unit: variable.unit)
        }
        state.declare("state", slot: layout.state, unit: .dimensionless)
        definitionErrors = state.define(definitions)
        let plain = state
        var outcome = state
        outcome.declare("time", slot: layout.time, unit: timeUnit)
        outcome.handleCalls(of: "initial") { call, _ throws(ExpressionError) in
            guard call.arguments.count == 1 else {
                throw ExpressionError(
                    utf8Offset: call.utf8Offset, message: "initial takes one expression, not \(call.arguments.count)")
            }
            var quantity = try plain.resolve(call.arguments[0])
            let shift = (0...layout.variables).map { ($0, graph.input($0 + layout.initial)) }
            quantity.term = graph.substitute(Dictionary(uniqueKeysWithValues: shift), in: quantity.term)
            return quantity
        }
        for (word, rows, unit) in [
            ("ended", layout.ended, PhysicalUnit.dimensionless), ("time_of", layout.endedAt, timeUnit),
        ] {
            outcome.handleCalls(of: word) { call, _ throws(ExpressionError) in
                guard call.arguments.count == 1, let name = call.arguments[0].plainName,
                    let index = endings.firstIndex(of: name)
                else {
                    throw ExpressionError(
                        utf8Offset: call.arguments.first?.textStart ?? call.utf8Offset,
                        message: "\(word)(…) takes the name of an ending",
                        remedy: "known: " + endings.joined(separator: ", "))
                }
                return Quantity(term: graph.input(rows.lowerBound + index), unit: unit)
            }
            state.elsewhere[word] = "is known only to outcomes"
        }
        state.elsewhere["time"] = "is known only to outcomes: what happens in a state does not depend on the time"
        self.layout = layout
        self.state = state
        self.outcome = outcome
    }

    /// Values of terms for every state: [term][state].
    func values(_ terms: [Term], columns: [[Double]], states: Int) -> [[Double]] {
        guard !terms.isEmpty else { return [] }
        var builder = ProgramBuilder(graph: graph)
        for term in terms { builder.add(term) }
        let program = builder.finish(inputCount: columns.count + 1)
        let width = (states + 7) & ~7
        var inputs = [Double](repeating: 0, count: (columns.count + 1) * width)
        for (row, column) in (columns + [(0..<states).map(Double.init)]).enumerated() {
            for state in 0..<states { inputs[row * width + state] = column[state] }
        }
        var outputs = [Double](repeating: 0, count: terms.count * width)
        let scratch = program.makeScratch()
        inputs.withUnsafeBufferPointer { inputs in
            outputs.withUnsafeMutableBufferPointer { outputs in
                program.evaluate(
                    inputs: inputs.baseAddress!, inputStride: width, outputs: outputs.baseAddress!,
                    outputStride: width, lanes: states, scratch: scratch)
            }
        }
        return terms.indices.map { Array(outputs[($0 * width)..<($0 * width + states)]) }
    }
}

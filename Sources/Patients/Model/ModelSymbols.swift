// What names mean in an environment's expressions, and in which of them.

/// Where an expression stands, which decides what it may name.
enum ExpressionLevel {
    /// Rates, definitions, endings, conditions: states, parameters, inputs and the time.
    case course
    /// Rules, rewards, observations: also `count(dose)`, `given(dose)`, `lowest(…)`, `highest(…)`.
    case decision
    /// Outcomes: also `ended(ending)` and `time_of(ending)`.
    case outcome
}

/// The symbols of a model over one expression graph, with every state as a plain input in its own unit; the change to
/// logarithms comes after resolution.
struct ModelSymbols {
    /// Running extremes asked for by expressions, in the order of their rows. A reference, since expressions are
    /// resolved through copies of the tables.
    final class Extremes {
        var terms: [(term: Term, keepsLowest: Bool)] = []
    }

    let graph: ExpressionGraph
    let extremes = Extremes()
    let course: SymbolTable
    let decision: SymbolTable
    let outcome: SymbolTable
    /// Mistakes in definitions, by index.
    let definitionErrors: [(index: Int, error: ExpressionError)]

    /// - Parameters:
    ///   - varying: indices of the parameters that differ among patients; the others are constants.
    init(_ model: EnvironmentModel, varying: [Int]) {
        let graph = ExpressionGraph()
        let layout = InputLayout(model, varying: varying.count, extremes: 0)
        let timeUnit = model.timeUnitValue
        var course = SymbolTable(graph: graph)
        for (index, state) in model.states.enumerated() { course.declare(state.name, slot: index, unit: state.unit) }
        for (index, parameter) in model.parameters.enumerated() {
            if let position = varying.firstIndex(of: index) {
                course.declare(parameter.name, slot: layout.parameters.lowerBound + position, unit: parameter.unit)
            } else {
                course.declare(parameter.name, constant: parameter.value, unit: parameter.unit)
            }
        }
        for (index, input) in model.inputs.enumerated() {
            course.declare(input.name, slot: layout.inputs.lowerBound + index, unit: input.unit)
        }
        course.declare("time", slot: layout.time, unit: timeUnit)
        course.handleCalls(of: "pick", CategoryPick.handler(model.parameters, graph: graph))
        definitionErrors = course.define(
            model.definitions.map { Definition(name: $0.name, formula: $0.expression, unit: $0.unit) })

        var decision = course
        let doses = model.doses.map(\.name)
        decision.handleCalls(of: "count") { call, _ throws(ExpressionError) in
            let dose = try ModelSymbols.name(of: call, among: doses, what: "a dose")
            return Quantity(term: graph.input(layout.counts.lowerBound + dose), unit: .dimensionless)
        }
        decision.handleCalls(of: "given") { call, _ throws(ExpressionError) in
            let dose = try ModelSymbols.name(of: call, among: doses, what: "a dose")
            return Quantity(term: graph.input(layout.given.lowerBound + dose), unit: .dimensionless)
        }
        let extremes = self.extremes
        let plain = course
        for (word, keepsLowest) in [("lowest", true), ("highest", false)] {
            decision.handleCalls(of: word) { call, _ throws(ExpressionError) in
                guard call.arguments.count == 1 else {
                    throw ExpressionError(
                        utf8Offset: call.utf8Offset,
                        message: "\(word) takes one expression, not \(call.arguments.count)")
                }
                let quantity = try plain.resolve(call.arguments[0])
                let known = extremes.terms.firstIndex { $0.term == quantity.term && $0.keepsLowest == keepsLowest }
                if known == nil { extremes.terms.append((quantity.term, keepsLowest)) }
                let row = layout.extremes.lowerBound + (known ?? extremes.terms.count - 1)
                return Quantity(term: graph.input(row), unit: quantity.unit)
            }
        }

        var outcome = decision
        let endings = model.endings.map(\.name)
        outcome.handleCalls(of: "ended") { call, _ throws(ExpressionError) in
            let ending = try ModelSymbols.name(of: call, among: endings, what: "an ending")
            return Quantity(term: graph.input(layout.ended.lowerBound + ending), unit: .dimensionless)
        }
        outcome.handleCalls(of: "time_of") { call, _ throws(ExpressionError) in
            let ending = try ModelSymbols.name(of: call, among: endings, what: "an ending")
            return Quantity(term: graph.input(layout.endedAt.lowerBound + ending), unit: timeUnit)
        }
        self.graph = graph
        self.course = course
        self.decision = decision
        self.outcome = outcome
    }

    func table(_ level: ExpressionLevel) -> SymbolTable {
        switch level {
        case .course: course
        case .decision: decision
        case .outcome: outcome
        }
    }

    /// The index of the single name that a call such as `count(chemo)` has for its argument.
    private static func name(
        of call: CallSite, among names: [String], what: String
    ) throws(ExpressionError) -> Int {
        guard call.arguments.count == 1, let name = call.arguments[0].plainName else {
            throw ExpressionError(
                utf8Offset: call.utf8Offset, message: "\(call.name)(…) takes the name of \(what)",
                remedy: "known: " + names.joined(separator: ", "))
        }
        guard let index = names.firstIndex(of: name) else {
            throw ExpressionError(
                utf8Offset: call.arguments[0].textStart, message: "'\(name)' is not the name of \(what)",
                remedy: "known: " + names.joined(separator: ", "))
        }
        return index
    }
}

// What names mean in an environment's expressions, and in which of them.

/// Where an expression stands, which decides what it may name.
enum ExpressionLevel {
    /// Rates, steps, definitions, endings, conditions: states, parameters, inputs, random numbers and the time.
    case course
    /// Doses, rules, rewards, observations: also what was given and what is remembered of the course.
    case decision
    /// Outcomes: also `ended(ending)` and `time_of(ending)`.
    case outcome
}

/// What a course remembers of an expression.
enum Memory: Sendable {
    /// The extreme over the course so far.
    case lowest, highest
    /// The value at the last decision, at the start, and the sum over the ends of decision intervals.
    case before, initial, sum
}

/// The symbols of a model over one expression graph, with every state as a plain input in its own unit; the change to
/// logarithms comes after resolution.
struct ModelSymbols {
    /// What expressions ask to be remembered, in the order of its rows. A reference, since expressions are resolved
    /// through copies of the tables.
    final class Memories {
        var terms: [(term: Term, memory: Memory)] = []

        func index(_ term: Term, _ memory: Memory) -> Int {
            if let known = terms.firstIndex(where: { $0.term == term && $0.memory == memory }) { return known }
            terms.append((term, memory))
            return terms.count - 1
        }
    }

    let graph: ExpressionGraph
    let memories = Memories()
    let course: SymbolTable
    let decision: SymbolTable
    let outcome: SymbolTable
    /// Mistakes in definitions, by index.
    let definitionErrors: [(index: Int, error: ExpressionError)]

    /// - Parameters:
    ///   - varying: indices of the parameters that differ among patients; the others are constants.
    init(_ model: EnvironmentModel, varying: [Int]) {
        let graph = ExpressionGraph()
        let layout = InputLayout(model, varying: varying.count, remembered: 0)
        let timeUnit = model.timeUnitValue
        var course = SymbolTable(graph: graph)
        for (index, state) in model.states.enumerated() {
            course.declare(state.name, slot: layout.stateRows[index], unit: state.unit)
        }
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
        for (index, random) in model.randoms.enumerated() {
            course.declare(random.name, slot: layout.randoms.lowerBound + index, unit: random.unit)
        }
        course.declare("time", slot: layout.time, unit: timeUnit)
        course.handleCalls(of: "pick", CategoryPick.handler(model.parameters, graph: graph))
        definitionErrors = course.define(
            model.definitions.map { Definition(name: $0.name, formula: $0.expression, unit: $0.unit) })

        var decision = course
        ModelSymbols.handleDoses(&decision, model, layout)
        ModelSymbols.handleMemories(&decision, memories, plain: course, layout)

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

    /// `count(dose)`, `given(dose)`, `total(dose)`.
    private static func handleDoses(_ table: inout SymbolTable, _ model: EnvironmentModel, _ layout: InputLayout) {
        let doses = model.doses.map(\.name)
        let graph = table.graph
        for (word, rows) in [("count", layout.counts), ("given", layout.given), ("total", layout.totals)] {
            table.handleCalls(of: word) { call, _ throws(ExpressionError) in
                let dose = try ModelSymbols.name(of: call, among: doses, what: "a dose")
                return Quantity(term: graph.input(rows.lowerBound + dose), unit: .dimensionless)
            }
        }
    }

    /// `lowest(x)`, `highest(x)`, `before(x)`, `initial(x)`, `sum(x)`, `average(x)`, each of a course expression.
    private static func handleMemories(
        _ table: inout SymbolTable, _ memories: Memories, plain: SymbolTable, _ layout: InputLayout
    ) {
        let graph = table.graph
        func handle(_ word: String, _ meaning: @escaping (Quantity) -> Term) {
            table.handleCalls(of: word) { call, _ throws(ExpressionError) in
                guard call.arguments.count == 1 else {
                    throw ExpressionError(
                        utf8Offset: call.utf8Offset,
                        message: "\(word) takes one expression, not \(call.arguments.count)")
                }
                let quantity = try plain.resolve(call.arguments[0])
                return Quantity(
                    term: meaning(quantity), unit: quantity.unit, fitsAnyUnit: quantity.fitsAnyUnit)
            }
        }
        func row(_ term: Term, _ memory: Memory) -> Term {
            graph.input(layout.remembered.lowerBound + memories.index(term, memory))
        }
        handle("lowest") { row($0.term, .lowest) }
        handle("highest") { row($0.term, .highest) }
        handle("before") { row($0.term, .before) }
        handle("initial") { row($0.term, .initial) }
        handle("sum") { row($0.term, .sum) }
        // Before the first interval has ended there is nothing to average: the value as it is.
        handle("average") { quantity in
            let made = graph.input(layout.made)
            let sum = row(quantity.term, .sum)
            return graph.select(graph.apply(.equal, made, graph.constant(0)), quantity.term, graph.quotient(sum, made))
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

// From a model's expressions to programs: names become rows, states that are integrated in their logarithm become
// exponentials, rates are differentiated.

import Numerics

extension CourseProgram {
    /// Compiles a model for patients who differ in the parameters `varying` (indices); the others are constants.
    ///
    /// - Throws: `ExpressionError`; not for a model that was read from a file, whose expressions are checked there.
    init(_ model: EnvironmentModel, varying: [Int]) throws {
        let symbols = ModelSymbols(model, varying: varying)
        let graph = symbols.graph
        let plain = InputLayout(model, varying: varying.count, remembered: 0)
        let logs = LogStates(model, plain, graph: graph)
        func course(_ formula: Formula) throws -> Term { logs.applied(to: try symbols.course.resolve(formula).term) }
        func decision(_ formula: Formula) throws -> Term {
            logs.applied(to: try symbols.decision.resolve(formula).term)
        }

        // Rates and steps.
        let integrated = model.states.filter { !$0.isHeld }
        var rateTerms: [Term] = []
        for (row, state) in integrated.enumerated() {
            var rate = try symbols.course.resolve(state.rate).term
            // d(ln y)/dt = y′/y; divided before the substitution, so that the factor y cancels exactly.
            if state.isLog { rate = graph.divide(rate, by: row) }
            rateTerms.append(logs.applied(to: rate))
        }
        let steps = StepTerms(model, plain, graph: graph)
        let start = try steps.terms(.stepStart) { try course($0) }
        let end = try steps.terms(.stepEnd) { try course($0) }
        let stepTerms = start.map(\.term) + end.map(\.term)

        // Everything that may ask for something to be remembered, before the layout is made.
        let endingTerms = try model.endings.map { try course($0.when) }
        var decisionTerms: [Term] = []
        for term in model.rewardTerms { decisionTerms.append(try decision(term.expression)) }
        for rule in model.rules { decisionTerms.append(try decision(rule.when)) }
        for observation in model.observations {
            if let expression = observation.expression { decisionTerms.append(try decision(expression)) }
        }
        var sizeTerms: [Term] = []
        var lagTerms: [Term] = []
        var constantLags: [Double] = []
        var lagOutputs: [Int] = []
        sizeOutputs = try model.doses.map { dose in
            if dose.constantSize != nil { return -1 }
            sizeTerms.append(try decision(dose.size))
            return sizeTerms.count - 1
        }
        for dose in model.doses {
            let term = try dose.lag.map { try course($0) } ?? graph.constant(0)
            constantLags.append(graph.constantValue(term) ?? 0)
            lagOutputs.append(graph.constantValue(term) == nil ? lagTerms.count : -1)
            if graph.constantValue(term) == nil { lagTerms.append(term) }
        }
        self.constantLags = constantLags
        self.lagOutputs = lagOutputs
        constantSizes = model.doses.map { $0.constantSize ?? 0 }
        let outcomeTerms = try model.outcomes.map {
            logs.applied(to: try symbols.outcome.resolve($0.expression).term)
        }
        let layout = InputLayout(model, varying: varying.count, remembered: symbols.memories.terms.count)
        self.layout = layout

        let remembered = symbols.memories.terms.enumerated().map { index, item in
            (row: layout.remembered.lowerBound + index, term: logs.applied(to: item.term), memory: item.memory)
        }
        let extremeItems = remembered.filter { $0.memory == .lowest || $0.memory == .highest }
        let notedItems = remembered.filter { $0.memory != .lowest && $0.memory != .highest }
        extremes = extremeItems.map { ($0.row, $0.memory == .lowest) }
        notes = notedItems.map { ($0.row, $0.memory) }

        func program(_ terms: [Term], _ rows: Int) -> Program {
            var builder = ProgramBuilder(graph: graph)
            for term in terms { builder.add(term) }
            return builder.finish(inputCount: rows)
        }
        let time = layout.time
        method = model.method
        dependsOnTime = rateTerms.contains { graph.inputs(of: $0).contains(time) }
        rateInputs = Set(rateTerms.flatMap { graph.inputs(of: $0) }).filter { $0 >= layout.integrated }.sorted()
        jacobianPattern = graph.jacobianPattern(of: rateTerms, states: Array(0..<layout.integrated))
        isLinear =
            !dependsOnTime
            && jacobianPattern.allSatisfy { row, column in
                graph.inputs(of: graph.derivative(of: rateTerms[row], withRespectTo: column)).allSatisfy {
                    $0 >= layout.integrated
                }
            }
        rates = program(rateTerms, layout.courseRows)
        var rateBuilder = ProgramBuilder(graph: graph)
        for term in rateTerms { rateBuilder.add(term) }
        for (row, column) in jacobianPattern {
            rateBuilder.addDerivative(of: rateTerms[row], withRespectTo: column)
        }
        if dependsOnTime { for term in rateTerms { rateBuilder.addDerivative(of: term, withRespectTo: time) } }
        ratesAndJacobian = rateBuilder.finish(inputCount: layout.courseRows)

        let effects = ImpulseTerms(graph, layout, rates: rateTerms, steps: stepTerms)
        impulses = program(effects.terms, layout.courseRows)
        impulseEntries = effects.entries
        impulseUse = effects.use

        step = model.step
        stepStart = program(start.map(\.term), layout.courseRows)
        stepStartRows = start.map(\.row)
        stepEnd = program(end.map(\.term), layout.courseRows)
        stepEndRows = end.map(\.row)
        monitor = program(endingTerms + extremeItems.map(\.term), layout.courseRows)
        endings = model.endings.count
        isAskedAtDecisions = model.endings.map(\.isCheckedAtDecisions)
        noted = program(notedItems.map(\.term), layout.courseRows)
        sizes = program(sizeTerms, layout.rowCount)
        lags = program(lagTerms, layout.courseRows)
        self.decision = program(decisionTerms, layout.rowCount)
        decisionReads = decisionTerms.map { graph.inputs(of: $0) }
        outcome = program(outcomeTerms, layout.rowCount)
        rewardTerms = model.rewardTerms.count
        rules = model.rules.count
        isLog = integrated.map(\.isLog)
        relativeScale = integrated.map { $0.isLog ? 0 : 1 }
        absoluteScale = integrated.map { $0.isLog ? 1 : $0.negligible }
    }

    /// Conditions on the course compiled for the same layout, 1 where one holds.
    func conditions(
        of model: EnvironmentModel, varying: [Int], _ conditions: [EnvironmentModel.Condition]
    ) throws -> Program {
        try courseProgram(of: model, varying: varying, conditions.map(\.when))
    }

    /// Course expressions compiled for the same layout.
    func courseProgram(of model: EnvironmentModel, varying: [Int], _ formulas: [Formula]) throws -> Program {
        let symbols = ModelSymbols(model, varying: varying)
        let logs = LogStates(model, layout, graph: symbols.graph)
        var builder = ProgramBuilder(graph: symbols.graph)
        for formula in formulas { builder.add(logs.applied(to: try symbols.course.resolve(formula).term)) }
        return builder.finish(inputCount: layout.courseRows)
    }
}

/// Replaces states by exponentials of what is integrated in their place.
private struct LogStates {
    let graph: ExpressionGraph
    let replacements: [Int: Term]

    init(_ model: EnvironmentModel, _ layout: InputLayout, graph: ExpressionGraph) {
        self.graph = graph
        var replacements: [Int: Term] = [:]
        for (index, state) in model.states.enumerated() where state.isLog && !state.isHeld {
            let row = layout.stateRows[index]
            replacements[row] = graph.exp(graph.input(row))
        }
        self.replacements = replacements
    }

    func applied(to term: Term) -> Term { graph.substitute(replacements, in: term) }
}

/// What held states become at steps. Inputs mean their levels at the beginning of the step.
private struct StepTerms {
    let model: EnvironmentModel
    let layout: InputLayout
    let graph: ExpressionGraph

    init(_ model: EnvironmentModel, _ layout: InputLayout, graph: ExpressionGraph) {
        self.model = model
        self.layout = layout
        self.graph = graph
    }

    func terms(
        _ change: EnvironmentModel.State.Change, _ resolve: (Formula) throws -> Term
    ) throws -> [(row: Int, term: Term)] {
        var levels: [Int: Term] = [:]
        for (input, held) in zip(layout.inputs, layout.stepInputs) { levels[input] = graph.input(held) }
        return try model.states.indices.filter { model.states[$0].change == change }.map { index in
            (layout.stateRows[index], graph.substitute(levels, in: try resolve(model.states[index].rate)))
        }
    }
}

/// What impulses do: the derivatives of rates with respect to inputs.
private struct ImpulseTerms {
    var terms: [Term] = []
    var entries: [CourseProgram.ImpulseEntry] = []
    var use: [CourseProgram.ImpulseUse] = []

    init(_ graph: ExpressionGraph, _ layout: InputLayout, rates: [Term], steps: [Term]) {
        let inSteps = Set(steps.flatMap { graph.inputs(of: $0) })
        for (input, row) in layout.inputs.enumerated() {
            let isInSteps = input < layout.stepInputs.count && inSteps.contains(layout.stepInputs.lowerBound + input)
            var isLinear = true
            var isInRates = false
            for (state, rate) in rates.enumerated() where graph.inputs(of: rate).contains(row) {
                isInRates = true
                let effect = graph.derivative(of: rate, withRespectTo: row)
                if graph.constantValue(effect) == 0 { continue }
                if graph.inputs(of: effect).contains(where: layout.inputs.contains) { isLinear = false }
                terms.append(effect)
                entries.append(.init(input: input, state: state))
            }
            use.append(isInSteps ? (isInRates ? .impossible : .step) : (isLinear ? .jump : .impossible))
        }
    }
}

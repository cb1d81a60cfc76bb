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
        let logs = LogStates(model, graph: graph)

        var rateTerms: [Term] = []
        for (index, state) in model.states.enumerated() {
            var rate = try symbols.course.resolve(state.rate).term
            // d(ln y)/dt = y′/y; divided before the substitution, so that the factor y cancels exactly.
            if state.isLog { rate = graph.divide(rate, by: index) }
            rateTerms.append(logs.applied(to: rate))
        }
        let states = Array(model.states.indices)
        jacobianPattern = graph.jacobianPattern(of: rateTerms, states: states)
        var monitorTerms = try model.endings.map { logs.applied(to: try symbols.course.resolve($0.when).term) }
        var decisionTerms: [Term] = []
        for term in model.rewardTerms { decisionTerms.append(try symbols.decision.resolve(term.expression).term) }
        for rule in model.rules { decisionTerms.append(try symbols.decision.resolve(rule.when).term) }
        for observation in model.observations {
            if let expression = observation.expression {
                decisionTerms.append(try symbols.decision.resolve(expression).term)
            }
        }
        let outcomeTerms = try model.outcomes.map { try symbols.outcome.resolve($0.expression).term }
        // All expressions are resolved now: every running extreme that one of them names is known.
        monitorTerms += symbols.extremes.terms.map { logs.applied(to: $0.term) }
        keepsLowest = symbols.extremes.terms.map(\.keepsLowest)
        layout = InputLayout(model, varying: varying.count, extremes: keepsLowest.count)
        let time = layout.time
        dependsOnTime = rateTerms.contains { graph.inputs(of: $0).contains(time) }

        var rateBuilder = ProgramBuilder(graph: graph)
        for term in rateTerms { rateBuilder.add(term) }
        rates = rateBuilder.finish(inputCount: layout.courseRows)
        for (row, column) in jacobianPattern {
            rateBuilder.addDerivative(of: rateTerms[row], withRespectTo: column)
        }
        if dependsOnTime { for term in rateTerms { rateBuilder.addDerivative(of: term, withRespectTo: time) } }
        ratesAndJacobian = rateBuilder.finish(inputCount: layout.courseRows)
        monitor = CourseProgram.program(monitorTerms, graph, layout.courseRows)
        decision = CourseProgram.program(decisionTerms.map(logs.applied(to:)), graph, layout.rowCount)
        outcome = CourseProgram.program(outcomeTerms.map(logs.applied(to:)), graph, layout.rowCount)
        rewardTerms = model.rewardTerms.count
        rules = model.rules.count
        logStates = model.states.map(\.isLog)
        relativeScale = model.states.map { $0.isLog ? 0 : 1 }
        absoluteScale = model.states.map { $0.isLog ? 1 : $0.negligible }
    }

    private static func program(_ terms: [Term], _ graph: ExpressionGraph, _ rows: Int) -> Program {
        var builder = ProgramBuilder(graph: graph)
        for term in terms { builder.add(term) }
        return builder.finish(inputCount: rows)
    }

    /// Conditions on the course compiled for the same layout, 1 where one holds.
    func conditions(
        of model: EnvironmentModel, varying: [Int], _ conditions: [EnvironmentModel.Condition]
    ) throws -> Program {
        let symbols = ModelSymbols(model, varying: varying)
        let logs = LogStates(model, graph: symbols.graph)
        let terms = try conditions.map { logs.applied(to: try symbols.course.resolve($0.when).term) }
        return CourseProgram.program(terms, symbols.graph, layout.courseRows)
    }
}

/// Replaces states by exponentials of what is integrated in their place.
private struct LogStates {
    let graph: ExpressionGraph
    let replacements: [Int: Term]

    init(_ model: EnvironmentModel, graph: ExpressionGraph) {
        self.graph = graph
        var replacements: [Int: Term] = [:]
        for (index, state) in model.states.enumerated() where state.isLog {
            replacements[index] = graph.exp(graph.input(index))
        }
        self.replacements = replacements
    }

    func applied(to term: Term) -> Term { graph.substitute(replacements, in: term) }
}

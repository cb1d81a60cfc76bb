// One patient's numbers from what is given of them: expressions over covariates and parameters are evaluated in the
// order of the file.

import Numerics

/// A model's expressions about patients, compiled once for many patients. Not for use by two threads at once.
struct PatientPlan {
    let model: EnvironmentModel
    private let graph: ExpressionGraph
    /// By parameter and by state: the expression that gives the value where nothing else does.
    private let parameterTerms: [Term?]
    private let stateTerms: [Term?]
    /// Every formula inside variabilities.
    private let variabilityTerms: [(formula: Formula, term: Term)]
    /// `plausible.at_start`, over parameters and then initial states.
    private let conditions: [Term]
    private let stateNames: [String]

    /// - Throws: `ExpressionError`; not for a model that was read from a file.
    init(_ model: EnvironmentModel) throws {
        self.model = model
        var symbols = PatientSymbols()
        var parameterTerms: [Term?] = []
        var variabilityTerms: [(formula: Formula, term: Term)] = []
        for parameter in model.parameters {
            parameterTerms.append(
                try parameter.expression.map { try symbols.resolve($0, parameter.unit, what: parameter.name) })
            for formula in parameter.variability?.formulas ?? [] {
                variabilityTerms.append((formula, try symbols.table.resolve(formula).term))
            }
            symbols.declare(parameter)
        }
        stateTerms = try model.states.map { state in
            for formula in state.variability?.formulas ?? [] {
                variabilityTerms.append((formula, try symbols.table.resolve(formula).term))
            }
            return try state.initialExpression.map { try symbols.resolve($0, state.unit, what: state.name) }
        }
        self.parameterTerms = parameterTerms
        self.variabilityTerms = variabilityTerms
        graph = symbols.graph
        stateNames = model.states.map { model.initialName($0.name) }
        conditions = try PatientPlan.conditions(model, symbols)
    }

    /// What is judged before a course begins: names mean initial values; inputs are 0, random numbers at their centre.
    private static func conditions(_ model: EnvironmentModel, _ symbols: PatientSymbols) throws -> [Term] {
        guard let list = model.plausibility?.atStart, !list.isEmpty else { return [] }
        var table = symbols.table
        for (index, state) in model.states.enumerated() {
            table.declare(state.name, slot: model.parameters.count + index, unit: state.unit)
        }
        for input in model.inputs { table.declare(input.name, constant: 0, unit: input.unit) }
        for random in model.randoms {
            table.declare(random.name, constant: random.distribution.centre, unit: random.unit)
        }
        table.declare("time", constant: 0, unit: model.timeUnitValue)
        _ = table.define(model.definitions.map { Definition(name: $0.name, formula: $0.expression, unit: $0.unit) })
        return try list.map { try table.resolve($0.when).term }
    }

    /// All parameters and initial states of a patient of whom some numbers are given by their patient names.
    func complete(_ given: [String: Double]) -> (parameters: [Double], states: [Double]) {
        var parameters = model.parameters.map(\.value)
        for (index, parameter) in model.parameters.enumerated() {
            if let value = given[parameter.name] {
                parameters[index] = value
            } else if let term = parameterTerms[index] {
                parameters[index] = graph.evaluate(term) { parameters[$0] }
            }
        }
        let states = model.states.indices.map { index in
            given[stateNames[index]] ?? stateTerms[index].map { graph.evaluate($0) { parameters[$0] } }
                ?? model.states[index].initial
        }
        return (parameters, states)
    }

    /// Whether a patient meets the conditions asked before treatment.
    func isPlausible(_ given: [String: Double]) -> Bool {
        if conditions.isEmpty { return true }
        let (parameters, states) = complete(given)
        return conditions.allSatisfy { condition in
            graph.evaluate(condition) { $0 < parameters.count ? parameters[$0] : states[$0 - parameters.count] } != 0
        }
    }

    /// Draws what varies among patients, in the order of `variableNames`: one word of the stream for each.
    func draw(_ stream: inout RandomStream, correlations: CorrelatedNormals) -> [Double] {
        var given: [String: Double] = [:]
        var values: [Double] = []
        var normals: [Double] = []
        for variable in model.variableNames {
            var nominal = 0.0
            var numbers: [Double] = []
            let needsOthers = variable.variability.first == .nominal || !variable.variability.formulas.isEmpty
            if needsOthers {
                let (parameters, states) = complete(given)
                numbers = parameters
                if let index = model.parameters.firstIndex(where: { $0.name == variable.name }) {
                    nominal = parameters[index]
                } else if let index = stateNames.firstIndex(of: variable.name) {
                    nominal = states[index]
                }
            }
            let distribution = variable.variability.distribution(nominal: nominal) { formula in
                guard let term = variabilityTerms.first(where: { $0.formula == formula })?.term else { return .nan }
                return graph.evaluate(term) { numbers[$0] }
            }
            let value: Double
            if let row = correlations.names.firstIndex(of: variable.name) {
                normals.append(stream.normal())
                value = distribution.value(normal: correlations.value(row, normals))
            } else {
                value = distribution.sample(&stream)
            }
            given[variable.name] = value
            values.append(value)
        }
        return values
    }
}

/// Standard normal numbers with given correlations: a lower triangular matrix times independent ones.
struct CorrelatedNormals {
    let names: [String]
    private let factor: [[Double]]

    /// nil where the correlations contradict each other (the matrix is not positive definite).
    init?(_ model: EnvironmentModel) {
        let wanted = Set(model.correlations.flatMap { [$0.first, $0.second] })
        let names = model.variableNames.map(\.name).filter(wanted.contains)
        var factor = names.indices.map { row in names.indices.map { $0 == row ? 1.0 : 0.0 } }
        for correlation in model.correlations {
            guard let a = names.firstIndex(of: correlation.first), let b = names.firstIndex(of: correlation.second)
            else { return nil }
            factor[max(a, b)][min(a, b)] = correlation.value
        }
        // Cholesky–Banachiewicz, row by row.
        for row in names.indices {
            for column in 0...row {
                var sum = factor[row][column]
                for k in 0..<column { sum -= factor[row][k] * factor[column][k] }
                if row == column {
                    guard sum > 1e-12 else { return nil }
                    factor[row][row] = sum.squareRoot()
                } else {
                    factor[row][column] = sum / factor[column][column]
                }
            }
        }
        self.names = names
        self.factor = factor
    }

    /// - Parameter independent: as many numbers as rows up to this one.
    func value(_ row: Int, _ independent: [Double]) -> Double {
        var sum = 0.0
        for column in 0...row { sum += factor[row][column] * independent[column] }
        return sum
    }
}

extension EnvironmentModel {
    /// All parameters and initial states of one patient, in order, in their own units: what is given by patient names,
    /// then what follows from it by the file's expressions, then nominal values.
    public func completed(_ values: [String: Double]) throws -> (parameters: [Double], states: [Double]) {
        try PatientPlan(self).complete(values)
    }
}

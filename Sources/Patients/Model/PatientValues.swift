// One patient's numbers from what is given of them: expressions over covariates and parameters are evaluated in the
// order of the file.

import Numerics

/// A model's expressions about patients, compiled once for many patients.
struct PatientPlan: Sendable {
    /// A parameter or an initial state.
    struct Quantity: Sendable {
        var name: String
        var value: Double
        /// What gives the value where nothing else does.
        var expression: ScalarProgram?
        var variability: Variability?
        /// Expressions inside the variability.
        var formulas: [(formula: Formula, program: ScalarProgram)] = []
        /// The same distribution for everybody, where it is.
        var distribution: Distribution?
        /// Row among the correlated normal numbers.
        var correlated: Int?
    }

    /// Parameters in the file's order, then states: an expression names only what stands before it.
    private(set) var quantities: [Quantity]
    let parameterCount: Int
    let correlations: CorrelatedNormals
    /// `plausible.at_start`, over parameters and then initial states.
    private let conditions: [ScalarProgram]

    /// - Throws: `ExpressionError`, not for a model that was read from a file; `SimulationError` where correlations
    ///   contradict each other.
    init(_ model: EnvironmentModel) throws {
        guard let correlations = CorrelatedNormals(model) else {
            throw SimulationError.invalid("the correlations of \(model.name) contradict each other")
        }
        var symbols = PatientSymbols()
        func compiled(_ term: Term) -> ScalarProgram { ScalarProgram(term, of: symbols.graph) }
        func quantity(
            _ name: String, _ value: Double, _ expression: Formula?, _ unit: PhysicalUnit, _ variability: Variability?
        ) throws -> Quantity {
            var result = Quantity(name: name, value: value, variability: variability)
            result.expression = try expression.map { compiled(try symbols.resolve($0, unit, what: name)) }
            result.formulas = try (variability?.formulas ?? []).map {
                ($0, compiled(try symbols.table.resolve($0).term))
            }
            if let variability, variability.formulas.isEmpty, variability.first != .nominal || expression == nil {
                result.distribution = variability.distribution(nominal: value) { _ in 0 }
            }
            result.correlated = correlations.names.firstIndex(of: name)
            return result
        }
        quantities = []
        for parameter in model.parameters {
            quantities.append(
                try quantity(
                    parameter.name, parameter.value, parameter.expression, parameter.unit, parameter.variability))
            symbols.declare(parameter)
        }
        for state in model.states {
            quantities.append(
                try quantity(
                    model.initialName(state.name), state.initial, state.initialExpression, state.unit,
                    state.variability))
        }
        parameterCount = model.parameters.count
        self.correlations = correlations
        conditions = try PatientPlan.conditions(model, symbols).map(compiled)
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
        var all: [Double] = []
        all.reserveCapacity(quantities.count)
        for quantity in quantities { all.append(given[quantity.name] ?? nominal(quantity, all)) }
        return (Array(all[..<parameterCount]), Array(all[parameterCount...]))
    }

    func nominal(_ quantity: Quantity, _ before: [Double]) -> Double {
        quantity.expression?.evaluate(before) ?? quantity.value
    }

    /// How a quantity differs among patients who agree in all that stands before it.
    func distribution(_ quantity: Quantity, _ variability: Variability, _ before: [Double]) -> Distribution {
        quantity.distribution
            ?? variability.distribution(nominal: nominal(quantity, before)) { formula in
                quantity.formulas.first { $0.formula == formula }?.program.evaluate(before) ?? .nan
            }
    }

    /// Draws what varies among patients, in the order of `variableNames`, one word of the stream for each, and says
    /// whether the patient meets the conditions asked before treatment.
    ///
    /// - Parameter given: by patient name, what is known already. Its word of the stream is passed over, so that what is
    ///   drawn does not depend on how much is known; what is correlated with it is drawn given it.
    func draw(
        _ stream: inout RandomStream, given: [String: Double] = [:]
    ) -> (values: [Double], isPlausible: Bool) {
        var all: [Double] = []
        var values: [Double] = []
        var normals: [Double] = []
        all.reserveCapacity(quantities.count)
        for quantity in quantities {
            let known = given.isEmpty ? nil : given[quantity.name]
            guard let variability = quantity.variability else {
                let value = known ?? nominal(quantity, all)
                all.append(value)
                if known != nil { values.append(value) }
                continue
            }
            let distribution = distribution(quantity, variability, all)
            let value: Double
            if let row = quantity.correlated {
                let independent = stream.normal()
                if let known {
                    value = known
                    normals.append(correlations.independent(row, distribution.normal(of: known), normals))
                } else {
                    normals.append(independent)
                    value = distribution.value(normal: correlations.value(row, normals))
                }
            } else {
                let drawn = distribution.sample(&stream)
                value = known ?? drawn
            }
            all.append(value)
            values.append(value)
        }
        return (values, isPlausible(all))
    }

    /// Whether parameters and then initial states meet the conditions asked before treatment.
    func isPlausible(_ all: [Double]) -> Bool { conditions.allSatisfy { $0.evaluate(all) != 0 } }

    /// Names of the values that `draw` gives where these are known.
    func names(given: Set<String>) -> [String] {
        quantities.filter { $0.variability != nil || given.contains($0.name) }.map(\.name)
    }
}

/// Standard normal numbers with given correlations: a lower triangular matrix times independent ones.
struct CorrelatedNormals: Sendable {
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

    /// The independent number of a row whose correlated one is known, after those before it.
    func independent(_ row: Int, _ correlated: Double, _ before: [Double]) -> Double {
        var rest = correlated
        for column in 0..<row { rest -= factor[row][column] * before[column] }
        return rest / factor[row][row]
    }
}

extension EnvironmentModel {
    /// All parameters and initial states of one patient, in order, in their own units: what is given by patient names,
    /// then what follows from it by the file's expressions, then nominal values.
    public func completed(_ values: [String: Double]) throws -> (parameters: [Double], states: [Double]) {
        try PatientPlan(self).complete(values)
    }
}

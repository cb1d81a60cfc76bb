// The rates of a disease and their exact Jacobian at single points, in the states' own units and in scalar arithmetic:
// for checks, which must not share the integrator's code.

/// The continuous equations of a model.
package struct ModelEquations {
    /// Where rates are asked for; what is not named has its nominal value, an input is 0.
    package struct Point: Sendable {
        package var states: [Double]
        package var inputs: [Double]
        package var parameters: [Double]
        package var time = 0.0
    }

    package let model: EnvironmentModel
    /// Indices of the states that have a rate; rates and Jacobian are those of these states, in this order.
    package let continuous: [Int]
    private let graph: ExpressionGraph
    private let layout: InputLayout
    /// The state in each row of the layout.
    private let statesByRow: [Int]
    private let rateTerms: [Term]
    /// By state: the next value of a held one.
    private let heldTerms: [Term?]
    /// Row-major over the continuous states.
    private let derivatives: [Term]

    /// - Throws: `ExpressionError`; not for a model that was read from a file.
    package init(_ model: EnvironmentModel) throws {
        self.model = model
        let symbols = ModelSymbols(model, varying: Array(model.parameters.indices))
        graph = symbols.graph
        let layout = InputLayout(model, varying: model.parameters.count, remembered: 0)
        self.layout = layout
        var statesByRow = Array(repeating: 0, count: model.states.count)
        for (state, row) in layout.stateRows.enumerated() { statesByRow[row] = state }
        self.statesByRow = statesByRow
        let continuous = model.states.indices.filter { !model.states[$0].isHeld }
        self.continuous = continuous
        rateTerms = try continuous.map { try symbols.course.resolve(model.states[$0].rate).term }
        heldTerms = try model.states.map { $0.isHeld ? try symbols.course.resolve($0.rate).term : nil }
        var derivatives: [Term] = []
        for rate in rateTerms {
            for state in continuous {
                derivatives.append(symbols.graph.derivative(of: rate, withRespectTo: layout.stateRows[state]))
            }
        }
        self.derivatives = derivatives
    }

    /// The nominal patient at the start, without treatment.
    package var nominal: Point {
        Point(
            states: model.states.map(\.initial), inputs: model.inputs.map { _ in 0 },
            parameters: model.parameters.map(\.value))
    }

    private func value(_ term: Term, _ point: Point) -> Double {
        graph.evaluate(term) { slot in
            if slot < statesByRow.count { return point.states[statesByRow[slot]] }
            if layout.parameters.contains(slot) { return point.parameters[slot - layout.parameters.lowerBound] }
            if layout.inputs.contains(slot) { return point.inputs[slot - layout.inputs.lowerBound] }
            if layout.stepInputs.contains(slot) { return point.inputs[slot - layout.stepInputs.lowerBound] }
            if layout.randoms.contains(slot) {
                return model.randoms[slot - layout.randoms.lowerBound].distribution.centre
            }
            return slot == layout.time ? point.time : 0
        }
    }

    /// Change of each continuous state per time unit.
    package func rates(at point: Point) -> [Double] { rateTerms.map { value($0, point) } }

    /// The Jacobian of what is integrated: for a state kept as its logarithm z = ln y the rate is y′/y and the
    /// derivative with respect to z is y times that with respect to y.
    package func jacobian(at point: Point, ofLogarithms: Bool = true) -> [Double] {
        let count = continuous.count
        let rates = rates(at: point)
        var matrix = derivatives.map { value($0, point) }
        guard ofLogarithms else { return matrix }
        for (column, state) in continuous.enumerated() where model.states[state].isLog {
            for row in 0..<count { matrix[row * count + column] *= point.states[state] }
        }
        for (row, state) in continuous.enumerated() where model.states[state].isLog {
            for column in 0..<count { matrix[row * count + column] /= point.states[state] }
            matrix[row * count + row] -= rates[row] / point.states[state]
        }
        return matrix
    }
}

extension ModelEquations {
    /// The point that a declared steady state means.
    package func point(_ declared: EnvironmentModel.SteadyState) -> Point {
        var point = nominal
        if let parameters = try? model.completed(declared.parameters).parameters { point.parameters = parameters }
        for (index, state) in model.states.enumerated() {
            if let value = declared.states[state.name] { point.states[index] = value }
        }
        for (index, input) in model.inputs.enumerated() {
            if let value = declared.inputs[input.name] { point.inputs[index] = value }
        }
        return point
    }

    /// By state: its rate, or of a held state how much the next step changes it.
    package func changes(at point: Point) -> [Double] {
        var changes = zip(heldTerms, point.states).map { term, state in term.map { value($0, point) - state } ?? 0 }
        for (index, rate) in zip(continuous, rates(at: point)) { changes[index] = rate }
        return changes
    }
}

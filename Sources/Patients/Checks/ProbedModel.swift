// A model that also shows what its equations do: every state as an observation, its extremes and other expressions as
// outcomes. Checks treat patients of it through the same doors as everybody.

extension EnvironmentModel {
    /// Where the probes of a model are among its observations and outcomes.
    package struct Probes: Sendable {
        /// Observations: states as they are when a decision is due, and the time.
        package var states: Range<Int>
        /// nil where there are no states.
        package var time: Int?
        /// Outcomes: lowest and highest value of each state, then of each expression asked for.
        package var lowest: Range<Int>
        package var highest: Range<Int>
        package var lowestOfExpressions: Range<Int>
        package var highestOfExpressions: Range<Int>
    }

    /// The model with probes behind its own observations and outcomes, which stay as they are.
    ///
    /// - Parameter expressions: texts of course expressions whose extremes are wanted too.
    /// - Throws: `ExpressionError`; not for expressions of a model that was read from a file.
    package func probed(_ expressions: [String] = []) throws -> (model: EnvironmentModel, probes: Probes) {
        var model = self
        let firstObservation = observations.count
        for state in states {
            model.observations.append(
                Observation(
                    description: ObservationDescription(name: "state of \(state.name)"),
                    expression: try Formula(parsing: state.name), text: state.name))
        }
        let time = model.observations.count
        if !states.isEmpty {
            model.observations.append(
                Observation(
                    description: ObservationDescription(name: "time of the course"),
                    expression: try Formula(parsing: "time"), text: "time"))
        }
        var next = outcomes.count
        func take(_ count: Int) -> Range<Int> {
            defer { next += count }
            return next..<(next + count)
        }
        let probes = Probes(
            states: firstObservation..<time, time: states.isEmpty ? nil : time, lowest: take(states.count),
            highest: take(states.count), lowestOfExpressions: take(expressions.count),
            highestOfExpressions: take(expressions.count))
        for texts in [states.map(\.name), expressions] {
            for word in ["lowest", "highest"] {
                for text in texts {
                    let call = "\(word)(\(text))"
                    model.outcomes.append(
                        Outcome(
                            description: OutcomeDescription(name: call), expression: try Formula(parsing: call),
                            text: call))
                }
            }
        }
        return (model, probes)
    }
}

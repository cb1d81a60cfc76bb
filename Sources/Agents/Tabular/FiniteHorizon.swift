// The exact optimum of a tabular environment within its horizon, where the best action depends on how many decisions
// are left.

import Patients

extension DynamicProgramming {
    /// What the best policy gets from the start distribution within so many decisions, by backward induction (Puterman,
    /// Markov Decision Processes, 1994, section 4.5).
    public func optimum(within decisions: Int) -> Double {
        var values = Array(repeating: 0.0, count: model.states)
        var next = values
        for _ in 0..<decisions {
            for state in values.indices {
                next[state] = actionValues(state, values).map(\.value).max() ?? 0
            }
            swap(&values, &next)
        }
        return zip(model.table.start, values).reduce(0) { $0 + $1.0 * $1.1 }
    }
}

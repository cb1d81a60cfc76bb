// One action for every state of a tabular environment, hidden parts of the state included.

/// What exact solutions are as policies: they look at the state itself, which no learner can.
public struct StatePolicy: Policy {
    /// By state.
    public let actions: [Int32]

    public init(actions: [Int]) { self.actions = actions.map(Int32.init) }

    public func act(_ batch: DecisionBatch, actions chosen: UnsafeMutableBufferPointer<Int32>) {
        for row in 0..<batch.count {
            let state = batch.states.map { Int($0[row]) } ?? 0
            chosen[row] = firstAllowed(actions[state], [], batch, row)
        }
    }
}

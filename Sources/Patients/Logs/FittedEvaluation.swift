// Models of what a policy's actions are worth, fitted to logged episodes of another policy.

/// What a policy's actions are worth by a fitted model, at every row of a log; of the value of what is left of the watch.
public struct FittedValues: Sendable {
    /// By row: Q̂ of the logged action.
    public var actions: [Double]
    /// By row: Σ π(a|s)·Q̂(s, a).
    public var states: [Double]

    public init(actions: [Double], states: [Double]) {
        self.actions = actions
        self.states = states
    }

    public init(zeros rows: Int) {
        self.init(actions: Array(repeating: 0, count: rows), states: Array(repeating: 0, count: rows))
    }
}

/// Fits Q̂ to logged episodes, so that other estimates can use it.
public protocol FittedEvaluation: Sendable {
    /// For people, such as `tabular`.
    var name: String { get }
    /// Whether a fit is cheap enough to be repeated for every draw of a bootstrap.
    var isCheap: Bool { get }
    /// Fits episodes, each counting as often as stated, and values every row of the log.
    func fit(_ multiplicities: [Double]) throws -> FittedValues
}

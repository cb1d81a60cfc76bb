// What a model says of decisions as plain tables, so that a batch need not touch strings and formulas at every step.

/// Which action gives and which rule forbids what, and where observations come from.
final class DecisionRules {
    let actions: Int
    let doses: Int
    let observations: Int
    let horizon: Int
    let terminatesAtEnd: Bool
    /// actions × doses: how often an action gives a dose.
    let given: [Double]
    /// rules × actions
    let forbids: [Bool]
    /// By ending.
    let endingRewards: [Double]
    /// By observation: the output of the decision program, or −1 for the change of another observation.
    let outputs: [Int32]
    /// By observation: the observation whose change it is, or −1.
    let changeOf: [Int32]

    /// - Parameter firstObservation: the decision program's output that is the first observation's.
    init(_ model: EnvironmentModel, firstObservation: Int) {
        actions = model.actions.count
        doses = model.doses.count
        observations = model.observations.count
        horizon = model.decisionCount
        terminatesAtEnd = model.terminatesAtEnd
        given = model.actions.flatMap { action in
            model.doses.indices.map { dose in Double(action.doses.count { $0 == dose }) }
        }
        forbids = model.rules.flatMap { rule in model.actions.map { $0.doses.contains(rule.dose) } }
        endingRewards = model.endings.map(\.reward)
        var next = Int32(firstObservation)
        var outputs: [Int32] = []
        for observation in model.observations {
            outputs.append(observation.expression == nil ? -1 : next)
            if observation.expression != nil { next += 1 }
        }
        self.outputs = outputs
        changeOf = model.observations.map { Int32($0.changeOf ?? -1) }
    }
}

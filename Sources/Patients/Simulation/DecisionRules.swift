// What a model says of decisions as plain tables, so that a batch need not touch strings and formulas at every step.

/// Which action gives and which rule forbids what, and what endings are worth.
final class DecisionRules {
    let actions: Int
    let doses: Int
    let horizon: Int
    let terminatesAtEnd: Bool
    let interval: Double
    let stepsPerDecision: Int
    /// actions × doses: the level of each dose that an action gives.
    let levels: [Double]
    /// rules × actions
    let forbids: [Bool]
    /// By ending.
    let endingRewards: [Double]
    let replacesReward: [Bool]

    init(_ model: EnvironmentModel) {
        actions = model.actions.count
        doses = model.doses.count
        horizon = model.decisionCount
        terminatesAtEnd = model.terminatesAtEnd
        interval = model.decisionInterval
        stepsPerDecision = model.stepsPerDecision
        levels = model.actions.flatMap { action in
            model.doses.indices.map { dose in action.level(of: dose) }
        }
        forbids = model.rules.flatMap { rule in model.actions.map { $0.doses.contains(rule.dose) } }
        endingRewards = model.endings.map(\.reward)
        replacesReward = model.endings.map(\.replacesReward)
    }
}

extension EnvironmentModel.Action {
    /// The level of a dose that the action gives; 0 where it does not.
    func level(of dose: Int) -> Double {
        var sum = 0.0
        for (index, number) in doses.enumerated() where number == dose {
            sum += levels.indices.contains(index) ? levels[index] : 1
        }
        return sum
    }
}

// Policies that draw their actions, and say with which probabilities.

/// A policy that decides by chance. What it is worth on other policies' episodes can be estimated, and its own episodes
/// used for others, because the probability of every action is known exactly.
public protocol RandomisedPolicy: Policy {
    /// Writes count × actionCount probabilities: 0 for a forbidden action, every row summing to 1.
    func probabilities(_ batch: DecisionBatch, into probabilities: UnsafeMutableBufferPointer<Double>)
}

extension RandomPolicy: RandomisedPolicy {
    public func probabilities(_ batch: DecisionBatch, into probabilities: UnsafeMutableBufferPointer<Double>) {
        let width = batch.actionCount
        for row in 0..<batch.count { addUniform(1, batch, row, to: probabilities.baseAddress! + row * width, keep: 0) }
    }
}

extension TabularProtocolPolicy: RandomisedPolicy {
    public func probabilities(_ batch: DecisionBatch, into probabilities: UnsafeMutableBufferPointer<Double>) {
        let width = batch.actionCount
        for row in 0..<batch.count {
            let state = batch.states.map { Int($0[row]) } ?? 0
            let target = probabilities.baseAddress! + row * width
            var sum = 0.0
            for action in 0..<width {
                target[action] = batch.allowed[row * width + action] ? weight(state, action) : 0
                sum += target[action]
            }
            if sum > 0 {
                for action in 0..<width { target[action] /= sum }
            } else {
                target[Int(firstAllowed(0, [], batch, row))] = 1
            }
        }
    }
}

/// target[a] = keep·target[a], and weight / (number of allowed actions) more where a is allowed.
func addUniform(
    _ weight: Double, _ batch: DecisionBatch, _ row: Int, to target: UnsafeMutablePointer<Double>, keep: Double
) {
    let width = batch.actionCount
    let allowed = batch.allowed.baseAddress! + row * width
    var permitted = 0
    for action in 0..<width where allowed[action] { permitted += 1 }
    let share = weight / Double(max(1, permitted))
    for action in 0..<width { target[action] = (keep == 0 ? 0 : keep * target[action]) + (allowed[action] ? share : 0) }
}

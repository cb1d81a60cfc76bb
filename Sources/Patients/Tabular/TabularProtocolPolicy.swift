// The fixed protocols of a tabular environment: a table of action probabilities by state, or one action.

import Numerics

/// Draws from a protocol's probabilities; knows the state itself, hidden parts included, as the physician whom such a
/// table describes did. A pure function of seed, patient, decision and state.
public struct TabularProtocolPolicy: Policy {
    public let name: String
    private let actions: Int
    /// states × actions
    private let probabilities: [Double]
    private let stream: RandomStream

    public init(_ rule: TabularModel.Rule, name: String, model: TabularModel, seed: UInt64) {
        self.name = name
        actions = model.actions
        probabilities = (0..<model.states).flatMap { model.probabilities(rule, state: $0) }
        stream = RandomStream(seed: seed, purpose: "policy.protocol.\(name)")
    }

    /// The probability of an action in a state before anything is forbidden.
    func weight(_ state: Int, _ action: Int) -> Double { probabilities[state * actions + action] }

    public func act(_ batch: DecisionBatch, actions chosen: UnsafeMutableBufferPointer<Int32>) {
        probabilities.withUnsafeBufferPointer { table in
            for row in 0..<batch.count {
                let allowed = batch.allowed.baseAddress! + row * actions
                // Only batches of tabular environments get here, and they tell their states.
                let state = batch.states.map { Int($0[row]) } ?? 0
                let weights = table.baseAddress! + state * actions
                let number = stream.uniform(
                    index: UInt64(UInt32(bitPattern: batch.patients[row])),
                    position: UInt64(UInt32(bitPattern: batch.decisions[row])))
                var sum = 0.0
                var last: Int32 = -1
                for action in 0..<actions where weights[action] > 0 && allowed[action] {
                    last = Int32(action)
                    sum += weights[action]
                    if number < sum { break }
                }
                chosen[row] = last >= 0 ? last : firstAllowed(0, [], batch, row)
            }
        }
    }
}

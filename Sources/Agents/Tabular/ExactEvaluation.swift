// What a policy of a tabular environment is worth exactly: no sampling, no seeds.

import Patients

/// Numbers of one policy over the start distribution.
public struct ExactEvaluation: Sendable {
    /// Over endless time, discounted as asked.
    public var value: Double
    /// No farther from the exact value than this (and rounding).
    public var bound: Double
    /// Over endless time, undiscounted.
    public var undiscounted: Double
    /// Mean number of decisions over endless time; infinite where a course may never end.
    public var length: Double
    /// [ending] over endless time.
    public var endings: [Double]
    /// The same within the environment's horizon.
    public var horizonReturn: Double
    public var horizonLength: Double
    public var horizonEndings: [Double]
    /// By state, over endless time, discounted as asked.
    public var values: [Double]

    /// - Parameter policy: states × actions.
    public init(_ model: TabularModel, policy: [Double], discount: Double) {
        let chain = MarkovChain(model, policy: policy)
        let horizon = model.task.horizon
        let solved = chain.values(.reward, discount: discount)
        values = solved.values
        value = model.atStart(solved.values)
        bound = solved.bound
        undiscounted = discount == 1 ? value : model.atStart(chain.values(.reward, discount: 1).values)
        length =
            chain.mayNeverEnd(from: model.table.start)
            ? .infinity : model.atStart(chain.values(.length, discount: 1).values)
        endings = model.endings.indices.map { model.atStart(chain.values(.ending($0), discount: 1).values) }
        horizonReturn = model.atStart(chain.sums(.reward, decisions: horizon))
        horizonLength = model.atStart(chain.sums(.length, decisions: horizon))
        horizonEndings = model.endings.indices.map { model.atStart(chain.sums(.ending($0), decisions: horizon)) }
    }
}

extension TabularModel {
    /// What a policy does in every state; 0 in endings. The policy must have no memory and draw no lots.
    public func actions(of policy: any Policy) -> [Int] {
        let states = (0..<states).filter { !isEnding($0) }
        let allowed = states.flatMap { state -> [Bool] in
            let own = Set(self.allowed(state))
            return (0..<actions).map(own.contains)
        }
        var chosen = Array(repeating: Int32(0), count: states.count)
        states.flatMap { observation($0) }.withUnsafeBufferPointer { observations in
            allowed.withUnsafeBufferPointer { allowed in
                Array(repeating: Int32(0), count: states.count).withUnsafeBufferPointer { zeros in
                    states.map(Int32.init).withUnsafeBufferPointer { numbers in
                        chosen.withUnsafeMutableBufferPointer { chosen in
                            policy.act(
                                DecisionBatch(
                                    count: states.count, observationCount: task.observations.count,
                                    actionCount: actions, observations: observations, allowed: allowed,
                                    decisions: zeros, patients: numbers),
                                actions: chosen)
                        }
                    }
                }
            }
        }
        var all = Array(repeating: 0, count: self.states)
        for (state, action) in zip(states, chosen) { all[state] = Int(action) }
        return all
    }
}

extension TabularFactory {
    /// The exact undiscounted return within the horizon of a policy without memory over the start distribution.
    func exactReturn(of policy: any SavedPolicy) -> Double? {
        if policy.hasMemory { return nil }
        let chain = MarkovChain(model, policy: model.matrix(actions: model.actions(of: policy)))
        return model.atStart(chain.sums(.reward, decisions: task.horizon))
    }
}

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

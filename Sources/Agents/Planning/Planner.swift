// Planning policies in a study: nothing is learned, so that one run stands for all seeds.

import Patients
import PositionedJSON

/// `mpc` or `map_bayes`.
public struct Planner: Learner {
    public var configuration: PlanningConfiguration

    public init(_ configuration: PlanningConfiguration) { self.configuration = configuration }

    public var name: String { configuration.algorithm }
    public var decisions: Int { 0 }
    public var learns: Bool { false }
    public func shrunk(by factor: Double) -> any Learner { self }
    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        let policy = PlanningPolicy(configuration, task: job.environment.task)
        try policy.check(job.environment)
        let table = try Rollout.run(job.validation, policy: policy, seed: job.validationSeed)
        let count = Double(max(1, table.count))
        let point = LearningCurvePoint(
            decisions: 0, episodes: 0, validationReturn: table.meanReturn,
            validationDiscountedReturn: table.discountedReturns.reduce(0, +) / count, trainingReturn: .nan,
            outcomes: table.outcomeNames.indices.map(table.meanOutcome), diagnostics: [])
        return TrainedPolicy(
            policy: policy, metrics: [point], bestAt: 0, outcomeNames: table.outcomeNames, diagnosticNames: [])
    }
}

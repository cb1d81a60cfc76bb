// What every learner is given and what it hands back.

import Numerics
import Patients
import PositionedJSON
import Trees

/// An algorithm with its settings: explores training patients, returns the policy that did best on validation patients.
///
/// A pure function of (settings, job): the same seed gives the same bytes on any number of threads.
public protocol Learner: Sendable {
    /// The algorithm as spelled in study files: `dqn`, `ppo`, `q_learning`.
    var name: String { get }
    /// Decisions to learn from.
    var decisions: Int { get }
    /// Whether seeds make a difference: false for policies that are computed and not learned.
    var learns: Bool { get }
    /// Whether it can go on from a policy that it left behind earlier (`TrainingJob.start`).
    var goesOn: Bool { get }
    /// Trains on one seed.
    func train(_ job: TrainingJob) throws -> TrainedPolicy
    /// The same settings with budgets multiplied by a factor in (0, 1]: for a quick look, not for results.
    func shrunk(by factor: Double) -> any Learner
    /// The same settings with a share in (0, 1] of the decisions, to learn in earnest from fewer.
    func taking(share: Double) -> any Learner
    /// All settings, defaults filled in, as they would be written in a study.
    func json() -> JSONValue
}

extension Learner {
    public var learns: Bool { true }
    public var goesOn: Bool { false }
    public func taking(share: Double) -> any Learner { shrunk(by: share) }
}

/// One training run.
public struct TrainingJob: Sendable {
    /// Training patients.
    public var environment: any EnvironmentFactory
    /// Patients who choose the checkpoint, and whom the learner never treats while learning.
    public var validation: any EnvironmentFactory
    public var seed: UInt64
    /// Keys the chance events of validation episodes, so that all seeds are judged on the same ones.
    public var validationSeed: UInt64
    /// Episodes of another policy, all that an offline learner learns from; nil for those that explore.
    public var log: EpisodeLog?
    /// What the same learner left behind earlier, on other patients, and goes on from; nil begins anew.
    public var start: (any SavedPolicy)?
    /// Called now and then from the training thread.
    public var report: @Sendable (TrainingProgress) -> Void

    public init(
        environment: any EnvironmentFactory, validation: any EnvironmentFactory, seed: UInt64,
        validationSeed: UInt64? = nil, log: EpisodeLog? = nil, start: (any SavedPolicy)? = nil,
        report: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
    ) {
        self.environment = environment
        self.validation = validation
        self.seed = seed
        self.validationSeed = validationSeed ?? seed
        self.log = log
        self.start = start
        self.report = report
    }
}

/// How far a run has come.
public struct TrainingProgress: Sendable, Equatable {
    public var decisions: Int
    public var totalDecisions: Int
    public var episodes: Int
    /// Mean return of the last evaluation on validation patients; nil before the first.
    public var validationReturn: Double?
}

/// One evaluation on validation patients; never of training episodes.
public struct LearningCurvePoint: Sendable, Equatable {
    /// Decisions and episodes on training patients so far.
    public var decisions: Int
    public var episodes: Int
    /// Mean return of the greedy policy, undiscounted and discounted.
    public var validationReturn: Double
    public var validationDiscountedReturn: Double
    /// Mean return of the training episodes that ended since the last point, exploration included; NaN for none.
    public var trainingReturn: Double
    /// Mean of every outcome over the validation patients for whom it is defined.
    public var outcomes: [Double]
    /// What the algorithm says of itself, in the order of `TrainedPolicy.diagnosticNames`.
    public var diagnostics: [Double]
    /// What `validationReturn` estimates, over patients drawn from the start distribution, where the environment is a
    /// table and the policy has no memory; never used to choose a policy.
    public var exactReturn: Double?
}

/// The result of a training run.
public struct TrainedPolicy: Sendable {
    /// The best policy by mean validation return; the earlier one of equals.
    public var policy: any SavedPolicy
    /// The learning curve, one entry per evaluation.
    public var metrics: [LearningCurvePoint]
    /// Decisions after which the kept policy was evaluated.
    public var bestAt: Int
    /// The tree that the policy was trained towards (`TreeRegularisationSettings`); nil for most.
    public var tree: DecisionTree?
    public var outcomeNames: [String]
    public var diagnosticNames: [String]

    /// The learning curve as CSV; a number that is not defined is empty.
    public func metricsCSV() -> String {
        func cell(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }
        let isExact = metrics.contains { $0.exactReturn != nil }
        let names =
            ["decisions", "episodes", "validation_return", "validation_discounted_return", "training_return"]
            + outcomeNames.map { "validation_\($0)" } + diagnosticNames + (isExact ? ["exact_return"] : [])
        var text = names.joined(separator: ",") + "\n"
        for point in metrics {
            text += "\(point.decisions),\(point.episodes),\(cell(point.validationReturn)),"
            text += "\(cell(point.validationDiscountedReturn)),\(cell(point.trainingReturn))"
            for value in point.outcomes + point.diagnostics { text += "," + cell(value) }
            if isExact { text += "," + cell(point.exactReturn ?? .nan) }
            text += "\n"
        }
        return text
    }
}

// The watch over a training run: evaluates on validation patients, keeps the learning curve and the best policy.

import Numerics
import Patients

/// When and on whom a learner is evaluated.
public struct ValidationSettings: Sendable, Equatable {
    /// Decisions between evaluations; one more follows the last decision.
    public var evaluateEvery: Int
    /// Validation patients treated each time, from the first; nil for all.
    public var patients: Int?

    public init(evaluateEvery: Int = 10_000, patients: Int? = nil) {
        self.evaluateEvery = evaluateEvery
        self.patients = patients
    }
}

/// Used by one training run.
final class Validation {
    private let job: TrainingJob
    private let settings: ValidationSettings
    private let totalDecisions: Int
    private let diagnosticNames: [String]
    private let keepsBest: Bool
    private var metrics: [LearningCurvePoint] = []
    private var best: (policy: any SavedPolicy, value: Double, decisions: Int)?
    private var next: Int
    private var nextReport = 0

    /// - Parameter keepsBest: whether the policy that did best is kept, or the last one.
    init(
        job: TrainingJob, settings: ValidationSettings, totalDecisions: Int, diagnosticNames: [String],
        keepsBest: Bool = true
    ) {
        self.job = job
        self.settings = settings
        self.totalDecisions = totalDecisions
        self.diagnosticNames = diagnosticNames
        self.keepsBest = keepsBest
        next = settings.evaluateEvery
    }

    /// Evaluates if it is time to, or the run is over.
    ///
    /// - Parameters:
    ///   - decisions: decisions made so far.
    ///   - slots: where training episodes are counted.
    ///   - policy: makes the greedy policy as it is now; called only when evaluated.
    ///   - isDue: evaluates whatever the time.
    ///   - diagnostics: one number per diagnostic name; called only when evaluated.
    func look(
        decisions: Int, slots: any EpisodeTally, isDue: Bool = false, policy: () -> any SavedPolicy,
        diagnostics: () -> [Double]
    ) throws {
        let over = decisions >= totalDecisions
        guard isDue || decisions >= next || over else {
            if decisions >= nextReport {
                nextReport = decisions + max(1, totalDecisions / 100)
                report(decisions, slots.finishedEpisodes)
            }
            return
        }
        while next <= decisions { next += settings.evaluateEvery }
        let candidate = policy()
        let count = min(settings.patients ?? job.validation.patients, job.validation.patients)
        let table = try Rollout.run(
            job.validation, policy: candidate, patients: 0..<count, seed: job.validationSeed)
        let value = table.meanReturn
        metrics.append(
            LearningCurvePoint(
                decisions: decisions, episodes: slots.finishedEpisodes, validationReturn: value,
                validationDiscountedReturn: mean(table.discountedReturns),
                trainingReturn: slots.takeMeanReturn(),
                outcomes: table.outcomeNames.indices.map(table.meanOutcome), diagnostics: diagnostics(),
                exactReturn: (job.validation as? TabularFactory)?.exactReturn(of: candidate)))
        if !keepsBest || best.map({ value > $0.value }) ?? true { best = (candidate, value, decisions) }
        report(decisions, slots.finishedEpisodes)
    }

    private func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    private func report(_ decisions: Int, _ episodes: Int) {
        job.report(
            TrainingProgress(
                decisions: decisions, totalDecisions: totalDecisions, episodes: episodes,
                validationReturn: metrics.last?.validationReturn))
    }

    /// Decisions after which the best policy so far was evaluated; nil before the first evaluation.
    var bestAt: Int? { best?.decisions }

    /// The result, once the last decision has been looked at.
    func result() throws -> TrainedPolicy {
        guard let best else { throw TrainingError.noDecisions }
        return TrainedPolicy(
            policy: best.policy, metrics: metrics, bestAt: best.decisions,
            outcomeNames: job.validation.task.outcomes.map(\.name), diagnosticNames: diagnosticNames)
    }
}

/// Why a run could not go on.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    /// The budget allows no decision.
    case noDecisions
    /// An offline learner was given no logged decisions.
    case noLog
    /// There is no patient to learn from or to choose by.
    case noPatients(String)
    /// A loss or reward is not finite.
    case notFinite(what: String, decisions: Int)
    /// The policy to go on from was made by another learner, or by one with other settings.
    case wrongStart
    /// The tabular state space is too large.
    case tooManyStates(Int)
    /// The observations take too many different values for each to be a state.
    case tooManyRows
    /// Tabular states name a tree that nobody supplied.
    case unresolvedTree(String)
    /// The states of a tabular learner were made for other observations than the environment's.
    case wrongAbstraction
    case unknownObservation(String)
    case wrongBins(features: Int, bins: Int)
    /// More observations than the learner's regressor can split on.
    case tooManyObservations(Int, most: Int)

    public var description: String {
        switch self {
        case .noDecisions: "the learner's budget is zero decisions"
        case .noLog: "there are no logged decisions to learn from"
        case .noPatients(let whose): "there are no \(whose) patients"
        case .notFinite(let what, let decisions):
            "\(what) is not finite after \(decisions) decisions; a lower learning rate or reward scale may help"
        case .wrongStart: "the policy to go on from was made by another learner, or with other settings"
        case .tooManyStates(let count):
            "the grid has \(count) cells, more than \(QuantileGrid.largest); choose fewer features or bins"
        case .tooManyRows:
            "there are more than \(QuantileGrid.largest) different rows of observations, too many for each to be a state; "
                + "choose a grid"
        case .unresolvedTree(let name): "the tree `\(name)`, from which it is to learn, was not supplied"
        case .wrongAbstraction: "the states were made for other observations than the environment's"
        case .unknownObservation(let name): "there is no observation `\(name)`"
        case .wrongBins(let features, let bins):
            "\(features) features need \(features) numbers of bins, or one for all, not \(bins)"
        case .tooManyObservations(let count, let most):
            "there are \(count) observations, and this learner can take \(most)"
        }
    }
}

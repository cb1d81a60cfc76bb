// Policies that plan with the environment's own model at every decision: model-predictive control and MAP-Bayes dosing.

import Numerics
import Patients
import PositionedJSON

/// Looks a few decisions ahead with the model, chooses the best plan and takes its first action (receding horizon).
///
/// It plans from the patient's own parameters and state, from the typical patient of the covariates, or from the most
/// probable patient given the measurements (maximum a posteriori: Sheiner, Beal, Rosenberg and Marathe, Clin. Pharmacol.
/// Ther. 26 (1979) 294–305). It knows all covariates, which are measured in a clinic, whether or not the environment
/// shows them to learners.
public struct PlanningPolicy: SavedPolicy {
    public let configuration: PlanningConfiguration
    public let observations: [String]
    public let actions: [String]

    public init(_ configuration: PlanningConfiguration, task: TaskDescription) {
        self.configuration = configuration
        observations = task.observations.map(\.name)
        actions = task.actions.map(\.name)
    }

    /// Reads what `json` writes behind its header.
    init(reader: ObjectReader, kind: String, observations: [String], actions: [String]) {
        configuration = PlanningConfiguration(reader: reader, algorithm: kind)
        self.observations = observations
        self.actions = actions
    }

    public func json() -> JSONValue { .object(header(kind: configuration.algorithm) + configuration.fields()) }

    /// Values of first actions: the return over the plan, or how far from the target it ends, as a negative number.
    public var scoreKind: ScoreKind { .actionValues }
    public var hasMemory: Bool { true }
    public func makeScoredSession(slots: Int) -> any ScoredPolicySession { PlanningSession(self) }
    public func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        makeScoredSession(slots: batch.count).score(batch, scores: scores)
    }

    /// Whether it can plan for an environment's patients.
    ///
    /// - Throws: `SimulationError.invalid` in words where it cannot.
    public func check(_ factory: any EnvironmentFactory) throws {
        guard configuration.knows != .patient else { return }
        _ = try PatientEstimator(factory.makeBatch(slots: 1, seed: 0), settings: estimatorSettings)
    }

    var estimatorSettings: EstimatorSettings {
        var settings = EstimatorSettings()
        settings.estimates = configuration.knows == .estimate
        settings.every = configuration.estimateEvery
        return settings
    }
}

/// One batch of patients under a planning policy.
final class PlanningSession: ScoredPolicySession {
    private let policy: PlanningPolicy
    private var estimator: PatientEstimator?
    private var search: PlanSearch?
    /// By row: the plan of the last decision.
    private var plans: [[Int32]] = []

    /// Of the chance that plans are judged under, which is never that of the patients.
    private static let seed: UInt64 = 0x706c_616e

    init(_ policy: PlanningPolicy) { self.policy = policy }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, batch.count * batch.actionCount)) { scores in
            score(batch, scores: scores)
            for row in 0..<batch.count {
                let first = row * batch.actionCount
                actions[row] = max(
                    0,
                    bestAllowed(
                        scores.baseAddress! + first, batch.allowed.baseAddress! + first, count: batch.actionCount))
            }
        }
    }

    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>) {
        guard let environment = batch.environment else {
            preconditionFailure("a policy that plans with the model is asked by the environment, not by a table")
        }
        let search = prepare(environment)
        scores.initialize(repeating: 0)
        do {
            try estimator?.follow(environment)
        } catch {
            // `check` has made an estimator for this environment; a patient's numbers are those of a cohort.
            preconditionFailure("\(error)")
        }
        let source = estimator?.courses ?? environment
        for row in 0..<batch.count where environment.status[row] == .running {
            if batch.decisions[row] == 0 { plans[row] = [] }
            // The model's copy of a patient may have met an ending that the patient has not.
            guard source.status[row] == .running else { continue }
            search.search(
                slot: row, of: source, allowed: batch.allowed.baseAddress! + row * batch.actionCount,
                goal: goal(batch, row), plan: &plans[row], scores: scores.baseAddress! + row * batch.actionCount)
        }
    }

    private func goal(_ batch: DecisionBatch, _ row: Int) -> PlanSearch.Goal? {
        guard let target = policy.configuration.target,
            let observation = policy.observations.firstIndex(of: target.observation)
        else { return nil }
        switch target.value {
        case .number(let value): return PlanSearch.Goal(observation: observation, value: value)
        case .observation(let name):
            guard let other = policy.observations.firstIndex(of: name) else { return nil }
            return PlanSearch.Goal(
                observation: observation, value: batch.observations[row * batch.observationCount + other])
        }
    }

    private func prepare(_ environment: any BatchEnvironment) -> PlanSearch {
        if let search { return search }
        let configuration = policy.configuration
        let slots = PlanSearch.slots(configuration, actions: environment.task.actions.count)
        do {
            if configuration.knows != .patient {
                estimator = try PatientEstimator(environment, settings: policy.estimatorSettings)
            }
            let branches = try (estimator?.courses ?? environment).makeSibling(slots: slots, seed: PlanningSession.seed)
            let made = PlanSearch(branches, configuration)
            search = made
            plans = Array(repeating: [], count: environment.slots)
            return made
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

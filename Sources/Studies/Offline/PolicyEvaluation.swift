// `lab policy evaluate`: a policy's value from a log of another one.

import Agents
import Evaluation
import Patients
import PositionedJSON

public enum PolicyEvaluation {
    public enum Fit: String, Sendable, CaseIterable { case table, network }

    /// - Parameters:
    ///   - model: the environment, where it is known; needed for protocols of tables.
    ///   - fit: nil takes a table where observations repeat (each is seen five times on average), else a network.
    public static func run(
        _ policy: any Policy, epsilon: Double, log: EpisodeLog, model: EnvironmentModel?, fit: Fit?,
        settings: OffPolicyEvaluation.Settings
    ) throws -> OffPolicyEvaluation {
        let target = try LoggedTarget(policy: policy, epsilon: epsilon).probabilities(log, model)
        return try OffPolicyEvaluation(log, target: target, settings: settings) { horizon in
            let table = TabularFittedEvaluation(log, target: target, discount: settings.discount, horizon: horizon)
            if fit == .table || (fit == nil && table.states * 5 <= log.decisions) { return table }
            return NetworkFittedEvaluation(
                log, target: target, discount: settings.discount, horizon: horizon, seed: settings.seed)
        }
    }
}

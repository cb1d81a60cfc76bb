// Advantage actor–critic: PPO's ancestor, one gradient step on every short rollout.

import Networks
import Numerics
import Patients
import PositionedJSON

/// A2C, the synchronous form of A3C (Mnih et al., ICML 2016, arXiv 1602.01783, algorithm S3), with the details of
/// Stable-Baselines3: short rollouts, each used once as a whole, RMSProp (PyTorch's), one gradient norm over both
/// networks.
///
/// The loss of a decision is −A·log π(a|s) − entropy bonus + vf_coef·(V(s) − return)². Forbidden actions have
/// probability zero and no gradient. A truncated course is valued by its last state.
public struct A2C: Learner {
    public var configuration: A2CConfiguration

    public init(_ configuration: A2CConfiguration = A2CConfiguration()) { self.configuration = configuration }

    public var name: String { "a2c" }
    public var decisions: Int { configuration.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.validation = small.validation.shrunk(by: factor)
        return A2C(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        let run = try AdvantageRun(
            name,
            CollectionSettings(
                slots: configuration.slots, steps: configuration.nSteps, gamma: configuration.gamma,
                lambda: configuration.gaeLambda, rewardScale: configuration.rewardScale,
                normalisationDecisions: configuration.normalisationDecisions),
            configuration.update, configuration.validation, total: configuration.decisions, job
        ) { count, rate -> any Optimiser in
            guard configuration.useRMSProp else { return Adam(count: count, learningRate: rate, epsilon: 1e-5) }
            return RMSProp(count: count, learningRate: rate, epsilon: Float(configuration.rmsPropEps))
        }
        if job.start != nil { try run.look(isDue: true) }
        while run.collector.decisions < configuration.decisions {
            try run.collector.collect(run.networks)
            try run.update(count: run.collector.rollout.count)
            try run.look()
        }
        return try run.validation.result()
    }
}

// Proximal policy optimisation: a policy network learns from its own decisions, a value network judges them.

import Networks
import Numerics
import Patients
import PositionedJSON

/// PPO with a clipped objective (Schulman, Wolski, Dhariwal, Radford and Klimov, arXiv:1707.06347, eq. 7) and generalised
/// advantage estimation, with the details of Stable-Baselines3: separate policy and value networks, orthogonal
/// initialisation, advantages normalised per minibatch, one gradient norm over both networks, Adam with ε = 1e-5.
///
/// Forbidden actions have probability zero and no gradient. A truncated course is valued by its last state.
public struct PPO: Learner {
    public var configuration: PPOConfiguration

    public init(_ configuration: PPOConfiguration = PPOConfiguration()) { self.configuration = configuration }

    public var name: String { "ppo" }
    public var decisions: Int { configuration.decisions }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.nSteps = min(small.nSteps, max(1, small.decisions / (4 * small.slots)))
        small.validation = small.validation.shrunk(by: factor)
        return PPO(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        let run = try PPORun(configuration, job)
        while run.decisions < configuration.decisions {
            try run.collect()
            try run.update()
            try run.look()
        }
        return try run.result()
    }
}

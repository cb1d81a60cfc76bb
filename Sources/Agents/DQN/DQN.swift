// Deep Q-learning: a network learns the value of every action from remembered transitions.

import Patients
import PositionedJSON
import Trees

/// DQN (Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015) 529–533), by default
/// that of Stable-Baselines3. Switched on one by one: the double estimator (van Hasselt, Guez and Silver, AAAI 2016), a
/// dueling network (Wang et al., ICML 2016), prioritised replay (Schaul et al., ICLR 2016), sums of `n_steps` rewards;
/// all of them together are what Rainbow (Hessel et al., AAAI 2018) has but for noise and distributions.
///
/// Loss: Huber's of δ = Q(s, a) − (r + γ·Q⁻(s′, a*)), where a* is the best allowed action in s′: by Q⁻, or by Q where
/// double. A terminated course ends the sum; a truncated one does not.
///
/// A tree may help: it treats the first patients and the network is trained on what it did (`TreeDemonstrations`), and
/// rewards are shaped by what its leaves are worth (`PotentialShaping`; scores are then Q(s, a) − Φ(s)).
public struct DQN: TreeGuidedLearner {
    public var configuration: DQNConfiguration
    public var tree: DecisionTree?

    public init(_ configuration: DQNConfiguration = DQNConfiguration(), tree: DecisionTree? = nil) {
        self.configuration = configuration
        self.tree = tree
    }

    public var treeName: String? { configuration.tree }
    public func guided(by tree: DecisionTree) -> any Learner { DQN(configuration, tree: tree) }

    public var name: String { "dqn" }
    public var decisions: Int { configuration.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.decisions = Agents.shrunk(small.decisions, by: factor)
        small.learningStarts = min(small.learningStarts, Agents.shrunk(small.learningStarts, by: factor))
        small.targetUpdateInterval = Agents.shrunk(small.targetUpdateInterval, by: factor)
        small.validation = small.validation.shrunk(by: factor)
        small.treeDecisions = Agents.shrunk(small.treeDecisions, by: factor)
        small.pretrainingSteps = min(small.pretrainingSteps, Agents.shrunk(small.pretrainingSteps, by: factor))
        return DQN(small, tree: tree)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        if let name = configuration.tree, tree == nil { throw TrainingError.unresolvedTree(name) }
        return try DQNRun(configuration, tree, job).train()
    }
}

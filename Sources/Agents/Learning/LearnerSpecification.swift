// Learners as a study states them.

import Patients
import PositionedJSON

/// Reads a learner from an object such as `{"algorithm": "dqn", "decisions": 100000}`.
public enum LearnerSpecification {
    public static let algorithms = [
        "a2c", "bcq", "behaviour_cloning", "cql", "double_q_learning", "dqn", "expected_sarsa", "fqi", "map_bayes",
        "mpc", "ppo", "q_lambda", "q_learning", "recurrent_ppo", "reinforce", "sarsa",
    ]

    /// Complains of wrong settings and returns nil where there is no learner at all. `finish()`, which complains of
    /// unknown keys, is left to the caller, who may have keys of its own in the same object.
    ///
    /// - Parameter task: where known, names of observations are checked.
    public static func read(_ reader: ObjectReader, task: TaskDescription? = nil) -> (any Learner)? {
        let frames = reader.integer("frame_stack", default: 1, in: 1...64)
        guard frames > 1 else { return learner(reader, task) }
        for key in ["tree", "tree_regularisation"] {
            guard let tree = reader.node[key] else { continue }
            reader.complaints.add(tree, "a tree decides on one frame, not on a stack of \(frames)")
        }
        if let place = reader.node["algorithm"], case .string(let name) = place.value,
            ["map_bayes", "mpc"].contains(name)
        {
            reader.complaints.add(
                reader.node["frame_stack"] ?? place, "\(name) plans with the model and stacks no frames",
                remedy: "leave frame_stack out")
        }
        return learner(reader, task.map { FrameStack.task($0, frames: frames) }).map {
            FrameStackedLearner($0, frames: frames)
        }
    }

    /// - Parameter task: as the learner sees it.
    private static func learner(_ reader: ObjectReader, _ task: TaskDescription?) -> (any Learner)? {
        var table: TabularConfiguration { TabularConfiguration(reader: reader, task: task) }
        return switch reader.choice("algorithm", of: algorithms) {
        case "a2c": A2C(A2CConfiguration(reader: reader))
        case "bcq": BCQ(BCQConfiguration(reader: reader))
        case "behaviour_cloning": BehaviourCloning(reader: reader)
        case "cql": CQL(CQLConfiguration(reader: reader))
        case "double_q_learning": DoubleQLearning(table)
        case "dqn": DQN(DQNConfiguration(reader: reader))
        case "expected_sarsa": ExpectedSARSA(table)
        case "fqi": FQI(FQIConfiguration(reader: reader))
        case let planner? where planner == "map_bayes" || planner == "mpc":
            Planner(PlanningConfiguration(reader: reader, algorithm: planner, task: task))
        case "ppo":
            PPO(
                PPOConfiguration(reader: reader), treeRegularisation: TreeRegularisationSettings(reader: reader))
        case "q_lambda": QLambda(reader: reader, task: task)
        case "q_learning": QLearning(table)
        case "recurrent_ppo": RecurrentPPO(RecurrentPPOConfiguration(reader: reader))
        case "reinforce": Reinforce(ReinforceConfiguration(reader: reader))
        case "sarsa": SARSA(table)
        default: nil
        }
    }
}

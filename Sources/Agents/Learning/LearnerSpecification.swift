// Learners as a study states them.

import Patients
import PositionedJSON

/// Reads a learner from an object such as `{"algorithm": "dqn", "decisions": 100000}`.
public enum LearnerSpecification {
    public static let algorithms = ["dqn", "ppo", "q_learning"]

    /// Complains of wrong settings and returns nil where there is no learner at all. `finish()`, which complains of
    /// unknown keys, is left to the caller, who may have keys of its own in the same object.
    ///
    /// - Parameter task: where known, names of observations are checked.
    public static func read(_ reader: ObjectReader, task: TaskDescription? = nil) -> (any Learner)? {
        switch reader.choice("algorithm", of: algorithms) {
        case "dqn": DQN(DQNConfiguration(reader: reader))
        case "ppo": PPO(PPOConfiguration(reader: reader))
        case "q_learning": QLearning(QLearningConfiguration(reader: reader, task: task))
        default: nil
        }
    }
}

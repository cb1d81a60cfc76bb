// Observations made into one of finitely many states, for tabular learners.

import Patients
import PositionedJSON

/// Assigns every observation to one of `states` states.
public protocol StateAbstraction: Sendable {
    /// How many states there are, numbered from 0.
    var states: Int { get }
    /// The state of a row of observations, in the order of the task's.
    func state(of observation: UnsafePointer<Double>) -> Int
    /// Whether it was made for the observations of a task.
    func fits(_ task: TaskDescription) -> Bool
    /// The `kind` of the policy files that use it.
    var policyKind: String { get }
    /// As it is written into a policy file.
    func json(observations: [String]) -> JSONValue
}

// What can go wrong while patients are treated, with the patient, the time and the numbers that did it.

public enum SimulationError: Error, Sendable, CustomStringConvertible {
    /// The integrator could not go on: the step shrank to nothing or too many steps were needed.
    case stuck(patient: Int, time: Double, reason: String, states: [(name: String, value: Double)])
    /// A policy chose a dose that a rule forbids.
    case forbiddenAction(patient: Int, decision: Int, action: String)
    case notFinite(patient: Int, time: Double, what: String)
    case invalid(String)

    public var description: String {
        switch self {
        case .stuck(let patient, let time, let reason, let states):
            let list = states.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
            return "patient \(patient), time \(time): \(reason); \(list)"
        case .forbiddenAction(let patient, let decision, let action):
            return "patient \(patient), decision \(decision): the action '\(action)' is forbidden by a rule"
        case .notFinite(let patient, let time, let what):
            return "patient \(patient), time \(time): \(what) is not a finite number"
        case .invalid(let message):
            return message
        }
    }
}

// Settings of policies that plan with the environment's own model.

import Patients
import PositionedJSON

/// `mpc` and `map_bayes`, as a study or a policy file states them.
public struct PlanningConfiguration: Sendable, Equatable {
    /// What the planner knows of a patient, besides the model.
    public enum Knowledge: String, Sendable, CaseIterable {
        /// Parameters and state, hidden ones included, up to now.
        case patient
        /// Covariates and doses; parameters are typical for the covariates.
        case typical
        /// Covariates, doses and measurements; parameters are estimated from them.
        case estimate
    }
    /// What is steered to, where it is not the environment's reward: an observation, so many decisions ahead as the plan
    /// reaches.
    public struct Target: Sendable, Equatable {
        public enum Value: Sendable, Equatable {
            case number(Double)
            /// Another observation, as it stands at the decision.
            case observation(String)
        }
        public var observation: String
        public var value: Value
    }
    public var knows = Knowledge.patient
    /// Decisions looked ahead.
    public var horizon = 5
    /// Rounds in which single decisions of a plan are varied; 0 for plans of one action throughout.
    public var sweeps = 1
    /// Draws of the chance to come over which a plan is judged; for `knows: patient` only, the others plan with random
    /// numbers at their centres.
    public var scenarios = 1
    /// Per decision; the environment's discount where nothing is stated.
    public var gamma: Double?
    public var target: Target?
    /// Decisions between estimates.
    public var estimateEvery = 1

    public init() {}

    /// The algorithm these settings belong to.
    public var algorithm: String { knows == .estimate ? "map_bayes" : "mpc" }

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    ///
    /// - Parameter task: where known, names of observations are checked.
    public init(reader: ObjectReader, algorithm: String, task: TaskDescription? = nil) {
        if algorithm == "map_bayes" {
            knows = .estimate
            estimateEvery = reader.integer("estimate_every", default: estimateEvery, in: 1...10_000)
        } else {
            let name = reader.choice("knows", of: ["patient", "typical"], default: knows.rawValue)
            knows = name.flatMap(Knowledge.init(rawValue:)) ?? knows
            scenarios = reader.integer("scenarios", default: scenarios, in: 1...64)
        }
        horizon = reader.integer("horizon", default: horizon, in: 1...1000)
        sweeps = reader.integer("sweeps", default: sweeps, in: 0...100)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        target = reader.optionalObject("target", what: "the target").flatMap { Target(reader: $0, task: task) }
    }

    public func fields() -> [JSONField] {
        var fields = [JSONField("horizon", .integer(horizon)), JSONField("sweeps", .integer(sweeps))]
        if knows == .estimate {
            fields.append(JSONField("estimate_every", .integer(estimateEvery)))
        } else {
            fields.append(JSONField("knows", .string(knows.rawValue)))
            fields.append(JSONField("scenarios", .integer(scenarios)))
        }
        if let gamma { fields.append(JSONField("gamma", .number(gamma))) }
        if let target { fields.append(JSONField("target", target.json())) }
        return fields
    }
}

extension PlanningConfiguration.Target {
    /// `{"observation": NAME, "value": number or NAME}`
    init?(reader: ObjectReader, task: TaskDescription?) {
        let observation = reader.string("observation")
        let node = reader.child("value")
        reader.finish()
        guard let observation, let node else { return nil }
        switch node.value {
        case .number(let number, _): value = .number(number)
        case .string(let name): value = .observation(name)
        default:
            reader.complaints.add(node, "the target's value must be a number or the name of an observation")
            return nil
        }
        self.observation = observation
        guard let task else { return }
        let known = task.observations.map(\.name)
        for key in ["observation", "value"] {
            guard let place = reader.node[key], case .string(let name) = place.value, !known.contains(name) else {
                continue
            }
            reader.complaints.add(
                place, "the environment has no observation \"\(name)\"",
                remedy: DidYouMean.remedy(for: name, among: known, known: "observations: "))
        }
    }

    func json() -> JSONValue {
        switch value {
        case .number(let number): ["observation": .string(observation), "value": .number(number)]
        case .observation(let name): ["observation": .string(observation), "value": .string(name)]
        }
    }
}

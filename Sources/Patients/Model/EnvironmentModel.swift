// An environment as its file states it, checked: names, units, expressions, doses, rules, rewards. No mechanism.

import PositionedJSON

/// How a number differs among patients.
public enum Variability: Sendable, Equatable {
    /// Uniform in the logarithm between two positive values.
    case logUniform(low: Double, high: Double)
    /// Uniform between two values.
    case uniform(low: Double, high: Double)
    /// The logarithm is normal: median and standard deviation of the logarithm.
    case logNormal(median: Double, sigma: Double)
    case normal(mean: Double, sigma: Double)
}

/// A disease, its treatment and what is seen and rewarded, read from `environment.json`.
public struct EnvironmentModel: Sendable {
    public struct Parameter: Sendable {
        public var name: String
        public var value: Double
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        public var variability: Variability?
    }

    public struct State: Sendable {
        public var name: String
        public var initial: Double
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        /// Integrated as its logarithm.
        public var isLog: Bool
        /// The magnitude, in the state's unit, below which relative accuracy is not wanted.
        public var negligible: Double
        public var variability: Variability?
        public var rate: Formula
        public var rateText: String
    }

    public struct Input: Sendable {
        public var name: String
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
    }

    public struct Definition: Sendable {
        public var name: String
        public var text: String
        public var expression: Formula
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
    }

    /// One administration: an infusion at a constant rate over the first part of the decision interval.
    public struct Dose: Sendable {
        public var name: String
        public var input: Int
        /// In the input's unit.
        public var rate: Double
        /// In the model's time unit.
        public var duration: Double
        public var meaning: String
    }

    public struct Action: Sendable {
        public var name: String
        /// Indices of doses.
        public var doses: [Int]
        public var meaning: String
    }

    /// A dose is forbidden at a decision where the expression is true.
    public struct Rule: Sendable {
        public var dose: Int
        public var when: Formula
        public var text: String
        public var reason: String
    }

    /// The episode terminates as soon as the expression is true.
    public struct Ending: Sendable {
        public var name: String
        public var when: Formula
        public var text: String
        public var reward: Double
        public var meaning: String
    }

    public struct RewardTerm: Sendable {
        public var name: String
        public var expression: Formula
        public var text: String
        public var meaning: String
    }

    public struct Observation: Sendable {
        public var description: ObservationDescription
        /// nil where the observation is the change of another.
        public var expression: Formula?
        public var text: String
        /// Index of the observation whose change since the last decision this is.
        public var changeOf: Int?
    }

    public struct Outcome: Sendable {
        public var description: OutcomeDescription
        public var expression: Formula
        public var text: String
    }

    /// A fixed protocol: orders of doses, or one action whenever it is allowed.
    public struct TreatmentProtocol: Sendable {
        public struct Order: Sendable {
            public var dose: Int
            /// In decisions.
            public var every: Int
            public var from: Int
        }
        public var name: String
        public var meaning: String
        public var orders: [Order]
    }

    /// A condition that a virtual patient must meet to be kept.
    public struct Condition: Sendable {
        public var when: Formula
        public var text: String
        public var meaning: String
    }

    /// Which virtual patients are kept, judged before any treatment is chosen.
    public struct Plausibility: Sendable {
        public var atStart: [Condition]
        /// Time without treatment after which `after` is asked, in the model's time unit.
        public var untreatedFor: Double
        public var after: [Condition]
    }

    public var name = ""
    public var title = ""
    public var source = ""
    public var limits: [String] = []
    public var timeUnit = "d"
    public var parameters: [Parameter] = []
    public var states: [State] = []
    public var inputs: [Input] = []
    public var definitions: [Definition] = []
    public var decisionInterval = 1.0
    public var decisionCount = 1
    /// Whether the last decision's interval ends the course (termination) or only the watch (truncation). A course
    /// whose return is defined up to a fixed day, with the day among the observations, terminates there: bootstrapping
    /// would ask for the value of states in which no decision is ever made (Pardo et al., ICML 2018, arXiv 1712.00378).
    public var terminatesAtEnd = false
    public var doses: [Dose] = []
    public var actions: [Action] = []
    public var rules: [Rule] = []
    public var endings: [Ending] = []
    public var discount = 1.0
    /// Names of endings, best first: every course that meets one must score above every course that meets the next.
    public var ranking: [String] = []
    public var rewardTerms: [RewardTerm] = []
    public var observations: [Observation] = []
    public var outcomes: [Outcome] = []
    public var protocols: [TreatmentProtocol] = []
    public var plausibility: Plausibility?
    /// Relative tolerance of integration inside episodes.
    public var tolerance = 1e-6
    /// The folder the file was read from.
    public var folder = ""

    /// `timeUnit` as a unit.
    var timeUnitValue: PhysicalUnit { (try? PhysicalUnit(parsing: timeUnit)) ?? .dimensionless }

    /// What learners and reports see of it.
    public var task: TaskDescription {
        TaskDescription(
            name: name, title: title, observations: observations.map(\.description),
            actions: actions.map { ActionDescription(name: $0.name, meaning: $0.meaning) },
            outcomes: outcomes.map(\.description), discount: discount, horizon: decisionCount,
            decisionInterval: "\(shortNumber(decisionInterval)) \(timeUnit)")
    }

    /// Names that a cohort may give values to: parameters, then initial states (`initial.NAME` where a parameter has
    /// the same name).
    public var patientNames: [String] { parameters.map(\.name) + states.map { initialName($0.name) } }

    public func initialName(_ state: String) -> String {
        parameters.contains { $0.name == state } ? "initial.\(state)" : state
    }

    /// Names whose values vary among the environment's own patients, with how.
    public var variableNames: [(name: String, variability: Variability)] {
        parameters.compactMap { p in p.variability.map { (p.name, $0) } }
            + states.compactMap { s in s.variability.map { (initialName(s.name), $0) } }
    }
}

// An environment as its file states it, checked: names, units, expressions, doses, rules, rewards. No mechanism.

import PositionedJSON

/// A disease, its treatment and what is seen and rewarded, read from `environment.json`.
public struct EnvironmentModel: Sendable {
    /// A parameter of the equations, or a covariate: what is known of a patient.
    public struct Parameter: Sendable {
        public var name: String
        /// The nominal value; of an expression, its value for the nominal patient.
        public var value: Double
        /// Over covariates and parameters declared above, where the file gives an expression.
        public var expression: Formula?
        public var expressionText = ""
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        public var variability: Variability?
        public var isCovariate = false
        /// Of a categorical covariate, whose value is an index into it; otherwise empty.
        public var categories: [String] = []
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
        /// When the state changes.
        public enum Change: Sendable, Equatable {
            /// All the time, at a rate.
            case continuous
            /// At the beginning or the end of every step, to a new value.
            case stepStart, stepEnd
        }
        public var change = Change.continuous
        /// The rate, or for a held state the value after a step.
        public var rate: Formula
        public var rateText: String
        /// Over covariates and parameters, where the file gives the initial value as an expression.
        public var initialExpression: Formula?
        public var initialText = ""
        /// The name in trajectory files, where it is not the state's own.
        public var column: String
        /// May be negative.
        public var isSigned = false
        /// Changes at steps only.
        public var isHeld: Bool { change != .continuous }
    }

    public struct Input: Sendable {
        public var name: String
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        /// The name in schedules, where it is not the input's own.
        public var column: String
        /// Over covariates and parameters, in the model's time unit: how much later than given it acts.
        public var lag: Formula?
        public var lagText = ""
    }

    public struct Definition: Sendable {
        public var name: String
        public var text: String
        public var expression: Formula
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        /// Printed by simulations as a column after the states.
        public var isOutput = false
        public var column: String
    }

    /// A number drawn anew for every step, decision or episode, and constant in between.
    public struct RandomNumber: Sendable {
        public enum Redrawn: String, Sendable, CaseIterable { case step, decision, episode }
        public var name: String
        public var distribution: Distribution
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        public var redrawn: Redrawn
    }

    /// What happens to a patient unasked, such as a meal: an amount is added to a held state at the first step that
    /// begins at or after k · every + time.
    public struct Event: Sendable {
        public var name: String
        public var state: Int
        /// In the state's unit.
        public var amount: Distribution
        /// Within the cycle, in the model's time unit.
        public var time: Distribution
        /// Length of the cycle; nil for an event that happens once.
        public var every: Double?
        public var probability: Double
        public var meaning: String
    }

    /// One administration, or several within the decision interval: an infusion at a constant rate, or an impulse.
    public struct Dose: Sendable {
        public var name: String
        public var input: Int
        /// An infusion's rate in the input's unit, or an impulse's amount in the input's unit × time; evaluated once,
        /// at the decision.
        public var size: Formula
        public var sizeText: String
        /// The size, where it is a plain number.
        public var constantSize: Double?
        public var isImpulse = false
        /// Of an infusion, in the model's time unit.
        public var duration: Double
        /// First administration, counted from the decision.
        public var at = 0.0
        /// Time between administrations, and how many there are within the interval.
        public var every = 0.0
        public var times = 1
        /// That of its input: added to the time of each administration.
        public var lag: Formula?
        public var meaning: String
    }

    public struct Action: Sendable {
        public var name: String
        /// Indices of doses.
        public var doses: [Int]
        /// By dose: multiplies its size.
        public var levels: [Double]
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
        /// Asked only when a decision is due, not in between.
        public var isCheckedAtDecisions = false
        /// The reward of the decision that meets it is the ending's alone.
        public var replacesReward = false
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
        /// Index of the observation whose earlier value this is, and by how many decisions.
        public var delayOf: Int?
        public var delay = 0
        /// Index of the observation of which this tells whether it was measured.
        public var measuredOf: Int?
        /// The probability that a decision finds no new measurement and the last one is shown.
        public var missing = 0.0
    }

    public struct Outcome: Sendable {
        public var description: OutcomeDescription
        public var expression: Formula
        public var text: String
    }

    /// A fixed protocol: orders of doses, or one action whenever it is allowed.
    public struct TreatmentProtocol: Sendable {
        public struct Order: Sendable, Equatable {
            public var dose: Int
            public var level = 1.0
            /// In decisions; so are the others.
            public var every: Int
            public var from: Int
            /// For how many decisions of each cycle.
            public var length = 1
            /// The first decision at which it no longer holds.
            public var until = Int.max
        }
        /// The first rule that holds is followed.
        public struct Choice: Sendable {
            /// Over observations and the decision's number; nil for always.
            public var when: Formula?
            public var text: String
            public var action: Int?
            /// The dose of which the allowed action with the nearest level is taken.
            public var dose: Int?
            public var level: Formula?
            public var levelText = ""
        }
        public var name: String
        public var meaning: String
        public var orders: [Order]
        public var choices: [Choice] = []
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

    /// A state at which nothing changes.
    public struct SteadyState: Sendable {
        public var name: String
        public var meaning: String
        /// Values by the names of states, inputs and parameters; what is not named has its nominal value (inputs: 0).
        public var states: [String: Double]
        public var inputs: [String: Double]
        public var parameters: [String: Double]
        public var isStable: Bool?
        /// Largest rate of change of any state per time unit, relative to the state's magnitude.
        public var tolerance: Double
    }

    /// An expression whose value does not change without treatment.
    public struct Conserved: Sendable {
        public var expression: Formula
        public var text: String
        public var meaning: String
    }

    /// Two quantities whose underlying normal numbers are correlated.
    public struct Correlation: Sendable {
        /// Patient names.
        public var first: String
        public var second: String
        public var value: Double
    }

    public enum Kind: String, Sendable, CaseIterable { case ode, map, tabular }
    /// How the rates are integrated: RODAS4; Dormand–Prince 5(4); Verner 6(5) or RODAS4, whichever suits an interval;
    /// matrix exponential.
    public enum Method: String, Sendable, CaseIterable { case stiff, mild, switching, linear }

    /// Without the variant.
    public var name = ""
    /// The variant read, empty for none.
    public var variant = ""
    /// Variants that the file has, with what they are.
    public var variants: [(name: String, meaning: String)] = []
    public var kind = Kind.ode
    public var method = Method.stiff
    public var title = ""
    public var source = ""
    public var limits: [String] = []
    public var timeUnit = "d"
    public var parameters: [Parameter] = []
    public var states: [State] = []
    public var inputs: [Input] = []
    public var definitions: [Definition] = []
    /// Held states change at multiples of it; 0 where there are none.
    public var step = 0.0
    public var randoms: [RandomNumber] = []
    public var events: [Event] = []
    public var correlations: [Correlation] = []
    public var steadyStates: [SteadyState] = []
    public var conserved: [Conserved] = []
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
    /// Published outcomes that patients were fitted to.
    public var calibrations: [Calibration] = []
    /// Relative tolerance of integration inside episodes.
    public var tolerance = 1e-6
    /// Where the disease is a table of transitions instead of equations.
    public var tabular: TabularModel?
    /// The folder the file was read from.
    public var folder = ""

    /// `NAME`, or `NAME@VARIANT`.
    public var fullName: String { variant.isEmpty ? name : "\(name)@\(variant)" }

    /// Steps in a decision interval; 1 where there are none.
    public var stepsPerDecision: Int { step > 0 ? max(1, Int((decisionInterval / step).rounded())) : 1 }

    /// `timeUnit` as a unit.
    var timeUnitValue: PhysicalUnit { (try? PhysicalUnit(parsing: timeUnit)) ?? .dimensionless }

    /// What learners and reports see of it.
    public var task: TaskDescription {
        if var task = tabular?.task {
            task.name = fullName
            return task
        }
        return TaskDescription(
            name: fullName, title: title, observations: observations.map(\.description),
            actions: actions.map { ActionDescription(name: $0.name, meaning: $0.meaning) },
            outcomes: outcomes.map(\.description), discount: discount, horizon: decisionCount,
            decisionInterval: "\(shortNumber(decisionInterval)) \(timeUnit)")
    }

    /// Names that a cohort may give values to: parameters, then initial states (`initial.NAME` where a parameter has
    /// the same name).
    public var patientNames: [String] {
        tabular?.cohortNames ?? parameters.map(\.name) + states.map { initialName($0.name) }
    }

    public func initialName(_ state: String) -> String {
        parameters.contains { $0.name == state } ? "initial.\(state)" : state
    }

    /// Categorical covariates, with the names of their categories.
    public var categories: [String: [String]] {
        Dictionary(
            parameters.filter { !$0.categories.isEmpty }.map { ($0.name, $0.categories) }, uniquingKeysWith: { $1 })
    }

    /// Names whose values are rounded when patients are drawn.
    public var granularNames: Set<String> {
        Set(variableNames.filter { $0.variability.rounding > 0 }.map(\.name))
    }

    /// Names whose values vary among the environment's own patients, with how.
    public var variableNames: [(name: String, variability: Variability)] {
        parameters.compactMap { p in p.variability.map { (p.name, $0) } }
            + states.compactMap { s in s.variability.map { (initialName(s.name), $0) } }
    }
}

// What a learner, a tree or a reader of results must know of an environment: names, units, ranges; no mechanism.

/// One number a policy sees at a decision.
public struct ObservationDescription: Sendable, Equatable {
    /// As spelled in files and headers, such as `tumour`.
    public var name: String
    /// Unit as printed, such as `log10 cells`; empty where there is none.
    public var unit: String
    /// What it is, in words.
    public var meaning: String
    /// The range a value plausibly has; for grids and forms, not enforced.
    public var range: ClosedRange<Double>
    /// The step a clinic measures in, to which thresholds may be rounded; nil where none is declared.
    public var clinicalStep: Double?

    public init(
        name: String, unit: String = "", meaning: String = "", range: ClosedRange<Double> = 0...1,
        clinicalStep: Double? = nil
    ) {
        self.name = name
        self.unit = unit
        self.meaning = meaning
        self.range = range
        self.clinicalStep = clinicalStep
    }
}

/// One choice a policy has at a decision.
public struct ActionDescription: Sendable, Equatable {
    public var name: String
    /// The doses in words and units, such as `5 mg/L/d of chemotherapy for 1 day`.
    public var meaning: String

    public init(name: String, meaning: String = "") {
        self.name = name
        self.meaning = meaning
    }
}

/// One number a clinician would report of a finished course of treatment.
public struct OutcomeDescription: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// Zero or one; reported as a percentage.
        case event
        /// A number in the outcome's unit.
        case quantity
    }
    public var name: String
    public var unit: String
    public var meaning: String
    public var kind: Kind
    /// Whether more of it is better for the patient; nil where it is neither.
    public var higherIsBetter: Bool?

    public init(
        name: String, unit: String = "", meaning: String = "", kind: Kind = .quantity, higherIsBetter: Bool? = nil
    ) {
        self.name = name
        self.unit = unit
        self.meaning = meaning
        self.kind = kind
        self.higherIsBetter = higherIsBetter
    }
}

/// The face of an environment.
public struct TaskDescription: Sendable, Equatable {
    public var name: String
    public var title: String
    public var observations: [ObservationDescription]
    public var actions: [ActionDescription]
    public var outcomes: [OutcomeDescription]
    /// The discount per decision, in (0, 1].
    public var discount: Double
    /// The number of decisions after which an episode is cut off (truncated).
    public var horizon: Int
    /// The time between decisions, as printed, such as `5 d`.
    public var decisionInterval: String

    public init(
        name: String, title: String = "", observations: [ObservationDescription], actions: [ActionDescription],
        outcomes: [OutcomeDescription] = [], discount: Double = 1, horizon: Int, decisionInterval: String = ""
    ) {
        self.name = name
        self.title = title
        self.observations = observations
        self.actions = actions
        self.outcomes = outcomes
        self.discount = discount
        self.horizon = horizon
        self.decisionInterval = decisionInterval
    }
}

// The settings of conservative Q-improvement.

import PositionedJSON

/// Settings of `CQI`. Those that tabular learners have too mean the same.
public struct CQIConfiguration: Sendable, Equatable {
    /// Decisions on training patients.
    public var decisions = 200_000
    /// Patients treated side by side.
    public var slots = 16
    /// A constant learning rate; nil is 1 / visits^`learningRatePower`.
    public var learningRate: Double?
    public var learningRatePower = 0.77
    /// Discount per decision; nil is 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    /// What every action is thought to be worth before it has been tried.
    public var initialValue = 0.0
    public var exploration = ExplorationSchedule(initial: 1, final: 0.05, fraction: 0.5)
    public var maximumLeaves = 16
    /// What a split must be worth, in units of return, when the run begins and after every split (the paper's H_S).
    public var splitThreshold = 1.0
    /// What the threshold is multiplied by with every decision (D_S; the paper's runs use 0.999 and 0.9999).
    public var splitDecay = 0.9999
    /// What a visit still counts, one decision later, in a leaf's share of visits (the paper's d).
    public var visitDecay = 0.9999
    /// Thresholds that are tried in a leaf, per observation.
    public var candidates = 7
    /// Visits of a new leaf whose quantiles place them; splits are learnt about from then on.
    public var candidateVisits = 200
    /// Visits that both actions compared must have had on a side before its difference counts.
    public var minimumVisits = 20
    /// Whether thresholds are multiples of the steps in which the task's observations are measured.
    public var roundsThresholds = true
    /// Courses of training patients that value the leaves of the tree it starts from.
    public var treePatients = 200
    public var validation = ValidationSettings(evaluateEvery: 10_000)

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        decisions = reader.integer("decisions", default: decisions, in: 1...1_000_000_000)
        slots = reader.integer("slots", default: slots, in: 1...4096)
        learningRate = reader.optionalNumber("learning_rate", in: 0...1)
        learningRatePower = reader.number("learning_rate_power", default: learningRatePower, in: 0...1)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        initialValue = reader.number("initial_value", default: initialValue)
        exploration = ExplorationSchedule(reader: reader, default: exploration)
        maximumLeaves = reader.integer("maximum_leaves", default: maximumLeaves, in: 1...4096)
        splitThreshold = reader.number("split_threshold", default: splitThreshold, in: 0...1e300)
        splitDecay = reader.number("split_decay", default: splitDecay, in: 0...1)
        visitDecay = reader.number("visit_decay", default: visitDecay, in: 1e-3...1)
        candidates = reader.integer("candidates", default: candidates, in: 1...255)
        candidateVisits = reader.integer("candidate_visits", default: candidateVisits, in: 2...1_000_000)
        minimumVisits = reader.integer("minimum_visits", default: minimumVisits, in: 1...1_000_000)
        roundsThresholds = reader.boolean("rounds_thresholds", default: roundsThresholds)
        treePatients = reader.integer("tree_patients", default: treePatients, in: 1...1_000_000)
        validation = ValidationSettings(reader: reader, default: validation)
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("slots", .integer(slots)),
            JSONField("learning_rate", .optional(learningRate)),
            JSONField("learning_rate_power", .number(learningRatePower)), JSONField("gamma", .optional(gamma)),
            JSONField("initial_value", .number(initialValue)),
        ] + exploration.fields() + [
            JSONField("maximum_leaves", .integer(maximumLeaves)), JSONField("split_threshold", .number(splitThreshold)),
            JSONField("split_decay", .number(splitDecay)), JSONField("visit_decay", .number(visitDecay)),
            JSONField("candidates", .integer(candidates)), JSONField("candidate_visits", .integer(candidateVisits)),
            JSONField("minimum_visits", .integer(minimumVisits)),
            JSONField("rounds_thresholds", .bool(roundsThresholds)), JSONField("tree_patients", .integer(treePatients)),
        ] + validation.fields()
    }
}

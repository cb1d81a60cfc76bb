// The evidence behind every leaf of a tree: what a clinician needs in order to trust a leaf or not. Filled by
// distillation from rollouts on held-out patients, shown by the reports.

import Numerics

/// What is known of one leaf.
public struct LeafSummary: Sendable, Equatable {
    /// The leaf's node number in the tree.
    public var leaf: Int
    /// The action's name, as in the task.
    public var action: String
    /// The protocol that is followed in this leaf because it abstains; then the action is what it would have done.
    public var abstains: String?
    /// Decisions made in this leaf.
    public var visits: Int
    /// Different patients who came through this leaf at least once.
    public var patients: Int
    /// visits over all decisions of all patients, in [0, 1]
    public var shareOfDecisions: Double
    /// The share of treatment time for which this leaf's decision holds: decision intervals spent in the leaf over those
    /// of all patients together, an interval cut short by an ending counting as one. Intervals are of equal length, so
    /// its value is `shareOfDecisions`; the 95 % interval is over patients.
    public var shareOfTime = Estimate.undefined
    /// Mean return of the episodes of the patients who came through.
    public var meanReturn: Estimate
    /// Mean outcomes of the patients who came through, in the task's order; an outcome that none of them has is NaN.
    public var outcomes: [LeafOutcome]
    /// Share of the visits in which the teacher would have done the same, in [0, 1]; nil without a teacher.
    public var agreement: Double?
    /// Mean of Q(s, teacher's action) − Q(s, leaf's action) over the visits, in units of return; nil where the
    /// teacher has no action values.
    public var regret: Double?
    /// Return gained per patient who came through if the teacher decides wherever the patient is in this leaf and the
    /// tree everywhere else, on the same patients with the same random numbers: the regret in what is achieved, for
    /// teachers of any kind. Undefined where it was not tried.
    public var teacherGain = Estimate.undefined
    /// The action that would be taken in place of the leaf's: the teacher's most frequent other choice, or else the one
    /// it would regret least; without a teacher the second in the leaf's ranking. Nil where none is permitted.
    public var runnerUp: String?
    /// Share of the leaf's samples (or of the teacher's votes) for the runner-up, in [0, 1].
    public var runnerUpShare: Double?
    /// Return gained per patient who came through if the runner-up takes the action's place in this leaf, at every visit,
    /// on the same patients with the same random numbers. Undefined where it was not tried.
    public var runnerUpGain = Estimate.undefined
    /// The probability that the runner-up is as good: that its mean gain is at least 0 (`Statistics.meanPosterior`).
    public var runnerUpProbability: Double?
    /// The action given most often in this leaf where a rule forbade the leaf's own; nil where none did.
    public var fallback: String?
    /// Share of the visits in which a rule forbade the leaf's own action, in [0, 1].
    public var fallbackShare = 0.0
    /// The range of every observation seen in this leaf.
    public var inputs: [InputRange]

    public init(
        leaf: Int, action: String, visits: Int, patients: Int, shareOfDecisions: Double,
        meanReturn: Estimate = .undefined, outcomes: [LeafOutcome] = [], agreement: Double? = nil,
        regret: Double? = nil, runnerUp: String? = nil, runnerUpShare: Double? = nil, inputs: [InputRange] = []
    ) {
        self.leaf = leaf
        self.action = action
        self.visits = visits
        self.patients = patients
        self.shareOfDecisions = shareOfDecisions
        self.meanReturn = meanReturn
        self.outcomes = outcomes
        self.agreement = agreement
        self.regret = regret
        self.runnerUp = runnerUp
        self.runnerUpShare = runnerUpShare
        self.inputs = inputs
    }

    /// The outcome of a name, if it was recorded.
    public func outcome(_ name: String) -> Estimate? { outcomes.first { $0.name == name }?.estimate }
}

/// The mean of one outcome over a leaf's patients. An event is a share in [0, 1].
public struct LeafOutcome: Sendable, Equatable {
    public var name: String
    public var estimate: Estimate

    public init(name: String, estimate: Estimate) {
        self.name = name
        self.estimate = estimate
    }
}

/// What values an observation took.
public struct InputRange: Sendable, Equatable {
    public var name: String
    public var low: Double
    public var median: Double
    public var high: Double
    /// Share of the values that were missing, in [0, 1].
    public var missing: Double

    public init(name: String, low: Double, median: Double, high: Double, missing: Double = 0) {
        self.name = name
        self.low = low
        self.median = median
        self.high = high
        self.missing = missing
    }
}

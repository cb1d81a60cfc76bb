// How a tree is grown by regret: the part of a study that a user writes.

import PositionedJSON
import Trees

/// Settings of `RegretTree`.
public struct RegretConfiguration: Sendable, Equatable {
    /// Where the values of actions come from.
    public enum Values: String, Sendable, CaseIterable {
        /// The teacher's scores: its action values, or for a policy-gradient teacher log π(a|s).
        case scores
        /// Simulated trials: every action is taken once and the teacher treats from then on, on the same patient with the
        /// same chance events. In units of return whatever the teacher scores.
        case trials
        /// Doubly robust scores of logged decisions (`LoggedScores`): episodes of the policy whose log the teacher learnt
        /// from, others than those. Nobody is treated, so that iterations, patients and who acts do not matter.
        case doublyRobust = "doubly_robust"
    }

    /// Rounds of acting, asking and fitting.
    public var iterations = 10
    /// Training patients treated in each round.
    public var patientsPerIteration = 200
    /// Training patients, others than those, on whom each round's student is judged.
    public var selectionPatients = 400
    public var acting = Acting.student
    public var values = Values.scores
    /// States of every treated patient in which all actions are tried, where values come from trials.
    public var statesPerPatient = 2
    /// Logged decisions after which the teacher's own value stands in, where values are doubly robust. More of them
    /// trust the teacher's values less, but their weights multiply: with 10,000 episodes of random treatment in
    /// sepsis-oberst trees of 16 leaves returned 0.19 with 1, −0.07 with 3 and −0.11 with all (cql, the teacher: 0.45).
    public var correctedDecisions = 1
    public var maximumLeaves = 16
    public var maximumDepth: Int?
    /// Splits above one another that are searched together, 1 or 2.
    public var lookahead = 2
    /// Candidate thresholds a feature.
    public var maximumCuts = 64
    /// Whether all thresholds are candidates.
    public var isExact = false
    /// The least share of the samples in a leaf, in [0, 0.5].
    public var minimumLeafShare = 0.0
    /// Whether thresholds are multiples of the steps in which the task's observations are measured.
    public var roundsThresholds = true

    public init() {}

    /// Reads the keys `iterations`, `patients_per_iteration`, `selection_patients`, `acting`, `values`,
    /// `states_per_patient`, `corrected_decisions`, `maximum_leaves`, `maximum_depth`, `lookahead`, `maximum_cuts`, `exact`,
    /// `minimum_leaf_share` and `rounds_thresholds`, all optional. The caller finishes the reader.
    public init(reader: ObjectReader) {
        iterations = reader.integer("iterations", default: iterations, in: 1...1000)
        patientsPerIteration = reader.integer(
            "patients_per_iteration", default: patientsPerIteration, in: 1...1_000_000)
        selectionPatients = reader.integer("selection_patients", default: selectionPatients, in: 1...1_000_000)
        statesPerPatient = reader.integer("states_per_patient", default: statesPerPatient, in: 1...1000)
        correctedDecisions = reader.integer(
            "corrected_decisions", default: correctedDecisions, in: 1...1_000_000)
        maximumLeaves = reader.integer("maximum_leaves", default: maximumLeaves, in: 1...4096)
        maximumDepth = reader.optionalInteger("maximum_depth", in: 1...64)
        lookahead = reader.integer("lookahead", default: lookahead, in: 1...2)
        maximumCuts = reader.integer("maximum_cuts", default: maximumCuts, in: 1...10_000)
        isExact = reader.boolean("exact", default: isExact)
        minimumLeafShare = reader.number("minimum_leaf_share", default: minimumLeafShare, in: 0...0.5)
        roundsThresholds = reader.boolean("rounds_thresholds", default: roundsThresholds)
        if let name = reader.choice("acting", of: Acting.allCases.map(\.rawValue), default: acting.rawValue) {
            acting = Acting(rawValue: name) ?? acting
        }
        if let name = reader.choice("values", of: Values.allCases.map(\.rawValue), default: values.rawValue) {
            values = Values(rawValue: name) ?? values
        }
    }
}

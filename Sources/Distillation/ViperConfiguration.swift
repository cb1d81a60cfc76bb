// How a teacher is distilled: the part of a study that a user writes.

import PositionedJSON
import Trees

/// Settings of `Viper`.
public struct ViperConfiguration: Sendable, Equatable {
    /// Rounds of acting, labelling and fitting.
    public var iterations = 10
    /// Training patients treated in each round.
    public var patientsPerIteration = 200
    /// Training patients, others than those, on whom each round's student is judged.
    public var selectionPatients = 400
    public var maximumLeaves = 16
    public var maximumDepth: Int?
    public var criterion = SplitCriterion.entropy
    /// The least share of the sample weight in a leaf, in [0, 0.5].
    public var minimumLeafShare = 0.0
    /// Whether thresholds are multiples of the steps in which the task's observations are measured.
    public var roundsThresholds = true
    /// Where a state goes at a split by a value that it lacks.
    public var missing = MissingRouting.heavierSide
    /// Between which values splits are searched.
    public var splits = SplitPoints.binned
    /// What the actions of a leaf are ranked by.
    public var leafScores = LeafScores.labels

    /// Whose states are learned from.
    public var acting = Acting.student
    /// What a state weighs.
    public var weights = SampleWeights.gap

    public enum LeafScores: String, Sendable, CaseIterable {
        /// Weighted share of the leaf's samples whose label it is: VIPER as published.
        case labels
        /// Mean of the teacher's Q(s, a) − max Q(s, ·) over the leaf's samples in which the action is allowed: the
        /// first choice regrets least, and a forbidden one is followed by what the teacher would rather have.
        case regret
    }

    public init() {}

    /// DAgger: unit weights.
    public static var dagger: ViperConfiguration {
        var configuration = ViperConfiguration()
        configuration.weights = .unit
        return configuration
    }

    /// Behaviour cloning: unit weights, and the teacher's own states only.
    public static var behaviourCloning: ViperConfiguration {
        var configuration = ViperConfiguration.dagger
        configuration.acting = .teacher
        return configuration
    }

    /// Reads the keys `iterations`, `patients_per_iteration`, `selection_patients`, `maximum_leaves`,
    /// `maximum_depth`, `criterion`, `minimum_leaf_share`, `rounds_thresholds`, `missing`, `splits` and `leaf_scores`, all
    /// optional. The caller finishes the reader.
    ///
    /// - Parameter defaults: what holds where a key is absent; says too who acts and what states weigh.
    public init(reader: ObjectReader, defaults: ViperConfiguration = ViperConfiguration()) {
        self = defaults
        iterations = reader.integer("iterations", default: iterations, in: 1...1000)
        patientsPerIteration = reader.integer(
            "patients_per_iteration", default: patientsPerIteration, in: 1...1_000_000)
        selectionPatients = reader.integer("selection_patients", default: selectionPatients, in: 1...1_000_000)
        maximumLeaves = reader.integer("maximum_leaves", default: maximumLeaves, in: 1...4096)
        maximumDepth = reader.optionalInteger("maximum_depth", in: 1...64)
        minimumLeafShare = reader.number("minimum_leaf_share", default: minimumLeafShare, in: 0...0.5)
        roundsThresholds = reader.boolean("rounds_thresholds", default: roundsThresholds)
        let criteria = SplitCriterion.allCases.map(\.rawValue)
        if let name = reader.choice("criterion", of: criteria, default: criterion.rawValue) {
            criterion = SplitCriterion(rawValue: name) ?? criterion
        }
        let routings = MissingRouting.allCases.map(\.rawValue)
        if let name = reader.choice("missing", of: routings, default: missing.rawValue) {
            missing = MissingRouting(rawValue: name) ?? missing
        }
        let points = SplitPoints.allCases.map(\.rawValue)
        if let name = reader.choice("splits", of: points, default: splits.rawValue) {
            splits = SplitPoints(rawValue: name) ?? splits
        }
        let scores = LeafScores.allCases.map(\.rawValue)
        if let name = reader.choice("leaf_scores", of: scores, default: leafScores.rawValue) {
            leafScores = LeafScores(rawValue: name) ?? leafScores
        }
    }
}

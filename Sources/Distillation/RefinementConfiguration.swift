// How a tree is refined by return: the part of a study that a user writes.

import PositionedJSON

/// Settings of `ThresholdRefinement`.
public struct RefinementConfiguration: Sendable, Equatable {
    /// Training patients on whom candidates are compared; all of them by default.
    public var patients: Int?
    /// Times that every leaf and split is visited, at most.
    public var maximumPasses = 6
    /// Episodes simulated for candidates, at most: the budget. Being a count and not a time it gives the same result
    /// on every machine.
    public var maximumEpisodes = 100_000
    /// One-sided confidence of the paired difference that an improvement needs, in (0.5, 1).
    public var confidence = 0.95
    /// Patients by whom a race's first stage judges; each further stage doubles their number.
    public var firstStage = 32
    /// The least number of patients who are treated otherwise for a difference to be believed.
    public var minimumAffected = 8
    /// Whether splits that do not pay are taken away.
    public var prunes = true
    /// Whether leaves may be split.
    public var grows = true
    /// Leaves at most that a tree may grow to.
    public var maximumLeaves = 16
    /// Whether thresholds are multiples of the steps in which the task's observations are measured.
    public var roundsThresholds = true
    /// States of every patient in which other actions are tried, in each pass, to find where to grow.
    public var deviations = 2

    /// What is raised, on training and validation patients.
    public var objective = RefinementObjective.total
    /// Random changes of the tree, its shape included, that are raced in a round; none by default.
    public var shapes = 0
    /// Rounds of them in vain after which a pass ends.
    public var roundsInVain = 4
    /// How trees are bred before the passes.
    public var evolution = EvolutionConfiguration()

    public init() {}

    /// Reads the keys `patients`, `maximum_passes`, `maximum_episodes`, `confidence`, `first_stage`,
    /// `minimum_affected`, `prunes`, `grows`, `maximum_leaves`, `rounds_thresholds`, `deviations`, `objective`,
    /// `shapes`, `rounds_in_vain` and `evolution` (an object: see `EvolutionConfiguration`), all optional. The caller
    /// finishes the reader.
    public init(reader: ObjectReader) {
        patients = reader.optionalInteger("patients", in: 1...1_000_000)
        maximumPasses = reader.integer("maximum_passes", default: maximumPasses, in: 0...1000)
        maximumEpisodes = reader.integer("maximum_episodes", default: maximumEpisodes, in: 0...1_000_000_000)
        confidence = reader.number("confidence", default: confidence, in: 0.5...0.999_999)
        firstStage = reader.integer("first_stage", default: firstStage, in: 2...100_000)
        minimumAffected = reader.integer("minimum_affected", default: minimumAffected, in: 1...100_000)
        prunes = reader.boolean("prunes", default: prunes)
        maximumLeaves = reader.integer("maximum_leaves", default: maximumLeaves, in: 1...4096)
        grows = reader.boolean("grows", default: grows)
        roundsThresholds = reader.boolean("rounds_thresholds", default: roundsThresholds)
        deviations = reader.integer("deviations", default: deviations, in: 1...100)
        objective =
            reader.choice(
                "objective", of: RefinementObjective.allCases.map(\.rawValue), default: objective.rawValue
            ).flatMap(RefinementObjective.init) ?? objective
        shapes = reader.integer("shapes", default: shapes, in: 0...10_000)
        roundsInVain = reader.integer("rounds_in_vain", default: roundsInVain, in: 1...1_000_000)
        if let part = reader.optionalObject("evolution", what: "the evolution") {
            evolution = EvolutionConfiguration(reader: part)
        }
    }
}

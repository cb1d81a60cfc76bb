// The settings of fitted Q iteration.

import PositionedJSON
import Trees

/// Settings of fitted Q iteration. Defaults are those of Ernst, Stan, Goncalves and Wehenkel (IEEE CDC 2006) for HIV:
/// ten rounds of 30 patients and 200 decisions, ε = 0.15, 400 iterations of 50 trees grown to the end. Trees are grown
/// anew in every one of their iterations; here, by default, in the first 10 only (`grownIterations`).
public struct FQIConfiguration: Sendable, Equatable {
    /// Decisions on training patients, in all rounds together.
    public var decisions = 60_000
    /// Batches: the first is collected by random play, each further one by the policy learned from all before it.
    public var rounds = 10
    /// Patients treated side by side.
    public var slots = 30
    /// Discount per decision; nil is 0.99, or the environment's own where that is smaller.
    public var gamma: Double?
    /// Share of random decisions from the second round on.
    public var exploration = ExplorationSchedule(initial: 0.15, final: 0.15, fraction: 1)
    /// N, the horizon that the last Q function looks ahead.
    public var iterations = 400
    /// How many of the first iterations grow trees anew. The others keep every tree's splits and refit its leaves, which
    /// is many times faster and cannot diverge.
    public var grownIterations = 10
    /// Iterations with kept splits end once no target changes by more than this share of the largest.
    public var tolerance = 1e-4
    /// A round's first targets use the values of the round before instead of none.
    public var warmStart = false
    public var trees = ExtraTreesConfiguration(trees: 50, minimumSplit: 2)
    /// Validation patients treated after each round; nil for all.
    public var validationPatients: Int?

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        decisions = reader.integer("decisions", default: decisions, in: 1...100_000_000)
        rounds = reader.integer("rounds", default: rounds, in: 1...100_000)
        slots = reader.integer("slots", default: slots, in: 1...4096)
        gamma = reader.optionalNumber("gamma", in: 0...1)
        exploration = ExplorationSchedule(reader: reader, default: exploration)
        iterations = reader.integer("iterations", default: iterations, in: 1...1_000_000)
        grownIterations = reader.integer("grown_iterations", default: grownIterations, in: 1...1_000_000)
        tolerance = reader.number("tolerance", default: tolerance, in: 0...1)
        warmStart = reader.boolean("warm_start", default: warmStart)
        trees = ExtraTreesConfiguration(reader: reader, default: trees)
        validationPatients = reader.optionalInteger("evaluation_patients", in: 1...1_000_000_000)
    }

    func fields() -> [JSONField] {
        [
            JSONField("decisions", .integer(decisions)), JSONField("rounds", .integer(rounds)),
            JSONField("slots", .integer(slots)), JSONField("gamma", .optional(gamma)),
            JSONField("iterations", .integer(iterations)),
            JSONField("grown_iterations", .integer(grownIterations)), JSONField("tolerance", .number(tolerance)),
            JSONField("warm_start", .bool(warmStart)),
            JSONField("evaluation_patients", validationPatients.map { .integer($0) } ?? .null),
        ] + exploration.fields() + trees.fields()
    }
}

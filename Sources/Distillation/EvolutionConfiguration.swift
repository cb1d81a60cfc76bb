// How trees are evolved: a part of what a user writes about a refinement.

import PositionedJSON

/// Settings of `TreeEvolution`.
public struct EvolutionConfiguration: Sendable, Equatable {
    /// Episodes simulated at most, out of those of the refinement; none, and there is no evolution.
    public var episodes = 0
    /// Training patients by whom a tree is judged, the same for all.
    public var patients = 200
    /// Trees that live at a time.
    public var population = 64
    /// Trees made from them at a time.
    public var children = 32
    /// Trees among which the best becomes a parent.
    public var tournament = 6

    public init() {}

    /// Reads the keys `episodes`, `patients`, `population`, `children` and `tournament`, all optional, and finishes the
    /// reader.
    public init(reader: ObjectReader) {
        episodes = reader.integer("episodes", default: 20_000, in: 0...1_000_000_000)
        patients = reader.integer("patients", default: patients, in: 1...1_000_000)
        population = reader.integer("population", default: population, in: 2...10_000)
        children = reader.integer("children", default: children, in: 1...10_000)
        tournament = reader.integer("tournament", default: tournament, in: 1...10_000)
        reader.finish()
    }
}

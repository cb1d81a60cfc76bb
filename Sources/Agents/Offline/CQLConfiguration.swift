// The settings of conservative Q-learning.

import PositionedJSON

public struct CQLConfiguration: Sendable, Equatable {
    public var shared = OfflineConfiguration()
    /// Weight of the conservative term; 0 is DQN on logged data. (d3rlpy: `alpha`, 1.)
    public var alpha = 1.0
    /// The online network chooses the next action, the target network values it (van Hasselt et al. 2016).
    public var double = true

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        shared = OfflineConfiguration(reader: reader)
        alpha = reader.number("alpha", default: alpha, in: 0...1e6)
        double = reader.boolean("double", default: double)
    }

    func fields() -> [JSONField] {
        [JSONField("alpha", .number(alpha)), JSONField("double", .bool(double))] + shared.fields()
    }
}

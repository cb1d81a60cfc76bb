// The settings of discrete BCQ.

import PositionedJSON

public struct BCQConfiguration: Sendable, Equatable {
    public var shared = OfflineConfiguration()
    /// τ: an action counts where it is at least this share as probable as the most probable one; 0 is Q-learning on
    /// logged data, 1 behaviour cloning. The paper's value.
    public var threshold = 0.3

    public init() {}

    /// Reads the settings an object states; complains of wrong ones. `finish()` is left to the caller.
    public init(reader: ObjectReader) {
        shared = OfflineConfiguration(reader: reader)
        threshold = reader.number("threshold", default: threshold, in: 0...1)
    }

    func fields() -> [JSONField] { [JSONField("threshold", .number(threshold))] + shared.fields() }
}

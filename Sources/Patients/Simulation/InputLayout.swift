// Where every number that an expression may name lives: one row per name, one lane or slot per patient.

/// Rows of the table that compiled expressions read. Integrated states come first, then whatever rates may name; the
/// rows behind `courseRows` (counts, endings, extremes) exist only in tables of whole episodes.
public struct InputLayout: Sendable {
    public let stateCount: Int
    /// Parameters that differ among patients; the others are compiled in as constants.
    public let parameters: Range<Int>
    public let inputs: Range<Int>
    public let time: Int
    /// How often each dose has been given in the episode.
    public let counts: Range<Int>
    /// 1 for the doses given at the last decision.
    public let given: Range<Int>
    /// 1 for the ending met.
    public let ended: Range<Int>
    /// When each ending was met; NaN before.
    public let endedAt: Range<Int>
    /// Running extremes of expressions.
    public let extremes: Range<Int>
    public let rowCount: Int

    init(_ model: EnvironmentModel, varying: Int, extremes: Int) {
        stateCount = model.states.count
        var next = stateCount
        func take(_ count: Int) -> Range<Int> {
            defer { next += count }
            return next..<(next + count)
        }
        parameters = take(varying)
        inputs = take(model.inputs.count)
        time = take(1).lowerBound
        counts = take(model.doses.count)
        given = take(model.doses.count)
        ended = take(model.endings.count)
        endedAt = take(model.endings.count)
        self.extremes = take(extremes)
        rowCount = next
    }

    /// Rows that rates and endings may read: the first ones.
    public var courseRows: Int { time + 1 }
}

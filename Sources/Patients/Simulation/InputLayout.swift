// Where every number that an expression may name lives: one row per name, one lane or slot per patient.

/// Rows of the table that compiled expressions read. Integrated states come first, then whatever rates may name; the
/// rows behind `courseRows` (counts, endings, what is remembered) exist only in tables of whole episodes.
public struct InputLayout: Sendable {
    /// States that are integrated: the first rows.
    public let integrated: Int
    /// States that change at steps only.
    public let held: Range<Int>
    /// The row of each state, in the order of the file.
    public let stateRows: [Int]
    /// Parameters that differ among patients; the others are compiled in as constants.
    public let parameters: Range<Int>
    public let inputs: Range<Int>
    /// Inputs as they were when the step began; none where there are no steps.
    public let stepInputs: Range<Int>
    public let randoms: Range<Int>
    public let time: Int
    /// Decisions made in the episode.
    public let made: Int
    /// At how many decisions of the episode each dose has been given.
    public let counts: Range<Int>
    /// The level of each dose at the last decision.
    public let given: Range<Int>
    /// The sum of each dose's levels.
    public let totals: Range<Int>
    /// 1 for the ending met.
    public let ended: Range<Int>
    /// When each ending was met; NaN before.
    public let endedAt: Range<Int>
    /// What is remembered of expressions: extremes, earlier values, sums.
    public let remembered: Range<Int>
    public let rowCount: Int

    init(_ model: EnvironmentModel, varying: Int, remembered: Int) {
        integrated = model.states.count { !$0.isHeld }
        held = integrated..<model.states.count
        var nextIntegrated = 0
        var nextHeld = integrated
        stateRows = model.states.map { state in
            if state.isHeld {
                nextHeld += 1
                return nextHeld - 1
            }
            nextIntegrated += 1
            return nextIntegrated - 1
        }
        var next = model.states.count
        func take(_ count: Int) -> Range<Int> {
            defer { next += count }
            return next..<(next + count)
        }
        parameters = take(varying)
        inputs = take(model.inputs.count)
        stepInputs = take(model.step > 0 ? model.inputs.count : 0)
        randoms = take(model.randoms.count)
        time = take(1).lowerBound
        made = take(1).lowerBound
        counts = take(model.doses.count)
        given = take(model.doses.count)
        totals = take(model.doses.count)
        ended = take(model.endings.count)
        endedAt = take(model.endings.count)
        self.remembered = take(remembered)
        rowCount = next
    }

    /// All states.
    public var stateCount: Int { stateRows.count }

    /// Rows that rates, steps and endings may read: the first ones.
    public var courseRows: Int { time + 1 }
}

// What a tabular environment's table file holds: distributions ("rows") of start states, next states and actions, and
// the variables that describe each state.

/// A finite Markov decision process as numbers. Immutable and checked: every row sums to 1.
public struct TransitionTable: Sendable {
    public let states: Int
    public let actions: Int
    public let variableNames: [String]
    public let policyNames: [String]
    /// Where each row ends among the entries; row 0 is the start distribution.
    let rowEnds: [Int32]
    /// The state, or in a policy's row the action, of each entry; ascending within a row.
    let targets: [UInt16]
    let probabilities: [Double]
    /// states × actions: the row of the next state; −1 where the action is not admissible.
    let outcomes: [Int32]
    /// [policy][state]: the row of actions; −1 where the policy says nothing.
    let policies: [[Int32]]
    /// [variable][state]
    public let variables: [[Double]]

    public var rows: Int { rowEnds.count }
    public var entries: Int { targets.count }

    /// The entries of a row.
    func range(_ row: Int) -> Range<Int> {
        Int(row == 0 ? 0 : rowEnds[row - 1])..<Int(rowEnds[row])
    }

    /// Calls `body` with every target of a row and its probability.
    @inline(__always)
    func forEach(inRow row: Int, _ body: (Int, Double) -> Void) {
        for entry in range(row) { body(Int(targets[entry]), probabilities[entry]) }
    }

    /// How far the sum of any row is from 1.
    public var largestDeviation: Double {
        (0..<rows).reduce(0) { worst, row in
            max(worst, abs(range(row).reduce(0) { $0 + probabilities[$1] } - 1))
        }
    }

    /// The start distribution, dense.
    public var start: [Double] {
        var dense = Array(repeating: 0.0, count: states)
        forEach(inRow: 0) { dense[$0] = $1 }
        return dense
    }

    public func isAdmissible(state: Int, action: Int) -> Bool { outcomes[state * actions + action] >= 0 }

    /// The next states of an admissible action with their probabilities; empty for one that is not.
    public func next(state: Int, action: Int) -> [(state: Int, probability: Double)] {
        let row = Int(outcomes[state * actions + action])
        return row < 0 ? [] : range(row).map { (Int(targets[$0]), probabilities[$0]) }
    }

    /// The non-zero transitions of admissible actions from the given states, equal rows counted as often as they
    /// are used.
    public func transitions(from wanted: some Sequence<Int>) -> Int {
        wanted.reduce(0) { sum, state in
            sum + (0..<actions).reduce(0) { $0 + next(state: state, action: $1).count }
        }
    }
}

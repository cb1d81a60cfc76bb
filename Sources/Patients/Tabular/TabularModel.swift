// A tabular environment as its file and table state it, checked: what a state shows, pays and ends, as plain tables.

/// A finite Markov decision process with names. What is written as an expression in the file is a number for each
/// state here.
public struct TabularModel: Sendable {
    /// One of the quantities that describe a state.
    public struct Variable: Sendable {
        public var name: String
        public var unit: PhysicalUnit
        public var unitText: String
        public var meaning: String
        /// Names of the values 0, 1, …; empty for a quantity.
        public var levels: [String]
        /// Never part of an observation, which the reader makes sure of.
        public var isHidden: Bool
    }

    public struct Ending: Sendable {
        public var name: String
        public var meaning: String
        public var text: String
        public var reward: Double
    }

    public struct RewardTerm: Sendable {
        public var name: String
        public var meaning: String
        public var text: String
    }

    /// What becomes of an action that has no row in the table.
    public enum Inadmissible: String, Sendable, CaseIterable {
        /// It is masked.
        case forbidden
        /// The next state is drawn as for one of the state's admissible actions, each equally likely.
        case mean
    }

    public enum Rule: Sendable {
        /// The policy of that number in the table.
        case table(Int)
        case action(Int)
    }

    public struct FixedProtocol: Sendable {
        public var name: String
        public var meaning: String
        public var rule: Rule
    }

    public let table: TransitionTable
    /// The file the table was read from.
    public var tablePath: String
    /// In the order of the environment's file; `columns` has their values.
    public var variables: [Variable]
    /// [variable][state]
    public var columns: [[Double]]
    public var inadmissible: Inadmissible
    public var endings: [Ending]
    public var rewardTerms: [RewardTerm]
    public var protocols: [FixedProtocol]
    public var task: TaskDescription
    /// Whether the horizon ends the course or only the watch.
    public var terminatesAtEnd: Bool
    /// Length of a decision interval in the environment's time unit.
    public var interval: Double

    /// By state: the ending met on entering it; −1 for none.
    public var endingOfState: [Int32]
    /// By state: the reward for entering it, the ending's included.
    public var rewardOfState: [Double]
    /// states × observations
    public var observations: [Double]
    /// Outcomes over the rows of `OutcomeLayout`.
    let outcomeProgram: Program
    /// The variables that outcomes name, of the last or of the first state; the others need not be laid out.
    let outcomeVariables: [Int]

    public var states: Int { table.states }
    public var actions: Int { table.actions }

    public func isEnding(_ state: Int) -> Bool { endingOfState[state] >= 0 }

    /// The actions that have a row of their own in a state.
    public func admissible(_ state: Int) -> [Int] {
        (0..<actions).filter { table.isAdmissible(state: state, action: $0) }
    }

    /// The actions a policy may choose in a state; all of them in an ending.
    public func allowed(_ state: Int) -> [Int] {
        inadmissible == .mean || isEnding(state) ? Array(0..<actions) : admissible(state)
    }

    /// The observations of a state.
    public func observation(_ state: Int) -> ArraySlice<Double> {
        let count = task.observations.count
        return observations[(state * count)..<((state + 1) * count)]
    }

    /// The probabilities of the actions under a protocol, of forbidden ones 0; uniform over what is allowed where the
    /// protocol's own action is forbidden or it says nothing.
    public func probabilities(_ rule: Rule, state: Int) -> [Double] {
        let allowed = allowed(state)
        var weights = Array(repeating: 0.0, count: actions)
        switch rule {
        case .action(let action): weights[action] = 1
        case .table(let policy):
            let row = Int(table.policies[policy][state])
            if row >= 0 { table.forEach(inRow: row) { weights[$0] = $1 } }
        }
        for action in 0..<actions where !allowed.contains(action) { weights[action] = 0 }
        let sum = weights.reduce(0, +)
        if sum > 0 { return abs(sum - 1) < 1e-9 ? weights : weights.map { $0 / sum } }
        for action in allowed { weights[action] = 1 / Double(allowed.count) }
        return weights
    }

    /// What a cohort's columns may be: `start`, the number of the state in which the patient begins, and the
    /// variables of that state, which describe the patient and change nothing.
    public static let startColumn = "start"
    public var cohortNames: [String] { [TabularModel.startColumn] + variables.map(\.name) }
}

/// Rows that outcomes may name: the last state, the first state, the time and the endings.
struct OutcomeLayout {
    let variables: Int
    /// The number of the last state, behind its variables.
    var state: Int { variables }
    /// How far a row of the first state lies behind that of the last.
    var initial: Int { variables + 1 }
    var time: Int { 2 * (variables + 1) }
    let ended: Range<Int>
    let endedAt: Range<Int>
    var rows: Int { endedAt.upperBound }

    init(variables: Int, endings: Int) {
        self.variables = variables
        let first = 2 * (variables + 1) + 1
        ended = first..<(first + endings)
        endedAt = ended.upperBound..<(ended.upperBound + endings)
    }
}

// Logged episodes: who saw what, what was done, with which probability, and what came of it. What offline learners learn
// from and off-policy evaluation weighs.

/// Episodes of a policy in contiguous memory.
///
/// Every episode has one row per decision and one more for what was seen last, so that the row after a decision's is
/// what the decision led to. `begins[e]` is the first row of episode e; its decisions are rows
/// `begins[e]..<begins[e + 1] - 1`, its last observation row `begins[e + 1] - 1`.
public struct EpisodeLog: Sendable, Equatable {
    public var observationNames: [String]
    public var actionNames: [String]

    // By episode.
    public internal(set) var patients: [Int32] = []
    /// The first row of every episode, and behind them the number of rows.
    public internal(set) var begins: [Int] = [0]
    /// Whether the course was over (a cure, a death); if not, only the watch was (truncation).
    public internal(set) var terminated: [Bool] = []

    // By row; of a last row the action is −1, the probability 1 and the reward 0.
    /// rows × observations
    public internal(set) var observations: [Double] = []
    /// rows × actions
    public internal(set) var allowed: [Bool] = []
    public internal(set) var actions: [Int32] = []
    /// The probability with which the logged policy chose the action, exploration included; 1 where it had no choice.
    public internal(set) var probabilities: [Double] = []
    public internal(set) var rewards: [Double] = []

    public init(observationNames: [String], actionNames: [String]) {
        self.observationNames = observationNames
        self.actionNames = actionNames
    }

    public init(_ task: TaskDescription) {
        self.init(observationNames: task.observations.map(\.name), actionNames: task.actions.map(\.name))
    }

    public var episodes: Int { patients.count }
    public var rows: Int { actions.count }
    public var decisions: Int { rows - episodes }
    public var observationCount: Int { observationNames.count }
    public var actionCount: Int { actionNames.count }

    /// The rows in which an episode's decisions were made.
    public func decisions(of episode: Int) -> Range<Int> { begins[episode]..<(begins[episode + 1] - 1) }
    /// The row of what an episode showed last.
    public func lastRow(of episode: Int) -> Int { begins[episode + 1] - 1 }

    /// The sum of γᵗ·rewardₜ over an episode's first `horizon` decisions.
    public func discountedReturn(of episode: Int, discount: Double, horizon: Int = .max) -> Double {
        var sum = 0.0
        var weight = 1.0
        for row in decisions(of: episode).prefix(horizon) {
            sum += weight * rewards[row]
            weight *= discount
        }
        return sum
    }

    /// Appends another log of the same observations and actions.
    public mutating func append(_ other: EpisodeLog) {
        precondition(
            other.observationNames == observationNames && other.actionNames == actionNames, "logs of different tasks")
        begins += other.begins.dropFirst().map { rows + $0 }
        patients += other.patients
        terminated += other.terminated
        observations += other.observations
        allowed += other.allowed
        actions += other.actions
        probabilities += other.probabilities
        rewards += other.rewards
    }
}

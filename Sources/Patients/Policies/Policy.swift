// What decides: fixed protocols, learners' policies and trees alike.

/// A view of patients who wait for a decision. Rows are slots; rows of slots that do not run hold stale numbers and
/// whatever is decided for them is ignored.
public struct DecisionBatch {
    public let count: Int
    public let observationCount: Int
    public let actionCount: Int
    /// count × observationCount
    public let observations: UnsafeBufferPointer<Double>
    /// count × actionCount; at least one true in every row of a running slot
    public let allowed: UnsafeBufferPointer<Bool>
    /// How many decisions each patient's episode has seen.
    public let decisions: UnsafeBufferPointer<Int32>
    /// The patient's number in the cohort: the index of a random policy's stream.
    public let patients: UnsafeBufferPointer<Int32>
    /// The state of each patient where the environment has finitely many; for its own protocols, not for learners.
    public let states: UnsafeBufferPointer<Int32>?
    /// What treats these patients, one slot a row: for policies that plan with the model, not for learners. Nil for rows
    /// of a table.
    public let environment: (any BatchEnvironment)?

    public init(
        count: Int, observationCount: Int, actionCount: Int, observations: UnsafeBufferPointer<Double>,
        allowed: UnsafeBufferPointer<Bool>, decisions: UnsafeBufferPointer<Int32>,
        patients: UnsafeBufferPointer<Int32>, states: UnsafeBufferPointer<Int32>? = nil,
        environment: (any BatchEnvironment)? = nil
    ) {
        self.count = count
        self.observationCount = observationCount
        self.actionCount = actionCount
        self.observations = observations
        self.allowed = allowed
        self.decisions = decisions
        self.patients = patients
        self.states = states
        self.environment = environment
    }

    /// All slots of a batch environment as they stand.
    public init(_ environment: any BatchEnvironment) {
        self.init(
            count: environment.slots, observationCount: environment.task.observations.count,
            actionCount: environment.task.actions.count, observations: environment.observations,
            allowed: environment.allowed, decisions: environment.decisions, patients: environment.patientInSlot,
            states: environment.stateInSlot, environment: environment)
    }
}

/// A rule that chooses an action for every patient of a batch. Never chooses a forbidden one.
///
/// Courses are treated by its sessions, which remember them where the policy has a memory. Such a policy overrides
/// `hasMemory` and `makeSession` (with scores `makeScoredSession`).
public protocol Policy: Sendable {
    /// Writes one action per row of the batch; an action index of the task. A policy with memory takes every row for
    /// the beginning of a course (`actAtBeginnings`).
    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>)
    /// Whether a decision depends on more than what is seen at it.
    var hasMemory: Bool { get }
    /// Begins the treatment of a batch of so many slots.
    func makeSession(slots: Int) -> any PolicySession
}

/// A policy that can say how much it prefers each action: a teacher.
public protocol ScoredPolicy: Policy {
    var scoreKind: ScoreKind { get }
    /// Writes count × actionCount scores; the policy acts on the highest allowed one.
    func score(_ batch: DecisionBatch, scores: UnsafeMutableBufferPointer<Double>)
    /// Begins the treatment of a batch of so many slots.
    func makeScoredSession(slots: Int) -> any ScoredPolicySession
}

public enum ScoreKind: String, Sendable {
    /// Action values Q(s, a), in units of return.
    case actionValues = "action_values"
    /// log π(a|s)
    case logProbabilities = "log_probabilities"
}

/// The index of the highest allowed score; ties go to the lowest index. At least one action must be allowed.
@inlinable
public func bestAllowed(_ scores: UnsafePointer<Double>, _ allowed: UnsafePointer<Bool>, count: Int) -> Int32 {
    var best: Int32 = -1
    var bestScore = -Double.infinity
    for action in 0..<count where allowed[action] {
        if best < 0 || scores[action] > bestScore {
            best = Int32(action)
            bestScore = scores[action]
        }
    }
    return best
}

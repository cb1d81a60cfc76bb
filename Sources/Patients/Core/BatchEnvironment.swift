// The one way in which anything that decides meets anything that can be treated: patients in slots, stepped together,
// their numbers in contiguous buffers.

/// Where an episode stands. Termination (the course is over: a cure, a death) is not truncation (the watch is over,
/// the course goes on): a learner bootstraps from the value of a truncated state and not from a terminated one.
public enum EpisodeStatus: UInt8, Sendable {
    case idle, running, terminated, truncated
}

/// A batch of patients treated in step.
///
/// Every buffer is row-major, one row per slot, owned by the environment and overwritten by the next call. A slot is
/// idle until `start` and after its episode has ended; `step` passes over slots that do not run. Results for a patient
/// depend on (patient, episode, actions) alone, never on the slot, its neighbours or the number of threads.
public protocol BatchEnvironment: AnyObject {
    var task: TaskDescription { get }
    /// How many patients are stepped together.
    var slots: Int { get }
    /// How many patients the cohort has; `start` takes 0..<patients.
    var patients: Int { get }

    /// Puts a patient at the beginning of an episode into a slot. `episode` numbers the random streams: the same
    /// patient and episode meet the same chance events under every policy.
    func start(slot: Int, patient: Int, episode: Int) throws
    /// Treats every running slot with its action (an index into `task.actions`) for one decision interval.
    /// An action that is not allowed is an error of the caller. Where a course cannot go on (`SimulationError`), its
    /// slot is idle afterwards, the others have had their step, and the error of the lowest such slot is thrown.
    func step(_ actions: UnsafeBufferPointer<Int32>) throws

    /// Takes a slot's patient out of the batch: the slot is idle until the next `start` or `copy`.
    func stop(slot: Int)
    /// Another batch of the same patients, all slots idle, in which what may become of a patient can be tried out.
    ///
    /// - Parameter seed: keys its chance; nil for the same chance as here.
    func makeSibling(slots: Int, seed: UInt64?) throws -> any BatchEnvironment
    /// Puts the course in a slot of `source` (this batch, or any other of the same factory) as it stands into a slot of
    /// this one, which it then shares nothing with. Under the same actions and the same seed it goes on to the same
    /// bytes as there. Allocates nothing.
    ///
    /// - Parameter episode: chance from now on is that of this episode; nil leaves the course its own.
    func copy(slot: Int, of source: any BatchEnvironment, to target: Int, episode: Int?)

    /// What is seen now: slots × observations. Kept after the episode's end (the last state, for bootstrapping).
    var observations: UnsafeBufferPointer<Double> { get }
    /// Which actions are permitted now: slots × actions; at least one in every row.
    var allowed: UnsafeBufferPointer<Bool> { get }
    /// The reward of the last step of each slot.
    var rewards: UnsafeBufferPointer<Double> { get }
    var status: UnsafeBufferPointer<EpisodeStatus> { get }
    /// Decisions made so far in each slot's episode.
    var decisions: UnsafeBufferPointer<Int32> { get }
    /// The patient in each slot.
    var patientInSlot: UnsafeBufferPointer<Int32> { get }
    /// The state in each slot, hidden parts included, where the environment has finitely many: what its own protocols
    /// may know and no learner does. Nil where there is none.
    var stateInSlot: UnsafeBufferPointer<Int32>? { get }

    /// The outcomes of a slot's finished (or running) episode, in the order of `task.outcomes`.
    func readOutcomes(slot: Int, into values: UnsafeMutableBufferPointer<Double>)
    /// The name of the ending that a finished episode met, or `horizon`.
    func ending(slot: Int) -> String
}

extension BatchEnvironment {
    public var stateInSlot: UnsafeBufferPointer<Int32>? { nil }

    /// Between two slots of this batch, chance included.
    public func copy(slot: Int, to target: Int) { copy(slot: slot, of: self, to: target, episode: nil) }
}

/// What batches of one factory have in common, by which they know each other.
final class Kinship: Sendable {}

/// Makes batch environments over one cohort; what learners and evaluations hold on to, since it can be shared between
/// threads while a batch cannot.
public protocol EnvironmentFactory: Sendable {
    var task: TaskDescription { get }
    var patients: Int { get }
    /// Slots of a batch in which many patients are treated fastest; results do not depend on it.
    var usualSlots: Int { get }
    /// A fresh batch with all slots idle. `seed` keys the environment's own random streams.
    func makeBatch(slots: Int, seed: UInt64) throws -> any BatchEnvironment
}

extension EnvironmentFactory {
    public var usualSlots: Int { 128 }
}

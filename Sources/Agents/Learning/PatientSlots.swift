// The training patients under treatment: one in every slot, a new one drawn whenever a course ends.

import Numerics
import Patients

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// A batch of training patients. Episode e of a run (numbered in the order of starts, from 1; 0 is for evaluation) has a
/// patient drawn at random and chance events of its own.
final class PatientSlots: EpisodeTally {
    let environment: any BatchEnvironment
    private var stream: RandomStream
    private let patients: Int
    private var started = 0
    private(set) var finishedEpisodes = 0
    private var returns: [Double]
    private var returnSum = 0.0
    private var returnCount = 0

    /// All slots started.
    init(_ factory: any EnvironmentFactory, slots: Int, seed: UInt64, purpose: String) throws {
        guard factory.patients > 0 else { throw TrainingError.noPatients("training") }
        environment = try factory.makeBatch(slots: slots, seed: seed)
        stream = RandomStream(seed: seed, purpose: purpose + ".patients")
        patients = factory.patients
        returns = Array(repeating: 0, count: slots)
        for slot in 0..<slots { try start(slot) }
    }

    private func start(_ slot: Int) throws {
        started += 1
        returns[slot] = 0
        try environment.start(slot: slot, patient: stream.below(patients), episode: started)
    }

    /// Books the reward of the last step of a slot, which must be finite.
    func book(_ slot: Int, decisions: Int) throws {
        let reward = environment.rewards[slot]
        guard reward.isFinite else { throw TrainingError.notFinite(what: "a reward", decisions: decisions) }
        returns[slot] += reward
    }

    /// Ends the course in a slot and begins the next one.
    func restart(_ slot: Int) throws {
        finishedEpisodes += 1
        returnSum += returns[slot]
        returnCount += 1
        try start(slot)
    }

    /// Counts courses of training patients that went on elsewhere.
    func count(otherEpisodes: Int) { finishedEpisodes += otherEpisodes }

    /// Mean return of the episodes that ended since the last call; NaN for none.
    func takeMeanReturn() -> Double {
        defer {
            returnSum = 0
            returnCount = 0
        }
        return returnCount == 0 ? .nan : returnSum / Double(returnCount)
    }
}

/// Where training episodes are counted.
protocol EpisodeTally: AnyObject {
    var finishedEpisodes: Int { get }
    /// Mean return of the episodes that ended since the last call; NaN for none.
    func takeMeanReturn() -> Double
}

/// A uniform draw among the allowed entries of a row; at least one must be allowed.
func randomAllowed(_ allowed: UnsafePointer<Bool>, count: Int, stream: inout RandomStream) -> Int32 {
    var permitted = 0
    for action in 0..<count where allowed[action] { permitted += 1 }
    guard permitted > 0 else { return 0 }
    var pick = stream.below(permitted)
    for action in 0..<count where allowed[action] {
        if pick == 0 { return Int32(action) }
        pick -= 1
    }
    return 0
}

/// The highest allowed entry of a row; ties go to the lowest index. At least one must be allowed.
func bestAllowed(_ values: UnsafePointer<Float>, _ allowed: UnsafePointer<Bool>, count: Int) -> Int32 {
    var best = -1
    for action in 0..<count where allowed[action] {
        if best < 0 || values[action] > values[best] { best = action }
    }
    return Int32(max(0, best))
}

/// ε of an ε-greedy policy: falls from `initial` to `final` over a fraction of the run, then stays.
public struct ExplorationSchedule: Sendable, Equatable {
    public enum Shape: String, Sendable, CaseIterable {
        /// By the same amount with every decision, as in Stable-Baselines3.
        case linear
        /// By the same factor with every decision; `final` must be above zero.
        case exponential
    }
    public var initial: Double
    public var final: Double
    /// Of the run's decisions.
    public var fraction: Double
    public var shape: Shape

    public init(initial: Double = 1, final: Double = 0.05, fraction: Double = 0.1, shape: Shape = .linear) {
        self.initial = initial
        self.final = final
        self.fraction = fraction
        self.shape = shape
    }

    public func epsilon(at decisions: Int, of total: Int) -> Double {
        let span = fraction * Double(total)
        guard Double(decisions) < span else { return final }
        switch shape {
        case .linear: return initial + (final - initial) * Double(decisions) / span
        case .exponential: return initial * pow(final / initial, Double(decisions) / span)
        }
    }
}

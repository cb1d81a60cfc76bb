// Every decision of a patient's episode, kept: what a student learns from, and what tells whether another tree would
// have treated the patient otherwise.

import Numerics
import Patients
import Trees

/// One patient's episode.
public struct PatientTrace: Sendable, Equatable {
    /// Number in the cohort.
    public var patient: Int
    /// Sum of rewards.
    public var episodeReturn: Double = 0
    /// The same, discounted as the task says.
    public var discountedReturn: Double = 0
    /// Outcomes in the task's order; NaN where not defined.
    public var outcomes: [Double] = []
    /// decisions × observations
    public var observations: [Double] = []
    /// decisions × actions
    public var allowed: [Bool] = []
    /// What was done, per decision.
    public var actions: [Int32] = []
    /// What each decision earned; in sum the return.
    public var rewards: [Double] = []
    /// decisions × actions: the scores by which these actions were chosen; empty where they were not kept.
    package var scores: [Double] = []

    public init(patient: Int) { self.patient = patient }

    public var decisions: Int { actions.count }

    /// Whether a tree would decide otherwise somewhere on this course.
    ///
    /// Exact: what happens to a patient depends on the patient, the episode and the actions alone, so a tree that
    /// takes the same actions in these states meets the same states and the same return.
    public func isChanged(by tree: DecisionTree) -> Bool {
        let width = tree.features.count
        let choices = tree.actions.count
        return observations.withUnsafeBufferPointer { observations in
            allowed.withUnsafeBufferPointer { allowed in
                for decision in 0..<actions.count {
                    let leaf = tree.leaf(of: observations.baseAddress! + decision * width)
                    let action = tree.action(atLeaf: leaf, allowed: allowed.baseAddress! + decision * choices)
                    if action != actions[decision] { return true }
                }
                return false
            }
        }
    }

    /// The episodes of the patients listed (each once), in their order; the same whatever `jobs`.
    ///
    /// - Parameter keepsScores: whether the scores of a policy that has them (and no memory) are kept, so that it need
    ///   not be asked again.
    public static func record(
        _ factory: any EnvironmentFactory, policy: any Policy, patients: [Int], episode: Int, seed: UInt64,
        slots: Int = 64, jobs: Int = 1, keepsScores: Bool = false
    ) throws -> [PatientTrace] {
        let pieces = (patients.count + slots - 1) / slots
        let parts = try Parallel.map(pieces, jobs: jobs) { piece in
            try recordPiece(
                factory, policy: policy,
                patients: Array(patients[piece * slots..<min(patients.count, (piece + 1) * slots)]),
                episode: episode, seed: seed, keepsScores: keepsScores)
        }
        return parts.flatMap { $0 }
    }

    private static func recordPiece(
        _ factory: any EnvironmentFactory, policy: any Policy, patients: [Int], episode: Int, seed: UInt64,
        keepsScores: Bool
    ) throws -> [PatientTrace] {
        var scored: ScoreKeeping?
        if keepsScores, !policy.hasMemory, let teacher = policy as? any ScoredPolicy {
            scored = ScoreKeeping(teacher, slots: patients.count, actions: factory.task.actions.count)
        }
        var traces = patients.map(PatientTrace.init)
        let place = Dictionary(uniqueKeysWithValues: patients.enumerated().map { (Int32($1), $0) })
        let width = factory.task.observations.count
        let choices = factory.task.actions.count
        let horizon = min(factory.task.horizon, 512)
        for index in traces.indices {
            traces[index].observations.reserveCapacity(horizon * width)
            traces[index].allowed.reserveCapacity(horizon * choices)
            traces[index].actions.reserveCapacity(horizon)
            traces[index].rewards.reserveCapacity(horizon)
            if scored != nil { traces[index].scores.reserveCapacity(horizon * choices) }
        }
        let table = try Rollout.visit(
            factory, policy: scored ?? policy, patients: patients, episode: episode, seed: seed, slots: patients.count
        ) { batch, actions, status in
            let (observations, allowed, numbers) = (batch.observations, batch.allowed, batch.patients)
            let rewards = batch.environment?.rewards
            for row in 0..<batch.count where status[row] == .running {
                guard let index = place[numbers[row]] else { continue }
                // The reward of the decision before. A slot has one patient alone, so that it is this one's.
                if let rewards, !traces[index].actions.isEmpty { traces[index].rewards.append(rewards[row]) }
                traces[index].observations.append(
                    contentsOf: UnsafeBufferPointer(rebasing: observations[row * width..<(row + 1) * width]))
                traces[index].allowed.append(
                    contentsOf: UnsafeBufferPointer(rebasing: allowed[row * choices..<(row + 1) * choices]))
                traces[index].actions.append(actions[row])
                if let scored {
                    traces[index].scores.append(
                        contentsOf: UnsafeBufferPointer(rebasing: scored.last[row * choices..<(row + 1) * choices]))
                }
            }
        }
        for index in traces.indices {
            traces[index].episodeReturn = table.returns[index]
            traces[index].discountedReturn = table.discountedReturns[index]
            // The last reward is not seen by a decision after it.
            if traces[index].decisions > 0 {
                traces[index].rewards.append(table.returns[index] - traces[index].rewards.reduce(0, +))
            }
            traces[index].outcomes = table.outcomes.map { $0[index] }
        }
        return traces
    }
}

/// A policy without memory that keeps the scores of its last decisions, one slot a row.
private final class ScoreKeeping: Policy, @unchecked Sendable {
    // Sendable without being checked: it treats the patients of one piece, on one thread.
    private let teacher: any ScoredPolicy
    /// slots × actions
    let last: UnsafeMutableBufferPointer<Double>

    init(_ teacher: any ScoredPolicy, slots: Int, actions: Int) {
        self.teacher = teacher
        last = .allocate(capacity: max(1, slots * actions))
        last.initialize(repeating: 0)
    }

    deinit { last.deallocate() }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let width = batch.actionCount
        teacher.score(batch, scores: last)
        let (scores, allowed) = (UnsafePointer(last.baseAddress!), batch.allowed.baseAddress!)
        for row in 0..<batch.count {
            actions[row] = max(0, bestAllowed(scores + row * width, allowed + row * width, count: width))
        }
    }
}

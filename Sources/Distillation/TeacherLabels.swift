// What a teacher would have done in visited states, and how much it matters there.

import Numerics
import Patients
import Trees

/// A teacher said something that is not a number.
public struct DistillationError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
}

/// A teacher's word on the states of some episodes, decision by decision.
public struct TeacherLabels: Sendable {
    /// The best allowed action.
    public var labels: [Int32] = []
    /// How much the choice matters: the best allowed score minus the worst allowed one (Bastani, Pu and Solar-Lezama,
    /// "Verifiable reinforcement learning via policy extraction", 2018, section 3.2: V(s) − min Q(s, a)); for a
    /// policy-gradient teacher the same with log π(a|s) in place of Q. 0 where a single action is allowed.
    public var weights: [Double] = []
    /// decisions × actions: score minus the best allowed score, at most 0; NaN where an action is forbidden.
    public var advantages: [Double] = []

    public init() {}

    public var count: Int { labels.count }

    /// Log probabilities are taken as at least that of the least positive Float, so that differences stay finite.
    static let leastLogProbability = -103.28

    /// Scores all decisions of a trace and appends what the teacher says.
    ///
    /// - Throws: `DistillationError` naming patient, decision and inputs where an allowed score is not a number.
    public mutating func append(_ trace: PatientTrace, teacher: any ScoredPolicy, actionCount: Int) throws {
        let rows = trace.decisions
        guard rows > 0 else { return }
        let width = trace.observations.count / rows
        let scores = UnsafeMutableBufferPointer<Double>.allocate(capacity: rows * actionCount)
        scores.initialize(repeating: 0)
        defer { scores.deallocate() }
        let decisions = (0..<rows).map(Int32.init)
        let patients = Array(repeating: Int32(trace.patient), count: rows)
        trace.observations.withUnsafeBufferPointer { observations in
            trace.allowed.withUnsafeBufferPointer { allowed in
                decisions.withUnsafeBufferPointer { decisions in
                    patients.withUnsafeBufferPointer { patients in
                        let batch = DecisionBatch(
                            count: rows, observationCount: width, actionCount: actionCount,
                            observations: observations, allowed: allowed, decisions: decisions, patients: patients)
                        guard teacher.hasMemory else { return teacher.score(batch, scores: scores) }
                        // A teacher with a memory meets the course as it went.
                        let session = teacher.makeScoredSession(slots: 1)
                        for row in 0..<rows {
                            let place = (row * actionCount)..<((row + 1) * actionCount)
                            session.score(batch.row(row), scores: UnsafeMutableBufferPointer(rebasing: scores[place]))
                        }
                    }
                }
            }
        }
        let isLogarithm = teacher.scoreKind == .logProbabilities
        for row in 0..<rows {
            var best = -1
            var least = Double.infinity
            for action in 0..<actionCount where trace.allowed[row * actionCount + action] {
                let place = row * actionCount + action
                if isLogarithm, scores[place] < TeacherLabels.leastLogProbability {
                    scores[place] = TeacherLabels.leastLogProbability
                }
                guard scores[place].isFinite else {
                    throw DistillationError(
                        description:
                            "the teacher scores action \(action) with \(scores[place]) at decision \(row) of patient "
                            + "\(trace.patient), who shows \(trace.observations[row * width..<(row + 1) * width])")
                }
                if best < 0 || scores[place] > scores[row * actionCount + best] { best = action }
                least = min(least, scores[place])
            }
            guard best >= 0 else {
                throw DistillationError(
                    description: "patient \(trace.patient) is allowed no action at decision \(row)")
            }
            let top = scores[row * actionCount + best]
            labels.append(Int32(best))
            weights.append(top - least)
            for action in 0..<actionCount {
                let place = row * actionCount + action
                advantages.append(trace.allowed[place] ? scores[place] - top : .nan)
            }
        }
    }
}

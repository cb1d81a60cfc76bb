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

    /// Scores all decisions of a trace, unless it has the teacher's scores already, and appends what the teacher says.
    ///
    /// - Throws: `DistillationError` naming patient, decision and inputs where an allowed score is not a number.
    public mutating func append(_ trace: PatientTrace, teacher: any ScoredPolicy, actionCount: Int) throws {
        let scores = try TeacherLabels.scores(of: trace, teacher: teacher, actionCount: actionCount)
        labels.reserveCapacity(labels.count + trace.decisions)
        weights.reserveCapacity(weights.count + trace.decisions)
        advantages.reserveCapacity(advantages.count + scores.count)
        for row in 0..<trace.decisions {
            let own = (row * actionCount)..<((row + 1) * actionCount)
            let best = try TeacherLabels.best(of: scores[own], trace, row)
            let top = scores[own.lowerBound + best]
            var least = top
            for place in own {
                if scores[place] < least { least = scores[place] }
                advantages.append(scores[place] - top)
            }
            labels.append(Int32(best))
            weights.append(top - least)
        }
    }

    /// The index of the best allowed score, the first of equals.
    static func best(of scores: ArraySlice<Double>, _ trace: PatientTrace, _ row: Int) throws -> Int {
        var best = -1
        for (action, score) in scores.enumerated() where !score.isNaN {
            if best < 0 || score > scores[scores.startIndex + best] { best = action }
        }
        guard best >= 0 else {
            throw DistillationError(description: "patient \(trace.patient) is allowed no action at decision \(row)")
        }
        return best
    }

    /// The teacher's scores at all decisions of a trace: decisions × actions; NaN where an action is forbidden.
    ///
    /// - Throws: `DistillationError` naming patient, decision and inputs where an allowed score is not a number.
    static func scores(of trace: PatientTrace, teacher: any ScoredPolicy, actionCount: Int) throws -> [Double] {
        let rows = trace.decisions
        guard rows > 0 else { return [] }
        let width = trace.observations.count / rows
        var scores = trace.scores
        if scores.count != rows * actionCount { scores = ask(teacher, about: trace, width, actionCount) }
        let isLogarithm = teacher.scoreKind == .logProbabilities
        for place in scores.indices {
            guard trace.allowed[place] else {
                scores[place] = .nan
                continue
            }
            if isLogarithm { scores[place] = max(scores[place], TeacherLabels.leastLogProbability) }
            guard scores[place].isFinite else {
                let (row, action) = (place / actionCount, place % actionCount)
                throw DistillationError(
                    description: "the teacher scores action \(action) with \(scores[place]) at decision \(row) of "
                        + "patient \(trace.patient), who shows \(trace.observations[row * width..<(row + 1) * width])")
            }
        }
        return scores
    }

    private static func ask(
        _ teacher: any ScoredPolicy, about trace: PatientTrace, _ width: Int, _ actionCount: Int
    ) -> [Double] {
        let rows = trace.decisions
        var scores = [Double](repeating: 0, count: rows * actionCount)
        let decisions = (0..<rows).map(Int32.init)
        let patients = Array(repeating: Int32(trace.patient), count: rows)
        scores.withUnsafeMutableBufferPointer { scores in
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
                                session.score(
                                    batch.row(row), scores: UnsafeMutableBufferPointer(rebasing: scores[place]))
                            }
                        }
                    }
                }
            }
        }
        return scores
    }
}

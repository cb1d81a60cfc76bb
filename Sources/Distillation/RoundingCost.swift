// What it costs a tree that its thresholds are ones that a clinic can measure.

import Evaluation
import Numerics
import Patients
import PositionedJSON
import Trees

/// A tree with thresholds on the grid of measurable steps against the same tree without, on the same patients.
public struct RoundingCost: Sendable, Equatable {
    public var unroundedLeaves: Int
    public var roundedLeaves: Int
    /// Mean returns.
    public var unroundedReturn: Double
    public var roundedReturn: Double
    /// Mean paired difference, rounded − unrounded, with a 95 % interval over the patients.
    public var difference: Estimate
    public var patients: Int
    /// Patients whose return differs at all.
    public var affected: Int

    /// Treats every patient of `factory`, who had no part in making the trees, with both. The same whatever `jobs`.
    public static func measure(
        rounded: DecisionTree, unrounded: DecisionTree, factory: any EnvironmentFactory, seed: UInt64, jobs: Int = 1
    ) throws -> RoundingCost {
        var courses = try PatientCourses(
            factory, tree: unrounded, patients: Array(0..<factory.patients), seed: seed, jobs: jobs)
        let before = courses.traces.map(\.episodeReturn)
        try courses.move(to: rounded, jobs: jobs)
        let after = courses.traces.map(\.episodeReturn)
        let differences = zip(after, before).map { $0 - $1 }
        return RoundingCost(
            unroundedLeaves: unrounded.leafCount, roundedLeaves: rounded.leafCount,
            unroundedReturn: Statistics.mean(before), roundedReturn: Statistics.mean(after),
            difference: Statistics.meanEstimate(differences), patients: before.count,
            affected: differences.count { $0 != 0 })
    }

    /// What is to be concluded, in a sentence.
    public var sentence: String {
        if affected == 0 { return "Rounding thresholds to measurable steps costs nothing: no patient fares otherwise." }
        let change = NumberText.significant(abs(difference.value), 2)
        guard difference.hasInterval else {
            return
                "Rounding thresholds to measurable steps \(difference.value < 0 ? "costs" : "gains") \(change) of return "
                + "in the one validation patient."
        }
        let interval =
            "95 % interval of the difference \(NumberText.significant(difference.low, 2)) to "
            + "\(NumberText.significant(difference.high, 2)), paired, \(patients) validation patients"
        if difference.isBelowZero {
            return "Rounding thresholds to measurable steps costs \(change) of mean return (\(interval))."
        }
        if difference.isAboveZero {
            return "Rounding thresholds to measurable steps gains \(change) of mean return (\(interval))."
        }
        return "Rounding thresholds to measurable steps has no measurable cost (\(interval))."
    }

    public func json() -> JSONValue {
        [
            "format": 1, "patients": .integer(patients), "affected": .integer(affected),
            "unrounded": ["leaves": .integer(unroundedLeaves), "mean_return": .number(unroundedReturn)],
            "rounded": ["leaves": .integer(roundedLeaves), "mean_return": .number(roundedReturn)],
            "difference": [
                "estimate": .number(difference.value), "low": .optional(difference.low.isFinite ? difference.low : nil),
                "high": .optional(difference.high.isFinite ? difference.high : nil),
            ],
            "conclusion": .string(sentence),
        ]
    }
}

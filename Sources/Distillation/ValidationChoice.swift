// Which tree of several goes on: patients who had no part in making them decide.

import Numerics
import Patients
import Trees

/// The choice among trees by validation patients.
public struct ValidationChoice: Sendable, Equatable {
    /// Index of the chosen tree.
    public var best: Int
    /// Mean return of every tree.
    public var meanReturns: [Double]
    /// Paired difference of every tree to the first, with a 95 % interval over the patients.
    public var differences: [Estimate]

    /// Treats every patient of `factory` with every tree and chooses the highest mean return, the first of equals. The
    /// first tree, usually the one before refinement, is a candidate like the others. Patients whom two successive
    /// trees treat alike are simulated once. The same result whatever `jobs`.
    public static func choose(
        _ trees: [DecisionTree], factory: any EnvironmentFactory, seed: UInt64, episode: Int = 0,
        objective: RefinementObjective = .total, jobs: Int = 1
    ) throws -> ValidationChoice {
        guard let first = trees.first else { throw DistillationError(description: "no tree to choose from") }
        var courses = try PatientCourses(
            factory, tree: first, patients: Array(0..<factory.patients), episode: episode, seed: seed,
            objective: objective, jobs: jobs)
        let reference = courses.values
        var choice = ValidationChoice(best: 0, meanReturns: [], differences: [])
        for (index, tree) in trees.enumerated() {
            if index > 0 { try courses.move(to: tree, jobs: jobs) }
            choice.meanReturns.append(courses.meanReturn)
            choice.differences.append(
                Statistics.meanEstimate(zip(courses.values, reference).map { $0 - $1 }))
            if choice.meanReturns[index] > choice.meanReturns[choice.best] { choice.best = index }
        }
        return choice
    }
}

extension ThresholdRefinement {
    /// The step whose tree treats the validation patients best, the unrefined tree being one of them.
    public static func chooseByValidation(
        _ steps: [Step], factory: any EnvironmentFactory, seed: UInt64, episode: Int = 0,
        objective: RefinementObjective = .total, jobs: Int = 1
    ) throws -> ValidationChoice {
        try ValidationChoice.choose(
            steps.map(\.tree), factory: factory, seed: seed, episode: episode, objective: objective, jobs: jobs)
    }

    /// A line per step, with a header; with the validation patients' mean return where it is known.
    public static func metricsCSV(_ steps: [Step], validation: ValidationChoice? = nil) -> String {
        var text = "step,pass,leaves,training_return,difference,standard_error,affected,episodes"
        text += validation == nil ? "\n" : ",validation_return\n"
        for (index, step) in steps.enumerated() {
            text += "\(index),\(step.pass),\(step.tree.leafCount),\(step.trainingReturn),\(step.difference),"
            text += "\(step.standardError),\(step.affected),\(step.episodes)"
            if let validation { text += ",\(validation.meanReturns[index])" }
            text += "\n"
        }
        return text
    }
}

// How well each patient could be treated by somebody who knows the patient's parameters and every chance event to come:
// what the best policy is measured against.

import Numerics
import Patients

/// Searches a good course of actions for each patient by itself. What it finds is a lower bound on the best possible,
/// unless it is marked as exact.
///
/// - States that can be told apart (tabular environments): dynamic programming over the states that the patient can
///   reach under the patient's own chance. Exact.
/// - Trees of few courses: all of them. Exact.
/// - Otherwise local search on the whole course. It begins with the best of all protocols and constant actions, then
///   gives stretches of decisions another action, long stretches first, one decision at last, and keeps what is better
///   (every stretch from the present best course: the rollout improvement of Bertsekas, Tsitsiklis and Wu, J. Heuristics 3
///   (1997) 245–262, in both directions of time). Where no single stretch is better, pairs of stretches are tried at
///   random until the budget is spent.
///
/// Deterministic; more budget never finds less. A pure function of (settings, factory, patient, seed).
public struct ClairvoyantSearch: Sendable {
    /// Decisions simulated for a patient, about.
    public var budget: Int
    /// What is sought is the largest sum of rewards under this discount.
    public var discount: Double

    public init(budget: Int = 100_000, discount: Double = 1) {
        self.budget = budget
        self.discount = discount
    }

    /// The courses found.
    public struct Result: Sendable {
        /// One row a patient.
        public var episodes: EpisodeTable
        /// By patient.
        public var isExact: [Bool]
        /// Decisions simulated for all patients.
        public var simulated: Int
        /// By patient: the actions.
        public var plans: [[Int32]]
        /// The courses of the policies that were begun with, in their order.
        public var starts: [EpisodeTable]
    }

    /// - Parameters:
    ///   - policies: begun with, in addition to every constant action.
    ///   - seed: keys chance, as in `Rollout.run`, with whose episodes those found can be compared patient by patient.
    public func run(
        _ factory: any EnvironmentFactory, policies: [any Policy], seed: UInt64, jobs: Int = 1,
        report: @escaping @Sendable (_ patients: Int) -> Void = { _ in }
    ) throws -> Result {
        // Patients of a piece share memory; a piece is small, so that all threads have work to the end.
        let size = 8
        let pieces = try Parallel.map((factory.patients + size - 1) / size, jobs: jobs) { piece in
            let patients = Array((piece * size)..<min(factory.patients, (piece + 1) * size))
            let found = try search(factory, policies, patients, seed)
            report(patients.count)
            return found
        }
        let names = factory.task.outcomes.map(\.name)
        var all = Result(
            episodes: EpisodeTable(outcomeNames: names), isExact: [], simulated: 0, plans: [],
            starts: policies.map { _ in EpisodeTable(outcomeNames: names) })
        for piece in pieces {
            all.episodes.append(piece.episodes)
            all.isExact += piece.isExact
            all.simulated += piece.simulated
            all.plans += piece.plans
            for (index, table) in piece.starts.enumerated() { all.starts[index].append(table) }
        }
        return all
    }

    private func search(
        _ factory: any EnvironmentFactory, _ policies: [any Policy], _ patients: [Int], _ seed: UInt64
    ) throws -> Result {
        let names = factory.task.outcomes.map(\.name)
        var result = Result(
            episodes: EpisodeTable(outcomeNames: names), isExact: [], simulated: 0, plans: [], starts: [])
        var starts: [StartingCourses] = []
        for policy in policies {
            let courses = try StartingCourses(factory, policy, patients, seed, discount)
            starts.append(courses)
            result.starts.append(courses.table)
        }
        let run = try ClairvoyantRun(factory, self, seed: seed)
        if !run.hasStates {
            for action in factory.task.actions.indices {
                starts.append(
                    try StartingCourses(factory, ConstantPolicy(action: action), patients, seed, discount))
            }
        }
        for (row, patient) in patients.enumerated() {
            let courses = starts.map { (plan: $0.plans[row], value: $0.values[row]) }
            let found = try run.search(patient, from: courses)
            result.episodes.append(found.episode)
            result.isExact.append(found.isExact)
            result.plans.append(found.plan)
        }
        result.simulated = run.simulated
        return result
    }
}

/// What patients do under a policy, and how they were treated.
private struct StartingCourses {
    let table: EpisodeTable
    /// [row][decision]
    let plans: [[Int32]]
    let values: [Double]

    init(
        _ factory: any EnvironmentFactory, _ policy: any Policy, _ patients: [Int], _ seed: UInt64, _ discount: Double
    ) throws {
        let first = patients.first ?? 0
        var plans: [[Int32]] = Array(repeating: [], count: patients.count)
        // Patients of a piece are consecutive.
        table = try Rollout.visit(factory, policy: policy, patients: patients, seed: seed, slots: 8) {
            batch, actions, status in
            for slot in 0..<batch.count where status[slot] == .running {
                plans[Int(batch.patients[slot]) - first].append(actions[slot])
            }
        }
        self.plans = plans
        values = discount == 1 ? table.returns : table.discountedReturns
    }
}

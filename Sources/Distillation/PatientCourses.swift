// The same patients under a tree and under a candidate: only those whom the candidate would treat otherwise are
// simulated again.

import Numerics
import Patients
import Trees

/// The episodes of a fixed set of patients under the current tree.
///
/// A candidate's return differs only for patients whose course it changes (`PatientTrace.isChanged`); the others keep
/// theirs, exactly. Changing one threshold or one leaf touches a fraction of the patients.
public struct PatientCourses: Sendable {
    public let factory: any EnvironmentFactory
    public let episode: Int
    public let seed: UInt64
    public let objective: RefinementObjective
    public private(set) var tree: DecisionTree
    /// One per patient, in the order given.
    public private(set) var traces: [PatientTrace]
    /// Episodes simulated so far.
    public private(set) var simulated: Int

    public init(
        _ factory: any EnvironmentFactory, tree: DecisionTree, patients: [Int], episode: Int = 0, seed: UInt64,
        objective: RefinementObjective = .total, jobs: Int = 1
    ) throws {
        self.factory = factory
        self.episode = episode
        self.seed = seed
        self.objective = objective
        self.tree = tree
        traces = try PatientTrace.record(
            factory, policy: TreePolicy(tree), patients: patients, episode: episode, seed: seed, jobs: jobs)
        simulated = patients.count
    }

    public var count: Int { traces.count }

    /// What each course is worth.
    public var values: [Double] { traces.map(objective.value) }

    public var meanReturn: Double {
        traces.isEmpty ? 0 : values.reduce(0, +) / Double(traces.count)
    }

    /// Places, in `traces`, of the patients whom another tree would treat otherwise.
    public func affected(by candidate: DecisionTree) -> [Int] {
        traces.indices.filter { traces[$0].isChanged(by: candidate) }
    }

    /// The episodes of some of the patients under another tree.
    ///
    /// - Parameter places: indices into `traces`.
    public func simulate(_ candidate: DecisionTree, _ places: [Int], jobs: Int = 1) throws -> [PatientTrace] {
        try PatientTrace.record(
            factory, policy: TreePolicy(candidate), patients: places.map { traces[$0].patient }, episode: episode,
            seed: seed, jobs: jobs)
    }

    /// Counts episodes simulated by others for these patients.
    mutating func count(episodes: Int) { simulated += episodes }

    /// Goes on with another tree.
    ///
    /// - Parameters:
    ///   - places: the patients whom it treats otherwise, all of them.
    ///   - new: their episodes under it.
    public mutating func take(_ candidate: DecisionTree, _ places: [Int], _ new: [PatientTrace]) {
        tree = candidate
        for (place, trace) in zip(places, new) { traces[place] = trace }
    }

    /// Goes on with another tree, simulating those whom it treats otherwise.
    public mutating func move(to candidate: DecisionTree, jobs: Int = 1) throws {
        let places = affected(by: candidate)
        take(candidate, places, try simulate(candidate, places, jobs: jobs))
        simulated += places.count
    }
}

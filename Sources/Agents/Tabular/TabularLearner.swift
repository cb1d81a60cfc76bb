// What tabular learners have in common: settings, states, and everything of `Learner` but the rule.

import Patients
import PositionedJSON
import Trees

/// A learner with a value for every state and action.
public protocol TabularLearner: TreeGuidedLearner {
    var configuration: TabularConfiguration { get set }
    /// The states; nil makes those that the configuration asks for.
    var abstraction: (any StateAbstraction)? { get set }
}

extension TabularLearner {
    public var decisions: Int { configuration.decisions }
    public var goesOn: Bool { true }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = self
        small.configuration = configuration.shrunk(by: factor)
        return small
    }

    public var treeName: String? { configuration.tree }

    /// The same learner over the leaves of a tree.
    public func guided(by tree: DecisionTree) -> any Learner {
        var learner = self
        learner.abstraction = LeafStates(tree)
        return learner
    }

    func states(for job: TrainingJob) throws -> any StateAbstraction {
        if let abstraction { return abstraction }
        guard job.environment.patients > 0 else { throw TrainingError.noPatients("training") }
        if let tree = configuration.tree { throw TrainingError.unresolvedTree(tree) }
        if configuration.exactStates {
            return try ExactStates(of: job.environment, decisions: configuration.gridDecisions, seed: job.seed)
        }
        let names = job.environment.task.observations.map(\.name)
        let features = try (configuration.gridFeatures ?? names).map { name -> Int in
            guard let index = names.firstIndex(of: name) else { throw TrainingError.unknownObservation(name) }
            return index
        }
        let stated = configuration.gridBins
        let bins = stated.count == 1 ? Array(repeating: stated[0], count: features.count) : stated
        guard bins.count == features.count else {
            throw TrainingError.wrongBins(features: features.count, bins: bins.count)
        }
        let grid = try QuantileGrid(
            of: job.environment, features: features, bins: bins, decisions: configuration.gridDecisions, seed: job.seed)
        guard grid.states <= QuantileGrid.largest else { throw TrainingError.tooManyStates(grid.states) }
        return grid
    }
}

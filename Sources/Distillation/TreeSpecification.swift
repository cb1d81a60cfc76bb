// Trees as a study states them.

import Patients
import PositionedJSON

/// Reads a way to make a tree from an object such as `{"method": "viper", "teacher": "ppo", "maximum_leaves": 8}`.
public enum TreeSpecification {
    public static let methods = [
        "behaviour_cloning", "cqi", "dagger", "exact", "frontier", "policy_gradient", "prune", "refine", "regret",
        "viper",
    ]

    /// Complains of wrong settings; nil where there is no method. `finish()`, which complains of unknown keys, is left to
    /// the caller.
    ///
    /// - Parameter task: where known, names of observations and actions are checked.
    public static func read(_ reader: ObjectReader, task: TaskDescription? = nil) -> (any TreeMethod)? {
        let method = reader.choice("method", of: methods)
        switch method {
        case "cqi": return CQIMethod(reader: reader)
        case "exact":
            let from = reader.node["from"] == nil ? nil : reader.string("from")
            return ExactMethod(ExactConfiguration(reader: reader), from: from)
        case "frontier":
            let leaves = FrontierMethod.leaves(reader)
            return leafLimited(reader.choice("of", of: leafLimitedMethods, default: "viper"), reader).map {
                FrontierMethod($0, leaves: leaves)
            }
        case "policy_gradient":
            let from = reader.string("from")
            let configuration = PolicyGradientConfiguration(reader: reader)
            return from.map { PolicyGradientMethod(configuration, from: $0) }
        case "prune": return PruneMethod(reader: reader)
        case "refine":
            let from = reader.string("from")
            let configuration = RefinementConfiguration(reader: reader)
            let constraints = constraints(reader, task)
            let others = reader.optionalStrings("also_from") ?? []
            return from.map { RefineMethod(configuration, from: $0, others: others, constraints: constraints) }
        default: return leafLimited(method, reader)
        }
    }

    /// Methods with a teacher and a number of leaves, of which there can be a frontier.
    static let leafLimitedMethods = ["behaviour_cloning", "dagger", "regret", "viper"]

    private static func leafLimited(_ method: String?, _ reader: ObjectReader) -> (any LeafLimitedMethod)? {
        switch method {
        case "behaviour_cloning": imitation("behaviour_cloning", reader, defaults: .behaviourCloning)
        case "dagger": imitation("dagger", reader, defaults: .dagger)
        case "regret": RegretMethod(RegretConfiguration(reader: reader), teacher: teacher(reader))
        case "viper": imitation("viper", reader, defaults: ViperConfiguration())
        default: nil
        }
    }

    private static func imitation(
        _ name: String, _ reader: ObjectReader, defaults: ViperConfiguration
    ) -> ViperMethod {
        ViperMethod(ViperConfiguration(reader: reader, defaults: defaults), teacher: teacher(reader), name: name)
    }

    /// The key `constraints`: an object as in a constraints file. A study names the file, whose content stands here by
    /// the time this is read.
    private static func constraints(_ reader: ObjectReader, _ task: TaskDescription?) -> TreeConstraints? {
        guard let node = reader.optionalChild("constraints"), let task else { return nil }
        // A name that is left is one of a file that could not be read, as has been said.
        if case .string = node.value { return nil }
        return TreeConstraints(
            node, features: task.observations.map(\.name), actions: task.actions.map(\.name), hasNumbers: false,
            complaints: reader.complaints)
    }

    /// The key `teacher`: an agent's name, or `best`.
    static func teacher(_ reader: ObjectReader) -> TreeOrigins.Teacher {
        let name = reader.string("teacher", default: "best")
        return name == "best" ? .best : .agent(name)
    }
}

/// `Viper` as a method of a study, DAgger and behaviour cloning being settings of it.
public struct ViperMethod: TreeMethod {
    public let name: String
    public let origins: TreeOrigins
    var configuration: ViperConfiguration

    public init(_ configuration: ViperConfiguration, teacher: TreeOrigins.Teacher, name: String = "viper") {
        self.name = name
        self.configuration = configuration
        origins = TreeOrigins(teacher: teacher)
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        let rounds = Double(configuration.iterations)
        let result = try Viper(configuration).distil(
            teacher: try job.needTeacher(), factory: job.training, seed: job.seed, jobs: job.jobs,
            report: { job.progress(Double($0.number + 1), rounds, "rounds") })
        return try MadeTree(result, job)
    }
}

/// `ThresholdRefinement` as a method of a study; validation patients choose among the steps.
public struct RefineMethod: TreeMethod {
    public let name = "refine"
    public let origins: TreeOrigins
    public let configuration: RefinementConfiguration
    public let constraints: TreeConstraints?

    public init(
        _ configuration: RefinementConfiguration, from: String, others: [String] = [],
        constraints: TreeConstraints? = nil
    ) {
        self.configuration = configuration
        self.constraints = constraints
        origins = TreeOrigins(tree: from, others: others)
    }

    /// All refinements of a study meet the same patients in the same order.
    public func seedPurpose(of tree: String) -> String { "refinement" }

    public func make(_ job: TreeJob) throws -> MadeTree {
        let budget = Double(configuration.maximumEpisodes)
        let start = try job.needStart()
        let bound = try constraints.map { try BoundConstraints($0, tree: start) }
        let all = try ThresholdRefinement(configuration).refine(
            start, factory: job.training, seed: job.seed, constraints: bound, others: job.others,
            jobs: job.jobs,
            report: { job.progress(Double($0.episodes), budget, "episodes") })
        // The tree as it was may be chosen only where it obeys.
        let steps = bound.map { rules in all.filter { rules.permits($0.tree) } } ?? all
        let choice = try ThresholdRefinement.chooseByValidation(
            steps, factory: job.validation, seed: job.validationSeed, objective: configuration.objective, jobs: job.jobs
        )
        return MadeTree(
            tree: steps[choice.best].tree, metricsCSV: ThresholdRefinement.metricsCSV(steps, validation: choice),
            rounding: try zip(all, all.dropFirst()).first { $1.change == ThresholdRefinement.rounding }.map {
                try RoundingCost.measure(
                    rounded: $1.tree, unrounded: $0.tree, factory: job.validation, seed: job.validationSeed,
                    jobs: job.jobs)
            })
    }
}

// `lab env tree`: the best decision tree of a tabular environment within limits, with the optimality gap.

import Distillation
import Evaluation
import Patients
import PositionedJSON
import Trees

public struct ExactTreeSearch: Sendable {
    public var environment: EnvironmentModel
    public var configuration: ExactConfiguration
    public var result: ExactTrees.Result

    public init(
        _ environment: EnvironmentModel, _ tabular: TabularModel, _ configuration: ExactConfiguration,
        start: DecisionTree? = nil, seed: UInt64, jobs: Int, report: @Sendable (ExactTrees.Progress) -> Void = { _ in }
    ) throws {
        self.environment = environment
        self.configuration = configuration
        result = try ExactTrees(configuration).plan(tabular, start: start, seed: seed, jobs: jobs, report: report)
    }

    private var objective: String {
        let discount = result.objective.discount
        let discounted = discount == 1 ? "undiscounted" : "discount \(NumberText.significant(discount, 6))"
        return switch result.objective {
        case .horizon(let decisions, _): "within \(decisions) decisions, \(discounted)"
        case .endless: "without a horizon, \(discounted)"
        }
    }

    private var outcome: String {
        switch result.outcome {
        case .optimal: "no tree within the limits is better"
        case .budget: "the \(NumberText.count(configuration.nodes)) nodes allowed were spent first"
        case .time:
            "the \(NumberText.significant(configuration.seconds ?? 0, 4)) seconds allowed ended it: another machine may "
                + "find another"
        }
    }

    public func text() -> String {
        let depth = configuration.maximumDepth.map { ", depth \($0)" } ?? ""
        var table = TextTable([.init("", isNumber: false), .init("")])
        table.add(["best tree found", NumberText.fixed(result.lower, 10)])
        table.add(["no tree is above", NumberText.fixed(result.upper, 10)])
        table.add(["gap", NumberText.fixed(result.gap, 10)])
        table.add(["no policy is above", NumberText.fixed(result.optimum, 10)])
        return
            "\(environment.fullName): trees of at most \(configuration.maximumLeaves) leaves\(depth); value \(objective)\n"
            + table.text()
            + "\(result.tree.leafCount) leaves, \(NumberText.count(result.nodes)) nodes: \(outcome)\n"
    }

    public func json() -> JSONValue {
        [
            "format": 1, "environment": .string(environment.fullName), "objective": .string(objective),
            "maximum_leaves": .integer(configuration.maximumLeaves),
            "maximum_depth": .optional(configuration.maximumDepth.map(Double.init)),
            "lower": .number(result.lower), "upper": .number(result.upper), "gap": .number(result.gap),
            "optimum": .number(result.optimum), "leaves": .integer(result.tree.leafCount),
            "nodes": .integer(result.nodes), "outcome": .string(result.outcome.rawValue),
            "seconds_allowed": .optional(configuration.seconds),
        ]
    }
}

extension ExactTreeSearch {
    /// Settings from the command line; what is nil has its default.
    public static func settings(
        depth: Int?, leaves: Int?, nodes: Int?, rounds: Int?, seconds: Double?, discount: Double?, isEndless: Bool,
        roundsThresholds: Bool
    ) -> ExactConfiguration {
        var configuration = ExactConfiguration()
        configuration.maximumDepth = depth
        configuration.maximumLeaves = leaves ?? depth.map { 1 << min($0, 12) } ?? configuration.maximumLeaves
        configuration.nodes = nodes ?? 100_000
        configuration.rounds = rounds ?? configuration.rounds
        configuration.seconds = seconds
        configuration.discount = discount
        configuration.isEndless = isEndless
        configuration.roundsThresholds = roundsThresholds
        return configuration
    }
}

// `lab env solve`: the exact values of a tabular environment's best policy, worst policy, protocols and chance.

import Agents
import Evaluation
import Foundation
import Patients
import PositionedJSON

public struct ExactSolution: Sendable {
    public enum Method: String, Sendable, CaseIterable { case value, policy }

    public var environment: EnvironmentModel
    public var tabular: TabularModel
    public var discount: Double
    public var method: Method
    public var optimum: DynamicProgramming.Solution
    /// The best within the environment's horizon, undiscounted.
    public var plan: DynamicProgramming.Plan
    /// `optimal`, policies asked about, the protocols, `random`, `worst`.
    public var rows: [(policy: String, exact: ExactEvaluation)]

    /// - Parameter policies: further policies without memory, as the action of every state.
    public init(
        _ environment: EnvironmentModel, _ tabular: TabularModel, discount: Double?, method: Method,
        policies: [(name: String, actions: [Int])] = []
    ) {
        self.environment = environment
        self.tabular = tabular
        let discount = discount ?? tabular.task.discount
        self.discount = discount
        self.method = method
        let program = DynamicProgramming(tabular, discount: discount)
        optimum = method == .value ? program.valueIteration() : program.policyIteration()
        plan = program.backwardInduction(decisions: tabular.task.horizon)
        func evaluated(_ matrix: [Double]) -> ExactEvaluation {
            ExactEvaluation(tabular, policy: matrix, discount: discount)
        }
        rows = [("optimal", evaluated(tabular.matrix(actions: optimum.actions)))]
        rows += policies.map { ($0.name, evaluated(tabular.matrix(actions: $0.actions))) }
        rows += tabular.protocols.map { ($0.name, evaluated(tabular.matrix($0.rule))) }
        rows.append(("random", evaluated(tabular.uniformMatrix)))
        rows.append(("worst", evaluated(tabular.matrix(actions: program.valueIteration(.worst).actions))))
    }

    public func text() -> String {
        let horizon = tabular.task.horizon
        var text =
            "\(environment.fullName): \(NumberText.count(tabular.states)) states, \(tabular.actions) actions, "
            + "discount \(NumberText.significant(discount, 6))\n"
        text +=
            method == .value
            ? "value iteration, \(optimum.rounds) sweeps, last change \(NumberText.significant(optimum.residual, 2))\n"
            : "policy iteration, \(optimum.rounds) policies\n"
        let bound = max(rows.map(\.exact.bound).max() ?? 0, 1e-16)
        text +=
            "the value of no policy below is farther from its exact one than "
            + "\(NumberText.powerOfTen(Int(log10(bound).rounded(.up))))\n\n"
        var endless = TextTable(
            [.init("without a horizon", isNumber: false), .init("value")]
                + (discount < 1 ? [.init("undiscounted")] : []) + tabular.endings.map { .init($0.name) }
                + [.init("decisions")])
        var within = TextTable(
            [.init("within \(horizon) decisions", isNumber: false), .init("return")]
                + tabular.endings.map { .init($0.name) } + [.init("decisions")])
        within.add(
            ["best for \(horizon)", NumberText.fixed(plan.value, 10)] + plan.endings.map { NumberText.fixed($0, 8) }
                + [NumberText.fixed(plan.length, 8)])
        for (name, exact) in rows {
            endless.add(
                [name, NumberText.fixed(exact.value, 10)]
                    + (discount < 1 ? [NumberText.fixed(exact.undiscounted, 10)] : [])
                    + exact.endings.map { NumberText.fixed($0, 8) }
                    + [exact.length.isFinite ? NumberText.fixed(exact.length, 8) : "unbounded"])
            within.add(
                [name, NumberText.fixed(exact.horizonReturn, 10)] + exact.horizonEndings.map { NumberText.fixed($0, 8) }
                    + [NumberText.fixed(exact.horizonLength, 8)])
        }
        text += endless.text() + "\n" + within.text()
        text +=
            "best for \(horizon): undiscounted, by backward induction; it knows how many decisions are left, and the whole "
            + "state\n"
        if rows.contains(where: { !$0.exact.length.isFinite }) {
            text += "\nunbounded: some courses never end\n"
        }
        return text
    }

    public func json() -> JSONValue {
        func endings(_ values: [Double]) -> JSONValue {
            .object(zip(tabular.endings, values).map { JSONField($0.name, .number($1)) })
        }
        return [
            "format": 1, "environment": .string(environment.fullName), "states": .integer(tabular.states),
            "actions": .integer(tabular.actions), "discount": .number(discount), "method": .string(method.rawValue),
            "rounds": .integer(optimum.rounds), "horizon": .integer(tabular.task.horizon),
            "best_within_horizon": [
                "return": .number(plan.value), "length": .number(plan.length), "endings": endings(plan.endings),
            ],
            "policies": .array(
                rows.map { name, exact in
                    [
                        "policy": .string(name), "value": .number(exact.value), "bound": .number(exact.bound),
                        "undiscounted": .number(exact.undiscounted),
                        "length": .optional(exact.length.isFinite ? exact.length : nil),
                        "endings": endings(exact.endings),
                        "within_horizon": [
                            "return": .number(exact.horizonReturn), "length": .number(exact.horizonLength),
                            "endings": endings(exact.horizonEndings),
                        ],
                    ]
                }),
        ]
    }

    /// `state,action,value`: the best action of every state that is no ending, and what the state is worth.
    public func policyCSV() -> String {
        var text = "state,action,value\n"
        for state in 0..<tabular.states where !tabular.isEnding(state) {
            text += CSV.line([
                "\(state)", tabular.task.actions[optimum.actions[state]].name, CSV.number(optimum.values[state]),
            ])
        }
        return text
    }
}

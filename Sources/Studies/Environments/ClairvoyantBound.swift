// `lab env bound`: what a clairvoyant finds for each patient, against every protocol on the same patients.

import Agents
import Evaluation
import Patients
import PositionedJSON

public struct ClairvoyantBound: Sendable {
    public var environment: EnvironmentModel
    public var search: ClairvoyantSearch
    public var seed: UInt64
    public var result: ClairvoyantSearch.Result
    /// Protocols in the environment's order and, where there are equations, `mpc`: planning eight decisions ahead from the
    /// patient's own state. With `result.starts`.
    public var protocols: [String]
    /// The return that no policy without foreknowledge exceeds on average, where it can be computed.
    public var optimum: Double?

    /// - Parameter discount: of the return that is searched for; the environment's by default.
    public init(
        _ model: EnvironmentModel, cohort: CohortTable, seed: UInt64, budget: Int, discount: Double? = nil,
        jobs: Int = 1, report: @escaping @Sendable (_ patients: Int) -> Void = { _ in }
    ) throws {
        environment = model
        self.seed = seed
        search = ClairvoyantSearch(budget: budget, discount: discount ?? model.task.discount)
        var policies = model.protocolPolicies(seed: seed)
        if model.tabular == nil {
            // Short-sighted, but it knows the patient: often the better beginning.
            var looking = PlanningConfiguration()
            looking.horizon = 8
            policies.append(("mpc", PlanningPolicy(looking, task: model.task)))
        }
        protocols = policies.map(\.name)
        result = try search.run(
            try model.makeFactory(cohort: cohort), policies: policies.map(\.policy), seed: seed, jobs: jobs,
            report: report)
        optimum = model.tabular.map {
            DynamicProgramming($0, discount: search.discount).optimum(within: $0.task.horizon)
        }
    }

    private var isDiscounted: Bool { search.discount != 1 }
    /// Whether all patients' courses are the best there are.
    public var isExact: Bool { result.isExact.allSatisfy { $0 } }

    private func mean(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
    }

    /// What was searched for: with the environment's discount where that is the search's.
    private func values(_ table: EpisodeTable) -> [Double] { isDiscounted ? table.discountedReturns : table.returns }

    public func text() -> String {
        let outcomes = environment.task.outcomes
        let rows = [("clairvoyant", result.episodes)] + zip(protocols, result.starts)
        let bound = mean(values(result.episodes))
        var columns: [TextTable.Column] = [.init("policy", isNumber: false), .init("return")]
        if isDiscounted { columns.append(.init("discounted")) }
        columns.append(.init("to the bound"))
        columns += outcomes.map { .init($0.name, unit: $0.kind == .event ? "%" : $0.unit) }
        var table = TextTable(columns)
        for (name, episodes) in rows {
            var cells = [name, NumberText.significant(mean(episodes.returns), 5)]
            if isDiscounted { cells.append(NumberText.significant(mean(episodes.discountedReturns), 5)) }
            cells.append(NumberText.significant(bound - mean(values(episodes)), 4))
            for (index, outcome) in outcomes.enumerated() {
                let value = episodes.meanOutcome(index)
                cells.append(NumberText.significant(outcome.kind == .event ? 100 * value : value, 4))
            }
            table.add(cells)
        }
        return heading + table.text() + "\n" + words(bound)
    }

    private var heading: String {
        let count = result.episodes.count
        return
            "\(environment.fullName): \(NumberText.count(count)) \(count == 1 ? "patient" : "patients"), seed \(seed), "
            + "\(NumberText.count(result.simulated / max(1, count))) decisions simulated a patient\n\n"
    }

    private func words(_ bound: Double) -> String {
        let what =
            isDiscounted ? "discounted return (discount \(NumberText.significant(search.discount, 6)))" : "return"
        var text = "The clairvoyant knows each patient's parameters and all chance to come. "
        if isExact {
            text += "Its mean \(what) of \(NumberText.significant(bound, 6)) is exact: no course does better.\n"
        } else {
            text +=
                "The search found courses with a mean \(what) of at least \(NumberText.significant(bound, 6)); "
                + "the true optimum may be higher.\n"
        }
        if let optimum {
            text +=
                "Without foreknowledge no policy expects more than \(NumberText.significant(optimum, 6)) "
                + "(exact, \(environment.task.horizon) decisions, from the start distribution).\n"
        } else {
            text +=
                "mpc plans eight decisions ahead from the patient's own parameters and state. "
                + "Without such knowledge no policy need come near.\n"
        }
        return text
    }

    public func json() -> JSONValue {
        let outcomes = environment.task.outcomes.map(\.name)
        func row(_ name: String, _ table: EpisodeTable) -> JSONValue {
            [
                "policy": .string(name), "return": .number(mean(table.returns)),
                "discounted_return": .number(mean(table.discountedReturns)),
                "distance": .number(mean(values(result.episodes)) - mean(values(table))),
                "outcomes": .object(
                    outcomes.enumerated().map { index, outcome in
                        let value = table.meanOutcome(index)
                        return JSONField(outcome, .optional(value.isFinite ? value : nil))
                    }),
            ]
        }
        return [
            "format": 1, "environment": .string(environment.fullName), "patients": .integer(result.episodes.count),
            "seed": .integer(Int(seed)), "budget": .integer(search.budget), "simulated": .integer(result.simulated),
            "discount": .number(search.discount), "exact": .bool(isExact), "optimum": .optional(optimum),
            "policies": .array(
                [row("clairvoyant", result.episodes)] + zip(protocols, result.starts).map { row($0, $1) }),
        ]
    }

    /// `patient,decision,action`: how each patient was treated.
    public func plansCSV() -> String {
        var text = "patient,decision,action\n"
        for (patient, plan) in zip(result.episodes.patients, result.plans) {
            for (decision, action) in plan.enumerated() {
                text += CSV.line(["\(patient)", "\(decision)", environment.task.actions[Int(action)].name])
            }
        }
        return text
    }
}

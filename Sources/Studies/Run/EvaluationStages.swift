// Stages that judge: the choice of the best on validation patients, and the comparison of all on test patients.

import Evaluation
import Numerics
import Patients
import PositionedJSON

extension StudyStages {
    /// Mean return of every policy on validation patients; the best of each kind, and the best tree's best seed, go by
    /// it, so that numbers for choosing and numbers for reporting never come from the same patients.
    func selection(inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "evaluation/selection",
            configuration: [
                "environment": environmentIdentity, "policies": .strings(trained.map(\.name)),
                "protocols": .strings(protocols.map(\.name)),
            ],
            seed: study.seed, inputs: ["cohort/patients"] + inputs
        ) { context in
            let patients = try factory(StudyStages.validationPatients, context)
            let tables = try rollouts(patients, seed: study.seed("validation"), context)
            var results: [ValidationResult] = []
            var rows: [JSONValue] = []
            var bestSeeds: [String: Int] = [:]
            for policy in tables {
                let means = policy.episodes.map(\.meanReturn)
                results.append(
                    ValidationResult(
                        policy: policy.name, kind: policy.kind,
                        meanReturn: means.reduce(0, +) / Double(means.count)))
                let best = means.indices.max { (means[$0], $1) < (means[$1], $0) } ?? 0
                bestSeeds[policy.name] = best + 1
                rows.append([
                    "policy": .string(policy.name), "kind": .string(policy.kind.rawValue),
                    "mean_return": .number(results.last!.meanReturn), "seeds": .numbers(means),
                    "best_seed": .integer(best + 1),
                ])
            }
            let selection = Selection(results)
            func name(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
            let value: JSONValue = [
                "format": 1, "learner": name(selection.learner), "tree": name(selection.tree),
                "tree_seed": selection.tree.flatMap { bestSeeds[$0] }.map { .integer($0) } ?? .null,
                "protocol": name(selection.fixed), "policies": .array(rows),
            ]
            return [Artefact(StudyStages.selectionFile, value)]
        }
    }

    /// Every policy, seed and protocol on the same patients with the same random numbers.
    func rollouts(
        _ patients: any EnvironmentFactory, seed: UInt64, _ context: StageContext
    ) throws -> [EvaluatedPolicy] {
        var policies: [EvaluatedPolicy] = []
        let total = Double(trained.reduce(0) { $0 + $1.seeds.count } + protocols.count)
        var done = 0.0
        func treat(_ policy: any Policy) throws -> EpisodeTable {
            let table = try Rollout.run(patients, policy: policy, seed: seed, jobs: context.jobs)
            done += 1
            context.progress(done, total, "policies")
            return table
        }
        for item in trained {
            policies.append(
                EvaluatedPolicy(
                    name: item.name, kind: item.kind, seeds: item.seeds.map(UInt64.init),
                    episodes: try item.seeds.map { try treat(try policy(item.path(seed: $0), context)) }))
        }
        for (name, policy) in protocols {
            policies.append(
                EvaluatedPolicy(name: name, kind: .fixed, seeds: [0], episodes: [try treat(policy)]))
        }
        return policies
    }

    /// The comparison that is reported.
    func evaluation(inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "evaluation/comparison",
            configuration: [
                "environment": environmentIdentity, "policies": .strings(trained.map(\.name)),
                "protocols": .strings(protocols.map(\.name)), "evaluation": study.resolved["evaluation"] ?? .null,
            ],
            seed: study.seed, inputs: ["cohort/patients", "evaluation/selection"] + inputs
        ) { context in
            let patients = try factory(StudyStages.testPatients, context)
            let table = try EvaluationTable(
                outcomes: patients.task.outcomes,
                policies: try rollouts(patients, seed: study.seed("test"), context))
            let cohort = try CohortFile.read(try context.source(StudyStages.testPatients))
            let selection = try SelectionFile.read(try context.json(StudyStages.selectionFile))
            let comparison = try table.compare(
                selection: selection.best,
                subgroupings: try study.evaluation.subgroups.map { try subgrouping($0, cohort) },
                pairs: pairs, replications: study.evaluation.bootstrap, seed: study.seed("bootstrap"),
                jobs: context.jobs)
            return [
                Artefact("evaluation/episodes.csv", table.episodesCSV()),
                Artefact("evaluation/outcomes.csv", table.outcomesCSV()),
                Artefact("evaluation/comparison.csv", comparison.comparisonCSV()),
                Artefact("evaluation/differences.csv", comparison.differencesCSV()),
                Artefact("evaluation/subgroups.csv", comparison.subgroupsCSV()),
                Artefact("evaluation/return_statistics.csv", comparison.returnStatisticsCSV()),
                Artefact("evaluation/summary.json", comparison.json()),
            ]
        }
    }

    /// What is compared besides the standing pairs: a refined tree with the one it came from, a tree with its named
    /// teacher, a learner on leaves with the tree.
    private var pairs: [(String, String)] {
        study.trees.compactMap { tree in
            let origins = tree.method.origins
            if let from = origins.tree { return (tree.name, from) }
            if case .agent(let teacher)? = origins.teacher { return (tree.name, teacher) }
            return nil
        } + study.agents.compactMap { agent in agent.tree.map { (agent.name, $0) } }
    }

    private func subgrouping(_ subgroup: Study.Subgroup, _ cohort: CohortTable) throws -> Subgrouping {
        guard let values = cohort.column(subgroup.parameter) else {
            throw StageError(
                message: "the cohort has no column \(subgroup.parameter) for the subgroup \(subgroup.name)")
        }
        func levels(_ thresholds: [Double]) -> [String] {
            let texts = thresholds.map(TreeSubjects.quantity)
            let unit = unit(ofColumn: subgroup.parameter)
            let last = "\(subgroup.parameter) > \(texts.last ?? "")\(unit)"
            return texts.enumerated().map { index, text in
                (index == 0 ? "" : "\(texts[index - 1]) < ") + "\(subgroup.parameter) ≤ \(text)\(unit)"
            } + [last]
        }
        let sorted = values.sorted()
        let thresholds: [Double]
        var names: [String] = []
        switch subgroup.split {
        case .thirds:
            thresholds = Statistics.quantiles(values, [1.0 / 3, 2.0 / 3])
            names = ["low", "middle", "high"]
        case .median:
            thresholds = [sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]]
            names = ["low", "high"]
        case .thresholds(let given): thresholds = given
        }
        let bounds = levels(thresholds)
        return Subgrouping(
            name: subgroup.name, values: values, thresholds: thresholds,
            levels: names.isEmpty ? bounds : zip(names, bounds).map { "\($0) (\($1))" })
    }

    /// The unit of a parameter or state with a space before it, or nothing.
    private func unit(ofColumn column: String) -> String {
        let model = study.environment.model
        let name = column.hasPrefix("initial.") ? String(column.dropFirst(8)) : column
        let unit =
            model.parameters.first { $0.name == column }?.unitText
            ?? model.states.first { $0.name == name }?.unitText ?? ""
        return unit.isEmpty || unit == "1" ? "" : unit == "cell" ? " cells" : " " + unit
    }
}

/// `evaluation/selection.json`, read back.
public struct SelectionFile: Sendable {
    public var best: Selection
    /// The seed of the best tree that did best on validation patients.
    public var treeSeed: Int?
    /// Of every policy, the seed that did best.
    public var bestSeeds: [String: Int]

    public static func read(_ node: JSONNode) throws(Diagnostics) -> SelectionFile {
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the selection", complaints: complaints)
        func name(_ key: String) -> String? {
            if case .null? = reader.optionalChild(key)?.value { return nil }
            return reader.optionalString(key)
        }
        var file = SelectionFile(
            best: Selection(learner: name("learner"), tree: name("tree"), fixed: name("protocol")), treeSeed: nil,
            bestSeeds: [:])
        if let seed = reader.optionalChild("tree_seed")?.integer { file.treeSeed = seed }
        for item in reader.array("policies") ?? [] {
            if case .string(let policy)? = item["policy"]?.value, let seed = item["best_seed"]?.integer {
                file.bestSeeds[policy] = seed
            }
        }
        try complaints.throwIfAny()
        return file
    }
}

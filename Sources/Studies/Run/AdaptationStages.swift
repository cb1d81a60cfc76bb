// Stages that adapt policies to other populations with few of their patients, and the one that judges them.

import Agents
import Distillation
import Evaluation
import Numerics
import Patients
import PositionedJSON
import Reports
import Trees

extension StudyStages {
    static let adaptationFile = "evaluation/adaptation.json"

    /// A policy that is adapted to a population.
    private struct Adapted: Sendable {
        var population: Study.Population
        var adaptation: Study.Adaptation
        var policy: Trained

        func folder(seed: Int, patients: Int) -> String {
            "adaptation/\(population.name)/\(policy.name)/seed-\(seed)/patients-\(patients)"
        }
    }

    private var adapted: [Adapted] {
        study.evaluation.populations.flatMap { population -> [Adapted] in
            guard let adaptation = population.adaptation else { return [] }
            return trained.filter { (adaptation.agents + adaptation.trees).contains($0.name) }
                .map { Adapted(population: population, adaptation: adaptation, policy: $0) }
        }
    }

    /// A stage for every policy, seed and number of patients, and the comparison; none where the study does not ask.
    func adaptations() -> [Stage] {
        let items = adapted
        guard !items.isEmpty else { return [] }
        let stages = items.flatMap { item in
            item.policy.seeds.flatMap { seed in
                item.adaptation.patients.map { adaptation(item, seed: seed, patients: $0) }
            }
        }
        let policies = Set(items.flatMap { item in item.policy.seeds.map { StudyStages.stage(item.policy, seed: $0) } })
        return stages + [
            adaptationComparison(items, inputs: policies.sorted() + stages.map(\.name))
        ]
    }

    private static func stage(_ policy: Trained, seed: Int) -> String {
        "\(policy.kind.isTree ? "trees" : "agents")/\(policy.name)/seed-\(seed)"
    }

    /// Everything of a population that its patients depend on.
    private func identity(_ population: Study.Population) -> JSONValue {
        var fields: [JSONField] = []
        if case .object(let all)? = study.resolved["evaluation"]?["populations"]?[population.name] {
            fields = all.filter { $0.key != "adapt" && $0.key != "meaning" }
        }
        return .object(fields + [JSONField("hash", .string(population.environment?.hash ?? ""))])
    }

    /// One policy trained on with some patients of another population, and the same learner trained anew on them.
    ///
    /// The patients are counterparts of validation patients, other ones for every seed and more of the same for a larger
    /// number. Half of them are learned from; the other half, who choose the checkpoint or the tree, are not.
    private func adaptation(_ item: Adapted, seed number: Int, patients count: Int) -> Stage {
        let study = study
        let folder = item.folder(seed: number, patients: count)
        let configuration =
            item.policy.kind.isTree
            ? study.tree(item.policy.name)?.configuration : study.agent(item.policy.name)?.configuration
        return Stage(
            folder,
            configuration: [
                "environment": environmentIdentity, "population": identity(item.population),
                "policy": configuration ?? .null, "number": .integer(number), "patients": .integer(count),
                "budget": .number(item.adaptation.budget),
            ],
            seed: study.seed, inputs: ["cohort/patients", StudyStages.stage(item.policy, seed: number)]
        ) { context in
            let (learning, choosing) = try fewPatients(item, seed: number, count: count, context)
            let path = item.policy.path(seed: number)
            let seed = study.seed("adaptation.\(item.population.name)", number)
            let made =
                item.policy.kind.isTree
                ? try refined(item, try decisionTree(path, context), learning, choosing, seed: seed, context)
                : try trainedOn(item, try policy(path, context), learning, choosing, seed: seed, context)
            return made.flatMap { way, policy, metrics in
                [
                    Artefact("\(folder)/\(way.rawValue).json", policy),
                    Artefact("\(folder)/\(way.rawValue).csv", metrics),
                ]
            }
        }
    }

    /// Patients of the other population to learn from, and those to choose by.
    private func fewPatients(
        _ item: Adapted, seed number: Int, count: Int, _ context: StageContext
    ) throws -> (learning: any EnvironmentFactory, choosing: any EnvironmentFactory) {
        let home = try CohortFile.read(try context.source(StudyStages.validationPatients))
        let (model, all, _) = try item.population.patients(
            home, of: study.environment.model, seed: study.seed("adaptation.patients.\(item.population.name)"))
        var stream = RandomStream(
            seed: study.seed("adaptation.choice.\(item.population.name)", number), purpose: "adaptation.patients")
        let chosen = stream.permutation(all.rows.count).prefix(count)
        func part(_ places: some Collection<Int>) throws -> any EnvironmentFactory {
            try model.makeFactory(cohort: CohortTable(names: all.names, rows: places.map { all.rows[$0] }))
        }
        let half = (chosen.count + 1) / 2
        return (try part(chosen.prefix(half)), try part(chosen.dropFirst(half)))
    }

    private typealias Made = [(way: AdaptationWay, policy: JSONValue, metrics: String)]

    private func trainedOn(
        _ item: Adapted, _ policy: any Policy, _ learning: any EnvironmentFactory, _ choosing: any EnvironmentFactory,
        seed: UInt64, _ context: StageContext
    ) throws -> Made {
        guard let agent = study.agent(item.policy.name), let start = policy as? any SavedPolicy else {
            throw StageError(message: "\(item.policy.name) is no policy to go on from")
        }
        let learner = agent.learner.taking(share: item.adaptation.budget)
        return try [AdaptationWay.adapted, .anew].enumerated().map { index, way in
            let trained = try learner.train(
                TrainingJob(
                    environment: learning, validation: choosing, seed: seed,
                    validationSeed: study.seed("adaptation.validation"), start: way == .adapted ? start : nil,
                    report: {
                        let total = Double($0.totalDecisions)
                        context.progress(Double($0.decisions) + Double(index) * total, 2 * total, "decisions")
                    }))
            return (way, trained.policy.json(), trained.metricsCSV())
        }
    }

    private func refined(
        _ item: Adapted, _ tree: DecisionTree, _ learning: any EnvironmentFactory,
        _ choosing: any EnvironmentFactory, seed: UInt64, _ context: StageContext
    ) throws -> Made {
        let own = study.tree(item.policy.name)?.method as? RefineMethod
        var configuration = own?.configuration ?? RefinementConfiguration()
        // What was not grown by refinement may grow to what it is.
        if own == nil { configuration.maximumLeaves = tree.leafCount }
        configuration = configuration.taking(share: item.adaptation.budget, patients: learning.patients)
        let method = RefineMethod(configuration, from: item.policy.name, constraints: own?.constraints)
        let start = tree.withAbstentions([:])
        return try [(AdaptationWay.adapted, start), (.anew, start.blank)].map { way, start in
            let made = try method.make(
                TreeJob(
                    training: learning, validation: choosing, start: start, seed: seed,
                    validationSeed: study.seed("adaptation.validation"), jobs: context.jobs,
                    progress: context.progress))
            return (way, made.tree.json(), made.metricsCSV)
        }
    }

    /// Carried over, adapted and trained anew on counterparts of the test patients, with the random numbers of the other
    /// comparisons.
    private func adaptationComparison(_ items: [Adapted], inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "evaluation/adaptation",
            configuration: [
                "environment": environmentIdentity,
                "populations": study.resolved["evaluation"]?["populations"] ?? .null,
                "environments": .strings(items.map { $0.population.environment?.hash ?? "" }),
                "bootstrap": .integer(study.evaluation.bootstrap),
            ],
            seed: study.seed, inputs: ["cohort/patients"] + inputs
        ) { context in
            let home = study.environment.model
            let cohort = try CohortFile.read(try context.source(StudyStages.testPatients))
            let outcomes = home.task.outcomes
            var result = AdaptationComparison(metrics: [.return] + outcomes.map { Metric($0) })
            var done = 0.0
            let total = Double(items.reduce(0) { $0 + $1.policy.seeds.count * (1 + 2 * $1.adaptation.patients.count) })
            for population in study.evaluation.populations {
                let own = items.filter { $0.population.name == population.name }
                guard !own.isEmpty else { continue }
                let (model, patients, _) = try population.patients(
                    cohort, of: home, seed: study.seed("populations.\(population.name)"))
                let factory = try model.makeFactory(cohort: patients)
                func treat(_ item: Adapted, _ path: (Int) -> String) throws -> EvaluatedPolicy {
                    let policy = item.policy
                    return EvaluatedPolicy(
                        name: policy.name, kind: policy.kind, seeds: policy.seeds.map(UInt64.init),
                        episodes: try policy.seeds.map { seed in
                            defer {
                                done += 1
                                context.progress(done, total, "policies")
                            }
                            return try Rollout.run(
                                factory, policy: try self.policy(path(seed), context), seed: study.seed("test"),
                                jobs: context.jobs)
                        })
                }
                let trials = try own.map { item in
                    AdaptationComparison.Trial(
                        carriedOver: try treat(item) { item.policy.path(seed: $0) },
                        results: try item.adaptation.patients.map { count in
                            let ways = try [AdaptationWay.adapted, .anew].map { way in
                                try treat(item) { item.folder(seed: $0, patients: count) + "/\(way.rawValue).json" }
                            }
                            return (count, ways[0], ways[1])
                        })
                }
                try result.add(
                    population.name, trials: trials, outcomes: outcomes, replications: study.evaluation.bootstrap,
                    seed: study.seed("bootstrap"), jobs: context.jobs)
            }
            return [
                Artefact("evaluation/adaptation.csv", result.csv()),
                Artefact(StudyStages.adaptationFile, result.json()),
                Artefact("evaluation/adaptation.txt", result.text(width: 120)),
            ]
        }
    }

    // MARK: What is shown

    /// Return against the number of patients; nil where the study adapts nothing.
    func adaptationFigure(_ context: StageContext) throws -> Figure? {
        guard context.has(StudyStages.adaptationFile) else { return nil }
        return Figure.adaptation(
            title: "Adaptation to other populations",
            try AdaptationComparison(try context.json(StudyStages.adaptationFile)))
    }

    func adaptationPart(_ context: StageContext, _ figure: (String) -> ReportFigure) throws -> ReportPart {
        guard context.has(StudyStages.adaptationFile) else { return ReportPart() }
        let result = try AdaptationComparison(try context.json(StudyStages.adaptationFile))
        let budgets = Set(adapted.map { NumberText.percent($0.adaptation.budget) }).sorted().joined(separator: " or ")
        return ReportPart(
            paragraphs: [
                "Policies trained at home, trained on with a few patients of another population (trees refined), against the "
                    + "same learner trained anew on the same patients (trees refined from a single leaf), both with "
                    + "\(budgets) of the decisions or episodes of home. Half of the patients are learned from, the other half "
                    + "chooses the checkpoint; every seed has patients of its own. All are judged on counterparts of the test "
                    + "patients, whom none of them has met."
            ] + result.sentences(),
            figures: [figure("adaptation")],
            tables: result.tables().map { ReportTable(title: $0.title, table: $0.table) })
    }
}

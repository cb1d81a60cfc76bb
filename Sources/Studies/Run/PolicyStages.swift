// Stages that make policies: learners, trees distilled from them, trees refined, learners on leaves.

import Agents
import Distillation
import Numerics
import Patients
import PositionedJSON
import Trees

extension StudyStages {
    /// One learner trained on one seed.
    func agent(_ agent: Study.Agent, seed number: Int) -> Stage {
        let study = study
        let folder = "agents/\(agent.name)/seed-\(number)"
        let tree = agent.tree.map { StudyStages.treeFile($0, seed: number) }
        return Stage(
            folder,
            configuration: [
                "environment": environmentIdentity, "agent": agent.configuration, "number": .integer(number),
            ],
            seed: study.seed, inputs: ["cohort/patients"] + (agent.tree.map { ["trees/\($0)/seed-\(number)"] } ?? [])
        ) { context in
            var learner = agent.learner
            if let tree, let guided = learner as? any TreeGuidedLearner {
                learner = guided.guided(by: try decisionTree(tree, context))
            }
            let environment = try factory(StudyStages.trainingPatients, context)
            let trained = try learner.train(
                TrainingJob(
                    environment: environment, validation: try factory(StudyStages.validationPatients, context),
                    seed: study.seed("training", number), validationSeed: study.seed("validation"),
                    log: try (learner as? any OfflineLearner).map {
                        try log($0.data, environment, seed: study.seed("log", number))
                    },
                    report: { context.progress(Double($0.decisions), Double($0.totalDecisions), "decisions") }))
            let best = trained.metrics.first { $0.decisions == trained.bestAt } ?? trained.metrics.last
            var about = [
                JSONField("format", 1), JSONField("algorithm", .string(learner.name)),
                JSONField("best_at", .integer(trained.bestAt)),
                JSONField("validation_return", .optional(best?.validationReturn)),
            ]
            if let exact = best?.exactReturn { about.append(JSONField("exact_return", .number(exact))) }
            return [
                Artefact("\(folder)/policy.json", trained.policy.json()),
                Artefact("\(folder)/metrics.csv", trained.metricsCSV()),
                Artefact("\(folder)/training.json", .object(about)),
            ] + (trained.tree.map { [Artefact("\(folder)/tree.json", $0.json())] } ?? [])
        }
    }

    /// What an offline learner learns from. Agents of a study with the same data see the same episodes, another seed others.
    private func log(
        _ data: LoggedData, _ environment: any EnvironmentFactory, seed: UInt64
    ) throws -> EpisodeLog {
        try EpisodeRecorder.record(environment, episodes: data.episodes, epsilon: data.epsilon, seed: seed) { seed in
            let model = study.environment.model
            guard let policy = try PolicySpecification.named(data.policy, model: model, seed: seed) else {
                throw StageError(message: "\"\(data.policy)\" is no policy of \(model.name)")
            }
            return policy
        }
    }

    /// Which learner teaches: the highest validation return on average over its seeds.
    func teacherChoice() -> Stage {
        let study = study
        let teachers = study.teachers.map(\.name)
        return Stage(
            "agents/selection", configuration: ["teachers": .strings(teachers)], seed: study.seed,
            inputs: teachers.flatMap { name in study.seedNumbers.map { "agents/\(name)/seed-\($0)" } }
        ) { context in
            var scores: [JSONField] = []
            var best: (name: String, score: Double)?
            for name in teachers {
                var sum = 0.0
                for number in study.seedNumbers {
                    let about = try context.json("agents/\(name)/seed-\(number)/training.json")
                    guard case .number(let value, _)? = about["validation_return"]?.value else {
                        throw StageError(message: "\(name), seed \(number), has no validation return")
                    }
                    sum += value
                }
                let score = sum / Double(study.seeds)
                scores.append(JSONField(name, .number(score)))
                if best == nil || score > best!.score { best = (name, score) }
            }
            let value: JSONValue = [
                "format": 1, "teacher": best.map { .string($0.name) } ?? .null,
                "validation_return": .object(scores),
            ]
            return [Artefact(StudyStages.teacherFile, value)]
        }
    }

    /// The name of a tree's teacher; without one, that of the tree it came from.
    func teacherName(of tree: Study.Tree, _ context: StageContext) throws -> String? {
        let origins = tree.method.origins
        switch origins.teacher {
        case .agent(let name): return name
        case .best:
            guard case .string(let name)? = try context.json(StudyStages.teacherFile)["teacher"]?.value else {
                return nil
            }
            return name
        case nil: return try origins.tree.flatMap(study.tree).flatMap { try teacherName(of: $0, context) }
        }
    }

    /// The stages that hold a tree's teacher and the choice of it.
    func teacherInputs(of tree: Study.Tree, seed number: Int) -> [String] {
        let origins = tree.method.origins
        switch origins.teacher {
        case .agent(let name): return ["agents/\(name)/seed-\(number)"]
        case .best: return ["agents/selection"] + study.teachers.map { "agents/\($0.name)/seed-\(number)" }
        case nil: return origins.tree.flatMap(study.tree).map { teacherInputs(of: $0, seed: number) } ?? []
        }
    }

    /// The teacher of a tree, where it has one with scores.
    func teacher(
        of tree: Study.Tree, seed number: Int, _ context: StageContext
    ) throws -> (name: String, policy: any ScoredPolicy)? {
        guard let name = try teacherName(of: tree, context),
            let policy = try policy(StudyStages.policyFile(agent: name, seed: number), context) as? any ScoredPolicy
        else { return nil }
        return (name, policy)
    }

    /// One tree, from the teacher or the tree of the same seed.
    func tree(_ tree: Study.Tree, seed number: Int) -> Stage {
        let study = study
        let folder = "trees/\(tree.name)/seed-\(number)"
        let origins = tree.method.origins
        return Stage(
            folder,
            configuration: [
                "environment": environmentIdentity, "tree": tree.configuration, "number": .integer(number),
            ],
            seed: study.seed,
            inputs: ["cohort/patients"]
                + (origins.teacher == nil ? [] : teacherInputs(of: tree, seed: number))
                + origins.trees.map { "trees/\($0)/seed-\(number)" }
        ) { context in
            let training = try factory(StudyStages.trainingPatients, context)
            // Episodes that the teacher has not learnt from: values fitted to the same ones would know their chance.
            let logged = try origins.isLogged ? loggedData(of: origins) : nil
            let made = try tree.method.make(
                TreeJob(
                    training: training,
                    validation: try factory(StudyStages.validationPatients, context),
                    teacher: origins.teacher == nil ? nil : try teacher(of: tree, seed: number, context)?.policy,
                    log: try logged.map { try log($0, training, seed: study.seed("log.scores", number)) },
                    // What is made from a tree that abstains decides everywhere, unless it abstains itself.
                    start: try origins.tree.map {
                        try decisionTree(StudyStages.treeFile($0, seed: number), context).withAbstentions([:])
                    },
                    others: try origins.others.map {
                        try decisionTree(StudyStages.treeFile($0, seed: number), context).withAbstentions([:])
                    },
                    seed: study.seed(tree.method.seedPurpose(of: tree.name), number),
                    validationSeed: study.seed("validation"), jobs: context.jobs, progress: context.progress))
            var result = made.tree
            if let abstention = tree.abstention, let fallback = protocolsByName[abstention.fallback] {
                result = try abstention.marking(
                    result, fallback: fallback, factory: try factory(StudyStages.validationPatients, context),
                    seed: study.seed("validation"), jobs: context.jobs)
            }
            return [
                Artefact("\(folder)/tree.json", result.json()), Artefact("\(folder)/metrics.csv", made.metricsCSV),
            ] + (made.rounding.map { [Artefact("\(folder)/rounding.json", $0.json())] } ?? [])
        }
    }

    /// Where the teacher of a tree has its log from.
    private func loggedData(of origins: TreeOrigins) throws -> LoggedData {
        guard case .agent(let name)? = origins.teacher,
            let learner = study.agents.first(where: { $0.name == name })?.learner as? any OfflineLearner
        else { throw StageError(message: "the tree's teacher has not learnt from a log") }
        return learner.data
    }

    /// What stands behind every leaf of a tree, from test patients.
    func evidence(_ tree: Study.Tree, seed number: Int) -> Stage {
        let study = study
        return Stage(
            "evidence/\(tree.name)/seed-\(number)", configuration: ["environment": environmentIdentity],
            seed: study.seed,
            inputs: ["cohort/patients", "evaluation/selection", "trees/\(tree.name)/seed-\(number)"]
                + teacherInputs(of: tree, seed: number)
        ) { context in
            let teacher = try teacher(of: tree, seed: number, context)
            // Of every tree the seed that is shown unless another is asked for.
            let selection = try SelectionFile.read(try context.json(StudyStages.selectionFile))
            let evidence = try LeafEvidence.collect(
                try decisionTree(StudyStages.treeFile(tree.name, seed: number), context),
                factory: try factory(StudyStages.testPatients, context), source: "test patients",
                teacher: teacher?.policy,
                teacherName: teacher?.name, tries: selection.bestSeeds[tree.name] == number,
                protocols: protocolsByName, seed: study.seed("test"),
                jobs: context.jobs)
            return [Artefact(StudyStages.evidenceFile(tree.name, seed: number), evidence.json())]
        }
    }
}

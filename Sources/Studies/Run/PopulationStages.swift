// The stage that tries every policy on other populations, and what is shown of it.

import Evaluation
import Patients
import PositionedJSON
import Reports

extension StudyStages {
    static let populationsFile = "evaluation/populations.json"

    /// Every policy, seed and protocol on counterparts of the test patients, with the same random numbers.
    func populations(inputs: [String]) -> Stage {
        let study = study
        let list = study.evaluation.populations
        return Stage(
            "evaluation/populations",
            configuration: [
                "environment": environmentIdentity, "policies": .strings(trained.map(\.name)),
                "protocols": .strings(protocols.map(\.name)),
                "populations": study.resolved["evaluation"]?["populations"] ?? .null,
                "environments": .strings(list.map { $0.environment?.hash ?? "" }),
                "bootstrap": .integer(study.evaluation.bootstrap),
            ],
            seed: study.seed, inputs: ["cohort/patients"] + inputs
        ) { context in
            let home = study.environment.model
            let cohort = try CohortFile.read(try context.source(StudyStages.testPatients))
            let outcomes = home.task.outcomes
            let seed = study.seed("test")
            let here = try rollouts(try home.makeFactory(cohort: cohort), seed: seed, context)
            var result = PopulationComparison(metrics: [.return] + outcomes.map { Metric($0) })
            for population in list {
                let (model, patients, stayed) = try population.patients(
                    cohort, of: home, seed: study.seed("populations.\(population.name)"))
                let there = try rollouts(try model.makeFactory(cohort: patients), seed: seed, context)
                try result.add(
                    population.name,
                    meaning: population.meaning
                        + (stayed > 0 ? "; \(stayed) stay as they are, since moved they would not be plausible" : ""),
                    outcomes: Array(zip(here, there)),
                    table: { try EvaluationTable(outcomes: outcomes, policies: $0) },
                    replications: study.evaluation.bootstrap, seed: study.seed("bootstrap"), jobs: context.jobs)
            }
            return [
                Artefact("evaluation/populations.csv", result.csv()),
                Artefact(StudyStages.populationsFile, result.json()),
                Artefact("evaluation/populations.txt", result.text(width: 120)),
            ]
        }
    }

    /// Mean return of every policy in every population; nil where the study has no other population.
    func populationsFigure(_ context: StageContext) throws -> Figure? {
        guard context.has(StudyStages.populationsFile) else { return nil }
        let result = try PopulationComparison(try context.json(StudyStages.populationsFile))
        return Figure.populations(title: "Return in other populations", result)
    }

    /// What the report says of other populations; nothing where the study has none.
    func populationsPart(_ context: StageContext, _ figure: (String) -> ReportFigure) throws -> ReportPart {
        guard context.has(StudyStages.populationsFile) else { return ReportPart() }
        let result = try PopulationComparison(try context.json(StudyStages.populationsFile))
        return ReportPart(
            paragraphs: [
                "Every policy on counterparts of the test patients, with the same random numbers; in brackets the paired "
                    + "difference to home with its 95 % interval. evaluation/populations.csv has every outcome."
            ],
            facts: result.populations.map { Fact($0.name, $0.meaning) }, figures: [figure("populations")],
            tables: result.tables().map { ReportTable(title: $0.title, table: $0.table) })
    }
}

// Stages that make patients: the accepted source population, and the cohort learned from it.

import Cohorts
import Numerics
import Patients
import PositionedJSON

extension StudyStages {
    /// Patients of the environment's own variability, kept where they are plausible.
    func source() -> Stage {
        let study = study
        return Stage(
            "cohort/source",
            configuration: [
                "environment": environmentIdentity, "patients": .integer(study.sourcePatients),
                "source": study.cohortConfiguration["source"] ?? .null,
            ],
            seed: study.seed
        ) { context in
            let model = study.environment.model
            if case .table(let source) = study.source { return [tableSource(source)] }
            if model.variableNames.isEmpty, model.tabular == nil { return alikeSource() }
            if !model.calibrations.isEmpty { return try calibratedSource(context) }
            let seed = study.seed("source")
            let (table, drawn, plausible) = try keptPatients(atLeast: 512, context) { count, first in
                let table = try model.samplePopulation(count: count, seed: seed, first: first)
                return table.keeping(try model.plausible(table, jobs: context.jobs))
            }
            let about: JSONValue = [
                "format": 1, "drawn": .integer(drawn), "plausible": .integer(plausible),
                "share_plausible": .number(Double(plausible) / Double(drawn)), "kept": .integer(table.rows.count),
            ]
            return [Artefact("cohort/source.csv", table.csv()), Artefact("cohort/source.json", about)]
        }
    }

    /// Draws patients until enough of them are kept.
    ///
    /// - Parameters:
    ///   - least: patients a draw at least.
    ///   - draw: of so many patients from a number on, those that are kept.
    /// - Returns: the source population, how many were drawn, and how many of those were kept.
    func keptPatients(
        atLeast least: Int, _ context: StageContext, draw: (_ count: Int, _ first: Int) throws -> CohortTable
    ) throws -> (table: CohortTable, drawn: Int, kept: Int) {
        let wanted = study.sourcePatients
        var kept: [[Double]] = []
        var names: [String] = []
        var drawn = 0
        while kept.count < wanted {
            let count = max(least, (wanted - kept.count) * 5 / 4)
            let table = try draw(count, drawn)
            names = table.names
            drawn += count
            kept += table.rows
            context.progress(Double(kept.count), Double(wanted), "patients")
            guard drawn < 1000 * wanted else {
                throw StageError(
                    message: "of \(drawn) patients drawn only \(kept.count) are plausible; "
                        + "the environment's variability and its plausible section contradict each other")
            }
        }
        return (CohortTable(names: names, rows: Array(kept.prefix(wanted))), drawn, kept.count)
    }

    /// The study's own patients: a generative model of the source population, its plausible draws, split in three.
    func cohort() -> Stage {
        let study = study
        let protocols = protocols
        return Stage(
            "cohort/patients",
            configuration: [
                "environment": environmentIdentity, "cohort": study.cohortConfiguration,
                "protocols": .strings(protocols.map(\.name)),
            ],
            seed: study.seed, inputs: ["cohort/source"]
        ) { context in
            let model = study.environment.model
            if model.tabular != nil { return try drawnCohort() }
            if case .table(let source) = study.source { return try tableCohort(source, context) }
            if model.variableNames.isEmpty { return alikeCohort() }
            let source = try CohortFile.read(try context.source("cohort/source.csv"))
            var made = try VirtualCohort.build(
                source: source, categories: model.categories, granular: model.granularNames,
                accept: { try model.plausible($0, jobs: context.jobs) }, configuration: study.cohort,
                seed: study.seed("cohort"), jobs: context.jobs)
            let all = CohortTable(
                names: made.training.names, rows: made.training.rows + made.validation.rows + made.test.rows)
            if let event = model.task.outcomes.firstIndex(where: { $0.kind == .event }) {
                made.fidelity.rates = try rates(
                    protocols, event: event, source: source, synthetic: made.training, jobs: context.jobs)
            }
            return [
                Artefact("cohort/patients.csv", all.csv()),
                Artefact(StudyStages.trainingPatients, made.training.csv()),
                Artefact(StudyStages.validationPatients, made.validation.csv()),
                Artefact(StudyStages.testPatients, made.test.csv()),
                Artefact("cohort/generator.json", made.generator),
                Artefact("cohort/fidelity.json", made.fidelity.json()),
                Artefact("cohort/fidelity.txt", made.fidelity.text()),
            ]
        }
    }

    // MARK: - patients who do not differ

    /// Where no number varies among an environment's patients, chance alone (keyed by the patient's number) tells their
    /// courses apart, and there is nothing for a generator to learn.
    private func alikeSource() -> [Artefact] {
        let about: JSONValue = [
            "format": 1, "drawn": .integer(study.sourcePatients), "kept": .integer(study.sourcePatients),
        ]
        let table = study.environment.model.nominalPopulation(count: study.sourcePatients)
        return [Artefact("cohort/source.csv", table.csv()), Artefact("cohort/source.json", about)]
    }

    private func alikeCohort() -> [Artefact] {
        let model = study.environment.model
        let cohort = study.cohort
        let verdict =
            "The patients of \(model.fullName) do not differ from each other at the start: there is no generator, and "
            + "their courses differ by chance only."
        return [
            Artefact(
                "cohort/patients.csv",
                model.nominalPopulation(count: cohort.training + cohort.validation + cohort.test).csv()),
            Artefact(StudyStages.trainingPatients, model.nominalPopulation(count: cohort.training).csv()),
            Artefact(StudyStages.validationPatients, model.nominalPopulation(count: cohort.validation).csv()),
            Artefact(StudyStages.testPatients, model.nominalPopulation(count: cohort.test).csv()),
            Artefact("cohort/generator.json", ["format": 1, "generator": "none"] as JSONValue),
            Artefact("cohort/fidelity.json", ["format": 1, "verdict": .string(verdict)] as JSONValue),
            Artefact("cohort/fidelity.txt", verdict + "\n"),
        ]
    }

    /// How often the environment's first event happens under each protocol, in source patients and in synthetic
    /// training patients: what a cohort is for, compared where it matters. A report only; no patient is kept or dropped
    /// by it, and no test patient is looked at before the comparison.
    func rates(
        _ protocols: [(name: String, policy: any Policy)], event: Int, source: CohortTable, synthetic: CohortTable,
        jobs: Int
    ) throws -> CohortRates {
        let tables = try [source, synthetic].map { table in
            try study.environment.model.makeFactory(
                cohort: CohortTable(names: table.names, rows: Array(table.rows.prefix(StudyStages.ratePatients))))
        }
        let seed = study.seed("fidelity")
        let rates = try protocols.map { name, policy in
            let means = try tables.map {
                try Rollout.run($0, policy: policy, seed: seed, jobs: jobs).meanOutcome(event)
            }
            return CohortRate(name: name, source: means[0], synthetic: means[1])
        }
        return CohortRates(
            event: study.environment.model.task.outcomes[event].name, sourcePatients: tables[0].patients,
            syntheticPatients: tables[1].patients, rates: rates)
    }

    /// Patients of each table whom the fidelity report treats with every protocol.
    static let ratePatients = 1000
}

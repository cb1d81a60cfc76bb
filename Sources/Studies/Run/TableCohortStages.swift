// The patients of a study whose source is a table of real ones. No row of the table is written into the run.

import Cohorts
import Patients
import PositionedJSON

extension StudyStages {
    /// What is known of the table: its hash, its size and which column is what.
    func tableSource(_ source: TableSource) -> Artefact {
        let mappings = source.mappings.map { mapping -> JSONField in
            if let expression = mapping.expression {
                return JSONField(mapping.name, ["expression": .string(expression.description)])
            }
            var fields = [JSONField("column", .string(mapping.column))]
            if mapping.factor != 1 { fields.append(JSONField("factor", .number(mapping.factor))) }
            if !mapping.values.isEmpty {
                fields.append(
                    JSONField(
                        "values",
                        .object(mapping.values.sorted { $0.key < $1.key }.map { JSONField($0.key, .number($0.value)) }))
                )
            }
            return JSONField(mapping.name, .object(fields))
        }
        let about: JSONValue = [
            "format": 1, "table": .string(source.written), "sha256": .string(source.hash),
            "rows": .integer(source.table.rowCount), "learned": .strings(source.table.columns.map(\.name)),
            "columns": .object(mappings),
        ]
        return Artefact("cohort/source.json", about)
    }

    /// A generator of the table's columns; the environment completes every generated patient by its own variability,
    /// given the covariates, and accepts draws where the environment is calibrated.
    func tableCohort(_ source: TableSource, _ context: StageContext) throws -> [Artefact] {
        let model = study.environment.model
        let seed = study.seed("complete")
        var calibration: CalibrationRecord?
        var (made, columns) = try VirtualCohort.build(
            table: source.table,
            complete: { rows, first in
                let known = source.known(rows)
                guard !model.calibrations.isEmpty else {
                    let drawn = try model.complete(
                        known, numbers: Array(first..<(first + rows.rowCount)), seed: seed)
                    return (drawn.table, try model.judged(drawn, jobs: context.jobs))
                }
                if calibration == nil {
                    calibration = try CalibrationRecord(model, pilots: known, seed: seed, jobs: context.jobs)
                }
                let drawn = try model.acceptedPatients(
                    known, acceptance: calibration!.acceptance, first: first, seed: seed, jobs: context.jobs)
                calibration!.add(drawn)
                return (drawn.table, drawn.isPlausible)
            },
            configuration: study.cohort, seed: study.seed("cohort"), jobs: context.jobs)
        if let event = model.task.outcomes.firstIndex(where: { $0.kind == .event }) {
            made.fidelity.rates = try rates(
                protocols, event: event, source: try completedTable(source, calibration, jobs: context.jobs),
                synthetic: made.training, jobs: context.jobs)
        }
        let all = CohortTable(
            names: made.training.names, rows: made.training.rows + made.validation.rows + made.test.rows)
        return [
            Artefact("cohort/patients.csv", all.csv()), Artefact("cohort/columns.csv", columns.csv()),
            Artefact(StudyStages.trainingPatients, made.training.csv()),
            Artefact(StudyStages.validationPatients, made.validation.csv()),
            Artefact(StudyStages.testPatients, made.test.csv()),
            Artefact("cohort/generator.json", made.generator),
            Artefact("cohort/fidelity.json", made.fidelity.json()),
            Artefact("cohort/fidelity.txt", made.fidelity.text()),
        ] + (calibration.map { $0.artefacts(model, seed: seed) } ?? [])
    }

    /// The table's own patients, completed in the same way: what the generated ones are held against under each
    /// protocol.
    private func completedTable(
        _ source: TableSource, _ calibration: CalibrationRecord?, jobs: Int
    ) throws -> CohortTable {
        let model = study.environment.model
        let known = source.known(source.table.rows(0..<min(source.table.rowCount, StudyStages.ratePatients)))
        let seed = study.seed("complete.source")
        if let calibration {
            let drawn = try model.acceptedPatients(known, acceptance: calibration.acceptance, seed: seed, jobs: jobs)
            return drawn.table.keeping(drawn.isPlausible)
        }
        let drawn = try model.complete(known, seed: seed)
        return drawn.table.keeping(try model.judged(drawn, jobs: jobs))
    }

    /// Patients of the environment's own variability, accepted so that they follow the published outcomes.
    func calibratedSource(_ context: StageContext) throws -> [Artefact] {
        let model = study.environment.model
        let seed = study.seed("source")
        func unknown(_ count: Int) -> CohortTable { CohortTable(names: [], rows: Array(repeating: [], count: count)) }
        var record = try CalibrationRecord(
            model, pilots: unknown(EnvironmentModel.pilotPatients), seed: seed, jobs: context.jobs)
        let table = try keptPatients(atLeast: 256, context) { count, first in
            let patients = try model.acceptedPatients(
                unknown(count), acceptance: record.acceptance, first: first, seed: seed, jobs: context.jobs)
            record.add(patients)
            return patients.table.keeping(patients.isPlausible)
        }.table
        let about: JSONValue = [
            "format": 1, "drawn": .integer(record.tally.drawn), "accepted": .integer(record.tally.accepted),
            "share_accepted": .number(record.tally.share), "kept": .integer(table.rows.count),
        ]
        return [Artefact("cohort/source.csv", table.csv()), Artefact("cohort/source.json", about)]
            + record.artefacts(model, seed: seed)
    }
}

extension EnvironmentModel {
    /// Completed patients that are plausible, before treatment and after the time without it.
    func judged(_ drawn: CompletedPatients, jobs: Int) throws -> [Bool] {
        let places = drawn.isPlausible.indices.filter { drawn.isPlausible[$0] }
        let verdicts = try plausible(drawn.table.keeping(drawn.isPlausible), jobs: jobs)
        var result = drawn.isPlausible
        for (place, verdict) in zip(places, verdicts) { result[place] = verdict }
        return result
    }
}

extension CohortTable {
    /// The rows marked.
    func keeping(_ marks: [Bool]) -> CohortTable {
        CohortTable(names: names, rows: rows.indices.filter { marks[$0] }.map { rows[$0] })
    }
}

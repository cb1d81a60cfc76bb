// The patients of a study that come from a table of real ones: a generator learns the table's columns, and the
// environment completes each generated patient.

import Patients

extension VirtualCohort {
    /// Learns a table and draws a study's patients from it.
    ///
    /// - Parameters:
    ///   - table: real patients, the columns to learn.
    ///   - complete: patients of the environment from generated rows, and whether each is plausible; `first` numbers the
    ///     first of them. Rows that are exact copies of real ones never reach it.
    ///   - jobs: threads for the fidelity measures; the result does not depend on it.
    /// - Returns: the cohort, and the generated columns of its patients, in the order training, validation, test.
    public static func build(
        table: PatientTable,
        complete: (_ rows: PatientTable, _ first: Int) throws -> (patients: CohortTable, isPlausible: [Bool]),
        configuration: VirtualCohortConfiguration = VirtualCohortConfiguration(), seed: UInt64, jobs: Int = 1
    ) throws -> (cohort: CohortArtefacts, columns: PatientTable) {
        guard table.rowCount > 0 else { throw CohortError("the table has no patients") }
        let generator = try configuration.generator.fit(table, seed: seed)
        let needed = configuration.training + configuration.validation + configuration.test
        guard needed > 0 else { throw CohortError("a cohort needs at least one patient") }
        let real = Set((0..<table.rowCount).map { key(table, $0) })

        var kept: [[Double]] = []
        var names: [String] = []
        var columns: [PatientTable] = []
        var drawn = 0
        var asked = 0
        var plausible = 0
        while kept.count < needed {
            let batch = max(256, (needed - kept.count) * 5 / 4)
            let rows = try configuration.draw(generator, rows: batch, seed: RoundSeed.derive(seed, round: drawn))
            drawn += batch
            // To leave out copies would look at the table once more than differential privacy allows.
            let new = (0..<rows.rowCount).filter { generator.privacy != nil || !real.contains(key(rows, $0)) }
            let own = rows.rows(new)
            let (patients, verdicts) = try complete(own, asked)
            guard verdicts.count == own.rowCount, patients.rows.count == own.rowCount else {
                throw CohortError("\(verdicts.count) of \(own.rowCount) generated patients were completed")
            }
            asked += own.rowCount
            names = patients.names
            let good = verdicts.indices.filter { verdicts[$0] }
            plausible += good.count
            let taken = Array(good.prefix(needed - kept.count))
            kept += taken.map { patients.rows[$0] }
            columns.append(own.rows(taken))
            guard Double(plausible) >= configuration.leastAccepted * Double(asked) else {
                throw CohortError(
                    "only \(plausible) of \(asked) generated patients are plausible; the table's patients are too far from "
                        + "what the environment holds for plausible")
            }
            guard drawn <= 1000 * needed else {
                throw CohortError("\(drawn) generated rows hold only \(kept.count) that are not copies of real ones")
            }
        }
        var synthetic = columns[0]
        for index in synthetic.columns.indices {
            synthetic.columns[index].values = columns.flatMap { $0.columns[index].values }
        }
        func part(_ range: Range<Int>) -> CohortTable { CohortTable(names: names, rows: Array(kept[range])) }
        let validationStart = configuration.training
        let testStart = validationStart + configuration.validation
        var fidelity = try FidelityReport.measure(
            real: try configuration.counterparts(table), synthetic: synthetic,
            options: FidelityReport.Options(seed: seed, jobs: jobs))
        fidelity.privacy = generator.privacy
        let verdict = try PrivacyGate.judge(generator, table: table, seed: seed, jobs: jobs) { rows in
            try configuration.generator.fit(rows, seed: seed)
        }
        fidelity.privacyChecks = verdict
        var file = generator.json()
        file["gate"] = verdict.json()
        let cohort = CohortArtefacts(
            training: part(0..<validationStart), validation: part(validationStart..<testStart),
            test: part(testStart..<needed), generator: file, fidelity: fidelity,
            accepted: Double(plausible) / Double(asked))
        return (cohort, synthetic)
    }

    /// What tells rows apart; cells that are missing are equal.
    private static func key(_ table: PatientTable, _ row: Int) -> [UInt64] {
        table.columns.map { column in
            let value = column.values[row]
            return value.isNaN ? Double.nan.bitPattern : (value == 0 ? 0 : value).bitPattern
        }
    }
}

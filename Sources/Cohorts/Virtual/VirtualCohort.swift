// The patients of a study: learned from an accepted source population, checked, and split so that none meets twice.

import Numerics
import Patients
import PositionedJSON

/// What a cohort consists of.
public struct CohortArtefacts: Sendable {
    public var training: CohortTable
    public var validation: CohortTable
    public var test: CohortTable
    public var generator: JSONValue
    /// Of all generated patients against the source.
    public var fidelity: FidelityReport
    /// Share of generated patients that were plausible.
    public var accepted: Double
}

public enum VirtualCohort {
    /// Learns a source population and draws a study's patients from it.
    ///
    /// - Parameters:
    ///   - source: plausible patients, a column per parameter or initial value, finite numbers.
    ///   - categories: of columns whose numbers stand for categories, their names.
    ///   - granular: columns of rounded numbers.
    ///   - accept: whether each generated patient is plausible; must not depend on how a compared protocol does.
    ///   - jobs: threads for the fidelity measures; the result does not depend on it.
    public static func build(
        source: CohortTable, categories: [String: [String]] = [:], granular: Set<String> = [],
        accept: (CohortTable) throws -> [Bool],
        configuration: VirtualCohortConfiguration = VirtualCohortConfiguration(), seed: UInt64, jobs: Int = 1
    ) throws -> CohortArtefacts {
        guard !source.rows.isEmpty else { throw CohortError("the source population is empty") }
        for (number, row) in source.rows.enumerated() {
            guard row.count == source.names.count, row.allSatisfy(\.isFinite) else {
                throw CohortError("patient \(number) of the source population has a value that is not a finite number")
            }
        }
        let table = PatientTable(source, categories: categories, granular: granular)
        let generator = try configuration.generator.fit(table, seed: seed)
        let needed = configuration.training + configuration.validation + configuration.test
        guard needed > 0 else { throw CohortError("a cohort needs at least one patient") }

        var seen = Set(source.rows)
        var kept: [[Double]] = []
        var drawn = 0
        var plausible = 0
        while kept.count < needed {
            // Every round has a seed of its own, from the number of patients drawn before it.
            let batch = max(256, (needed - kept.count) * 5 / 4)
            let all = try configuration.draw(
                generator, rows: batch, seed: RoundSeed.derive(seed, round: drawn)
            ).cohort
            let verdicts = try accept(all)
            guard verdicts.count == all.rows.count else {
                throw CohortError("the plausibility check answered for \(verdicts.count) of \(all.rows.count) patients")
            }
            drawn += all.rows.count
            for (row, isPlausible) in zip(all.rows, verdicts) where isPlausible {
                plausible += 1
                if kept.count < needed, seen.insert(row).inserted { kept.append(row) }
            }
            guard Double(plausible) >= configuration.leastAccepted * Double(drawn) else {
                throw CohortError(
                    "only \(plausible) of \(drawn) generated patients are plausible; the source population is too far "
                        + "from what the generator can learn")
            }
            guard drawn <= 1000 * needed else {
                throw CohortError("\(drawn) generated patients hold only \(kept.count) different ones")
            }
        }
        let synthetic = CohortTable(names: source.names, rows: kept)
        func part(_ range: Range<Int>) -> CohortTable { CohortTable(names: source.names, rows: Array(kept[range])) }
        let validationStart = configuration.training
        let testStart = validationStart + configuration.validation
        return CohortArtefacts(
            training: part(0..<validationStart), validation: part(validationStart..<testStart),
            test: part(testStart..<needed), generator: generator.json(),
            fidelity: try FidelityReport.measure(
                real: try configuration.counterparts(table),
                synthetic: PatientTable(synthetic, categories: categories, granular: granular),
                options: FidelityReport.Options(seed: seed, jobs: jobs)),
            accepted: Double(plausible) / Double(drawn))
    }
}

/// Seeds of successive draws.
enum RoundSeed {
    static func derive(_ seed: UInt64, round: Int) -> UInt64 {
        var stream = RandomStream(seed: seed, purpose: "cohort.draw", index: UInt64(round))
        return stream.nextBits()
    }
}

// What `lab cohort evaluate` and the privacy checks do where tables have a row for every visit.

import Numerics
import PositionedJSON

extension CohortCommands {
    /// Whether a schema is of a table of visits.
    public static func hasVisits(schema: String) throws -> Bool { try TableSchema.read(path: schema).patient != nil }

    /// Holds synthetic visits against real ones.
    ///
    /// - Parameter heldOut: real patients that the generator did not see.
    public static func evaluateVisits(
        real: String, synthetic: String, schema: String, heldOut: String? = nil,
        options: FidelityReport.Options = FidelityReport.Options()
    ) throws -> VisitFidelity {
        let tableSchema = try TableSchema.read(path: schema)
        let realTable = try VisitTable.read(path: real, schema: tableSchema)
        return try VisitFidelity.measure(
            real: realTable, synthetic: VisitTable.read(path: synthetic, schema: tableSchema, like: realTable),
            heldOut: heldOut.map { try VisitTable.read(path: $0, schema: tableSchema, like: realTable) },
            options: options)
    }

    /// What the privacy checks say of a generator of visits, patients being rows of summaries of their visits.
    ///
    /// Without held-out patients a second generator that did not see a fifth of them stands for the first.
    static func verdict(
        _ fitted: any VisitGenerator, _ specification: GeneratorSpecification, _ table: VisitTable, schema: String,
        heldOut: String?, seed: UInt64
    ) throws -> PrivacyVerdict {
        func judge(
            _ generator: any VisitGenerator, _ learned: VisitTable, _ others: VisitTable?
        ) throws -> PrivacyVerdict {
            let followed = FollowedColumn.names(table)
            return try PrivacyGate.judge(
                PatientSummaries(generator: generator, followed: followed),
                table: learned.sharing(table).summaries(followed: followed),
                heldOut: others?.sharing(table).summaries(followed: followed), seed: seed
            ) { _ in throw CohortError("patients cannot be learned from summaries of their visits") }
        }
        if let heldOut {
            let tableSchema = try TableSchema.read(path: schema).selecting(table.columns.map(\.name))
            return try judge(fitted, table, VisitTable.read(path: heldOut, schema: tableSchema, like: table))
        }
        guard table.patientCount >= PrivacyGate.leastAudited else { return try judge(fitted, table, nil) }
        var stream = RandomStream(seed: seed, purpose: "privacy.audit")
        let order = stream.permutation(table.patientCount)
        let cut = table.patientCount * 4 / 5
        let learned = table.selecting(order[..<cut])
        return try judge(specification.fit(learned, seed: seed), learned, table.selecting(order[cut...]))
    }
}

/// Patients of a generator of visits as rows of summaries, to be judged like any other.
private struct PatientSummaries: CohortGenerator {
    let generator: any VisitGenerator
    let followed: [String]

    var kind: String { generator.kind }
    var columns: [TableColumn] { sample(rows: 0..<0, seed: 0).columns }
    var summary: [(name: String, value: Double)] { generator.summary }
    func json() -> JSONValue { generator.json() }
    func sample(rows: Range<Int>, seed: UInt64) -> PatientTable {
        generator.visits(of: rows, seed: seed).summaries(followed: followed)
    }
}

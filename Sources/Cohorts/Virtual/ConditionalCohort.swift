// A study's patients of a kind: drawn by a generator that can be asked for them, held against real ones of that kind.

extension GeneratorSpecification {
    /// Whether it can be asked for patients of a kind.
    public var isConditional: Bool {
        switch self {
        case .cvae, .cgan: true
        case .vae, .gan, .copula, .rvae: false
        }
    }
}

extension VirtualCohortConfiguration {
    /// Real patients of a kind at least, for generated ones to be held against them.
    static let fewestOfAKind = 50

    /// Generated patients, all of whom fulfil the conditions.
    func draw(_ generator: any CohortGenerator, rows: Int, seed: UInt64) throws -> PatientTable {
        guard !conditions.isEmpty else { return generator.sample(rows: rows, seed: seed) }
        guard let conditional = generator as? any ConditionalGenerator else {
            throw CohortError("a generator of kind \"\(generator.kind)\" cannot be asked for patients of a kind")
        }
        return try conditional.sample(rows: 0..<rows, where: conditions, seed: seed)
    }

    /// The real patients to hold generated ones against: those who fulfil the conditions, or all where they are too few.
    func counterparts(_ table: PatientTable) throws -> PatientTable {
        guard !conditions.isEmpty else { return table }
        let requirements = try conditions.requirements(table.columns)
        let rows = (0..<table.rowCount).filter { row in
            zip(table.columns, requirements).allSatisfy { column, requirement in
                requirement.map { $0.allows(column.values[row]) } ?? true
            }
        }
        return rows.count < VirtualCohortConfiguration.fewestOfAKind ? table : table.rows(rows)
    }
}

// Whether a cohort is as faithful in every group of patients as it is on the whole.

import Numerics
import PositionedJSON

/// One group.
public struct SubgroupFidelity: Sendable, Equatable {
    /// The column that tells the group.
    public var column: String
    /// `gender = 0`, `31 < age ≤ 38 years`
    public var name: String
    public var realRows: Int
    public var syntheticRows: Int
    /// Mean column shapes of the other columns; nil without synthetic rows.
    public var shapes: Double?
    /// What two samples of the group's real rows, as large as the two that were compared, reach on average, and the
    /// standard deviation over draws.
    public var expectedShapes: Double?
    public var shapesDeviation: Double?
    /// The column whose distribution is kept least.
    public var worstColumn: String?
    /// The probability of so low a score by chance, corrected for the number of comparisons (Holm).
    public var shapesP: Double?
    /// The target's share, with Wilson's interval.
    public var realRate: Estimate?
    public var syntheticRate: Estimate?
    /// The probability of rates so far apart by chance, corrected alike.
    public var rateP: Double?

    /// How much of the column shapes is lost beyond chance.
    var shapesLoss: Double { max(0, (expectedShapes ?? 0) - (shapes ?? 0)) }
    var rateGap: Double { abs((syntheticRate?.value ?? 0) - (realRate?.value ?? 0)) }
    /// The larger of the two distances that chance does not explain, both differences of shares; 1 where the group is
    /// lost.
    package var severity: Double {
        if syntheticRows == 0 { return 1 }
        return max(
            (shapesP ?? 1) < Subgroups.level ? shapesLoss : 0, (rateP ?? 1) < Subgroups.level ? rateGap : 0)
    }
}

/// All groups of a table.
public struct Subgroups: Sendable, Equatable {
    /// In the order of the columns.
    public var groups: [SubgroupFidelity]
    /// Comparisons that the probabilities are corrected for.
    public var comparisons: Int
    /// Columns whose groups were not looked at because there are so many.
    public var columnsLeftOut: Int

    /// Corrected probabilities below this are more than chance.
    static let level = 0.05

    /// The group that is worst beyond chance, or else the one that chance explains least; nil without groups.
    public var worst: SubgroupFidelity? {
        groups.max { first, second in
            if first.severity != second.severity { return first.severity < second.severity }
            return doubt(first) > doubt(second)
        }
    }
    private func doubt(_ group: SubgroupFidelity) -> Double { min(group.rawP.shapes ?? 1, group.rawP.rate ?? 1) }

    /// Groups that are less faithful than chance explains, the worst first.
    public var beyondChance: [SubgroupFidelity] {
        groups.filter { $0.severity > 0 }.sorted { $0.severity > $1.severity }
    }

    /// Groups in which the target's rate is off by more than this and by more than chance, the worst first.
    func misrated(beyond gap: Double) -> [SubgroupFidelity] {
        groups.filter { $0.syntheticRows == 0 || ($0.rateP ?? 1) < Subgroups.level && $0.rateGap > gap }
            .sorted { $0.severity > $1.severity }
    }
}

extension SubgroupFidelity {
    /// Before the correction.
    fileprivate var rawP: (shapes: Double?, rate: Double?) {
        var shape: Double?
        if let shapes, let expectedShapes, let shapesDeviation {
            shape =
                shapesDeviation > 0
                ? 1 - normalCDF((expectedShapes - shapes) / shapesDeviation) : shapes < expectedShapes ? 0 : 1
        }
        guard let realRate, let syntheticRate, realRate.isDefined, syntheticRate.isDefined else { return (shape, nil) }
        let (a, b) = (Double(realRows), Double(syntheticRows))
        let pooled = (a * realRate.value + b * syntheticRate.value) / (a + b)
        let error = (pooled * (1 - pooled) * (1 / a + 1 / b)).squareRoot()
        return (shape, error > 0 ? 2 * (1 - normalCDF(rateGap / error)) : 1)
    }
}

extension Subgroups {
    /// Multiplications that the chance of all groups may take, a second or so.
    static let budget = 1_000_000_000

    /// - Parameters:
    ///   - real, synthetic: column shapes are measured on so many rows of each at most as the budget allows, as many
    ///     synthetic as real ones; rates on all.
    static func measure(
        _ real: PatientTable, _ synthetic: PatientTable, seed: UInt64, jobs: Int
    ) throws -> Subgroups {
        let width = real.columns.count
        let (groups, leftOut) = Subgroup.all(real, maximumColumns: max(4, min(40, 8000 / max(width, 1))))
        let perRow = 2 * ChanceShapes.replications * width * Set(groups.map(\.column)).count
        let kept = max(300, min(5000, budget / max(perRow, 1)))
        let a = real.sampled(kept, seed: seed)
        let b = synthetic.sampled(min(kept, real.rowCount), seed: seed)
        let event = real.target.flatMap { real.column($0) }.flatMap { Prevalence.event(of: $0) }
        var measured = try Parallel.map(groups.count, jobs: jobs) { number in
            measure(
                groups[number], (real, synthetic), (a, b), event: event,
                stream: RandomStream(seed: seed, purpose: "fidelity.subgroups", index: UInt64(number)))
        }
        let comparisons = correct(&measured)
        return Subgroups(groups: measured, comparisons: comparisons, columnsLeftOut: leftOut)
    }

    private static func measure(
        _ group: Subgroup, _ whole: (PatientTable, PatientTable), _ part: (PatientTable, PatientTable),
        event: Double?, stream: RandomStream
    ) -> SubgroupFidelity {
        let allReal = group.rows(of: whole.0)
        let allSynthetic = group.rows(of: whole.1)
        var result = SubgroupFidelity(
            column: whole.0.columns[group.column].name, name: group.name, realRows: allReal.count,
            syntheticRows: allSynthetic.count)
        if let event, let target = whole.0.columns.firstIndex(where: { $0.name == whole.0.target }) {
            let first = Prevalence.count(allReal.lazy.map { whole.0.columns[target].values[$0] }, event)
            let second = Prevalence.count(allSynthetic.lazy.map { whole.1.columns[target].values[$0] }, event)
            result.realRate = Statistics.wilson(successes: first.events, trials: first.known)
            result.syntheticRate = Statistics.wilson(successes: second.events, trials: second.known)
        }
        let real = part.0.rows(group.rows(of: part.0))
        let synthetic = part.1.rows(group.rows(of: part.1))
        guard real.rowCount > 1, synthetic.rowCount > 0, real.columns.count > 1 else { return result }
        let shapes = ColumnShapes.measure(real, synthetic).enumerated().filter { $0.offset != group.column }
            .map(\.element)
        result.shapes = mean(shapes.map(\.score))
        result.worstColumn = shapes.min { $0.score < $1.score }?.column
        let chance = ChanceShapes(real, excluding: group.column).scores(
            real.rowCount, synthetic.rowCount, stream: stream)
        result.expectedShapes = chance.mean
        result.shapesDeviation = chance.deviation
        return result
    }

    /// Corrects all probabilities together (Holm, "A simple sequentially rejective multiple test procedure",
    /// Scandinavian Journal of Statistics 6 (1979) 65–70) and returns their number.
    private static func correct(_ groups: inout [SubgroupFidelity]) -> Int {
        let raw = groups.map(\.rawP)
        let tests = raw.indices.flatMap { index in
            [(index, true, raw[index].shapes), (index, false, raw[index].rate)]
        }.compactMap { index, isShape, p in p.map { (index, isShape, $0) } }
            .sorted { ($0.2, $0.0) < ($1.2, $1.0) }
        var least = 0.0
        for (rank, test) in tests.enumerated() {
            least = max(least, min(1, Double(tests.count - rank) * test.2))
            if test.1 { groups[test.0].shapesP = least } else { groups[test.0].rateP = least }
        }
        return tests.count
    }
}

extension Subgroups {
    func json() -> JSONValue {
        [
            "comparisons": .integer(comparisons), "columns_left_out": .integer(columnsLeftOut),
            "worst": worst.map { .string($0.name) } ?? .null,
            "groups": .array(
                groups.map { group in
                    [
                        "column": .string(group.column), "name": .string(group.name),
                        "real_rows": .integer(group.realRows), "synthetic_rows": .integer(group.syntheticRows),
                        "column_shapes": .optional(group.shapes), "expected_by_chance": .optional(group.expectedShapes),
                        "deviation_by_chance": .optional(group.shapesDeviation),
                        "least_faithful_column": group.worstColumn.map { .string($0) } ?? .null,
                        "column_shapes_p": .optional(group.shapesP), "real_rate": group.realRate?.json() ?? .null,
                        "synthetic_rate": group.syntheticRate?.json() ?? .null, "rate_p": .optional(group.rateP),
                    ]
                }),
        ]
    }

    /// The worst group in words; nil without groups.
    func words(event: String?) -> String? {
        guard let worst else { return nil }
        if worst.syntheticRows == 0 {
            return "\(worst.name): \(worst.realRows) real patients, no synthetic one"
        }
        var parts: [String] = []
        if let shapes = worst.shapes, let expected = worst.expectedShapes {
            parts.append("column shapes \(fixed(shapes, 3)), \(fixed(expected, 3)) expected of chance")
        }
        if let real = worst.realRate, let synthetic = worst.syntheticRate, real.isDefined, synthetic.isDefined {
            parts.append(
                "\(event ?? "the outcome") in \(fixed(100 * synthetic.value, 1)) % of its \(worst.syntheticRows) synthetic "
                    + "patients, \(fixed(100 * real.value, 1)) % of the \(worst.realRows) real ones")
        }
        if worst.severity == 0 {
            parts.append("no more than chance explains (\(comparisons) comparisons)")
        } else if (worst.shapesP ?? 1) < Subgroups.level, let column = worst.worstColumn {
            parts.append("least faithful there: \(column)")
        }
        return "\(worst.name): " + parts.joined(separator: "; ")
    }
}

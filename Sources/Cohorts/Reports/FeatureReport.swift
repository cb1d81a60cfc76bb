// Which columns tell of the target, and along which directions the rest varies.

import Numerics
import PositionedJSON

/// What one column tells of the target.
public struct FeatureInformation: Sendable, Equatable {
    public var name: String
    public var type: ColumnType
    public var role: ColumnRole?
    /// In nats.
    public var information: Double
    /// Share of the target's entropy, where the target is categorical.
    public var share: Double?
    /// The mean estimate when the rows of the target are shuffled: what chance gives.
    public var chance: Double
    /// Share of shufflings, this one counted, that give as much (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9
    /// (2010) 39).
    public var pValue: Double
    /// Rows that have both.
    public var rows: Int
    public var estimator: MutualInformation.Estimator
    /// What the mere absence of a value tells, in nats, and its p-value; nil where all or none are there.
    public var absence: (information: Double, pValue: Double)?

    public static func == (a: FeatureInformation, b: FeatureInformation) -> Bool { a.json() == b.json() }

    public func json() -> JSONValue {
        var value: JSONValue = [
            "name": .string(name), "type": .string(type.rawValue), "information": .number(information),
            "share_of_entropy": .optional(share), "chance": .number(chance), "p_value": .number(pValue),
            "rows": .integer(rows), "estimator": .string(estimator.rawValue),
        ]
        if let role { value["role"] = .string(role.rawValue) }
        if let absence {
            value["absence"] = ["information": .number(absence.information), "p_value": .number(absence.pValue)]
        }
        return value
    }
}

/// The result of `lab cohort features`.
public struct FeatureReport: Sendable {
    public struct Options: Sendable {
        public var target: String?
        public var permutations: Int
        public var seed: UInt64
        public var jobs: Int
        /// Rows used at most; more are drawn from.
        public var mostRows: Int

        public init(
            target: String? = nil, permutations: Int = 199, seed: UInt64 = 0, jobs: Int = 1, mostRows: Int = 5000
        ) {
            self.target = target
            self.permutations = permutations
            self.seed = seed
            self.jobs = jobs
            self.mostRows = mostRows
        }
    }

    public var rows: Int
    /// Rows that were drawn from these, if not all were used.
    public var usedRows: Int
    public var target: String?
    /// Most telling first.
    public var features: [FeatureInformation]
    /// Columns that are the same in every row that has them, or in too few.
    public var silent: [String]
    public var permutations: Int
    public var components: PrincipalComponents?

    public static func measure(_ table: PatientTable, options: Options) throws -> FeatureReport {
        let sample = TableSample.rows(table, most: options.mostRows, seed: options.seed)
        let name = options.target ?? table.target
        var features: [FeatureInformation] = []
        var silent: [String] = []
        if let name {
            guard let target = sample.column(name) else {
                let hint = DidYouMean.remedy(
                    for: name, among: table.columns.map(\.name), known: "the columns are ")
                throw CohortError("there is no column \"\(name)\" to tell of" + (hint.map { "; \($0)" } ?? ""))
            }
            let others = sample.columns.filter { $0.name != name }
            let found = try Parallel.map(others.count, jobs: options.jobs) { index in
                information(others[index], target, index: index, options: options)
            }
            for (column, feature) in zip(others, found) {
                if let feature { features.append(feature) } else { silent.append(column.name) }
            }
            features.sort { ($1.information, $0.name) < ($0.information, $1.name) }
        }
        return FeatureReport(
            rows: table.rowCount, usedRows: sample.rowCount, target: name, features: features, silent: silent,
            permutations: options.permutations,
            components: PrincipalComponents(sample, excluding: name))
    }

    private static func information(
        _ column: TableColumn, _ target: TableColumn, index: Int, options: Options
    ) -> FeatureInformation? {
        guard let pair = InformationPair(column, target, seed: options.seed) else { return nil }
        let (value, chance, p) = permuted(pair, index: UInt64(2 * index), options: options)
        var feature = FeatureInformation(
            name: column.name, type: column.schema.type, role: column.schema.role, information: value,
            share: target.isNumeric ? nil : value / MutualInformation.entropy(target.values), chance: chance, pValue: p,
            rows: pair.rows, estimator: pair.estimator)
        if column.values.contains(where: \.isNaN) {
            let absent = TableColumn(
                schema: ColumnSchema(name: column.name, type: .categorical), categories: ["there", "missing"],
                values: column.values.map { $0.isNaN ? 1 : 0 })
            if let pair = InformationPair(absent, target, seed: options.seed) {
                let (value, _, p) = permuted(pair, index: UInt64(2 * index + 1), options: options)
                feature.absence = (value, p)
            }
        }
        return feature
    }

    private static func permuted(
        _ pair: InformationPair, index: UInt64, options: Options
    ) -> (value: Double, chance: Double, pValue: Double) {
        let value = pair.value(pair.identity)
        var stream = RandomStream(seed: options.seed, purpose: "cohort.information.permutation", index: index)
        var order = pair.identity
        var sum = 0.0
        var reached = 1
        for _ in 0..<options.permutations {
            stream.shuffle(&order)
            let other = pair.value(order)
            sum += other
            if other >= value { reached += 1 }
        }
        return (
            value, sum / Double(max(options.permutations, 1)), Double(reached) / Double(options.permutations + 1)
        )
    }

    /// The most telling columns that are no outcomes and that chance does not explain (p ≤ 0.05), and the target: what
    /// `lab cohort generate --columns` takes.
    public func best(_ count: Int) -> [String] {
        let chosen = features.filter { $0.role != .outcome && $0.pValue <= 0.05 }.prefix(count).map(\.name)
        return chosen + [target].compactMap { $0 }
    }

    public func json() -> JSONValue {
        [
            "format": 1, "rows": .integer(rows), "used_rows": .integer(usedRows),
            "target": target.map { .string($0) } ?? .null, "permutations": .integer(permutations),
            "features": .array(features.map { $0.json() }), "silent": .strings(silent),
            "principal_components": components?.json() ?? .null,
        ]
    }
}

// How faithful a synthetic cohort is, in numbers.

import Numerics

/// A rate of interest in source and synthetic patients, such as the share that a fixed protocol cures.
public struct CohortRate: Sendable, Equatable {
    public var name: String
    /// In [0, 1].
    public var source: Double
    public var synthetic: Double

    public init(name: String, source: Double, synthetic: Double) {
        self.name = name
        self.source = source
        self.synthetic = synthetic
    }
}

/// Rates of one event, such as a cure, under several protocols.
public struct CohortRates: Sendable, Equatable {
    public var event: String
    /// How many patients each rate was counted in.
    public var sourcePatients: Int
    public var syntheticPatients: Int
    public var rates: [CohortRate]

    public init(event: String, sourcePatients: Int, syntheticPatients: Int, rates: [CohortRate]) {
        self.event = event
        self.sourcePatients = sourcePatients
        self.syntheticPatients = syntheticPatients
        self.rates = rates
    }

    /// The standard error of the difference of two independent shares.
    func standardError(_ rate: CohortRate) -> Double {
        (rate.source * (1 - rate.source) / Double(max(1, sourcePatients))
            + rate.synthetic * (1 - rate.synthetic) / Double(max(1, syntheticPatients))).squareRoot()
    }

    /// The rate that differs most among those that differ by more than five points and by more than chance explains
    /// (three standard errors, since several are looked at).
    var worst: CohortRate? {
        func difference(_ rate: CohortRate) -> Double { abs(rate.source - rate.synthetic) }
        return rates.filter { difference($0) > 0.05 && difference($0) > 3 * standardError($0) }
            .max { difference($0) < difference($1) }
    }
}

/// Categories of a column in both tables.
public struct CategoryCoverage: Sendable, Equatable {
    public var column: String
    /// Categories of real rows that no synthetic row has.
    public var lost: [String]
    /// Categories of synthetic rows that no real row has.
    public var invented: [String]
    /// The largest difference between the shares of one category.
    public var largestShift: Double
}

/// A synthetic table held against the real one.
public struct FidelityReport: Sendable {
    public var realRows: Int
    public var syntheticRows: Int
    public var shapes: [ColumnShape]
    public var pairs: [PairTrend]
    public var coverage: [CategoryCoverage]
    /// Boosted trees telling real from synthetic rows.
    public var discrimination: Discrimination?
    public var utility: Utility?
    /// Of outcomes.
    public var prevalence: [Prevalence]
    public var subgroups: Subgroups
    public var closest: ClosestRecords
    public var marginals: [MarginalSeries]
    /// What could be learned of real patients by who knows the rest of them.
    public var disclosure: [AttributeDisclosure]
    /// Filled by the caller, who has the generator: what it guarantees, and what the privacy checks say.
    public var privacy: PrivacyStatement?
    public var privacyChecks: PrivacyVerdict?
    /// Filled by the caller where patients can be simulated: cure rates of fixed protocols.
    public var rates: CohortRates?

    /// Mean over columns.
    public var columnShapes: Double { mean(shapes.map(\.score)) ?? .nan }
    /// Mean over the pairs that are associated in the real table; nil when none is.
    public var pairTrends: Double? { mean(pairs.filter(\.counts).compactMap(\.score)) }
    /// Mean over all pairs.
    public var allPairTrends: Double? { mean(pairs.compactMap(\.score)) }
    /// Area under the curve of boosted trees telling real from synthetic rows; 0.5 when they cannot.
    public var discriminator: Double? { discrimination?.area.value }
    /// SDMetrics' quality score: the mean of column shapes and pair trends.
    public var quality: Double { pairTrends.map { (columnShapes + $0) / 2 } ?? columnShapes }

    /// Options of a measurement.
    public struct Options: Sendable {
        public var seed: UInt64 = 0
        public var jobs = 1
        /// Rows of either table beyond these are left out of distances and classifiers (a random part is kept).
        public var maximumRows = 10_000
        public init(seed: UInt64 = 0, jobs: Int = 1, maximumRows: Int = 10_000) {
            self.seed = seed
            self.jobs = jobs
            self.maximumRows = maximumRows
        }
    }

    /// Measures a synthetic table.
    ///
    /// - Parameters:
    ///   - real: the rows the generator learned from.
    ///   - synthetic: a table of the same columns, its categories numbered like the real table's.
    ///   - heldOut: real rows unknown to the generator, where there are any.
    public static func measure(
        real: PatientTable, synthetic: PatientTable, heldOut: PatientTable? = nil, options: Options = Options()
    ) throws -> FidelityReport {
        guard real.columns.map(\.name) == synthetic.columns.map(\.name) else {
            throw CohortError("the real and the synthetic table have different columns")
        }
        guard real.rowCount > 1, synthetic.rowCount > 0 else {
            throw CohortError("a comparison needs at least two real rows and one synthetic row")
        }
        let smallReal = real.sampled(options.maximumRows, seed: options.seed)
        let smallSynthetic = synthetic.sampled(options.maximumRows, seed: options.seed)
        return FidelityReport(
            realRows: real.rowCount, syntheticRows: synthetic.rowCount,
            shapes: ColumnShapes.measure(real, synthetic), pairs: PairTrends.measure(real, synthetic),
            coverage: CategoryCoverage.measure(real, synthetic),
            discrimination: try Discrimination.measure(
                smallReal, smallSynthetic, seed: options.seed, jobs: options.jobs),
            utility: try Utility.measure(
                real: smallReal, synthetic: smallSynthetic, heldOut: heldOut, seed: options.seed, jobs: options.jobs),
            prevalence: Prevalence.measure(real, synthetic),
            subgroups: try Subgroups.measure(real, synthetic, seed: options.seed, jobs: options.jobs),
            closest: try ClosestRecords.measure(
                real: smallReal, synthetic: smallSynthetic, heldOut: heldOut, jobs: options.jobs),
            marginals: MarginalSeries.measure(real, synthetic),
            disclosure: try AttributeDisclosure.measure(
                real: smallReal, synthetic: smallSynthetic, heldOut: heldOut, seed: options.seed, jobs: options.jobs))
    }
}

extension CategoryCoverage {
    static func measure(_ real: PatientTable, _ synthetic: PatientTable) -> [CategoryCoverage] {
        zip(real.columns, synthetic.columns).compactMap { first, second in
            guard !first.isNumeric else { return nil }
            let names = first.categories.count >= second.categories.count ? first.categories : second.categories
            let a = ColumnShapes.shares(first, count: names.count)
            let b = ColumnShapes.shares(second, count: names.count)
            return CategoryCoverage(
                column: first.name, lost: names.indices.filter { a[$0] > 0 && b[$0] == 0 }.map { names[$0] },
                invented: names.indices.filter { a[$0] == 0 && b[$0] > 0 }.map { names[$0] },
                largestShift: zip(a, b).map { abs($0 - $1) }.max() ?? 0)
        }
    }
}

extension PatientTable {
    /// At most this many rows, drawn without replacement, in their order.
    func sampled(_ maximum: Int, seed: UInt64) -> PatientTable {
        guard rowCount > maximum else { return self }
        var stream = RandomStream(seed: seed, purpose: "fidelity.rows")
        return rows(stream.permutation(rowCount).prefix(maximum).sorted())
    }
}

func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}

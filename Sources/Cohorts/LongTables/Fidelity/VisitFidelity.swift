// How faithful synthetic visits over time are, in numbers.

import Numerics

/// A synthetic long table held against the real one.
public struct VisitFidelity: Sendable {
    public var realPatients: Int
    public var syntheticPatients: Int
    /// Visits of a patient, and times between them: means, and 1 − the Kolmogorov–Smirnov distance.
    public var visitsPerPatient: Match
    public var gaps: Match?
    /// Of a year, where the schema says the unit of time.
    public var isPerYear: Bool
    public var timeUnit: String?
    /// Columns that change, over all visits; then those that never do, over patients.
    public var shapes: [ColumnShape]
    public var baselineShapes: [ColumnShape]
    public var bands: [TrajectoryBand]
    public var within: [WithinPatient]
    /// Boosted trees that tell real from synthetic patients by summaries of their visits: area under the curve, and
    /// |accuracy − ½| (Yoon et al., NeurIPS 2019, section 5.2); 0.5 and 0 when they cannot.
    public var discriminator: Double?
    public var discriminatorExcess: Double?
    public var next: NextVisit?
    public var events: [EventCurve]
    /// Patients by the same summaries.
    public var closest: ClosestRecords

    public struct Match: Sendable, Equatable {
        public var real: Double
        public var synthetic: Double
        public var score: Double
    }

    /// Means over columns.
    public var visitShapes: Double? { mean(shapes.map(\.score)) }
    public var constantShapes: Double? { mean(baselineShapes.map(\.score)) }
    public var bandShift: Double? { mean(bands.map(\.shift).filter(\.isFinite)) }
    public var bandSpread: Double? { mean(bands.map(\.spread).filter(\.isFinite)) }
    public var autocorrelationError: Double? { mean(within.compactMap { $0.autocorrelation?.difference }) }
    public var intraclassError: Double? { mean(within.compactMap { $0.intraclass?.difference }) }

    /// Measures synthetic visits.
    ///
    /// - Parameters:
    ///   - real: the visits the generator learned from.
    ///   - synthetic: of the same columns, categories numbered like those of the real table.
    ///   - heldOut: real patients unknown to the generator, where there are any.
    public static func measure(
        real: VisitTable, synthetic: VisitTable, heldOut: VisitTable? = nil,
        options: FidelityReport.Options = FidelityReport.Options()
    ) throws -> VisitFidelity {
        guard real.columns.map(\.name) == synthetic.columns.map(\.name) else {
            throw CohortError("the real and the synthetic table have different columns")
        }
        guard real.patientCount > 1, synthetic.patientCount > 0 else {
            throw CohortError("a comparison needs at least two real patients and one synthetic one")
        }
        // What is constant in the real table is looked at as such in all.
        let synthetic = synthetic.sharing(real).sampled(options.maximumRows, seed: options.seed)
        let heldOut = heldOut?.sharing(real)
        let sampled = real.sampled(options.maximumRows, seed: options.seed)
        let columns = FollowedColumn.all(real, synthetic)
        let perYear = TimeUnit.perYear(real.timeSchema?.unit)
        func match(_ a: [Double], _ b: [Double]) -> Match {
            Match(
                real: a.isEmpty ? .nan : Statistics.mean(a), synthetic: b.isEmpty ? .nan : Statistics.mean(b),
                score: 1 - ColumnShapes.kolmogorovSmirnov(a, b))
        }
        func counts(_ table: VisitTable) -> [Double] {
            (0..<table.patientCount).map { Double(table.visits(of: $0).count) }
        }
        func varying(_ table: VisitTable) -> PatientTable {
            PatientTable(columns: real.varying.map { table.columns[$0] })
        }
        let names = columns.map(\.name)
        let realSummaries = sampled.summaries(followed: names)
        let syntheticSummaries = synthetic.summaries(followed: names)
        let told = try discriminate(realSummaries, syntheticSummaries, seed: options.seed, jobs: options.jobs)
        let realTimes = real.elapsed
        let syntheticTimes = synthetic.elapsed
        let ends = TrajectoryBand.ends(realTimes)
        let realGaps = real.gaps
        return VisitFidelity(
            realPatients: real.patientCount, syntheticPatients: synthetic.patientCount,
            visitsPerPatient: match(counts(real), counts(synthetic)),
            gaps: realGaps.isEmpty ? nil : match(realGaps, synthetic.gaps), isPerYear: perYear != nil,
            timeUnit: real.timeSchema?.unit, shapes: ColumnShapes.measure(varying(real), varying(synthetic)),
            baselineShapes: ColumnShapes.measure(real.baselineTable(), synthetic.baselineTable()),
            bands: columns.map {
                TrajectoryBand.measure($0, realTimes: realTimes, syntheticTimes: syntheticTimes, ends: ends)
            },
            within: columns.map { WithinPatient.measure($0, real, synthetic, perYear: perYear ?? 1) },
            discriminator: told?.area, discriminatorExcess: told?.excess,
            next: NextVisit.measure(
                real: real, synthetic: synthetic, heldOut: heldOut, columns: columns, seed: options.seed),
            events: EventCurve.all(real.baselineTable(), synthetic.baselineTable()),
            closest: try ClosestRecords.measure(
                real: realSummaries, synthetic: syntheticSummaries, heldOut: heldOut?.summaries(followed: names),
                jobs: options.jobs))
    }

    /// As many of both, by cross-validation.
    private static func discriminate(
        _ real: PatientTable, _ synthetic: PatientTable, seed: UInt64, jobs: Int
    ) throws -> (area: Double, excess: Double)? {
        let count = min(real.rowCount, synthetic.rowCount)
        var stream = RandomStream(seed: seed, purpose: "fidelity.subsample")
        func part(_ table: PatientTable) -> PatientTable {
            table.rowCount > count ? table.rows(stream.permutation(table.rowCount).prefix(count)) : table
        }
        let matrices = FeatureMatrix.encode([part(real), part(synthetic)], reference: real)
        let labels = Array(repeating: true, count: count) + Array(repeating: false, count: count)
        guard
            let (scores, _) = try Classification.crossValidated(
                FeatureMatrix.stacked(matrices[0], matrices[1]), labels, seed: seed,
                purpose: "fidelity.discriminator", jobs: jobs),
            let area = Classification.areaUnderCurve(scores, labels)
        else { return nil }
        let right = labels.indices.count { (scores[$0] > 0) == labels[$0] }
        return (area, abs(Double(right) / Double(labels.count) - 0.5))
    }
}

extension VisitTable {
    /// The same visits, what is constant being what is constant in another table.
    func sharing(_ other: VisitTable) -> VisitTable {
        var table = self
        table.baseline = other.baseline
        table.varying = other.varying
        return table
    }

    /// At most this many patients, drawn without replacement, in their order.
    func sampled(_ maximum: Int, seed: UInt64) -> VisitTable {
        guard patientCount > maximum else { return self }
        var stream = RandomStream(seed: seed, purpose: "fidelity.rows")
        return selecting(stream.permutation(patientCount).prefix(maximum).sorted())
    }
}

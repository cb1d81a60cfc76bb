// The result of an evaluation: every policy's metrics with intervals, paired differences, subgroups.

import Numerics

/// One number of one policy: a line of `evaluation/comparison.csv`.
public struct ComparisonRow: Sendable, Equatable {
    public var policy: String
    public var kind: PolicyKind
    /// `return` or an outcome's name.
    public var metric: String
    public var estimate: Estimate
    public var seeds: Int
    /// Patients for whom the metric is defined under at least one seed.
    public var patients: Int
}

/// `policy` minus `baseline` on the same patients: where an outcome is not defined for all (the time to a cure), on
/// those for whom it is under both, seed by seed.
public struct DifferenceRow: Sendable, Equatable {
    public var policy: String
    public var baseline: String
    public var metric: String
    public var estimate: Estimate
    public var seeds: Int
    public var baselineSeeds: Int
    public var patients: Int
}

/// One number of one policy, or of the difference between two, on a part of the patients.
public struct SubgroupRow: Sendable, Equatable {
    public var subgroup: String
    public var level: String
    public var policy: String
    /// The policy that was subtracted, patient by patient; nil for the policy's own mean.
    public var baseline: String?
    public var metric: String
    public var estimate: Estimate
    public var patients: Int
}

/// A further statistic of a policy's returns: `iqm` (interquartile mean over patients and seeds), `worst_decile` (mean
/// of the lowest tenth of the patients, averaged over seeds) or, where rewards are discounted, `discounted` (mean of the
/// discounted return).
public struct ReturnStatistic: Sendable, Equatable {
    public var policy: String
    public var kind: PolicyKind
    public var statistic: String
    public var estimate: Estimate
}

/// How policies did on the test patients.
public struct Comparison: Sendable, Equatable {
    /// Below this number of training seeds learners and trees are not ranked.
    public static let seedsToRank = 3

    public var metrics: [Metric]
    /// How many test patients there were.
    public var patients: Int
    /// Of the intervals, such as 0.95.
    public var level: Double
    public var replications: Int
    /// The best of every kind, chosen on validation patients.
    public var selection: Selection
    public var rows: [ComparisonRow]
    public var differences: [DifferenceRow]
    public var subgroups: [SubgroupRow]
    public var returnStatistics: [ReturnStatistic]

    /// Policies in order of appearance.
    public var policies: [(name: String, kind: PolicyKind, seeds: Int)] {
        rows.filter { $0.metric == metrics.first?.name }.map { ($0.policy, $0.kind, $0.seeds) }
    }

    public func metric(_ name: String) -> Metric? { metrics.first { $0.name == name } }

    public func estimate(_ policy: String, _ metric: String) -> Estimate? {
        rows.first { $0.policy == policy && $0.metric == metric }?.estimate
    }

    public func difference(_ policy: String, minus baseline: String, _ metric: String) -> Estimate? {
        differences.first { $0.policy == policy && $0.baseline == baseline && $0.metric == metric }?.estimate
    }

    /// The further statistics that this comparison holds, with their headings.
    public var statistics: [(name: String, title: String)] {
        [
            ("iqm", "interquartile mean"), ("worst_decile", "worst tenth of the patients"),
            ("discounted", "discounted"),
        ].filter { name, _ in returnStatistics.contains { $0.statistic == name } }
    }

    public func statistic(_ policy: String, _ name: String) -> Estimate? {
        returnStatistics.first { $0.policy == policy && $0.statistic == name }?.estimate
    }

    /// The format of a further statistic, chosen for all policies together.
    public func format(statistic name: String) -> MetricFormat {
        MetricFormat(.return, returnStatistics.filter { $0.statistic == name }.map(\.estimate))
    }

    /// Pairs that were compared, in order of appearance.
    public var pairs: [(policy: String, baseline: String)] {
        differences.filter { $0.metric == metrics.first?.name }.map { ($0.policy, $0.baseline) }
    }
}

// How policies adapt: carried over to another population as they are, trained on with a few of its patients, and trained
// anew on the same few, all on the same test patients of that population.

import Numerics
import Patients
import PositionedJSON

/// How a policy came to another population.
public enum AdaptationWay: String, Sendable, CaseIterable {
    /// As it was trained at home.
    case carriedOver = "carried_over"
    /// Trained on from there.
    case adapted
    /// The same learner without knowledge of home.
    case anew

    public var title: String { self == .carriedOver ? "carried over" : rawValue }
}

/// Results of one policy that came in one way.
public struct AdaptationRow: Sendable, Equatable {
    public var population: String
    public var policy: String
    public var kind: PolicyKind
    public var way: AdaptationWay
    /// Patients of the other population who were learned from; 0 for the policy carried over.
    public var patients: Int
    public var metric: String
    public var estimate: Estimate
    /// Minus the policy carried over, paired by patient and seed; nil for that one.
    public var minusCarriedOver: Estimate?
    /// Minus training anew on the same patients; nil but for adapted ones.
    public var minusAnew: Estimate?
    public var seeds: Int
    public var testPatients: Int
}

/// All adaptations of a study.
public struct AdaptationComparison: Sendable {
    /// One policy in one population.
    public struct Trial: Sendable {
        public var carriedOver: EvaluatedPolicy
        public var results: [(patients: Int, adapted: EvaluatedPolicy, anew: EvaluatedPolicy)]

        public init(
            carriedOver: EvaluatedPolicy,
            results: [(patients: Int, adapted: EvaluatedPolicy, anew: EvaluatedPolicy)]
        ) {
            self.carriedOver = carriedOver
            self.results = results
        }
    }

    public var metrics: [Metric]
    public var rows: [AdaptationRow] = []

    public init(metrics: [Metric]) { self.metrics = metrics }

    /// Adds the policies of one population; every table is of the same patients.
    public mutating func add(
        _ population: String, trials: [Trial], outcomes: [OutcomeDescription], replications: Int, seed: UInt64,
        jobs: Int
    ) throws {
        // No policy's name has a line break.
        func mark(_ way: AdaptationWay, _ patients: Int) -> String { "\n\(way.rawValue)\n\(patients)" }
        func named(_ policy: EvaluatedPolicy, _ name: String) -> EvaluatedPolicy {
            var policy = policy
            policy.name = name
            return policy
        }
        for trial in trials {
            let name = trial.carriedOver.name
            var policies = [trial.carriedOver]
            var pairs: [(policy: String, baseline: String)] = []
            for result in trial.results {
                let adapted = name + mark(.adapted, result.patients)
                let anew = name + mark(.anew, result.patients)
                policies += [named(result.adapted, adapted), named(result.anew, anew)]
                pairs += [(adapted, name), (anew, name), (adapted, anew)]
            }
            let comparison = try EvaluationTable(outcomes: outcomes, policies: policies).compare(
                selection: Selection([]), pairs: pairs, replications: replications, seed: seed, jobs: jobs)
            for row in comparison.rows {
                let parts = row.policy.split(separator: "\n").map(String.init)
                let way = parts.count > 1 ? AdaptationWay(rawValue: parts[1]) ?? .adapted : .carriedOver
                let patients = parts.count > 2 ? Int(parts[2]) ?? 0 : 0
                rows.append(
                    AdaptationRow(
                        population: population, policy: name, kind: row.kind, way: way, patients: patients,
                        metric: row.metric, estimate: row.estimate,
                        minusCarriedOver: way == .carriedOver
                            ? nil : comparison.difference(row.policy, minus: name, row.metric),
                        minusAnew: way == .adapted
                            ? comparison.difference(row.policy, minus: name + mark(.anew, patients), row.metric) : nil,
                        seeds: row.seeds, testPatients: row.patients))
            }
        }
    }

    /// Populations and policies in the order of the study.
    public var trials: [(population: String, policy: String)] {
        var seen: Set<String> = []
        return rows.filter { seen.insert("\($0.population)\n\($0.policy)").inserted }
            .map { ($0.population, $0.policy) }
    }

    /// The numbers of patients that one trial had, ascending.
    public func patients(_ policy: String, in population: String) -> [Int] {
        Set(
            rows.filter { $0.population == population && $0.policy == policy && $0.way != .carriedOver }
                .map(\.patients)
        ).sorted()
    }

    public func row(
        _ policy: String, _ way: AdaptationWay, patients: Int = 0, _ metric: String, in population: String
    ) -> AdaptationRow? {
        rows.first {
            $0.policy == policy && $0.way == way && $0.patients == patients && $0.metric == metric
                && $0.population == population
        }
    }
}

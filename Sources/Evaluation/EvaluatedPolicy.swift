// Every policy's episodes on the same test patients.

import Patients

/// What a policy is.
public enum PolicyKind: String, Sendable, CaseIterable {
    case learner
    case tree
    /// A tree planned with the environment's own table: what a tree of that size can do, not what was learned.
    case plannedTree = "planned_tree"
    /// Computed from the environment's own model at every decision; not learned.
    case planner
    case fixed = "protocol"

    /// Whether its training seeds make a difference.
    public var isTrained: Bool { self == .learner || isTree }

    public var isTree: Bool { self == .tree || self == .plannedTree }

    /// As `comparison.csv` spells it: whatever made it, a tree is a tree to those who read the table.
    public var column: String { self == .plannedTree ? PolicyKind.tree.rawValue : rawValue }

    /// A heading for several of them.
    public var plural: String {
        switch self {
        case .learner: "learners"
        case .tree: "trees"
        case .plannedTree: "trees planned with the environment's table"
        case .planner: "planners that know the model"
        case .fixed: "protocols"
        }
    }
}

/// A policy, trained once per seed, and what happened to the test patients under each.
public struct EvaluatedPolicy: Sendable {
    public var name: String
    public var kind: PolicyKind
    /// Training seeds; one entry for what is not trained (a protocol). Two policies with the same seeds are resampled
    /// alike, so that what they have in common (a teacher, a start) cancels in their difference.
    public var seeds: [UInt64]
    /// One table a seed, all of the same patients in the same order.
    public var episodes: [EpisodeTable]

    public init(name: String, kind: PolicyKind, seeds: [UInt64], episodes: [EpisodeTable]) {
        self.name = name
        self.kind = kind
        self.seeds = seeds
        self.episodes = episodes
    }

    /// What the crossed bootstrap calls these seeds.
    var seedLabel: String { seeds.map(String.init).joined(separator: ",") }
}

/// Why tables cannot be compared: a mistake of the caller, told in words.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// All policies on the same patients.
public struct EvaluationTable: Sendable {
    public let outcomes: [OutcomeDescription]
    public let policies: [EvaluatedPolicy]
    /// The patients' numbers, in the order of every table's rows.
    public let patients: [Int]

    /// Fails when policies were not evaluated on the same patients and outcomes, or two have one name.
    public init(outcomes: [OutcomeDescription], policies: [EvaluatedPolicy]) throws(EvaluationError) {
        guard let first = policies.first?.episodes.first else { throw EvaluationError("no policy was evaluated") }
        let names = outcomes.map(\.name)
        for policy in policies {
            guard policy.seeds.count == policy.episodes.count, !policy.seeds.isEmpty else {
                throw EvaluationError(
                    "\(policy.name) has \(policy.seeds.count) seeds but \(policy.episodes.count) tables of episodes")
            }
            guard policies.count(where: { $0.name == policy.name }) == 1 else {
                throw EvaluationError("two policies are called \(policy.name)")
            }
            for table in policy.episodes {
                guard table.patients == first.patients else {
                    throw EvaluationError("\(policy.name) was not evaluated on the patients of \(policies[0].name)")
                }
                guard table.outcomeNames == names else {
                    throw EvaluationError(
                        "\(policy.name) reports \(table.outcomeNames.joined(separator: ", ")), not "
                            + names.joined(separator: ", "))
                }
            }
        }
        self.outcomes = outcomes
        self.policies = policies
        patients = first.patients
    }

    /// What is compared: the return, then every outcome.
    public var metrics: [Metric] { [.return] + outcomes.map { Metric($0) } }

    /// Cells seeds × patients of a metric, by its index in `metrics`; NaN where it is not defined.
    func cells(_ policy: EvaluatedPolicy, metric: Int) -> [[Double]] {
        policy.episodes.map { metric == 0 ? $0.returns : $0.outcomes[metric - 1] }
    }

    /// A line per policy, seed and patient: `policy,seed,patient,return,discounted_return,length,ending` and every
    /// outcome, empty where it is not defined.
    public func episodesCSV() -> String {
        var text = CSV.line(
            ["policy", "seed", "patient", "return", "discounted_return", "length", "ending"] + outcomes.map(\.name))
        text.reserveCapacity(policies.count * patients.count * 100)
        for policy in policies {
            for (seed, table) in zip(policy.seeds, policy.episodes) {
                let start = CSV.field(policy.name) + ",\(seed),"
                for row in 0..<table.count {
                    text += start
                    text += "\(table.patients[row]),\(table.returns[row]),\(table.discountedReturns[row]),"
                    text += "\(table.lengths[row])," + CSV.field(table.endings[row])
                    for values in table.outcomes { text += "," + CSV.number(values[row]) }
                    text += "\n"
                }
            }
        }
        return text
    }

    /// Means per training seed: `policy,kind,seed,metric,mean,patients`, patients being those for whom it is defined.
    public func outcomesCSV() -> String {
        var text = "policy,kind,seed,metric,mean,patients\n"
        for policy in policies {
            for (index, metric) in metrics.enumerated() {
                for (seed, values) in zip(policy.seeds, cells(policy, metric: index)) {
                    let defined = values.filter { !$0.isNaN }
                    let mean = defined.isEmpty ? Double.nan : defined.reduce(0, +) / Double(defined.count)
                    text += CSV.line([
                        policy.name, policy.kind.rawValue, "\(seed)", metric.name, CSV.number(mean), "\(defined.count)",
                    ])
                }
            }
        }
        return text
    }
}

// From episodes to estimates: one crossed bootstrap serves every policy and metric, so all of them are paired.

import Numerics
import Patients

extension EvaluationTable {
    /// Compares all policies.
    ///
    /// - Parameters:
    ///   - selection: the best of every kind on validation patients.
    ///   - subgroupings: divisions of these patients.
    ///   - pairs: further pairs (policy, baseline) whose differences are wanted, besides every learner, tree and
    ///     planner against the selected protocol, the selected learner against the selected tree, and both against every
    ///     planner.
    ///   - replications: of the bootstrap.
    ///   - seed: of the bootstrap's random streams.
    ///   - jobs: threads; the result does not depend on it.
    public func compare(
        selection: Selection, subgroupings: [Subgrouping] = [], pairs: [(policy: String, baseline: String)] = [],
        replications: Int = 2000, level: Double = 0.95, seed: UInt64, jobs: Int = 1
    ) throws -> Comparison {
        let metrics = self.metrics
        let bootstrap = CrossedBootstrap(patients: patients.count, replications: replications, seed: seed)
        let width = metrics.count
        let means = try Parallel.map(policies.count * width, jobs: jobs) { index in
            let policy = policies[index / width]
            return bootstrap.mean(cells(policy, metric: index % width), label: policy.seedLabel)
        }
        var comparison = Comparison(
            metrics: metrics, patients: patients.count, level: level, replications: replications, selection: selection,
            rows: [], differences: [], subgroups: [], returnStatistics: [])
        for (index, mean) in means.enumerated() {
            let policy = policies[index / width]
            comparison.rows.append(
                ComparisonRow(
                    policy: policy.name, kind: policy.kind, metric: metrics[index % width].name,
                    estimate: mean.estimate(level: level), seeds: policy.seeds.count,
                    patients: definedPatients(policy, metric: index % width)))
        }
        let compared = differencePairs(selection, pairs)
        comparison.differences = try Parallel.map(compared.count * width, jobs: jobs) { index in
            let (a, b) = compared[index / width]
            let metric = index % width
            let difference = difference(
                a, b, metric: metric, bootstrap, means[a * width + metric], means[b * width + metric])
            return DifferenceRow(
                policy: policies[a].name, baseline: policies[b].name, metric: metrics[metric].name,
                estimate: difference.mean.estimate(level: level), seeds: policies[a].seeds.count,
                baselineSeeds: policies[b].seeds.count, patients: difference.patients)
        }
        comparison.subgroups = try subgroupRows(
            subgroupings, bootstrap, pairs: compared, level: level, jobs: jobs)
        comparison.returnStatistics = try returnStatistics(bootstrap, level: level, seed: seed, jobs: jobs)
        return comparison
    }

    /// Indices of the policies to subtract, each pair once, unknown names left out.
    private func differencePairs(
        _ selection: Selection, _ more: [(policy: String, baseline: String)]
    ) -> [(Int, Int)] {
        var wanted: [(String, String)] = []
        if let learner = selection.learner, let tree = selection.tree { wanted.append((learner, tree)) }
        if let fixed = selection.fixed {
            for kind in [PolicyKind.learner, .tree, .plannedTree, .planner] {
                for policy in policies where policy.kind == kind { wanted.append((policy.name, fixed)) }
            }
        }
        for policy in policies where policy.kind == .planner {
            for chosen in [selection.learner, selection.tree].compactMap({ $0 }) {
                wanted.append((chosen, policy.name))
            }
        }
        wanted += more.map { ($0.policy, $0.baseline) }
        var result: [(Int, Int)] = []
        for (a, b) in wanted {
            guard let first = policies.firstIndex(where: { $0.name == a }),
                let second = policies.firstIndex(where: { $0.name == b }), first != second,
                !result.contains(where: { $0 == (first, second) })
            else { continue }
            result.append((first, second))
        }
        return result
    }

    /// The difference of two policies in a metric, over the patients for whom it is defined under both.
    private func difference(
        _ a: Int, _ b: Int, metric: Int, _ bootstrap: CrossedBootstrap, _ first: CrossedMean, _ second: CrossedMean
    ) -> (mean: CrossedMean, patients: Int) {
        let (mine, theirs) = (cells(policies[a], metric: metric), cells(policies[b], metric: metric))
        let (label, other) = (policies[a].seedLabel, policies[b].seedLabel)
        let patients = bootstrap.comparablePatients(mine, label: label, minus: theirs, label: other)
        let isDefined = (mine + theirs).allSatisfy { $0.allSatisfy { !$0.isNaN } }
        // The replicates are there already where nothing is missing.
        if isDefined { return (first - second, patients) }
        return (bootstrap.difference(mine, label: label, minus: theirs, label: other), patients)
    }

    /// Patients for whom a metric is defined under at least one seed of a policy.
    private func definedPatients(
        _ policy: EvaluatedPolicy, metric: Int, member: (Int) -> Bool = { _ in true }
    ) -> Int {
        let rows = cells(policy, metric: metric)
        return patients.indices.count { patient in member(patient) && rows.contains { !$0[patient].isNaN } }
    }

    private func subgroupRows(
        _ subgroupings: [Subgrouping], _ bootstrap: CrossedBootstrap, pairs: [(Int, Int)], level: Double, jobs: Int
    ) throws -> [SubgroupRow] {
        for subgrouping in subgroupings where subgrouping.membership.count != patients.count {
            throw EvaluationError(
                "the subgroup \(subgrouping.name) knows \(subgrouping.membership.count) of \(patients.count) patients")
        }
        let parts = subgroupings.flatMap { grouping in
            grouping.levels.indices.map { part in
                let subset = grouping.membership.map { $0 == part }
                return (grouping, part, subset, bootstrap.restricted(to: subset))
            }
        }
        let metrics = self.metrics
        // One piece of work a part and metric: the policies' means serve their differences too.
        return try Parallel.map(parts.count * metrics.count, jobs: jobs) { index in
            let (grouping, part, subset, restricted) = parts[index / metrics.count]
            let metric = index % metrics.count
            let means = policies.map { restricted.mean(cells($0, metric: metric), label: $0.seedLabel) }
            func row(_ policy: Int, _ baseline: Int?, _ mean: CrossedMean, _ patients: Int) -> SubgroupRow {
                SubgroupRow(
                    subgroup: grouping.name, level: grouping.levels[part], policy: policies[policy].name,
                    baseline: baseline.map { policies[$0].name }, metric: metrics[metric].name,
                    estimate: mean.estimate(level: level), patients: patients)
            }
            let own = policies.indices.map { policy in
                row(policy, nil, means[policy], definedPatients(policies[policy], metric: metric) { subset[$0] })
            }
            return own
                + pairs.map { a, b in
                    let difference = difference(a, b, metric: metric, restricted, means[a], means[b])
                    return row(a, b, difference.mean, difference.patients)
                }
        }.flatMap { $0 }
    }

    private func returnStatistics(
        _ bootstrap: CrossedBootstrap, level: Double, seed: UInt64, jobs: Int
    ) throws -> [ReturnStatistic] {
        // Where nothing is discounted the mean discounted return is the mean return, which stands elsewhere.
        let isDiscounted = policies.contains { policy in
            policy.episodes.contains { $0.discountedReturns != $0.returns }
        }
        let names = ["iqm", "worst_decile"] + (isDiscounted ? ["discounted"] : [])
        return try Parallel.map(policies.count * names.count, jobs: jobs) { index in
            let policy = policies[index / names.count]
            let name = names[index % names.count]
            let mean =
                switch name {
                case "iqm": bootstrap.interquartileMean(cells(policy, metric: 0), label: policy.seedLabel)
                case "worst_decile": bootstrap.lowerTailMean(cells(policy, metric: 0), label: policy.seedLabel)
                default: bootstrap.mean(policy.episodes.map(\.discountedReturns), label: policy.seedLabel)
                }
            return ReturnStatistic(
                policy: policy.name, kind: policy.kind, statistic: name, estimate: mean.estimate(level: level))
        }
    }
}

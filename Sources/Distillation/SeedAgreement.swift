// The trees of several seeds held against each other, on paper and on patients.

import Evaluation
import Numerics
import Patients
import Trees

extension TreeStability {
    /// Compares the trees of one name.
    ///
    /// The states asked about are those that each of the trees meets while it treats `patients` patients of `factory`,
    /// all trees the same ones. The same result whatever `jobs`.
    ///
    /// - Parameter trees: one a seed, seeds counted from 1.
    public static func measure(
        _ name: String, _ trees: [DecisionTree], factory: any EnvironmentFactory, patients: Int, seed: UInt64,
        jobs: Int = 1
    ) throws -> TreeStability {
        var splits: [Split] = []
        for (index, tree) in trees.enumerated() {
            let depths = tree.depths
            for node in 0..<tree.nodeCount {
                guard case .split(let feature, let threshold, _, _, _) = tree.node(node) else { continue }
                splits.append(
                    Split(
                        seed: index + 1, feature: tree.features[feature], threshold: threshold, depth: depths[node]))
            }
        }
        let features = factory.task.observations.compactMap { Feature($0, splits, seeds: trees.count) }
        let actions = try decisions(
            trees, factory: factory, patients: Array(0..<min(patients, factory.patients)), seed: seed, jobs: jobs)
        let (agreement, chance) = pairwise(actions, choices: factory.task.actions.count)
        return TreeStability(
            tree: name, seeds: trees.count,
            features: features.enumerated()
                .sorted {
                    ($1.element.seeds, $1.element.splits, $0.offset) < ($0.element.seeds, $0.element.splits, $1.offset)
                }
                .map(\.element),
            splits: splits, agreement: agreement, agreementByChance: chance, states: actions.first?.count ?? 0)
    }

    /// By tree, what it does in every state that any of them meets.
    private static func decisions(
        _ trees: [DecisionTree], factory: any EnvironmentFactory, patients: [Int], seed: UInt64, jobs: Int
    ) throws -> [[Int32]] {
        guard trees.count > 1 else { return [] }
        var actions = Array(repeating: [Int32](), count: trees.count)
        for walker in trees {
            let traces = try PatientTrace.record(
                factory, policy: TreePolicy(walker), patients: patients, episode: 0, seed: seed, jobs: jobs)
            for trace in traces {
                for index in trees.indices { actions[index] += trace.decisions(of: trees[index]) }
            }
        }
        return actions
    }

    /// The mean share in which two agree, the least and the greatest; and the mean of what they would agree in if the
    /// second's actions were shuffled.
    private static func pairwise(_ actions: [[Int32]], choices: Int) -> (Estimate, chance: Double) {
        guard actions.count > 1, let states = actions.first?.count, states > 0 else { return (.undefined, .nan) }
        let shares = actions.map { row -> [Double] in
            var counts = Array(repeating: 0.0, count: choices)
            for action in row { counts[Int(action)] += 1 }
            return counts.map { $0 / Double(states) }
        }
        var agreements: [Double] = []
        var chances: [Double] = []
        for first in actions.indices {
            for second in actions.indices where second > first {
                let alike = zip(actions[first], actions[second]).count { $0 == $1 }
                agreements.append(Double(alike) / Double(states))
                chances.append(zip(shares[first], shares[second]).reduce(0) { $0 + $1.0 * $1.1 })
            }
        }
        return (
            Estimate(Statistics.mean(agreements), low: agreements.min() ?? .nan, high: agreements.max() ?? .nan),
            Statistics.mean(chances)
        )
    }
}

extension TreeStability.Feature {
    /// An observation over the trees of all seeds; nil where no tree asks for it.
    fileprivate init?(_ observation: ObservationDescription, _ all: [TreeStability.Split], seeds count: Int) {
        let splits = all.filter { $0.feature == observation.name }
        guard !splits.isEmpty else { return nil }
        let thresholds = splits.map(\.threshold).sorted()
        let bySeed = (1...max(1, count)).map { seed in splits.filter { $0.seed == seed }.map(\.threshold) }
            .filter { !$0.isEmpty }
        var distances: [Double] = []
        for first in bySeed.indices {
            for second in bySeed.indices where second != first {
                distances += bySeed[first].map { threshold in
                    bySeed[second].reduce(.infinity) { min($0, abs($1 - threshold)) }
                }
            }
        }
        let movement = Statistics.mean(distances)
        let width = observation.range.upperBound - observation.range.lowerBound
        self.init(
            name: observation.name, unit: observation.unit, seeds: bySeed.count,
            roots: splits.count { $0.depth == 0 }, splits: splits.count, low: thresholds[0],
            median: Statistics.quantile(sorted: thresholds, 0.5), high: thresholds[thresholds.count - 1],
            movement: movement, relativeMovement: width > 0 ? movement / width : .nan,
            isFlag: observation.range == 0...1 && observation.clinicalStep == 1)
    }
}

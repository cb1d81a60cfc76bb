// A teacher distilled into a tree by letting the tree act and the teacher correct it.

import Numerics
import Patients
import Trees

/// VIPER: Q-DAgger with decision trees (Bastani, Pu and Solar-Lezama, "Verifiable reinforcement learning via policy
/// extraction", NeurIPS 2018, arXiv 1805.08328, algorithm 1).
///
/// The teacher acts in iteration 0, the latest student after it. The teacher labels every state visited; a state
/// weighs as much as its choice matters (`TeacherLabels.weights`), as a sample weight where the paper resamples. All
/// iterations' samples are kept. States that allow a single action weigh nothing. The student with the highest mean
/// return on the selection patients, all of them training patients, is the result.
public struct Viper: Sendable {
    public var configuration: ViperConfiguration

    public init(_ configuration: ViperConfiguration = ViperConfiguration()) { self.configuration = configuration }

    /// One round.
    public struct Iteration: Sendable, Equatable {
        public var number: Int
        /// Samples of positive weight so far.
        public var samples: Int
        public var leaves: Int
        /// Weighted share of all samples so far in which the student chooses as the teacher does, among what is allowed.
        public var agreement: Double
        /// Mean return on the selection patients.
        public var selectionReturn: Double
    }

    public struct Result: Sendable {
        public var tree: DecisionTree
        public var iterations: [Iteration]
        /// The round whose student was chosen, the first of equals.
        public var best: Int

        /// A line per round, with a header.
        public func metricsCSV() -> String {
            var text = "iteration,samples,leaves,agreement,selection_return\n"
            for round in iterations {
                text += "\(round.number),\(round.samples),\(round.leaves),\(round.agreement),\(round.selectionReturn)\n"
            }
            return text
        }
    }

    /// Distils a teacher on the training patients of `factory`. The same result whatever `jobs`.
    public func distil(
        teacher: any ScoredPolicy, factory: any EnvironmentFactory, seed: UInt64, jobs: Int = 1,
        report: @Sendable (Iteration) -> Void = { _ in }
    ) throws -> Result {
        let task = factory.task
        var stream = RandomStream(seed: seed, purpose: "viper.patients")
        let order = stream.permutation(factory.patients)
        // Where patients are few, half of them select.
        let selecting = min(configuration.selectionPatients, max(1, factory.patients / 2))
        let selection = Array(order.prefix(selecting)).sorted()
        let acting = factory.patients > selecting ? Array(order.dropFirst(selecting)) : order

        var samples = TreeSamples(features: task.observations.map(\.name), actions: task.actions.map(\.name))
        let grid = configuration.roundsThresholds ? ThresholdGrid(task) : nil
        var advantages: [Double] = []
        var iterations: [Iteration] = []
        var student: DecisionTree?
        var best: (tree: DecisionTree, iteration: Int)?
        var next = 0
        for number in 0..<configuration.iterations {
            let count = min(configuration.patientsPerIteration, acting.count)
            let patients = (0..<count).map { acting[(next + $0) % acting.count] }
            next = (next + count) % acting.count
            let policy: any Policy = student.map { TreePolicy($0) } ?? teacher
            let traces = try PatientTrace.record(
                factory, policy: policy, patients: patients, episode: number + 1, seed: seed, jobs: jobs)
            let labelled = try Parallel.map(traces.count, jobs: jobs) { index in
                var labels = TeacherLabels()
                try labels.append(traces[index], teacher: teacher, actionCount: task.actions.count)
                return labels
            }
            for (trace, labels) in zip(traces, labelled) { Viper.append(trace, labels, &samples, &advantages) }

            let tree = fit(samples, advantages, grid)
            student = tree
            let table = try Rollout.run(
                factory, policy: TreePolicy(tree), patients: selection, seed: seed, jobs: jobs)
            let round = Iteration(
                number: number, samples: samples.count, leaves: tree.leafCount,
                agreement: Viper.agreement(tree, samples, advantages), selectionReturn: table.meanReturn)
            iterations.append(round)
            report(round)
            if best == nil || round.selectionReturn > iterations[best!.iteration].selectionReturn {
                best = (tree, number)
            }
        }
        guard let best else { throw DistillationError(description: "no iteration was asked for") }
        return Result(tree: best.tree, iterations: iterations, best: best.iteration)
    }

    /// Adds the states of a trace that have a choice worth making.
    private static func append(
        _ trace: PatientTrace, _ labels: TeacherLabels, _ samples: inout TreeSamples, _ advantages: inout [Double]
    ) {
        let width = samples.features.count
        let choices = samples.actions.count
        trace.observations.withUnsafeBufferPointer { observations in
            for row in 0..<labels.count where labels.weights[row] > 0 {
                samples.append(
                    observations.baseAddress! + row * width, label: labels.labels[row], weight: labels.weights[row])
                advantages.append(contentsOf: labels.advantages[row * choices..<(row + 1) * choices])
            }
        }
    }

    private func fit(_ samples: TreeSamples, _ advantages: [Double], _ grid: ThresholdGrid?) -> DecisionTree {
        var induction = TreeInduction(
            maximumLeaves: configuration.maximumLeaves, maximumDepth: configuration.maximumDepth,
            criterion: configuration.criterion)
        induction.minimumLeafWeight = configuration.minimumLeafShare * samples.weights.reduce(0, +)
        let tree = grid.map { induction.fit(samples.onGrid($0)).rounded(to: $0) } ?? induction.fit(samples)
        switch configuration.leafScores {
        case .labels: return tree
        case .regret: return Viper.rescored(tree, samples, advantages).mergingSameActions()
        }
    }

    /// The tree with leaves that score actions by their mean advantage where allowed. An action that was never allowed
    /// in a leaf comes last.
    static func rescored(_ tree: DecisionTree, _ samples: TreeSamples, _ advantages: [Double]) -> DecisionTree {
        let choices = samples.actions.count
        var sums = Array(repeating: 0.0, count: tree.nodeCount * choices)
        var counts = sums
        samples.values.withUnsafeBufferPointer { values in
            for row in 0..<samples.count {
                let leaf = tree.leaf(of: values.baseAddress! + row * samples.features.count)
                for action in 0..<choices where !advantages[row * choices + action].isNaN {
                    sums[leaf * choices + action] += advantages[row * choices + action]
                    counts[leaf * choices + action] += 1
                }
            }
        }
        let worst = advantages.filter { !$0.isNaN }.min() ?? 0
        var result = tree
        for leaf in tree.leaves {
            let scores = (0..<choices).map { action -> Double in
                let place = leaf * choices + action
                return counts[place] > 0 ? sums[place] / counts[place] : worst - 1
            }
            result = result.withScores(scores, atLeaf: leaf)
        }
        return result
    }

    private static func agreement(_ tree: DecisionTree, _ samples: TreeSamples, _ advantages: [Double]) -> Double {
        let choices = samples.actions.count
        var alike = 0.0
        var total = 0.0
        samples.values.withUnsafeBufferPointer { values in
            for row in 0..<samples.count {
                let leaf = tree.leaf(of: values.baseAddress! + row * samples.features.count)
                let choice = tree.ranking(ofLeaf: leaf).first { !advantages[row * choices + $0].isNaN }
                total += samples.weights[row]
                if choice == Int(samples.labels[row]) { alike += samples.weights[row] }
            }
        }
        return total > 0 ? alike / total : 1
    }
}

extension ThresholdGrid {
    /// The steps in which a task's observations are measured, where they are declared.
    public init(_ task: TaskDescription) { self.init(steps: task.observations.map(\.clinicalStep)) }
}

// A teacher distilled into a tree by letting the tree act and the teacher correct it.

import Patients
import Trees

/// VIPER: Q-DAgger with decision trees (Bastani, Pu and Solar-Lezama, "Verifiable reinforcement learning via policy
/// extraction", NeurIPS 2018, arXiv 1805.08328, algorithm 1), in the loop of `ImitationLoop`.
///
/// The teacher labels every state visited; a state weighs as much as its choice matters (`TeacherLabels.weights`), as a
/// sample weight where the paper resamples. States that allow a single action weigh nothing. With unit weights this is
/// DAgger (Ross, Gordon and Bagnell 2011); with a teacher who always acts, behaviour cloning.
public struct Viper: Sendable {
    public var configuration: ViperConfiguration

    public init(_ configuration: ViperConfiguration = ViperConfiguration()) { self.configuration = configuration }

    public typealias Iteration = ImitationRound
    public typealias Result = ImitationResult

    /// Distils a teacher on the training patients of `factory`. The same result whatever `jobs`.
    public func distil(
        teacher: any ScoredPolicy, factory: any EnvironmentFactory, seed: UInt64, jobs: Int = 1,
        report: @Sendable (Iteration) -> Void = { _ in }
    ) throws -> Result {
        let task = factory.task
        let grid = configuration.roundsThresholds ? ThresholdGrid(task) : nil
        let loop = ImitationLoop(
            iterations: configuration.iterations, patientsPerIteration: configuration.patientsPerIteration,
            selectionPatients: configuration.selectionPatients, acting: configuration.acting,
            purpose: "viper.patients")
        return try loop.run(
            teacher: teacher, factory: factory, seed: seed, jobs: jobs,
            label: { traces, _ in
                try ImitationLoop.teacherSays(
                    traces, teacher: teacher, task: task, weights: configuration.weights, jobs: jobs)
            },
            fit: { fit($0.samples, $0.advantages, $1 ? grid : nil) }, rounds: grid?.hasSteps ?? false, report: report)
    }

    private func fit(_ samples: TreeSamples, _ advantages: [Double], _ grid: ThresholdGrid?) -> DecisionTree {
        var induction = TreeInduction(
            maximumLeaves: configuration.maximumLeaves, maximumDepth: configuration.maximumDepth,
            criterion: configuration.criterion, missing: configuration.missing, splits: configuration.splits)
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
}

extension ThresholdGrid {
    /// The steps in which a task's observations are measured, where they are declared.
    public init(_ task: TaskDescription) { self.init(steps: task.observations.map(\.clinicalStep)) }

    /// Whether it changes anything.
    var hasSteps: Bool { steps.contains { $0 != nil } }
}

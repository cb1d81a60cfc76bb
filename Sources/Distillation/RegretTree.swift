// A tree grown by what its decisions cost, not by how often they are the teacher's.

import Numerics
import Patients
import Trees

/// A regret tree: in the loop of `ImitationLoop`, leaves and splits chosen by Γᵢ(a), what action a is worth in state i
/// (`ValueInduction`).
///
/// With the teacher's scores this is VIPER's loss (Bastani et al. 2018, lemma 2.1: regret is the sum of Q's gaps)
/// minimised itself, where VIPER weighs disagreements by the largest gap. With trials it is AggreVaTe (Ross and Bagnell,
/// "Reinforcement and imitation learning via interactive no-regret learning", 2014): cost to go under the teacher,
/// simulated, in states that the student comes into.
public struct RegretTree: Sendable {
    public var configuration: RegretConfiguration

    public init(_ configuration: RegretConfiguration = RegretConfiguration()) { self.configuration = configuration }

    /// Makes a tree from a teacher on the training patients of `factory`. The same result whatever `jobs`.
    public func distil(
        teacher: any ScoredPolicy, factory: any EnvironmentFactory, seed: UInt64, jobs: Int = 1,
        report: @Sendable (ImitationRound) -> Void = { _ in }
    ) throws -> ImitationResult {
        let grid = configuration.roundsThresholds ? ThresholdGrid(factory.task) : nil
        let loop = ImitationLoop(
            iterations: configuration.iterations, patientsPerIteration: configuration.patientsPerIteration,
            selectionPatients: configuration.selectionPatients, acting: configuration.acting,
            purpose: "regret.patients")
        return try loop.run(
            teacher: teacher, factory: factory, seed: seed, jobs: jobs,
            label: { traces, round in
                switch configuration.values {
                case .scores:
                    try ImitationLoop.teacherSays(
                        traces, teacher: teacher, task: factory.task, weights: .unit, jobs: jobs)
                case .doublyRobust:
                    throw DistillationError(description: "doubly robust scores come from a log, not from patients")
                case .trials:
                    try TeacherTrials(factory: factory, teacher: teacher, seed: seed, jobs: jobs)
                        .label(traces, states: configuration.statesPerPatient, episode: round + 1)
                }
            },
            fit: { fit($0, $1 ? grid : nil) }, rounds: grid?.hasSteps ?? false, report: report)
    }

    /// Makes a tree from logged decisions alone. The same result whatever `jobs`.
    public func distil(
        teacher: any ScoredPolicy, log: EpisodeLog, task: TaskDescription, jobs: Int = 1
    ) throws -> ImitationResult {
        let states = try LoggedScores(
            log: log, teacher: teacher, discount: task.discount, corrected: configuration.correctedDecisions, jobs: jobs
        ).label(task)
        let grid = configuration.roundsThresholds ? ThresholdGrid(task) : nil
        let tree = fit(states, grid)
        let round = ImitationRound(
            number: 0, samples: states.samples.count, leaves: tree.leafCount, agreement: states.agreement(of: tree),
            selectionReturn: .nan)
        return ImitationResult(
            tree: tree, iterations: [round], best: 0, unrounded: grid?.hasSteps ?? false ? fit(states, nil) : nil)
    }

    private func fit(_ states: LabelledStates, _ grid: ThresholdGrid?) -> DecisionTree {
        let induction = ValueInduction(
            maximumLeaves: configuration.maximumLeaves, maximumDepth: configuration.maximumDepth,
            lookahead: configuration.lookahead, maximumCuts: configuration.isExact ? nil : configuration.maximumCuts,
            minimumLeafWeight: configuration.minimumLeafShare * states.samples.weights.reduce(0, +))
        guard let grid else { return induction.fit(states.samples, values: states.advantages) }
        return induction.fit(states.samples.onGrid(grid), values: states.advantages).rounded(to: grid)
    }
}

/// `RegretTree` as a method of a study.
public struct RegretMethod: TreeMethod {
    public let name = "regret"
    public let origins: TreeOrigins
    var configuration: RegretConfiguration

    public init(_ configuration: RegretConfiguration, teacher: TreeOrigins.Teacher) {
        self.configuration = configuration
        origins = TreeOrigins(teacher: teacher, isLogged: configuration.values == .doublyRobust)
    }

    public func make(_ job: TreeJob) throws -> MadeTree {
        if origins.isLogged {
            guard let log = job.log else { throw DistillationError(description: "there is no log to learn from") }
            return try MadeTree(
                RegretTree(configuration).distil(
                    teacher: try job.needTeacher(), log: log, task: job.training.task, jobs: job.jobs), job)
        }
        let rounds = Double(configuration.iterations)
        let result = try RegretTree(configuration).distil(
            teacher: try job.needTeacher(), factory: job.training, seed: job.seed, jobs: job.jobs,
            report: { job.progress(Double($0.number + 1), rounds, "rounds") })
        return try MadeTree(result, job)
    }
}

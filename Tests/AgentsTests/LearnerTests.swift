// Every learner on problems whose solution is known exactly.

import Agents
import Networks
import Numerics
import Patients
import TestSupport
import Testing

@Suite struct LearnerTests {
    static var tabular: QLearning {
        var settings = TabularConfiguration()
        settings.decisions = 100_000
        settings.gamma = nil
        settings.gridBins = [10]
        settings.gridFeatures = ["state"]
        settings.exploration = ExplorationSchedule(initial: 1, final: 0.2, fraction: 0.8)
        settings.validation = ValidationSettings(evaluateEvery: 50_000, patients: 50)
        return QLearning(settings)
    }

    static var dqn: DQN {
        var settings = DQNConfiguration()
        settings.decisions = 24_000
        settings.slots = 8
        settings.learningRate = 1e-3
        settings.batchSize = 32
        settings.bufferSize = 20_000
        settings.targetUpdateInterval = 400
        settings.learningStarts = 500
        settings.normalisationDecisions = 1000
        settings.netArch = [32, 32]
        settings.exploration = ExplorationSchedule(initial: 1, final: 0.1, fraction: 0.5)
        settings.validation = ValidationSettings(evaluateEvery: 8_000, patients: 100)
        return DQN(settings)
    }

    static var ppo: PPO {
        var settings = PPOConfiguration()
        settings.decisions = 32_768
        settings.slots = 8
        settings.nSteps = 64
        settings.learningRate = 2e-3
        settings.entCoef = 0.005
        settings.netArch = [32, 32]
        settings.normalisationDecisions = 1000
        settings.validation = ValidationSettings(evaluateEvery: 8_192, patients: 100)
        return PPO(settings)
    }

    @Test func qLearningSolvesIdentity() throws {
        var problem = Problem.identity
        problem.oneHot = false
        #expect(try problem.quality(of: problem.train(Self.tabular).policy) >= 0.999)
    }

    @Test func qLearningSolvesTheChain() throws {
        var problem = Problem.chain
        problem.oneHot = false
        #expect(try problem.quality(of: problem.train(Self.tabular).policy) >= 0.999)
    }

    @Test(arguments: [Problem.random, .masked])
    func qLearningSolvesRandomModels(problem: Problem) throws {
        var problem = problem
        problem.oneHot = false
        #expect(try problem.quality(of: problem.train(Self.tabular).policy) >= 0.97)
    }

    @Test func dqnSolvesIdentity() throws {
        let problem = Problem.identity
        #expect(try problem.quality(of: problem.train(Self.dqn).policy) >= 0.95)
    }

    @Test func dqnSolvesTheChain() throws {
        let problem = Problem.chain
        #expect(try problem.quality(of: problem.train(Self.dqn).policy) >= 0.95)
    }

    @Test(arguments: [Problem.random, .masked], [true, false])
    func dqnSolvesRandomModels(problem: Problem, double: Bool) throws {
        var learner = Self.dqn
        learner.configuration.double = double
        #expect(try problem.quality(of: problem.train(learner).policy) >= 0.93)
    }

    /// Every switch alone, and all of them together.
    @Test(arguments: [Problem.random, .masked], 0..<5)
    func dqnSwitchesSolveRandomModels(problem: Problem, which: Int) throws {
        var learner = Self.dqn
        if which == 0 || which == 4 { learner.configuration.dueling = true }
        if which == 1 || which == 4 { learner.configuration.prioritisedReplay = PrioritisedReplaySettings() }
        if which == 2 {
            learner.configuration.tau = 0.02
            learner.configuration.targetUpdateInterval = 8
        }
        if which == 3 { learner.configuration.exploration.shape = .exponential }
        learner.configuration.annealLearningRate = which == 3
        learner.configuration.double = which == 4
        learner.configuration.nSteps = which == 4 ? 2 : 1
        #expect(try problem.quality(of: problem.train(learner).policy) >= 0.93)
    }

    /// What is forbidden in the next state is no choice there: the one allowed action costs 10, and the other, which nobody
    /// ever tried, must not be hoped for.
    @Test(arguments: [false, true])
    func masksBindTargets(double: Bool) throws {
        let model = FiniteModel(
            transitions: [[[0, 1], [0, 1]], [[0, 0], [0, 0]]], rewards: [[0, 0], [-10, 0]], discount: 0.9, horizon: 5,
            starts: [0])
        let problem = Problem(model: model, permitted: [[true, true], [true, false]])
        var learner = Self.dqn
        learner.configuration.double = double
        learner.configuration.decisions = 12_000
        learner.configuration.validation.evaluateEvery = learner.decisions
        let values = try problem.scores(of: problem.train(learner).policy)
        for action in 0..<2 { #expect(abs(values[0][action] + 9) < 0.5) }
    }

    @Test func dqnLearnsFromSumsOfRewards() throws {
        var learner = Self.dqn
        learner.configuration.nSteps = 3
        #expect(try Problem.chain.quality(of: Problem.chain.train(learner).policy) >= 0.95)
        #expect(try Problem.masked.quality(of: Problem.masked.train(learner).policy) >= 0.9)
        // Shorter sums at the ends of courses: terminated after one decision, truncated after two.
        learner.configuration.validation.evaluateEvery = learner.decisions
        let cutOff = Problem(model: .identity(states: 3, horizon: 2))
        learner.configuration.exploration = ExplorationSchedule(initial: 1, final: 0, fraction: 0.3)
        let values = try cutOff.scores(of: cutOff.train(learner).policy)
        for state in 0..<3 { #expect(abs(values[state][state] - 10) < 0.5) }
    }

    @Test func ppoSolvesIdentity() throws {
        let problem = Problem.identity
        #expect(try problem.quality(of: problem.train(Self.ppo).policy) >= 0.95)
    }

    @Test func ppoSolvesTheChain() throws {
        let problem = Problem.chain
        #expect(try problem.quality(of: problem.train(Self.ppo).policy) >= 0.95)
    }

    @Test(arguments: [Problem.random, .masked])
    func ppoSolvesRandomModels(problem: Problem) throws {
        #expect(try problem.quality(of: problem.train(Self.ppo).policy) >= 0.93)
    }

    /// Identity never terminates: with discount 0.9 a right answer is worth 10, cut off after two steps or not. Were
    /// truncation taken for termination, it would be worth at most 1.9.
    @Test func truncationIsNotTermination() throws {
        var problem = Problem(model: .identity(states: 3, horizon: 2))
        var network = Self.dqn
        network.configuration.validation.evaluateEvery = network.decisions
        let values = try problem.scores(of: problem.train(network).policy)
        for state in 0..<3 { #expect(abs(values[state][state] - 10) < 0.5) }
        problem.oneHot = false
        var learner = Self.tabular
        learner.configuration.learningRate = 0.05
        learner.configuration.validation.evaluateEvery = learner.decisions
        let table = try problem.scores(of: problem.train(learner).policy)
        for state in 0..<3 { #expect(abs(table[state][state] - 10) < 0.5) }
    }

    /// Every course is cut off after one decision. Leaving for the state that pays 1 for ever is worth 9, staying where
    /// 0.3 is paid 3; taken for termination, staying would be worth more.
    @Test func everyLearnerValuesTheLastStateOfATruncatedCourse() throws {
        let model = FiniteModel(
            transitions: [[[0, 1], [1, 0]], [[0, 1], [0, 1]]], rewards: [[0, 0.3], [1, 1]], discount: 0.9, horizon: 1,
            starts: [0, 1])
        var problem = Problem(model: model)
        var summing = Self.dqn
        summing.configuration.nSteps = 3
        let learners: [any Learner] = [Self.ppo, Self.dqn, summing]
        for learner in learners { #expect(try problem.actions(of: problem.train(learner).policy)[0] == 0) }
        problem.oneHot = false
        #expect(try problem.actions(of: problem.train(Self.tabular).policy)[0] == 0)
    }

    /// A chain that ends at once: nothing may be added after termination.
    @Test func terminationIsNotTruncation() throws {
        let model = FiniteModel(
            transitions: [[[0, 0], [0, 0]], [[0, 0], [0, 0]]], rewards: [[1, 0.5], [0.2, 0.8]], discount: 0.9,
            horizon: 5, starts: [0, 1])
        let problem = Problem(model: model)
        let values = try problem.scores(of: problem.train(Self.dqn).policy)
        for state in 0..<2 {
            for action in 0..<2 { #expect(abs(values[state][action] - model.rewards[state][action]) < 0.05) }
        }
    }

    @Test func everyLearnerIsAPureFunctionOfItsSeed() throws {
        let problem = Problem.masked
        var tabular = Self.tabular
        tabular.configuration.gridFeatures = nil
        tabular.configuration.gridBins = [2]
        tabular.configuration.decisions = 3000
        var dqn = Self.dqn
        dqn.configuration.decisions = 3000
        var ppo = Self.ppo
        ppo.configuration.decisions = 3000
        let learners: [any Learner] = [tabular, dqn, ppo]
        func run(jobs: Int) throws -> [String] {
            try Parallel.map(6, jobs: jobs) { index in
                let trained = try problem.train(learners[index / 2], seed: UInt64(index % 2))
                return trained.policy.json().text() + trained.metricsCSV() + "\(trained.bestAt)"
            }
        }
        let once = try run(jobs: 1)
        #expect(try run(jobs: 2) == once)
        #expect(once[0] != once[1] && once[2] != once[3] && once[4] != once[5])
    }

    @Test func theBestCheckpointIsKept() throws {
        let problem = Problem.random
        var learner = Self.ppo
        learner.configuration.decisions = 8192
        learner.configuration.validation = ValidationSettings(evaluateEvery: 1024)
        let trained = try problem.train(learner)
        let best = trained.metrics.map(\.validationReturn).max()!
        #expect(trained.metrics.count == 8)
        #expect(trained.metrics.first { $0.validationReturn == best }?.decisions == trained.bestAt)
        let again = try Rollout.run(problem.factory, policy: trained.policy, seed: 1).meanReturn
        #expect(again == best)
        #expect(trained.metricsCSV().split(separator: "\n").count == 9)
    }

    /// Rewards a thousand times too large for the network are mended by their scale, and values come back in units of
    /// return.
    @Test func rewardScaleIsUndoneInScores() throws {
        var model = FiniteModel.identity(states: 3)
        model.rewards = model.rewards.map { $0.map { 1000 * $0 } }
        let problem = Problem(model: model)
        var learner = Self.dqn
        learner.configuration.rewardScale = 1e-3
        learner.configuration.validation.evaluateEvery = learner.decisions
        let values = try problem.scores(of: problem.train(learner).policy)
        for state in 0..<3 { #expect(abs(values[state][state] - 10_000) < 1000) }
    }

    @Test func anEmptyCohortIsAnErrorAndNotACrash() {
        let empty = FiniteModelFactory(.identity(states: 2), patients: 0)
        let full = FiniteModelFactory(.identity(states: 2), patients: 3)
        let learners: [any Learner] = [Self.tabular, Self.dqn, Self.ppo]
        for learner in learners {
            #expect(throws: TrainingError.noPatients("training")) {
                try learner.train(TrainingJob(environment: empty, validation: full, seed: 1))
            }
        }
    }
}

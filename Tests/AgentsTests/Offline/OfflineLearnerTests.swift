// Learners from logs against exactly solved models.

import Agents
import Foundation
import Networks
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct OfflineLearnerTests {
    /// Chooses by state number among what is permitted.
    struct StateTable: Policy {
        var actions: [Int]

        func act(_ batch: DecisionBatch, actions chosen: UnsafeMutableBufferPointer<Int32>) {
            for row in 0..<batch.count {
                let state = (0..<batch.observationCount).first {
                    batch.observations[row * batch.observationCount + $0] == 1
                }
                chosen[row] = Int32(actions[state ?? 0])
            }
        }
    }

    static func shared(updates: Int = 1500) -> OfflineConfiguration {
        var configuration = OfflineConfiguration()
        configuration.updates = updates
        configuration.learningRate = 3e-3
        configuration.batchSize = 64
        configuration.targetUpdateInterval = 50
        configuration.netArch = [24]
        configuration.gamma = 0.9
        configuration.validation.evaluateEvery = updates
        return configuration
    }

    static func cql(alpha: Double) -> CQL {
        var configuration = CQLConfiguration()
        configuration.shared = shared()
        configuration.alpha = alpha
        return CQL(configuration)
    }

    static func bcq(threshold: Double) -> BCQ {
        var configuration = BCQConfiguration()
        configuration.shared = shared()
        configuration.threshold = threshold
        return BCQ(configuration)
    }

    static func log(
        _ problem: Problem, _ policy: any Policy = RandomPolicy(seed: 3), epsilon: Double = 0, patients: Int = 200
    ) throws -> EpisodeLog {
        try EpisodeRecorder.record(
            problem.factory, policy: policy, epsilon: epsilon, patients: Array(0..<patients), seed: 8)
    }

    static func train(_ learner: any Learner, _ problem: Problem, _ log: EpisodeLog?, seed: UInt64 = 1) throws
        -> TrainedPolicy
    {
        try learner.train(
            TrainingJob(environment: problem.factory, validation: problem.factory, seed: seed, log: log))
    }

    @Test func cloningDoesWhatWasDoneMost() throws {
        let problem = Problem.masked
        let done = (0..<8).map { state in (0..<3).first { problem.isPermitted(state, ($0 + state / 2) % 3) }! }
            .enumerated().map { ($1 + $0 / 2) % 3 }
        let log = try Self.log(problem, StateTable(actions: done), epsilon: 0.4)
        let learner = BehaviourCloning(Self.shared())
        #expect(try problem.actions(of: Self.train(learner, problem, log).policy) == done)
    }

    /// A log of random play shows everything; all three then find the optimum, forbidden actions or not.
    @Test(arguments: [Problem.random, Problem.masked]) func fromRandomPlayTheOptimumIsFound(_ problem: Problem) throws {
        let log = try Self.log(problem)
        for learner in [Self.cql(alpha: 0), Self.cql(alpha: 0.1), Self.bcq(threshold: 0.3)] as [any Learner] {
            #expect(try problem.quality(of: Self.train(learner, problem, log).policy) > 0.97)
        }
    }

    /// With all actions but the most probable ones excluded BCQ clones, with none excluded it is Q-learning.
    @Test func theThresholdLeadsFromQLearningToCloning() throws {
        let problem = Problem.random
        let worst = problem.model.optimalActionValues().map { row in row.indices.min { row[$0] < row[$1] }! }
        let log = try Self.log(problem, StateTable(actions: worst), epsilon: 0.5)
        #expect(try problem.actions(of: Self.train(Self.bcq(threshold: 1), problem, log).policy) == worst)
        #expect(try problem.quality(of: Self.train(Self.bcq(threshold: 0), problem, log).policy) > 0.97)
    }

    /// One state, every course over after one decision. Where the gradient of CQL's loss vanishes,
    /// p(a)·(Q(a) − r(a)) + α·(softmax(Q)(a) − p(a)) = 0 for the logged shares p (errors stay within Huber's square).
    @Test func conservativeValuesSolveTheirEquation() throws {
        let model = FiniteModel(
            transitions: [[[0], [0], [0]]], rewards: [[0.4, 0.5, 0.2]], discount: 0.9, horizon: 5, starts: [0])
        let problem = Problem(model: model)
        let log = try EpisodeRecorder.record(problem.factory, episodes: 4000, epsilon: 0.6, seed: 5) { _ in
            ConstantPolicy(action: 0)
        }
        var learner = Self.cql(alpha: 0.1)
        learner.configuration.shared.updates = 6000
        learner.configuration.shared.batchSize = 512
        let values = try problem.scores(of: Self.train(learner, problem, log).policy)[0]
        var shares = [0.0, 0, 0]
        for episode in 0..<log.episodes { shares[Int(log.actions[log.begins[episode]])] += 1 / Double(log.episodes) }
        let sum = values.map(exp).reduce(0, +)
        for action in 0..<3 {
            let pull = 0.1 * (exp(values[action]) / sum - shares[action])
            #expect(abs(shares[action] * (values[action] - model.rewards[0][action]) + pull) < 0.006)
        }
        // The action of 0.6 is favoured, and the others are held down.
        #expect(values[0] > 0.4 && values[1] < 0.5 && values[2] < 0.2)
    }

    /// Every course is cut off after one decision. Leaving for the state that pays 1 for ever is worth 9, staying where
    /// 0.3 is paid 3; taken for termination, staying would be worth more.
    @Test func theLastStateOfATruncatedCourseIsValued() throws {
        let model = FiniteModel(
            transitions: [[[0, 1], [1, 0]], [[0, 1], [0, 1]]], rewards: [[0, 0.3], [1, 1]], discount: 0.9, horizon: 1,
            starts: [0, 1])
        let problem = Problem(model: model)
        let log = try Self.log(problem)
        for learner in [Self.cql(alpha: 0), Self.bcq(threshold: 0.3)] as [any Learner] {
            #expect(try problem.actions(of: Self.train(learner, problem, log).policy)[0] == 0)
        }
    }

    @Test func nothingIsAddedAfterTermination() throws {
        let model = FiniteModel(
            transitions: [[[0, 0], [0, 0]], [[0, 0], [0, 0]]], rewards: [[1, 0.5], [0.2, 0.8]], discount: 0.9,
            horizon: 5, starts: [0, 1])
        let problem = Problem(model: model)
        let values = try problem.scores(of: Self.train(Self.cql(alpha: 0), problem, Self.log(problem)).policy)
        for state in 0..<2 {
            for action in 0..<2 { #expect(abs(values[state][action] - model.rewards[state][action]) < 0.05) }
        }
    }

    @Test func offlineLearnersArePureFunctionsOfLogAndSeedAndTheirFilesReadBack() throws {
        let problem = Problem.masked
        let log = try Self.log(problem)
        var small = Self.shared(updates: 60)
        small.validation.evaluateEvery = 30
        var conservative = CQLConfiguration()
        conservative.shared = small
        var constrained = BCQConfiguration()
        constrained.shared = small
        let learners: [any Learner] = [BehaviourCloning(small), CQL(conservative), BCQ(constrained)]
        for learner in learners {
            let one = try Self.train(learner, problem, log)
            let two = try Self.train(learner, problem, log)
            #expect(one.policy.json().text() == two.policy.json().text() && one.metricsCSV() == two.metricsCSV())
            #expect(try Self.train(learner, problem, log, seed: 2).policy.json().text() != one.policy.json().text())
            let back = try #require(try readBack(one.policy) as? any SavedPolicy)
            #expect(problem.scores(of: back) == problem.scores(of: one.policy))
            // The last policy is kept, whatever validation patients say.
            #expect(one.bestAt == 60 && one.metrics.count == 2)
        }
    }

    @Test func withoutALogThereIsNothingToLearn() {
        for learner in [BehaviourCloning(Self.shared()), Self.cql(alpha: 1), Self.bcq(threshold: 0.3)] as [any Learner]
        {
            #expect(throws: TrainingError.noLog) { try Self.train(learner, Problem.random, nil) }
        }
    }

    /// Fitted Q evaluation by a network comes near the exact value of the policy that it is asked about, not of the one
    /// that was logged.
    @Test func theNetworkFitsTheValueOfAnotherPolicy() throws {
        let problem = Problem.random
        let log = try Self.log(problem)
        let best = problem.model.optimalActionValues().map { row in row.indices.max { row[$0] < row[$1] }! }
        let target = log.probabilities(of: StateTable(actions: best))
        var model = NetworkFittedEvaluation(log, target: target, discount: 0.9, horizon: 200, seed: 1)
        model.updates = 1500
        model.targetUpdateInterval = 50
        model.netArch = [32]
        model.batchSize = 128
        let values = try model.fit(Array(repeating: 1, count: log.episodes))
        let exact = problem.model.values(of: best)
        for episode in 0..<8 {
            #expect(abs(values.states[log.begins[episode]] - exact[episode]) < 0.08 * exact[episode])
        }
    }
}

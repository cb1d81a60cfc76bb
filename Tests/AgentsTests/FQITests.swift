// Fitted Q iteration on problems whose solution is known exactly, as a learner and on a given batch.

import Agents
import Numerics
import Patients
import TestSupport
import Testing
import Trees

@Suite struct FQITests {
    static var learner: FQI {
        var settings = FQIConfiguration()
        settings.decisions = 3000
        settings.rounds = 3
        settings.slots = 10
        settings.iterations = 200
        settings.grownIterations = 3
        settings.tolerance = 1e-7
        settings.trees.trees = 8
        settings.validationPatients = 50
        return FQI(settings)
    }

    @Test(arguments: [Problem.identity, .chain, .random, .masked])
    func itSolvesSmallModels(problem: Problem) throws {
        #expect(try problem.quality(of: problem.train(Self.learner).policy) >= 0.97)
    }

    @Test(arguments: [true, false])
    func itSolvesThemWithTotallyRandomisedTreesAndWithTheLastRoundsValues(warm: Bool) throws {
        var learner = Self.learner
        learner.configuration.trees.features = 1
        learner.configuration.warmStart = warm
        #expect(try Problem.masked.quality(of: Problem.masked.train(learner).policy) >= 0.97)
    }

    /// Every state and action once, where nothing is left to chance: the values are the optimum's.
    private func everything(_ problem: Problem) -> Transitions {
        let model = problem.model
        let states = model.stateCount
        var table = Transitions(observationCount: states, actionCount: model.actionCount)
        for state in 0..<states {
            for action in 0..<model.actionCount {
                var here = Array(repeating: 0.0, count: states)
                here[state] = 1
                let next = model.transitions[state][action].firstIndex(of: 1)
                var there = Array(repeating: 0.0, count: states)
                if let next { there[next] = 1 }
                let allowed = (0..<model.actionCount).map { problem.isPermitted(next ?? 0, $0) }
                table.append(
                    here, action: Int32(action), reward: model.rewards[state][action], nextObservation: there,
                    nextAllowed: allowed, terminated: next == nil)
            }
        }
        return table
    }

    private func scores(_ problem: Problem, _ ensembles: [ExtraTrees?]) -> [[Double]] {
        problem.scores(
            of: TreeValuesPolicy(
                observations: problem.factory.task.observations.map(\.name),
                actions: problem.factory.task.actions.map(\.name), ensembles: ensembles))
    }

    @Test(arguments: [1, 200])
    func aCompleteBatchGivesTheOptimalValues(grown: Int) {
        let problem = Problem.chain
        var settings = Self.learner.configuration
        settings.grownIterations = grown
        let result = FittedQ(settings, gamma: problem.model.discount).fit(everything(problem), seed: 1)
        let values = scores(problem, result.ensembles)
        for (row, truth) in zip(values, problem.model.optimalActionValues()) {
            for (value, expected) in zip(row, truth) { #expect(abs(value - expected) < 1e-5) }
        }
        #expect(result.change < 1e-6)
    }

    /// Going right at the end of the chain, which pays, is forbidden one state before it: no target may count on it.
    @Test func forbiddenActionsAreNotCountedOn() {
        var problem = Problem.chain
        problem.permitted = Array(repeating: [true, true], count: 6)
        problem.permitted![5] = [true, false]
        let result = FittedQ(Self.learner.configuration, gamma: 0.95).fit(everything(problem), seed: 1)
        let values = scores(problem, result.ensembles)
        let optimum = problem.optimalValues()
        #expect(abs(values[4][1] - 0.95 * optimum[5]) < 1e-5)
        #expect(abs(optimum[5] - 0.1) < 1e-12)
    }

    /// Random play, logged, is enough for a policy near the optimum; terminations and truncations are told apart.
    @Test func loggedEpisodesAreABatch() throws {
        let problem = Problem.masked
        let log = try EpisodeRecorder.record(problem.factory, episodes: 600, seed: 3) { RandomPolicy(seed: $0) }
        let table = Transitions(log)
        #expect(table.count == log.decisions)
        #expect(table.terminated.filter { $0 }.count == log.terminated.filter { $0 }.count)
        let fitted = FittedQ(Self.learner.configuration, gamma: problem.model.discount).fit(table, seed: 1)
        let policy = TreeValuesPolicy(
            observations: log.observationNames, actions: log.actionNames, ensembles: fitted.ensembles)
        #expect(problem.quality(of: policy) >= 0.98)
    }

    @Test func anActionNeverTriedRanksBelowTheOthers() {
        let problem = Problem.random
        var table = Transitions(observationCount: 8, actionCount: 3)
        var here = Array(repeating: 0.0, count: 8)
        here[0] = 1
        for action in [Int32(0), 2] {
            table.append(
                here, action: action, reward: -5 + Double(action), nextObservation: here,
                nextAllowed: [false, true, false], terminated: false)
        }
        let result = FittedQ(Self.learner.configuration, gamma: 0.9).fit(table, seed: 1)
        #expect(result.ensembles[1] == nil)
        #expect(scores(problem, result.ensembles)[0] == [-5, (-5.0).nextDown, -3])
    }

    @Test func truncationIsNotTermination() throws {
        let endless = Problem(model: .identity(states: 3, horizon: 2))
        let values = try endless.scores(of: endless.train(Self.learner).policy)
        for state in 0..<3 { #expect(abs(values[state][state] - 10) < 0.1) }
        let model = FiniteModel(
            transitions: [[[0, 0], [0, 0]], [[0, 0], [0, 0]]], rewards: [[1, 0.5], [0.2, 0.8]], discount: 0.9,
            horizon: 5, starts: [0, 1])
        let ending = Problem(model: model)
        let rewards = try ending.scores(of: ending.train(Self.learner).policy)
        for state in 0..<2 {
            for action in 0..<2 { #expect(abs(rewards[state][action] - model.rewards[state][action]) < 1e-6) }
        }
    }

    @Test func aRunIsAPureFunctionOfItsSeedAndReadsBackToTheBit() throws {
        let problem = Problem.masked
        func text(_ seed: UInt64) throws -> String {
            let trained = try problem.train(Self.learner, seed: seed)
            return trained.policy.json().text() + trained.metricsCSV()
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
        let trained = try problem.train(Self.learner)
        #expect(trained.metrics.map(\.decisions) == [1000, 2000, 3000])
        let read = try #require(readBack(trained.policy) as? any SavedPolicy)
        #expect(problem.scores(of: read) == problem.scores(of: trained.policy))
        #expect(read.json() == trained.policy.json())
        let one = try Rollout.run(problem.factory, policy: read, seed: 3, slots: 1)
        #expect(try one == Rollout.run(problem.factory, policy: trained.policy, seed: 3, slots: 64, jobs: 2))
    }

    @Test func anEmptyCohortIsAnError() {
        let empty = FiniteModelFactory(.identity(states: 2), patients: 0)
        #expect(throws: TrainingError.noPatients("training")) {
            try Self.learner.train(
                TrainingJob(environment: empty, validation: FiniteModelFactory(.identity(states: 2)), seed: 1))
        }
    }
}

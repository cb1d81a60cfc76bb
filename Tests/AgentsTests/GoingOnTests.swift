// Learners that go on from a policy: begin where it left off, are judged against it first, and learn other patients faster
// than anew.

import Agents
import Networks
import Numerics
import Patients
import TestSupport
import Testing

@Suite struct GoingOnTests {
    /// Everybody who can go on, with few decisions, and the validation patients whom they look at.
    static var learners: [(learner: any Learner, patients: Int)] {
        var tabular = LearnerTests.tabular
        tabular.configuration.gridFeatures = nil
        tabular.configuration.gridBins = [2]
        tabular.configuration.decisions = 2000
        var dqn = LearnerTests.dqn
        dqn.configuration.decisions = 2000
        var dueling = dqn
        dueling.configuration.dueling = true
        var fqi = FQITests.learner
        fqi.configuration.decisions = 2000
        let double = DoubleQLearning(tabular.configuration)
        return [(tabular, 50), (double, 50), (dqn, 100), (dueling, 100), (fqi, 50)]
            + PolicyGradientTests.small.map { ($0, 100) }
    }

    private static func job(
        _ problem: Problem, seed: UInt64, start: (any SavedPolicy)? = nil
    ) -> TrainingJob {
        TrainingJob(environment: problem.factory, validation: problem.factory, seed: seed, start: start)
    }

    @Test func thePolicyItselfIsTheFirstCandidate() throws {
        let problem = Problem.random
        for (learner, patients) in Self.learners {
            #expect(learner.goesOn, "\(learner.name)")
            let first = try learner.train(Self.job(problem, seed: 1))
            let second = try learner.train(Self.job(problem, seed: 2, start: first.policy))
            let start = try #require(second.metrics.first)
            #expect(start.decisions == 0, "\(learner.name)")
            let value = try Rollout.run(problem.factory, policy: first.policy, patients: 0..<patients, seed: 2)
                .meanReturn
            #expect(start.validationReturn == value, "\(learner.name)")
            // Nothing worse is kept.
            let kept = try #require(second.metrics.first { $0.decisions == second.bestAt })
            #expect(kept.validationReturn >= value, "\(learner.name)")
            #expect(try readBack(second.policy) != nil)
        }
    }

    /// Few decisions are too few to learn anything anew, and enough to stay good.
    @Test func whatWasKnownIsKept() throws {
        let few = 0.02
        var states = Problem.random
        states.oneHot = false
        for (learner, problem) in [
            (LearnerTests.dqn, .random), (LearnerTests.ppo, .random), (LearnerTests.tabular, states),
        ] as [(any Learner, Problem)] {
            let first = try learner.train(Self.job(problem, seed: 1))
            let short = learner.taking(share: few)
            #expect(short.decisions == Int((few * Double(learner.decisions)).rounded()))
            let on = try short.train(Self.job(problem, seed: 2, start: first.policy))
            let anew = try short.train(Self.job(problem, seed: 2))
            #expect(problem.quality(of: on.policy) > 0.95, "\(learner.name)")
            #expect(problem.quality(of: on.policy) > problem.quality(of: anew.policy), "\(learner.name)")
        }
    }

    @Test func goingOnIsAPureFunctionOfItsSeedAndStart() throws {
        let problem = Problem.masked
        let learners = Self.learners.map(\.learner)
        func run(jobs: Int) throws -> [String] {
            try Parallel.map(learners.count, jobs: jobs) { index in
                let first = try learners[index].train(Self.job(problem, seed: 1))
                let on = try learners[index].train(Self.job(problem, seed: 2, start: first.policy))
                return on.policy.json().text() + on.metricsCSV()
            }
        }
        #expect(try run(jobs: 1) == run(jobs: 2))
    }

    @Test func aPolicyOfAnotherLearnerIsRefused() throws {
        let problem = Problem.identity
        var tabular = LearnerTests.tabular
        tabular.configuration.gridFeatures = nil
        tabular.configuration.gridBins = [2]
        tabular.configuration.decisions = 200
        let policy = try tabular.train(Self.job(problem, seed: 1)).policy
        for learner in [LearnerTests.dqn, LearnerTests.ppo, FQITests.learner] as [any Learner] {
            #expect(throws: TrainingError.wrongStart) {
                try learner.train(Self.job(problem, seed: 1, start: policy))
            }
        }
        var small = LearnerTests.dqn
        small.configuration.decisions = 300
        let network = try small.train(Self.job(problem, seed: 1)).policy
        small.configuration.netArch = [8]
        #expect(throws: TrainingError.wrongStart) {
            try small.train(Self.job(problem, seed: 1, start: network))
        }
    }

    /// Iterations reach back over the course whatever the budget.
    @Test func fewerDecisionsAreNotFewerIterations() throws {
        let short = try #require(FQITests.learner.taking(share: 0.1) as? FQI)
        #expect(short.configuration.iterations == FQITests.learner.configuration.iterations)
        #expect(short.decisions == FQITests.learner.decisions / 10)
    }
}

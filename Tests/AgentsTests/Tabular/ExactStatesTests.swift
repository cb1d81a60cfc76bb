// Observations as states, and the exact values of what was learnt over them.

import Agents
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct ExactStatesTests {
    private func factory(_ name: String, variant: String = "", patients: Int = 200) throws -> TabularFactory {
        let folder = RepositoryFiles.path("Environments/\(name)")
        let model = try EnvironmentReader.read(
            try SourceText(contentsOf: "\(folder)/environment.json"), folder: folder, variant: variant)
        return try #require(
            try model.makeFactory(cohort: model.samplePopulation(count: patients, seed: 5)) as? TabularFactory)
    }

    @Test func rowsAreNumbered() {
        let states = ExactStates(features: [0, 2], rows: [[1, .nan], [0, 3], [-0.0, 3], [1, 3]])
        #expect(states.states == 4)
        #expect(states.state(of: [1, 7, .nan]) == 0)
        #expect(states.state(of: [-0.0, 8, 3]) == 1 && states.state(of: [0, 9, 3]) == 1)
        #expect(states.state(of: [1, 9, 3]) == 2)
        #expect(states.state(of: [2, 9, 3]) == 3 && states.state(of: [.nan, 9, 3]) == 3)
    }

    /// Every cluster of icu-sepsis has a centre of its own, which few of its 48 numbers tell.
    @Test func clustersAreToldApart() throws {
        let factory = try factory("icu-sepsis")
        let states = try ExactStates(of: factory, decisions: 1, seed: 1)
        // 713 clusters, the published environment's absorbing state that nothing leads to, and what is none of them.
        #expect(states.states == 713 + 1 + 1)
        #expect(states.features.count < 4)
        let found = (0..<713).map { states.state(of: Array(factory.model.observation($0))) }
        #expect(found == Array(0..<713))
    }

    /// What is hidden stays hidden: states that differ in diabetes alone are one.
    @Test func whatIsHiddenIsNoState() throws {
        let hidden = try factory("sepsis-oberst")
        let full = try factory("sepsis-oberst", variant: "full")
        #expect(!hidden.task.observations.contains { $0.name == "diabetic" })
        #expect(full.task.observations.first?.name == "diabetic")
        #expect(hidden.model.rewardOfState == full.model.rewardOfState)
        let blind = try ExactStates(of: hidden, decisions: 1, seed: 1)
        let seeing = try ExactStates(of: full, decisions: 1, seed: 1)
        #expect(blind.states == 303 + 1)
        #expect(seeing.states == 606 + 1)
        for state in 0..<720 where !hidden.model.isEnding(state) {
            let observation = Array(hidden.model.observation(state))
            #expect(blind.state(of: observation) == blind.state(of: Array(hidden.model.observation(state + 720))))
            #expect(
                seeing.state(of: Array(full.model.observation(state)))
                    != seeing.state(of: Array(full.model.observation(state + 720))))
        }
    }

    /// Elsewhere the rows are those that random play meets.
    @Test func otherEnvironmentsArePlayed() throws {
        var problem = Problem.masked
        problem.oneHot = false
        var settings = TabularLearnerTests.settings
        settings.gamma = nil
        settings.gridFeatures = nil
        settings.exactStates = true
        let policy = try problem.train(QLearning(settings)).policy
        #expect(problem.quality(of: policy) >= 0.97)
        let read = try #require(readBack(policy) as? TabularPolicy)
        #expect(policy.json()["kind"] == "q_exact" && read.json() == policy.json())
        #expect(problem.scores(of: read) == problem.scores(of: policy))
    }

    /// Inadmissible actions of icu-sepsis are never taken where they are forbidden (the environment would throw), and
    /// the curve has the exact value of what it evaluates.
    @Test func learningIsMeasuredExactly() throws {
        let factory = try factory("icu-sepsis", variant: "admissible", patients: 4000)
        var settings = TabularConfiguration()
        settings.decisions = 200_000
        settings.exactStates = true
        settings.gamma = 1
        settings.exploration = ExplorationSchedule(initial: 1, final: 0.05, fraction: 1)
        settings.validation = ValidationSettings(evaluateEvery: 200_000)
        let trained = try QLearning(settings).train(TrainingJob(environment: factory, validation: factory, seed: 1))
        let exact = try #require(trained.metrics.last?.exactReturn)
        let actions = factory.model.actions(of: trained.policy)
        #expect((0..<713).allSatisfy { factory.model.allowed($0).contains(actions[$0]) })
        let value = ExactEvaluation(factory.model, policy: factory.model.matrix(actions: actions), discount: 1)
        #expect(exact == value.horizonReturn)
        #expect(exact > 0.82)
        #expect(abs(trained.metrics[0].validationReturn - exact) < 4 * (0.15 / 4000).squareRoot())
        #expect(trained.metricsCSV().split(separator: "\n")[0].hasSuffix(",exact_return"))
    }

    /// The best within 20 decisions, against dense backward induction in numpy; no policy that does not count is better.
    @Test func backwardInduction() throws {
        let model = try tabularModel("sepsis-oberst")
        let plan = DynamicProgramming(model, discount: 0.99).backwardInduction(decisions: 20)
        #expect(abs(plan.value - 0.5807978723374441) < 1e-12)
        #expect(abs(plan.endings[1] - plan.endings[0] - plan.value) < 1e-12)
        #expect(plan.actions.count == 20 && plan.length < 20)
        let last = DynamicProgramming(model, discount: 0.5).backwardInduction(decisions: 1)
        #expect(
            last.value
                >= model.atStart(MarkovChain(model, policy: model.matrix(.action(0))).sums(.reward, decisions: 1)))
    }
}

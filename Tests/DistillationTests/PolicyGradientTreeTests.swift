import Distillation
import Numerics
import Patients
import TestSupport
import Testing
import Trees

@Suite struct PolicyGradientTreeTests {
    private func configuration(iterations: Int, leaves: Int) -> PolicyGradientConfiguration {
        var configuration = PolicyGradientConfiguration()
        configuration.iterations = iterations
        configuration.patientsPerIteration = 60
        configuration.maximumLeaves = leaves
        configuration.startLogit = 1
        return configuration
    }

    @Test func findsTheOptimumOfTheIdentityTask() throws {
        // The reward is 1 for naming the state one is in: from a tree of one leaf, splits and leaves have to be found.
        let factory = FiniteModelFactory(.identity(states: 4, horizon: 8), patients: 60, oneHot: false)
        let start = DecisionTree(features: ["state"], actions: ["a0", "a1", "a2", "a3"], scores: [1, 0, 0, 0])
        let result = try PolicyGradientTree(configuration(iterations: 40, leaves: 4)).improve(
            start, factory: factory, seed: 2)
        let best = try #require(result.trees.last)
        #expect(best.leafCount == 4)
        for state in 0..<4 { #expect(best.action(atLeaf: best.leaf(of: [Double(state)])) == state) }
        #expect(result.trees.count == 1 + result.iterations.count { $0.isAccepted })
        #expect(result.iterations.allSatisfy { $0.isAccepted == ($0.surrogate >= 0) })
    }

    @Test func validationKeepsTheGivenTreeWhereNothingIsBetter() throws {
        let model = FiniteModel.identity(states: 3, horizon: 6)
        let factory = FiniteModelFactory(model, patients: 40, oneHot: false)
        let start = stateTree([0, 1, 2], actionCount: 3)
        let made = try PolicyGradientMethod(configuration(iterations: 5, leaves: 2), from: "best").make(
            TreeJob(training: factory, validation: factory, start: start, seed: 1))
        #expect(made.tree == start)
        #expect(made.metricsCSV.split(separator: "\n").count == 7)
    }

    @Test func obeysTheMaskAndAllThreadsAgree() throws {
        let model = FiniteModel.random(states: 8, actions: 3, horizon: 20, seed: 1)
        let mask = randomMask(states: 8, actions: 3, seed: 1)
        // The environment stops the program at a forbidden action.
        let factory = FiniteModelFactory(model, patients: 130, oneHot: false, permitted: mask)
        let start = randomStateTree(leaves: 4, states: 8, actionCount: 3, seed: 1)
        let method = PolicyGradientTree(configuration(iterations: 4, leaves: 6))
        let one = try method.improve(start, factory: factory, seed: 3, jobs: 1)
        let three = try method.improve(start, factory: factory, seed: 3, jobs: 3)
        #expect(one.trees == three.trees && one.iterations == three.iterations)
    }

    @Test func rewardsAreThoseOfEveryDecision() throws {
        let model = FiniteModel.random(states: 8, actions: 3, horizon: 20, seed: 4)
        let factory = FiniteModelFactory(model, patients: 30, oneHot: false)
        let traces = try PatientTrace.record(
            factory, policy: RandomPolicy(seed: 1), patients: Array(0..<30), episode: 0, seed: 5)
        for trace in traces {
            #expect(trace.rewards.count == trace.decisions)
            for decision in 0..<trace.decisions {
                let expected = model.rewards[Int(trace.observations[decision])][Int(trace.actions[decision])]
                #expect(abs(trace.rewards[decision] - expected) < 1e-9)
            }
        }
    }
}

// The clairvoyant search against problems whose best course is known.

import Agents
import Numerics
import Patients
import TestSupport
import Testing

@Suite struct ClairvoyantTests {
    /// Four states, three actions, six decisions: few enough to try every course by hand.
    private static let small = FiniteModel.random(states: 4, actions: 3, discount: 0.9, horizon: 6, seed: 5)

    private static func best(_ factory: FiniteModelFactory, _ patient: Int, discount: Double) throws -> Double {
        var best = -Double.infinity
        let batch = factory.makeBatch(slots: 1, seed: 8)
        for number in 0..<729 {
            try batch.start(slot: 0, patient: patient, episode: 0)
            var rest = number
            var sum = 0.0
            var weight = 1.0
            while batch.status[0] == .running {
                try [Int32(rest % 3)].withUnsafeBufferPointer { try batch.step($0) }
                rest /= 3
                sum += weight * batch.rewards[0]
                weight *= discount
            }
            best = max(best, sum)
        }
        return best
    }

    /// Every course tried, and dynamic programming over the states reached, find the best course.
    @Test(arguments: [false, true])
    func smallTreesAreSolvedExactly(showsStates: Bool) throws {
        let factory = FiniteModelFactory(Self.small, patients: 12, showsStates: showsStates)
        for discount in [1, 0.9] {
            let found = try ClairvoyantSearch(budget: 10_000, discount: discount).run(
                factory, policies: [RandomPolicy(seed: 1)], seed: 8)
            #expect(found.isExact.allSatisfy { $0 })
            let values = discount == 1 ? found.episodes.returns : found.episodes.discountedReturns
            for patient in 0..<12 {
                #expect(try abs(values[patient] - Self.best(factory, patient, discount: discount)) < 1e-12)
            }
        }
    }

    /// A reward of 1 a decision for naming the state: whoever knows what is to come gets all of them.
    @Test func localSearchFindsTheBestCourse() throws {
        let factory = FiniteModelFactory(.identity(states: 5, horizon: 30), patients: 9)
        let search = ClairvoyantSearch(budget: 60_000)
        let found = try search.run(factory, policies: [], seed: 2)
        #expect(!found.isExact.contains(true))
        #expect(found.episodes.returns == Array(repeating: 30, count: 9))
        let again = try search.run(factory, policies: [RandomPolicy(seed: 3)], seed: 2, jobs: 3)
        #expect(again.episodes.returns == found.episodes.returns)
    }

    /// More budget never finds less, nothing is below what the search began with, and threads change nothing.
    @Test func moreBudgetNeverFindsLess() throws {
        let factory = FiniteModelFactory(.random(states: 30, actions: 4, horizon: 25, seed: 2), patients: 10)
        let policies: [any Policy] = [RandomPolicy(seed: 1), RandomPolicy(seed: 2)]
        let starts = try policies.map { try Rollout.run(factory, policy: $0, seed: 4) }
        var last = zip(starts[0].returns, starts[1].returns).map(max)
        for budget in [100, 2_000, 20_000] {
            let found = try ClairvoyantSearch(budget: budget).run(factory, policies: policies, seed: 4)
            #expect(zip(found.episodes.returns, last).allSatisfy { $0 >= $1 - 1e-9 })
            #expect(found.starts == starts)
            last = found.episodes.returns
            let threaded = try ClairvoyantSearch(budget: budget).run(factory, policies: policies, seed: 4, jobs: 2)
            #expect(threaded.episodes == found.episodes && threaded.plans == found.plans)
        }
    }

    /// The optimum within a horizon against two decisions tried by hand.
    @Test func theOptimumWithinAHorizon() throws {
        let model = try EnvironmentLibrary(folder: RepositoryFiles.path("Environments")).load("sepsis-oberst")
        let tabular = try #require(model.tabular)
        func gain(_ state: Int, _ action: Int, then rest: (Int) -> Double) -> Double {
            tabular.table.next(state: state, action: action).reduce(0) { sum, next in
                let later = tabular.isEnding(next.state) ? 0 : rest(next.state)
                return sum + next.probability * (tabular.rewardOfState[next.state] + later)
            }
        }
        func last(_ state: Int) -> Double {
            tabular.allowed(state).map { gain(state, $0) { _ in 0 } }.max() ?? 0
        }
        var expected = 0.0
        for (state, share) in tabular.table.start.enumerated() where share > 0 {
            expected += share * (tabular.allowed(state).map { gain(state, $0, then: last) }.max() ?? 0)
        }
        #expect(abs(DynamicProgramming(tabular, discount: 1).optimum(within: 2) - expected) < 1e-12)
    }
}

// What trees do for learners, on models whose solution is known: values of leaves, warm starts.

import Agents
import Numerics
import Patients
import TestSupport
import Testing
import Trees

@Suite struct TreeGuidanceTests {
    /// Always right on the chain: a course visits every state once, and state s is worth 0.95^(5 − s).
    @Test func leavesAreWorthTheMeanOfWhatFollows() throws {
        var tree = try TreeTests.pairs()
        for leaf in tree.leaves { tree = tree.withScores([0, 1], atLeaf: leaf) }
        var problem = Problem.chain
        problem.oneHot = false
        let values = try TreeValues.estimate(tree, problem.factory, episodes: 30, gamma: 0.95, seed: 1)
        func value(_ state: Int) -> Double { (0..<(5 - state)).reduce(1.0) { value, _ in value * 0.95 } }
        for (place, leaf) in tree.leaves.enumerated() {
            let expected = (value(2 * place) + value(2 * place + 1)) / 2
            #expect(abs(values.values[leaf] - expected) < 1e-12)
            #expect(values.visits[leaf] == 60)
        }
        #expect(values.episodes == 30 && values.decisions == 180)
    }

    /// Courses are cut off after one decision in the state they go on in for ever: 1 + 0.9 + 0.81 + … = 10.
    @Test func aTruncatedCourseIsWorthWhatItsLastLeafIs() throws {
        let model = FiniteModel(transitions: [[[1]]], rewards: [[1]], discount: 0.9, horizon: 1, starts: [0])
        let tree = DecisionTree(features: ["state"], actions: ["a0"], scores: [0])
        let factory = FiniteModelFactory(model, patients: 5, oneHot: false)
        let discounted = try TreeValues.estimate(tree, factory, episodes: 10, gamma: 0.9, seed: 1)
        #expect(abs(discounted.values[0] - 10) < 1e-6)
        // Without a discount there would be no end to it.
        #expect(try TreeValues.estimate(tree, factory, episodes: 10, gamma: 1, seed: 1).values[0] == 1)
    }

    /// What learning on its leaves begins with is the tree.
    @Test func aWarmStartBeginsWithTheTree() throws {
        var problem = Problem.chain
        problem.oneHot = false
        var tree = try TreeTests.pairs()
        for leaf in tree.leaves { tree = tree.withScores([0, 1], atLeaf: leaf) }
        for algorithm in [0, 1] {
            var settings = LearnerTests.tabular.configuration
            settings.tree = "pairs"
            settings.decisions = 16
            settings.guidance.uses = [.warmStart]
            settings.guidance.patients = 50
            let learner: any TabularLearner = algorithm == 0 ? QLearning(settings) : DoubleQLearning(settings)
            #expect(learner.treeName == "pairs")
            #expect(throws: TrainingError.unresolvedTree("pairs")) { try problem.train(learner) }
            let trained = try problem.train(learner.guided(by: tree))
            #expect(problem.actions(of: trained.policy) == [1, 1, 1, 1, 1, 1])
            #expect(trained.metrics[0].episodes >= 50)
        }
    }

    /// Shaped rewards make another model whose exact solution is Q − Φ, so that every best action stays.
    @Test func shapingChangesNoBestAction() throws {
        let problem = Problem(model: .random(states: 8, actions: 3, seed: 4), oneHot: false)
        let (model, gamma) = (problem.model, problem.model.discount)
        let values = try TreeValues.estimate(Self.tree, problem.factory, episodes: 60, gamma: gamma, seed: 3)
        let shaping = PotentialShaping(values, gamma: gamma, slots: 1)
        let potential = (0..<8).map { [Double($0)].withUnsafeBufferPointer { values.value(of: $0.baseAddress!) } }
        #expect(Set(potential).count == 3)
        var shaped = model
        for state in 0..<8 {
            shaping.see(0, [Double(state)])
            for action in 0..<3 {
                var left = 1.0
                for (next, probability) in model.transitions[state][action].enumerated() {
                    left -= probability
                    shaped.rewards[state][action] +=
                        probability * shaping.addend(0, next: [Double(next)], isTerminated: false)
                }
                shaped.rewards[state][action] += left * shaping.addend(0, next: [0], isTerminated: true)
            }
        }
        let (plain, other) = (model.optimalActionValues(), shaped.optimalActionValues())
        for state in 0..<8 {
            for action in 0..<3 {
                #expect(abs(other[state][action] - (plain[state][action] - potential[state])) < 1e-9)
            }
        }
    }

    /// Three leaves, whose actions are neither best nor worst.
    static let tree: DecisionTree = {
        let whole = DecisionTree(features: ["state"], actions: ["a0", "a1", "a2"], scores: [2, 1, 0])
        let halves = whole.splitting(0, feature: 0, threshold: 2.5, leftShare: 0.5, left: [0, 1, 2], right: [1, 2, 0])
        return halves.splitting(2, feature: 0, threshold: 5.5, leftShare: 0.5, left: [2, 0, 1], right: [1, 0, 2])
    }()

    /// The same observations for a network: the state's number, of which a tree makes leaves.
    @Test(arguments: [[TreeGuidance.Use.shaping], [.warmStart], [.shaping, .warmStart]])
    func guidedDQNSolvesTheRandomModel(uses: [TreeGuidance.Use]) throws {
        let problem = Problem(model: .random(states: 5, actions: 3, seed: 4))
        var learner = LearnerTests.dqn
        learner.configuration.tree = "some"
        learner.configuration.guidance = TreeGuidance(uses: Set(uses))
        learner.configuration.treeDecisions = 1_000
        learner.configuration.pretrainingSteps = 200
        #expect(throws: TrainingError.unresolvedTree("some")) { try problem.train(learner) }
        let names = problem.factory.task.observations.map(\.name)
        let whole = DecisionTree(features: names, actions: ["a0", "a1", "a2"], scores: [0, 1, 2])
        let tree = whole.splitting(
            0, feature: 3, threshold: 0.5, leftShare: 0.8, left: [0, 1, 2], right: [1, 0, 2])
        let trained = try problem.train(learner.guided(by: tree))
        #expect(problem.quality(of: trained.policy) >= 0.93)
        // Returns are those of the environment: at most 1 a decision and some ten decisions a course.
        for point in trained.metrics { #expect(point.trainingReturn > 0 && point.trainingReturn < 12) }
        if uses.contains(.shaping) {
            let values = try TreeValues.estimate(tree, problem.factory, episodes: 200, gamma: 0.9, seed: 1)
            let (learnt, exact) = (problem.scores(of: trained.policy), problem.model.optimalActionValues())
            // Values learn their level last: Q − Φ is right but for a number that all states share.
            let errors = (0..<5).map { state in
                let row = (0..<5).map { $0 == state ? 1.0 : 0 }
                return learnt[state].max()! - exact[state].max()! + values.values[tree.leaf(of: row)]
            }
            #expect(errors.max()! - errors.min()! < 0.4)
            #expect(trained.metrics[0].episodes >= 200)
        }
    }

    /// After the tree's decisions and what is learnt from them, the network does what the tree does.
    @Test func aWarmStartImitatesTheTree() throws {
        var problem = Problem(model: .random(states: 8, actions: 3, seed: 4))
        problem.permitted = Problem.masked.permitted
        let names = problem.factory.task.observations.map(\.name)
        // Not the best policy: what is learnt is the tree's.
        var tree = DecisionTree(features: names, actions: ["a0", "a1", "a2"], scores: [1, 0, 2])
        tree = tree.splitting(0, feature: 2, threshold: 0.5, leftShare: 0.9, left: [1, 0, 2], right: [0, 2, 1])
        var learner = LearnerTests.dqn
        learner.configuration.tree = "some"
        learner.configuration.guidance = TreeGuidance(uses: [.warmStart])
        learner.configuration.treeDecisions = 2_000
        learner.configuration.decisions = 2_000
        learner.configuration.pretrainingSteps = 1_500
        learner.configuration.treeMargin = 0.8
        let trained = try problem.train(learner.guided(by: tree))
        #expect(problem.actions(of: trained.policy) == problem.actions(of: TreePolicy(tree)))
        #expect(trained.metrics.count == 1)
    }

    @Test func theMarginLossMatchesFiniteDifferences() {
        var stream = RandomStream(seed: 2, purpose: "test.margin")
        for round in 0..<20 {
            var values = (0..<4).map { _ in Float(stream.normal()) }
            let allowed = [true, round % 2 == 0, true, true]
            func loss(_ gradient: inout [Float]) -> Float {
                MarginLoss.add(
                    values, allowed: allowed, demonstrated: 2, margin: 0.8, count: 4, share: 1, gradient: &gradient)
            }
            var gradient = Array(repeating: Float(0), count: 4)
            var ignored = gradient
            let value = loss(&gradient)
            #expect(value >= 0)
            for index in 0..<4 {
                let kept = values[index]
                values[index] = kept + 1e-3
                let above = loss(&ignored)
                values[index] = kept - 1e-3
                let below = loss(&ignored)
                values[index] = kept
                #expect(abs((above - below) / 2e-3 - gradient[index]) < 2e-3)
            }
            #expect(allowed[1] || gradient[1] == 0)
        }
    }
}

@Suite struct TreeRegularisationTests {
    /// Held to one leaf with a heavy hand, the policy does the same everywhere; left nearly free, it solves the problem.
    @Test func thePolicyApproachesTheTree() throws {
        let problem = Problem.random
        var learner = LearnerTests.ppo
        learner.configuration.decisions = 16_384
        learner.configuration.validation.evaluateEvery = 16_384
        learner.treeRegularisation = TreeRegularisationSettings()
        learner.treeRegularisation?.leaves = 1
        learner.treeRegularisation?.coefficient = 30
        learner.treeRegularisation?.every = 1
        let held = try problem.train(learner)
        #expect(held.tree?.leafCount == 1)
        #expect(Set(problem.actions(of: held.policy)).count == 1)
        learner.treeRegularisation?.leaves = 8
        learner.treeRegularisation?.coefficient = 0.01
        let free = try problem.train(learner)
        let tree = try #require(free.tree)
        #expect(problem.quality(of: free.policy) >= 0.9)
        // Eight leaves say what the policy does in eight states.
        #expect(problem.quality(of: TreePolicy(tree)) >= 0.9)
        #expect(try problem.train(learner).policy.json().text() == free.policy.json().text())
    }

    /// Thresholds come back in the units of observations.
    @Test func theTreeDecidesOnObservationsAsTheyAre() throws {
        var problem = Problem(model: .identity(states: 4, horizon: 20))
        problem.oneHot = false
        var learner = LearnerTests.ppo
        learner.configuration.decisions = 24_576
        learner.treeRegularisation = TreeRegularisationSettings()
        learner.treeRegularisation?.every = 2
        let trained = try problem.train(learner)
        let tree = try #require(trained.tree)
        #expect(problem.actions(of: TreePolicy(tree)) == problem.actions(of: trained.policy))
        for case .split(_, let threshold, _, _, _) in tree.nodes { #expect(threshold > 0 && threshold < 3) }
    }
}

@Suite struct CQITests {
    /// Reward 1 for action 1 in states 3 to 5 and action 0 below, whatever comes next: one split is all it takes.
    static let halves: Problem = {
        let next = Array(repeating: 1.0 / 6, count: 6)
        let model = FiniteModel(
            transitions: (0..<6).map { _ in [next, next] }, rewards: (0..<6).map { $0 < 3 ? [1, 0] : [0, 1] },
            discount: 0.9, horizon: 20, starts: Array(0..<6))
        return Problem(model: model, oneHot: false)
    }()

    static var configuration: CQIConfiguration {
        var settings = CQIConfiguration()
        settings.decisions = 40_000
        settings.exploration = ExplorationSchedule(initial: 1, final: 0.3, fraction: 0.5)
        settings.splitDecay = 0.9995
        settings.validation = ValidationSettings(evaluateEvery: 10_000, patients: 100)
        return settings
    }

    func grow(
        _ problem: Problem, _ configuration: CQIConfiguration, from start: DecisionTree? = nil, seed: UInt64 = 1
    ) throws -> DecisionTree {
        try CQI(configuration, start: start).grow(
            TrainingJob(environment: problem.factory, validation: problem.factory, seed: seed)
        ).tree
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func itFindsTheOneSplitThatMatters(seed: UInt64) throws {
        let tree = try grow(Self.halves, Self.configuration, seed: seed)
        guard case .split(let feature, let threshold, _, let left, let right) = tree.node(0) else {
            Issue.record("nothing was split")
            return
        }
        #expect(feature == 0 && threshold >= 2 && threshold < 3)
        #expect(tree.leafCount == 2 && tree.action(atLeaf: left) == 0 && tree.action(atLeaf: right) == 1)
        // Exact: what follows is the same for both actions, so that the right one is worth 1 more.
        for (leaf, right) in [(left, 0), (right, 1)] {
            let scores = tree.scores(ofLeaf: leaf)
            #expect(abs(scores[right] - scores[1 - right] - 1) < 0.4)
        }
        #expect(Self.halves.quality(of: TreePolicy(tree)) > 0.9999)
    }

    @Test(arguments: [Problem.chain, .random, .masked])
    func itSolvesModelsWithConsequences(problem: Problem) throws {
        var problem = problem
        problem.oneHot = false
        var settings = Self.configuration
        settings.decisions = 80_000
        settings.maximumLeaves = 12
        #expect(try problem.quality(of: TreePolicy(grow(problem, settings))) >= 0.95)
    }

    /// A tree whose only split is in the wrong place is split again where it matters.
    @Test func itMendsATree() throws {
        let start = try DecisionTree(
            features: ["state"], actions: ["a0", "a1"],
            nodes: [
                .split(feature: 0, threshold: 0.5, missingGoesLeft: true, left: 1, right: 2),
                .leaf(scores: [1, 0], weight: 1), .leaf(scores: [1, 0], weight: 1),
            ])
        let tree = try grow(Self.halves, Self.configuration, from: start)
        #expect(Self.halves.quality(of: TreePolicy(tree)) > 0.9999)
    }

    /// The tree that it starts from is a candidate: what is left behind never does worse on validation patients.
    @Test func theTreeItStartsFromIsKeptWhereNothingIsBetter() throws {
        let best = DecisionTree(features: ["state"], actions: ["a0", "a1"], scores: [1, 0])
            .splitting(0, feature: 0, threshold: 2.5, leftShare: 0.5, left: [1, 0], right: [0, 1])
        var settings = Self.configuration
        settings.decisions = 1600
        settings.validation = ValidationSettings(evaluateEvery: 16, patients: 50)
        let (tree, trained) = try CQI(settings, start: best).grow(
            TrainingJob(environment: Self.halves.factory, validation: Self.halves.factory, seed: 1))
        #expect(trained.bestAt == 0 && trained.metrics[0].episodes == settings.treePatients)
        #expect(tree.leafCount == 2 && Self.halves.quality(of: TreePolicy(tree)) > 0.9999)
    }

    @Test func nothingIsSplitBelowTheThreshold() throws {
        var settings = Self.configuration
        settings.splitDecay = 1
        settings.splitThreshold = 100
        #expect(try grow(Self.halves, settings).leafCount == 1)
        settings.splitThreshold = 0
        settings.maximumLeaves = 1
        #expect(try grow(Self.halves, settings).leafCount == 1)
    }

    @Test func itIsAPureFunctionOfItsSeed() throws {
        var settings = Self.configuration
        settings.decisions = 10_000
        let once = try grow(.random, settings, seed: 7)
        #expect(try grow(.random, settings, seed: 7) == once)
        #expect(try grow(.random, settings, seed: 8) != once)
    }
}

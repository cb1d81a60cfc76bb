import Distillation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

/// Refinement that changes a tree's shape at random, one tree at a time or many.
@Suite struct StructuralTests {
    /// Three states, of which the middle one needs the other action: any single split of a leaf loses.
    private var sandwich: FiniteModelFactory {
        var model = FiniteModel.identity(states: 3, horizon: 8)
        model.actionCount = 2
        model.transitions = model.transitions.map { Array($0.prefix(2)) }
        model.rewards = [[1.2, 0], [0, 1], [1.2, 0]]
        return FiniteModelFactory(model, patients: 300, oneHot: false)
    }

    private var shapes: RefinementConfiguration {
        var configuration = RefinementConfiguration()
        configuration.shapes = 24
        return configuration
    }

    private var bred: RefinementConfiguration {
        var configuration = RefinementConfiguration()
        configuration.evolution.episodes = 12_000
        configuration.evolution.patients = 40
        configuration.evolution.population = 24
        configuration.evolution.children = 16
        return configuration
    }

    /// How many of the states a tree treats as is best.
    private func right(_ tree: DecisionTree) -> Int {
        (0..<3).count { tree.action(atLeaf: tree.leaf(of: [Double($0)])) == [0, 1, 0][$0] }
    }

    @Test func aShapeIsFoundThatNoSingleSplitLeadsTo() throws {
        let start = stateTree([0], actionCount: 2)
        let stuck = try ThresholdRefinement().refine(start, factory: sandwich, seed: 1)
        #expect(stuck.last?.tree.leafCount == 1)
        for configuration in [shapes, bred] {
            let steps = try ThresholdRefinement(configuration).refine(start, factory: sandwich, seed: 1)
            #expect(right(steps.last!.tree) == 3)
            #expect(steps.last?.tree.leafCount == 3)
            #expect(steps.last!.episodes <= configuration.maximumEpisodes)
        }
    }

    @Test func theLimitOfLeavesIsKept() throws {
        for start in [stateTree([0], actionCount: 2), stateTree([0, 1], actionCount: 2)] {
            for var configuration in [shapes, bred] {
                configuration.maximumLeaves = 2
                let steps = try ThresholdRefinement(configuration).refine(start, factory: sandwich, seed: 2)
                #expect(steps.allSatisfy { $0.tree.leafCount <= 2 })
            }
        }
    }

    /// A tree that is larger than it may be loses leaves and not its return, where that can be.
    @Test func aLargeTreeIsBredSmall() throws {
        var model = FiniteModel.identity(states: 8, horizon: 8)
        model.rewards = (0..<8).map { state in (0..<8).map { $0 == state / 2 ? 1 : 0 } }
        let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
        let large = stateTree([0, 0, 1, 1, 2, 2, 3, 3], actionCount: 8)
        var configuration = bred
        configuration.maximumLeaves = 4
        let steps = try ThresholdRefinement(configuration).refine(large, factory: factory, seed: 1)
        #expect(steps.last?.tree.leafCount == 4)
        #expect(steps.last?.trainingReturn == 8)
        // As a further tree to begin with, it helps a small one.
        let small = stateTree([7, 6], actionCount: 8)
        let helped = try ThresholdRefinement(configuration).refine(small, factory: factory, seed: 1, others: [large])
        #expect(helped.last?.trainingReturn == 8)
        #expect(helped.dropFirst().allSatisfy { $0.tree.leafCount <= 4 })
    }

    @Test func constraintsAreKept() throws {
        let start = stateTree([0, 0], actionCount: 2)
        for text in [
            "\"forbidden_splits\": [{\"observation\": \"state\", \"above\": 1, \"at_most\": 2}]",
            "\"locked\": [{\"node\": 0}, {\"when\": [{\"observation\": \"state\", \"above\": 0.5}]}]",
            "\"forbidden\": [{\"action\": \"a1\", \"when\": [{\"observation\": \"state\", \"above\": 0.7}]}]",
        ] {
            let complaints = Complaints()
            let node = try JSONParser.parse(
                SourceText(name: "c", text: "{\"format\": 1, \"kind\": \"tree_constraints\", \(text)}"))
            let rules = TreeConstraints(
                node, features: ["state"], actions: ["a0", "a1"], complaints: complaints)
            let bound = try BoundConstraints(try #require(rules), tree: start)
            for configuration in [shapes, bred] {
                let steps = try ThresholdRefinement(configuration).refine(
                    start, factory: sandwich, seed: 3, constraints: bound)
                #expect(bound.permits(steps.last!.tree))
                #expect(steps.drop { !bound.permits($0.tree) }.allSatisfy { bound.permits($0.tree) })
                #expect(right(steps.last!.tree) < 3)
            }
        }
    }

    @Test func resultsDoNotDependOnJobs() throws {
        let model = FiniteModel.random(states: 20, actions: 3, horizon: 12, seed: 4)
        let factory = FiniteModelFactory(model, patients: 120, oneHot: false)
        let tree = randomStateTree(leaves: 8, states: 20, actionCount: 3, seed: 4)
        var configuration = bred
        configuration.shapes = 8
        configuration.maximumEpisodes = 20_000
        configuration.evolution.patients = 80
        let runs = try [1, 2, 5].map { jobs in
            try ThresholdRefinement(configuration).refine(tree, factory: factory, seed: 8, jobs: jobs)
        }
        #expect(runs[0].last!.trainingReturn > runs[0][0].trainingReturn)
        for run in runs {
            #expect(ThresholdRefinement.metricsCSV(run) == ThresholdRefinement.metricsCSV(runs[0]))
            #expect(run.map(\.tree) == runs[0].map(\.tree))
        }
    }

    @Test func whatIsRaisedMayBeDiscounted() throws {
        let model = FiniteModel.random(states: 12, actions: 3, horizon: 10, seed: 2)
        let factory = FiniteModelFactory(model, patients: 150, oneHot: false)
        var configuration = shapes
        configuration.objective = .discounted
        configuration.maximumEpisodes = 6000
        let steps = try ThresholdRefinement(configuration).refine(
            randomStateTree(leaves: 5, states: 12, actionCount: 3, seed: 1), factory: factory, seed: 5)
        let table = try Rollout.run(factory, policy: TreePolicy(steps.last!.tree), seed: 5)
        let mean = table.discountedReturns.reduce(0, +) / Double(table.count)
        #expect(abs(mean - steps.last!.trainingReturn) < 1e-9 && abs(mean - table.meanReturn) > 0.1)
        #expect(steps.last!.trainingReturn > steps[0].trainingReturn)
    }

    /// Many trees in common batches fare as each does alone.
    @Test func trialsAreRollouts() throws {
        for seed in 0..<4 as Range<UInt64> {
            let model = FiniteModel.random(states: 15, actions: 3, horizon: 9, seed: seed)
            let mask = seed % 2 == 0 ? nil : randomMask(states: 15, actions: 3, seed: seed)
            let factory = FiniteModelFactory(model, patients: 60, oneHot: false, permitted: mask)
            let trees = (0..<5).map {
                randomStateTree(leaves: 2 + $0, states: 15, actionCount: 3, seed: 10 * seed + UInt64($0))
            }
            for objective in RefinementObjective.allCases {
                let trials = TreeTrials(factory, episode: 0, seed: 7, objective: objective, jobs: 2)
                let list = (0..<300).map { TreeTrials.Trial(tree: $0 % 5, patient: $0 / 5) }
                let outcomes = try trials.run(trees, list, watched: [3])
                #expect(try trials.run(trees, list).map(\.value) == outcomes.map(\.value))
                for (index, tree) in trees.enumerated() {
                    let table = try Rollout.run(factory, policy: TreePolicy(tree), seed: 7)
                    let worth = objective == .total ? table.returns : table.discountedReturns
                    for patient in 0..<60 { #expect(outcomes[5 * patient + index].value == worth[patient]) }
                    #expect(outcomes[15 + index].observations.count == table.lengths[3])
                }
                #expect(outcomes[0].observations.isEmpty)
            }
        }
    }
}

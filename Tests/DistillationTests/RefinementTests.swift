import Distillation
import Evaluation
import Foundation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct RefinementTests {
    @Test func onlyTheAffectedNeedBeSimulated() throws {
        for seed in 0..<6 as Range<UInt64> {
            let model = FiniteModel.random(states: 15, actions: 3, horizon: 6, seed: seed)
            let mask = seed % 2 == 0 ? nil : randomMask(states: 15, actions: 3, seed: seed)
            let factory = FiniteModelFactory(model, patients: 100, oneHot: false, permitted: mask)
            let patients = Array(0..<100)
            let trees = (0..<4).map {
                randomStateTree(leaves: 3 + $0, states: 15, actionCount: 3, seed: 10 * seed + UInt64($0))
            }
            var courses = try PatientCourses(factory, tree: trees[0], patients: patients, seed: 7)
            var spared = 0
            for tree in trees.dropFirst() + [trees[0].withRanking([2, 0, 1], atLeaf: trees[0].leaves[1])] {
                spared += 100 - courses.affected(by: tree).count
                try courses.move(to: tree)
                let fresh = try PatientCourses(factory, tree: tree, patients: patients, seed: 7)
                #expect(courses.traces == fresh.traces)
                #expect(courses.meanReturn == fresh.meanReturn)
            }
            #expect(spared > 0)
        }
    }

    /// The identity model: the best return is its horizon, for naming every state.
    private func identity(states: Int) -> FiniteModelFactory {
        FiniteModelFactory(.identity(states: states, horizon: 8), patients: 300, oneHot: false)
    }

    @Test func aDamagedThresholdIsRepaired() throws {
        let factory = identity(states: 6)
        let good = stateTree(Array(0..<6), actionCount: 6)
        let damaged = good.withThreshold(4.5, at: 4)  // split 4 tells state 2 from the others
        let steps = try ThresholdRefinement().refine(damaged, factory: factory, seed: 1)
        #expect(steps.first?.tree == damaged && steps.first!.trainingReturn < 6)
        #expect(steps.last?.trainingReturn == 8)
    }

    @Test func aDamagedLeafIsRepaired() throws {
        let factory = identity(states: 6)
        let damaged = stateTree([0, 5, 2, 3, 0, 5], actionCount: 6)
        let steps = try ThresholdRefinement().refine(damaged, factory: factory, seed: 2)
        #expect(steps.last?.trainingReturn == 8)
        #expect(steps.last?.tree.leafCount == 6)
    }

    @Test func aSecondChoiceIsRepaired() throws {
        // State 2 forbids the action of its leaf: what follows it matters.
        let model = FiniteModel.identity(states: 4, horizon: 8)
        var mask = Array(repeating: Array(repeating: true, count: 4), count: 4)
        mask[2][0] = false
        let factory = FiniteModelFactory(model, patients: 300, oneHot: false, permitted: mask)
        let tree = stateTree([0, 1, 0, 3], actionCount: 4).withRanking([0, 1, 3, 2], atLeaf: 5)
        var configuration = RefinementConfiguration()
        configuration.prunes = false
        let steps = try ThresholdRefinement(configuration).refine(tree, factory: factory, seed: 4)
        #expect(steps.last?.trainingReturn == 8)
    }

    @Test func splitsThatDoNotPayAreRemoved() throws {
        // States 2 and 3 behave alike: the split between them, and a nonsense split, go; the return stays.
        var model = FiniteModel.identity(states: 4, horizon: 8)
        model.rewards[3] = model.rewards[2]
        let factory = FiniteModelFactory(model, patients: 300, oneHot: false)
        let tree = stateTree([0, 1, 2, 2], actionCount: 4)
        let steps = try ThresholdRefinement().refine(tree, factory: factory, seed: 3)
        #expect(steps.last?.tree.leafCount == 3)
        #expect(steps.last?.trainingReturn == 8)
    }

    @Test func aSmallTreeGrowsWhereOtherActionsGain() throws {
        let factory = identity(states: 6)
        let small = stateTree([0, 1], actionCount: 6).withThreshold(2.5, at: 0)
        let steps = try ThresholdRefinement().refine(small, factory: factory, seed: 1)
        #expect(steps.last?.trainingReturn == 8)
        #expect(steps.last?.tree.leafCount == 6)
        var limited = RefinementConfiguration()
        limited.maximumLeaves = 4
        let fewer = try ThresholdRefinement(limited).refine(small, factory: factory, seed: 1)
        #expect(fewer.last?.tree.leafCount == 4)
    }

    @Test func thresholdsStayOnWhatIsMeasured() throws {
        var factory = SteppedFactory(base: identity(states: 6))
        factory.task.observations[0].clinicalStep = 2
        let tree = stateTree([1, 0, 5, 3], actionCount: 6)  // split at 0.5, 1.5 and 2.5
        let steps = try ThresholdRefinement().refine(tree, factory: factory, seed: 1)
        #expect(steps[1].change.contains("rounded"))
        #expect(abs(steps[1].trainingReturn - steps[0].trainingReturn - steps[1].difference) < 1e-9)
        // States 0, 1-2, 3-4 and 5 can be told apart: 4 of 6 named, of a pair the one that happened to come more often.
        #expect(abs(steps.last!.trainingReturn - 8 * 4 / 6) < 0.3)
        let teacher = TableTeacher(values: (0..<6).map { state in (0..<6).map { $0 == state ? 1.0 : 0 } })
        let distilled = try Viper().distil(teacher: teacher, factory: factory, seed: 1).tree
        for tree in [steps.last!.tree, distilled] {
            #expect(tree.leafCount == 4)
            for node in tree.nodes {
                if case .split(_, let threshold, _, _, _) = node { #expect([0, 2, 4].contains(threshold)) }
            }
        }
    }

    @Test func theTrainingReturnNeverFalls() throws {
        for seed in 0..<5 as Range<UInt64> {
            let model = FiniteModel.random(states: 20, actions: 3, horizon: 12, seed: seed)
            let mask = seed % 2 == 0 ? nil : randomMask(states: 20, actions: 3, seed: seed)
            let factory = FiniteModelFactory(model, patients: 200, oneHot: false, permitted: mask)
            let tree = randomStateTree(leaves: 8, states: 20, actionCount: 3, seed: seed)
            var configuration = RefinementConfiguration()
            configuration.maximumEpisodes = 8000
            let steps = try ThresholdRefinement(configuration).refine(tree, factory: factory, seed: seed)
            #expect(steps.last!.trainingReturn > steps[0].trainingReturn)
            for (before, after) in zip(steps, steps.dropFirst()) {
                #expect(after.trainingReturn >= before.trainingReturn - 1e-12)
                #expect(abs(after.trainingReturn - before.trainingReturn - after.difference) < 1e-9)
                #expect(after.episodes <= configuration.maximumEpisodes)
            }
            // What is claimed is what a rollout finds.
            let table = try Rollout.run(factory, policy: TreePolicy(steps.last!.tree), seed: seed)
            #expect(abs(table.meanReturn - steps.last!.trainingReturn) < 1e-9)
        }
    }

    @Test func resultsDoNotDependOnJobs() throws {
        let model = FiniteModel.random(states: 20, actions: 3, horizon: 12, seed: 4)
        let factory = FiniteModelFactory(model, patients: 200, oneHot: false)
        let tree = randomStateTree(leaves: 8, states: 20, actionCount: 3, seed: 4)
        var configuration = RefinementConfiguration()
        configuration.maximumEpisodes = 6000
        let runs = try [1, 2, 5].map { jobs in
            try ThresholdRefinement(configuration).refine(tree, factory: factory, seed: 8, jobs: jobs)
        }
        let files = runs.map { ThresholdRefinement.metricsCSV($0) }
        #expect(files[0] == files[1] && files[0] == files[2])
        #expect(runs[0].map(\.tree) == runs[1].map(\.tree) && runs[0].map(\.tree) == runs[2].map(\.tree))
    }

    @Test func validationChoosesTheBestUnrefinedIncluded() throws {
        let factory = identity(states: 4)
        let trees = [[0, 1, 2, 2], [0, 1, 2, 3], [0, 0, 2, 3], [0, 1, 2, 3]].map { stateTree($0, actionCount: 4) }
        let choice = try ValidationChoice.choose(trees, factory: factory, seed: 5, jobs: 2)
        #expect(choice.best == 1 && choice.meanReturns[1] == 8 && choice.meanReturns[3] == 8)
        for (tree, mean) in zip(trees, choice.meanReturns) {
            let table = try Rollout.run(factory, policy: TreePolicy(tree), seed: 5)
            #expect(abs(table.meanReturn - mean) < 1e-12)
        }
        #expect(choice.differences[1].isAboveZero && choice.differences[0].value == 0)
        let kept = try ValidationChoice.choose([trees[1], trees[0]], factory: factory, seed: 5)
        #expect(kept.best == 0)
    }

    @Test func leafEvidenceIsCounted() throws {
        let factory = identity(states: 3)
        let tree = stateTree([0, 2, 2], actionCount: 3)
        let teacher = TableTeacher(values: [[1, 0, 0], [0, 1, 0.25], [0, 0, 1]])
        let evidence = try LeafEvidence.collect(
            tree, factory: factory, source: "test patients", teacher: teacher, teacherName: "table", seed: 6, jobs: 2)
        #expect(evidence.patients == 300 && evidence.decisions == 2400)
        #expect(evidence.leaves.map(\.leaf) == tree.leaves)
        #expect(evidence.leaves.reduce(0) { $0 + $1.visits } == 2400)
        #expect(abs(evidence.leaves.reduce(0) { $0 + $1.shareOfDecisions } - 1) < 1e-12)
        let middle = evidence.leaves[1]
        #expect(middle.action == "a2" && middle.agreement == 0 && middle.regret == 0.75)
        #expect(middle.runnerUp == "a1" && middle.runnerUpShare == 1)
        #expect(middle.inputs == [.init(name: "state", low: 1, median: 1, high: 1, missing: 0)])
        // Where the teacher always agrees the runner-up is what it would regret least.
        #expect(evidence.leaves[0].agreement == 1)
        #expect(evidence.leaves[0].runnerUp == "a1" && evidence.leaves[0].runnerUpShare == 0)
        #expect(middle.patients <= 300 && middle.meanReturn.hasInterval && middle.outcomes[0].estimate.value == 8)
        let share = 1 - middle.shareOfDecisions
        #expect(abs(evidence.agreement! - share) < 1e-12)
        let same = try LeafEvidence.collect(
            tree, factory: factory, source: "test patients", teacher: teacher, teacherName: "table", seed: 6)
        #expect(same.json().text() == evidence.json().text())
        let complaints = Complaints()
        let read = TreeEvidence(
            try JSONParser.parse(SourceText(name: "e", text: evidence.json().text())), complaints: complaints)
        #expect(read?.json().text() == evidence.json().text() && complaints.isEmpty)
        let alone = try LeafEvidence.collect(tree, factory: factory, source: "test patients", seed: 6)
        #expect(alone.agreement == nil && alone.leaves[1].regret == nil)
        #expect(alone.leaves.allSatisfy { $0.fallback == nil && $0.fallbackShare == 0 })
    }

    /// A leaf whose action a rule forbids says what is given in its place: the clinician must not read "a1" where a1 is
    /// never given.
    @Test func leafEvidenceTellsWhatIsGivenInstead() throws {
        let factory = FiniteModelFactory(
            .identity(states: 2, horizon: 8), patients: 50, oneHot: false, permitted: [[true, true], [true, false]])
        let evidence = try LeafEvidence.collect(
            stateTree([0, 1], actionCount: 2), factory: factory, source: "test patients", seed: 6)
        #expect(evidence.leaves[0].fallback == nil)
        #expect(evidence.leaves[1].action == "a1")
        #expect(evidence.leaves[1].fallback == "a0" && evidence.leaves[1].fallbackShare == 1)
    }
}

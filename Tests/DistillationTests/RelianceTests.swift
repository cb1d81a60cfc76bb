// How far a tree may be relied on: other decisions tried in its leaves, other seeds, observations shuffled.

import Distillation
import Evaluation
import Foundation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct RelianceTests {
    private func identity(states: Int) -> FiniteModelFactory {
        FiniteModelFactory(.identity(states: states, horizon: 8), patients: 300, oneHot: false)
    }

    /// In the identity model every visit with the right action is worth 1, and no action changes what comes next.
    @Test func anotherDecisionInALeafIsWorthItsVisits() throws {
        let factory = identity(states: 3)
        let tree = stateTree([0, 2, 2], actionCount: 3)  // state 1 is taken for state 2
        for kind in [ScoreKind.actionValues, .logProbabilities] {
            let teacher = TableTeacher(values: [[0, -1, -2], [-2, 0, -0.25], [-3, -1, 0]], scoreKind: kind)
            let evidence = try LeafEvidence.collect(
                tree, factory: factory, source: "test patients", teacher: teacher, teacherName: "table", seed: 6,
                jobs: 2)
            let wrong = evidence.leaves[1]
            let visits = Double(wrong.visits) / Double(wrong.patients)
            #expect(wrong.runnerUp == "a1")
            #expect(abs(wrong.runnerUpGain.value - visits) < 1e-12 && wrong.runnerUpGain.isAboveZero)
            #expect(wrong.runnerUpProbability! > 0.999)
            #expect(abs(wrong.teacherGain.value - visits) < 1e-12)
            #expect((wrong.regret == nil) == (kind == .logProbabilities))
            for (leaf, runnerUp) in [(evidence.leaves[0], "a1"), (evidence.leaves[2], "a1")] {
                #expect(leaf.runnerUp == runnerUp)
                #expect(abs(leaf.runnerUpGain.value + Double(leaf.visits) / Double(leaf.patients)) < 1e-12)
                #expect(leaf.runnerUpProbability! < 0.001)
                #expect(leaf.teacherGain == Estimate(0, low: 0, high: 0))
            }
            for leaf in evidence.leaves {
                #expect(leaf.shareOfTime.value == leaf.shareOfDecisions)
                #expect(leaf.shareOfTime.low < leaf.shareOfDecisions && leaf.shareOfTime.high > leaf.shareOfDecisions)
            }
            let untried = try LeafEvidence.collect(
                tree, factory: factory, source: "test patients", teacher: teacher, tries: false, seed: 6)
            #expect(untried.leaves.allSatisfy { !$0.runnerUpGain.isDefined && $0.runnerUpProbability == nil })
        }
    }

    /// What is tried in a leaf is what treating everybody with the changed tree finds.
    @Test func aTrialIsTheTreeWithAnotherLeaf() throws {
        for seed in 0..<4 as Range<UInt64> {
            let model = FiniteModel.random(states: 12, actions: 3, horizon: 10, seed: seed)
            let factory = FiniteModelFactory(model, patients: 150, oneHot: false)
            let tree = randomStateTree(leaves: 5, states: 12, actionCount: 3, seed: seed)
            let teacher = TableTeacher(values: model.rewards)
            let evidence = try LeafEvidence.collect(
                tree, factory: factory, source: "test patients", teacher: teacher, seed: 3)
            let before = try Rollout.run(factory, policy: TreePolicy(tree), seed: 3)
            for leaf in evidence.leaves where leaf.visits > 0 {
                let action = tree.actions.firstIndex(of: leaf.runnerUp!)!
                let ranking = [action] + tree.ranking(ofLeaf: leaf.leaf).filter { $0 != action }
                let after = try Rollout.run(
                    factory, policy: TreePolicy(tree.withRanking(ranking, atLeaf: leaf.leaf)), seed: 3)
                let total = after.returns.reduce(0, +) - before.returns.reduce(0, +)
                #expect(abs(leaf.runnerUpGain.value * Double(leaf.patients) - total) < 1e-9)
            }
        }
    }

    @Test func treesOfSeedsAreHeldAgainstEachOther() throws {
        let factory = identity(states: 6)
        func half(_ threshold: Double) -> DecisionTree {
            stateTree([0, 1], actionCount: 6).withThreshold(threshold, at: 0)
        }
        let stability = try TreeStability.measure(
            "half", [half(1.5), half(2.5), half(1.5)], factory: factory, patients: 300, seed: 4, jobs: 2)
        let feature = try #require(stability.features.first)
        #expect(stability.features.count == 1 && feature.seeds == 3 && feature.roots == 3)
        // Pairs at distances 1, 0 and 1.
        #expect(abs(feature.movement - 2.0 / 3) < 1e-12)
        #expect([feature.low, feature.median, feature.high] == [1.5, 1.5, 2.5])
        let range = factory.task.observations[0].range
        #expect(abs(feature.relativeMovement - feature.movement / (range.upperBound - range.lowerBound)) < 1e-12)
        // The trees differ in state 2 alone, one state of six; actions do not matter to what comes next.
        #expect(stability.states == 3 * 300 * 8)
        #expect(stability.agreement.high == 1 && abs(stability.agreement.low - 5.0 / 6) < 0.03)
        #expect(abs(stability.agreement.value - (1 + 2 * stability.agreement.low) / 3) < 1e-12)
        #expect(stability.agreementByChance < stability.agreement.low && stability.agreementByChance > 0.4)
        let again = TreeStability.read(
            try JSONParser.parse(SourceText(name: "s", text: TreeStability.file([stability]).text())),
            complaints: Complaints())
        #expect(again == [stability])
        let alone = try TreeStability.measure("one", [half(1.5)], factory: factory, patients: 10, seed: 4)
        #expect(!alone.agreement.isDefined && alone.features[0].movement.isNaN)
    }

    @Test func shufflingCostsWhatIsReliedOn() throws {
        let factory = identity(states: 6)
        let tree = stateTree(Array(0..<6), actionCount: 6)
        let teacher = TableTeacher(values: (0..<6).map { state in (0..<6).map { $0 == state ? 1.0 : 0 } })
        func measure(_ policy: any Policy, _ tree: DecisionTree?, jobs: Int = 1) throws -> PermutationImportance {
            try PermutationImportance.measure(
                policy, tree: tree, name: "p", kind: .tree, number: 1, factory: factory, patients: 300, seed: 2,
                jobs: jobs)
        }
        let importance = try measure(TreePolicy(tree), tree)
        // Of 8 decisions one in six is still right.
        #expect(importance.meanReturn == 8)
        #expect(abs(importance.features[0].drop.value - 8 * 5.0 / 6) < 0.25 && importance.features[0].drop.isAboveZero)
        #expect(try measure(TreePolicy(tree), tree, jobs: 3) == importance)
        // A teacher that decides alike sees the same draws.
        #expect(try measure(teacher, nil).features == importance.features)
        let blind = stateTree([3], actionCount: 6)
        #expect(try measure(TreePolicy(blind), blind).features[0].drop == Estimate(0, low: 0, high: 0))
        let again = PermutationImportance.read(
            try JSONParser.parse(SourceText(name: "i", text: PermutationImportance.file([importance]).text())),
            complaints: Complaints())
        #expect(again == [importance])
    }
}

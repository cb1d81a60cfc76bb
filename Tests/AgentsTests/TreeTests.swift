// Trees as states of a tabular learner, and as policies in files.

import Agents
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct TreeTests {
    /// A tree with a leaf for each pair of neighbouring states of the chain: 0–1, 2–3, 4–5.
    static func pairs() throws -> DecisionTree {
        try DecisionTree(
            features: ["state"], actions: ["a0", "a1"],
            nodes: [
                .split(feature: 0, threshold: 1.5, missingGoesLeft: true, left: 1, right: 2),
                .leaf(scores: [0, 0], weight: 1),
                .split(feature: 0, threshold: 3.5, missingGoesLeft: true, left: 3, right: 4),
                .leaf(scores: [0, 0], weight: 1), .leaf(scores: [0, 0], weight: 1),
            ])
    }

    @Test func qLearningLearnsOverLeaves() throws {
        var problem = Problem.chain
        problem.oneHot = false
        var learner = LearnerTests.tabular
        learner.abstraction = LeafStates(try Self.pairs())
        let policy = try problem.train(learner).policy
        #expect(problem.actions(of: policy) == [1, 1, 1, 1, 1, 1])
        let scores = problem.scores(of: policy)
        #expect(scores[0] == scores[1] && scores[2] == scores[3] && scores[0] != scores[2])
        let read = try #require(readBack(policy) as? TabularPolicy)
        #expect(problem.scores(of: read) == scores)
        #expect(policy.json()["kind"] == "q_leaves")
    }

    @Test func aTreeForOtherObservationsIsRefused() throws {
        var learner = LearnerTests.tabular
        learner.abstraction = LeafStates(try Self.pairs())
        #expect(throws: TrainingError.wrongAbstraction) { try Problem.chain.train(learner) }
    }

    @Test func treePoliciesAreReadWithTheRest() throws {
        let source = SourceText(name: "tree.json", bytes: Array(try Self.pairs().json().text().utf8))
        let node = try JSONParser.parse(source)
        let complaints = Complaints()
        let policy = PolicyFile.read(node, complaints: complaints)
        #expect((policy as? TreePolicy)?.tree == (try Self.pairs()))
        #expect(complaints.isEmpty)
        #expect(PolicyFile.read(node, complaints: complaints, for: Problem.chain.factory.task) == nil)
        #expect(complaints.items.count == 1)
    }
}

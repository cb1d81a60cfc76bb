// Policies as files: the same actions and scores after reading back, and clear words about files that are wrong.

import Agents
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct PolicyFileTests {
    static func learners() -> [any Learner] {
        var tabular = LearnerTests.tabular
        tabular.configuration.gridFeatures = nil
        tabular.configuration.gridBins = [2]
        tabular.configuration.decisions = 2000
        var dqn = LearnerTests.dqn
        dqn.configuration.decisions = 2000
        dqn.configuration.rewardScale = 0.3
        var ppo = LearnerTests.ppo
        ppo.configuration.decisions = 2000
        return [tabular, dqn, ppo] + PolicyGradientTests.small
    }

    @Test func policiesReadBackToTheBit() throws {
        let problem = Problem.masked
        for learner in Self.learners() {
            let policy = try problem.train(learner).policy
            let read = try #require(readBack(policy) as? any SavedPolicy)
            #expect(problem.scores(of: read) == problem.scores(of: policy))
            #expect(problem.actions(of: read) == problem.actions(of: policy))
            #expect(read.json() == policy.json())
        }
    }

    @Test func aRowsActionDoesNotDependOnItsBatch() throws {
        let problem = Problem.masked
        for learner in Self.learners() {
            let policy = try problem.train(learner).policy
            let one = try Rollout.run(problem.factory, policy: policy, seed: 3, slots: 1)
            let many = try Rollout.run(problem.factory, policy: policy, seed: 3, slots: 64, jobs: 2)
            #expect(one == many)
        }
    }

    private func complaints(_ text: String, task: TaskDescription? = nil) throws -> [String] {
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "p.json", bytes: Array(text.utf8)))
        let policy = PolicyFile.read(node, complaints: complaints, for: task)
        #expect(policy == nil)
        return complaints.items.map(\.description)
    }

    @Test func wrongFilesAreComplainedOf() throws {
        #expect(try !complaints("{}").isEmpty)
        #expect(try !complaints("[1]").isEmpty)
        #expect(try complaints(#"{"format": 2, "kind": "dqn"}"#)[0].contains("format 2"))
        #expect(
            try complaints(#"{"format": 1, "kind": "dqm", "observations": ["a"], "actions": ["b"]}"#)[0]
                .contains("dqn"))
        let grid = #"""
            {"format": 1, "kind": "q_grid", "observations": ["a"], "actions": ["b", "c"],
             "states": {"features": ["a"], "edges": [[1, 2]], "missing": [false]}, "values": [1, 2, 3, 4, 5]}
            """#
        #expect(try complaints(grid)[0].contains("need 6 values, not 5"))
        let network = #"""
            {"format": 1, "kind": "ppo", "observations": ["a"], "actions": ["b", "c"],
             "normalisation": {"means": [0], "deviations": [1]},
             "network": {"widths": [1, 3], "activation": "tanh", "layers": [{"weights": [1, 2, 3], "biases": [0, 0, 0]}]}}
            """#
        #expect(try complaints(network)[0].contains("2 actions"))
        let claim = network.replacing("[1, 3]", with: "[60000, 60000]")
        #expect(try complaints(claim)[0].contains("3600000000 numbers"))
        let good = grid.replacing(", 5]", with: ", 5, 6]")
        #expect(try complaints(good, task: Problem.identity.factory.task).count == 2)
    }
}

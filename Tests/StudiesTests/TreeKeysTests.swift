// Keys by which a tree helps a learner: what is read, and every mistake at its place.

import Agents
import Foundation
import PositionedJSON
import Studies
import TestSupport
import Testing

private let home = Home(path: RepositoryFiles.root.path)

private let study = """
    {
      "format": 1, "name": "keys", "environment": "immuno", "seed": 1, "seeds": 1,
      "cohort": { "source_patients": 200, "generator": { "type": "copula" }, "train": 60, "validation": 20, "test": 30 },
      "agents": {
        "ppo": { "algorithm": "ppo", "decisions": 2000, "tree_regularisation": { "leaves": 12, "coefficient": 0.25, "every": 3, "states": 900 } },
        "dqn": { "algorithm": "dqn", "decisions": 2000, "tree": "viper", "tree_use": ["warm_start", "shaping"], "tree_patients": 40, "tree_decisions": 700, "pretraining_steps": 90, "tree_margin": 0.4 },
        "leaves": { "algorithm": "q_learning", "decisions": 2000, "tree": "viper", "tree_use": ["warm_start"], "tree_patients": 30 }
      },
      "trees": { "viper": { "method": "viper", "teacher": "ppo", "maximum_leaves": 4 } },
      "evaluation": { "bootstrap": 20 }
    }
    """

@Suite struct TreeKeysTests {
    private func read(_ text: String) throws -> Study {
        try StudyReader.read(try JSONParser.parse(SourceText(name: "s.json", text: text)), folder: "", home: home)
    }

    @Test func keysAreRead() throws {
        let agents = try read(study).agents.map(\.learner)
        let ppo = try #require(agents[0] as? PPO)
        #expect(ppo.treeRegularisation?.leaves == 12 && ppo.treeRegularisation?.coefficient == 0.25)
        #expect(ppo.treeRegularisation?.every == 3 && ppo.treeRegularisation?.states == 900)
        let guided = agents.dropFirst().compactMap { $0 as? any TreeGuidedLearner }
        #expect(guided.map(\.treeName) == ["viper", "viper"])
        let dqn = try #require(agents[1] as? DQN).configuration
        #expect(dqn.guidance.uses == [.warmStart, .shaping] && dqn.guidance.patients == 40)
        let leaves = try #require(agents[2] as? QLearning).configuration
        #expect(leaves.tree == "viper" && leaves.guidance.uses == [.warmStart] && leaves.guidance.patients == 30)
    }

    /// What is written instead of what, where the complaint points (the last place of that text), and what it says.
    @Test(arguments: [
        (
            "\"leaves\": 12", "\"leaves\": 0", "0, \"coefficient\"",
            "\"leaves\" in tree regularisation must be from 1 to 4096, not 0"
        ),
        ("0.25", "-1", "-1, \"every\"", "\"coefficient\" in tree regularisation must be"),
        ("\"every\": 3", "\"every\": 2.5", "2.5", "\"every\" in tree regularisation must be a whole number"),
        ("\"states\": 900", "\"state\": 900", "\"state\": 900", "unknown key \"state\" in tree regularisation"),
        (
            "{ \"leaves\": 12, \"coefficient\": 0.25, \"every\": 3, \"states\": 900 }", "true", "true }",
            "must be an object"
        ),
        (
            "\"warm_start\", \"shaping\"", "\"warm_start\", \"shapes\"", "\"shapes\"",
            "\"tree_use\" lists uses of a tree"
        ),
        (
            "\"warm_start\"], \"tree_patients\": 30", "\"shaping\"], \"tree_patients\": 30",
            "\"shaping\"], \"tree_patients\": 30", "\"tree_use\" lists uses of a tree"
        ),
        ("\"tree_patients\": 40", "\"tree_patients\": 0", "0, \"tree_decisions\"", "must be from 1 to 1000000, not 0"),
        (
            "\"tree\": \"viper\", \"tree_use\": [\"warm_start\"], \"tree_patients\": 30",
            "\"grid\": { \"features\": [\"day\"] }, \"tree_patients\": 30", "30 }",
            "tree_patients does nothing without a tree"
        ),
        (
            ", \"tree_use\": [\"warm_start\", \"shaping\"], \"tree_patients\": 40, \"tree_decisions\": 700, \"pretraining_steps\": 90, \"tree_margin\": 0.4",
            "", "\"viper\" },\n    \"leaves\"", "a tree does nothing for DQN by itself"
        ),
        (
            "\"decisions\": 2000, \"tree\": \"viper\", \"tree_use\": [\"warm_start\"]",
            "\"decisions\": 2000, \"grid\": { \"features\": [\"day\"] }, \"tree\": \"viper\", \"tree_use\": [\"warm_start\"]",
            "{ \"features\"", "not several of these"
        ),
        (
            "\"tree_patients\": 30", "\"frame_stack\": 2, \"tree_patients\": 30",
            "\"viper\", \"tree_use\": [\"warm_start\"], \"frame_stack\"", "a tree decides on one frame"
        ),
    ])
    func mistakesAreToldWhereTheyAre(_ old: String, _ new: String, _ place: String, _ message: String) throws {
        try #require(study.contains(old))
        let text = study.replacingOccurrences(of: old, with: new)
        let range = try #require(text.range(of: place, options: .backwards))
        let before = text[..<range.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
        do {
            _ = try read(text)
            Issue.record("nothing was told of \(new)")
        } catch let error as Diagnostics {
            let item = try #require(error.items.first)
            #expect(error.items.count == 1 && item.message.contains(message), "\(error.items.map(\.message))")
            #expect(item.location.line == before.count && item.location.column == before.last!.count + 1)
        }
    }
}

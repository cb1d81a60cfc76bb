import Foundation
import Numerics
import PositionedJSON
import Testing
import Trees

/// x ≤ 1 ? (y ≤ 2 ? leaf 2 : leaf 3) : leaf 4; missing x goes left, missing y right.
func smallTree() throws -> DecisionTree {
    try DecisionTree(
        features: ["x", "y"], actions: ["none", "chemo", "til"],
        nodes: [
            .split(feature: 0, threshold: 1, missingGoesLeft: true, left: 3, right: 1),
            .leaf(scores: [0.5, 0.25, 0.25], weight: 10),
            .leaf(scores: [0.1, 0.8, 0.1], weight: 4),
            .split(feature: 1, threshold: 2, missingGoesLeft: false, left: 4, right: 2),
            .leaf(scores: [0, 1, 0], weight: 6),
        ])
}

/// A valid tree grown at random, numbered at random.
func randomTree(leaves: Int, seed: UInt64) throws -> DecisionTree {
    var stream = RandomStream(seed: seed, purpose: "test.tree")
    var nodes: [DecisionTree.Node] = [.leaf(scores: [0, 0, 0], weight: 1)]
    var open = [0]
    while open.count < leaves {
        let node = open.remove(at: stream.below(open.count))
        nodes[node] = .split(
            feature: stream.below(3), threshold: stream.uniform(), missingGoesLeft: stream.below(2) == 0,
            left: nodes.count, right: nodes.count + 1)
        for _ in 0..<2 {
            open.append(nodes.count)
            nodes.append(
                .leaf(scores: (0..<3).map { _ in stream.uniform() }, weight: 1 + stream.uniform()))
        }
    }
    return try DecisionTree(features: ["x", "y", "z"], actions: ["a", "b", "c"], nodes: nodes)
}

/// Observations over the random trees' range, some missing.
func observations(_ count: Int, seed: UInt64) -> [[Double]] {
    var stream = RandomStream(seed: seed, purpose: "test.observations")
    return (0..<count).map { _ in (0..<3).map { _ in stream.uniform() < 0.2 ? .nan : stream.uniform(-0.2, 1.2) } }
}

@Suite struct DecisionTreeTests {
    @Test func decides() throws {
        let tree = try smallTree()
        #expect(tree.nodeCount == 5 && tree.leafCount == 3 && tree.depth == 2)
        #expect(tree.leaves == [2, 3, 4] && tree.usedFeatures == [0, 1])
        #expect(tree.parents == [nil, 0, 1, 1, 0])
        #expect(tree.weight(of: 0) == 20 && tree.weight(of: 1) == 10)
        #expect(tree.leaf(of: [1, 2]) == 2)
        #expect(tree.leaf(of: [1, 2.5]) == 3)
        #expect(tree.leaf(of: [1.5, 0]) == 4)
        #expect(tree.leaf(of: [.nan, .nan]) == 3)
        #expect(tree.ranking(ofLeaf: 4) == [0, 1, 2])
        #expect(tree.action(atLeaf: 3, allowed: [true, true, true]) == 1)
        #expect(tree.action(atLeaf: 3, allowed: [false, false, true]) == 2)
        #expect(tree.action(atLeaf: 4, allowed: [false, true, true]) == 1)
        #expect(tree.action(atLeaf: 3, allowed: [false, false, false]) == 1)
    }

    @Test func aBatchDecidesLikeOne() throws {
        let tree = try randomTree(leaves: 9, seed: 2)
        let rows = observations(200, seed: 1)
        var stream = RandomStream(seed: 9, purpose: "test.masks")
        let allowed = rows.map { _ in
            let sure = stream.below(3)
            return (0..<3).map { $0 == sure || stream.below(2) == 0 }
        }
        var chosen = Array(repeating: Int32(-1), count: rows.count)
        tree.act(
            observations: rows.flatMap { $0 }, allowed: allowed.flatMap { $0 }, count: rows.count, actions: &chosen)
        for (index, row) in rows.enumerated() {
            #expect(chosen[index] == tree.action(atLeaf: tree.leaf(of: row), allowed: allowed[index]))
            #expect(allowed[index][Int(chosen[index])])
        }
    }

    @Test func exactlyOneRuleHolds() throws {
        for seed in 0..<20 as Range<UInt64> {
            let tree = try randomTree(leaves: 1 + Int(seed), seed: seed)
            let rules = tree.rules()
            #expect(rules.map(\.leaf) == tree.leaves)
            for row in observations(100, seed: seed) {
                let holding = rules.filter { $0.conditions.allSatisfy { $0.holds(for: row[$0.feature]) } }
                #expect(holding.map(\.leaf) == [tree.leaf(of: row)])
            }
        }
        let rule = try smallTree().rules()[1]
        #expect(
            rule.conditions == [
                .init(feature: 0, low: nil, high: 1, missingMeets: true),
                .init(feature: 1, low: 2, high: nil, missingMeets: true),
            ])
    }

    @Test func mergingKeepsEveryFirstChoice() throws {
        for seed in 0..<30 as Range<UInt64> {
            let tree = try randomTree(leaves: 12, seed: seed)
            let merged = tree.mergingSameActions()
            for row in observations(200, seed: seed) {
                #expect(tree.action(atLeaf: tree.leaf(of: row)) == merged.action(atLeaf: merged.leaf(of: row)))
            }
            for number in 0..<merged.nodeCount {
                guard case .split(_, _, _, let left, let right) = merged.node(number) else { continue }
                if merged.isLeaf(left), merged.isLeaf(right) {
                    #expect(merged.action(atLeaf: left) != merged.action(atLeaf: right))
                }
            }
            #expect(abs(merged.weight(of: 0) - tree.weight(of: 0)) < 1e-12)
        }
    }

    @Test func edits() throws {
        let tree = try smallTree()
        #expect(tree.withThreshold(3, at: 0).leaf(of: [2, 0]) == 2)
        let ranked = tree.withRanking([2, 0, 1], atLeaf: 4)
        #expect(ranked.ranking(ofLeaf: 4) == [2, 0, 1])
        #expect(tree.ranking(ofLeaf: 4) == [0, 1, 2])
        let raised = tree.replacing(0, byDescendant: 1)
        #expect(
            raised.leafCount == 2 && raised.leaf(of: [9, 9]) == 2
                && raised.node(0) == tree.replacing(0, byDescendant: 1).node(0))
        #expect(tree.replacing(1, byDescendant: 3).leafCount == 2)
        #expect(tree.collapsed(at: 0).nodes == [.leaf(scores: [0.27, 0.585, 0.145], weight: 20)])
        #expect(tree.subtree(of: 1) == 1..<4)
        let rounded = tree.withThreshold(1.3, at: 0).roundedThresholds(steps: [0.5, nil])
        #expect(rounded.leaf(of: [1.5, 3]) == 3 && rounded.leaf(of: [1.6, 3]) == 4)
    }

    @Test func jsonReadsBackEqual() throws {
        for seed in 0..<20 as Range<UInt64> {
            let tree = TreeInduction(maximumLeaves: 9).fit(
                randomSamples(rows: 90, columns: 3, classes: 3, distinct: 9, missing: 0.1, seed: seed))
            let source = SourceText(name: "tree.json", bytes: Array(tree.json().text().utf8))
            let complaints = Complaints()
            #expect(try DecisionTree(JSONParser.parse(source), complaints: complaints) == tree)
            #expect(complaints.isEmpty)
        }
    }

    static let leaf = #"{"scores": [1, 0]}"#

    static let hostile: [(nodes: String, line: Int, words: String)] = [
        (#"{"observation": "x", "threshold": 1, "left": 0, "right": 2},"# + "\n\(leaf),\n\(leaf)", 2, "loop"),
        (#"{"observation": "x", "threshold": 1, "left": 1, "right": 1},"# + "\n\(leaf)", 2, "already the child"),
        (#"{"observation": "x", "threshold": 1, "left": 1, "right": 9},"# + "\n\(leaf)", 2, "is not a node"),
        (#"{"observation": "x", "threshold": 1, "left": 1, "right": -1},"# + "\n\(leaf)", 2, "is not a node"),
        ("\(leaf),\n\(leaf)", 3, "does not lead here"),
        (
            "\(leaf),\n" + #"{"observation": "x", "threshold": 1, "left": 2, "right": 3},"# + "\n"
                + #"{"observation": "x", "threshold": 1, "left": 1, "right": 4},"# + "\n\(leaf),\n\(leaf)",
            3, "does not lead here"
        ),
        (#"{"observation": "z", "threshold": 1, "left": 1, "right": 2},"# + "\n\(leaf),\n\(leaf)", 2, "\"z\""),
        (#"{"observation": "x", "threshold": null, "left": 1, "right": 2},"# + "\n\(leaf),\n\(leaf)", 2, "threshold"),
        (#"{"observation": "x", "left": 1, "right": 2},"# + "\n\(leaf),\n\(leaf)", 2, "threshold"),
        (#"{"scores": [1]}"#, 2, "1 scores for 2 actions"),
        (#"{"scores": [1, "2"]}"#, 2, "scores"),
        (#"{"scores": [1, 0], "weight": -1}"#, 2, "weight"),
        (#"{"scores": [1, 0], "action": "b"}"#, 2, "choose"),
        ("", 1, "at least one node"),
    ]

    @Test(arguments: hostile.indices)
    func hostileFilesAreComplainedOf(_ index: Int) throws {
        let (nodes, line, words) = DecisionTreeTests.hostile[index]
        let text =
            #"{"format": 1, "kind": "tree", "observations": ["x"], "actions": ["a", "b"], "nodes": ["# + "\n"
            + nodes + "]}"
        let complaints = Complaints()
        let node = try JSONParser.parse(SourceText(name: "tree.json", bytes: Array(text.utf8)))
        #expect(DecisionTree(node, complaints: complaints) == nil)
        let first = try #require(complaints.items.first { "\($0)".contains(words) })
        #expect(first.location.line == line)
    }

    @Test func newerFormatsAndDuplicateNamesAreRefused() throws {
        for (text, words) in [
            (#"{"format": 2, "kind": "tree", "observations": [], "actions": ["a"], "nodes": []}"#, "newer"),
            (#"{"format": 1, "kind": "tree", "observations": ["x", "x"], "actions": ["a"], "nodes": []}"#, "twice"),
            (#"{"format": 1, "kind": "dqn", "observations": [], "actions": ["a"], "nodes": []}"#, "kind"),
            (#"[]"#, "a tree"),
        ] {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "tree.json", bytes: Array(text.utf8)))
            #expect(DecisionTree(node, complaints: complaints) == nil)
            #expect(complaints.items.contains { "\($0)".contains(words) })
        }
    }

    @Test func aVeryDeepTreeDoesNotExhaustTheStack() throws {
        let depth = 20_000
        var nodes: [DecisionTree.Node] = []
        for level in 0..<depth {
            nodes.append(
                .split(
                    feature: 0, threshold: Double(-level), missingGoesLeft: false, left: 2 * level + 2,
                    right: 2 * level + 1))
            nodes.append(.leaf(scores: [Double(level % 2), 0.5], weight: 1))
        }
        nodes.append(.leaf(scores: [1, 0], weight: 1))
        let tree = try DecisionTree(features: ["x"], actions: ["a", "b"], nodes: nodes)
        #expect(tree.depth == depth && tree.leafCount == depth + 1)
        #expect(tree.rules().count == depth + 1)
        #expect(tree.mergingSameActions().leafCount <= depth + 1)
        #expect(tree.leaf(of: [-1e9]) == depth)
    }
}

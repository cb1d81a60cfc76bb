// Constraints: they hold wherever one looks, what is locked stays, mistakes are told at their places.

import Distillation
import Foundation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

private let names = (features: ["x", "y", "z"], actions: ["none", "low", "high"])

private func constraints(
    _ text: String, features: [String] = names.features, actions: [String] = names.actions, hasNumbers: Bool = true
) throws -> TreeConstraints {
    let complaints = Complaints()
    let node = try JSONParser.parse(SourceText(name: "c.json", text: text))
    let read = TreeConstraints(
        node, features: features, actions: actions, hasNumbers: hasNumbers, complaints: complaints)
    try complaints.throwIfAny()
    return try #require(read)
}

/// A tree over three observations on [0, 1], at random.
private func randomTree(leaves: Int, seed: UInt64) -> DecisionTree {
    var stream = RandomStream(seed: seed, purpose: "test.constraints")
    var samples = TreeSamples(features: names.features, actions: names.actions)
    for _ in 0..<60 {
        [stream.uniform(), stream.uniform(), stream.below(8) == 0 ? .nan : stream.uniform()].withUnsafeBufferPointer {
            samples.append($0.baseAddress!, label: Int32(stream.below(3)), weight: stream.uniform())
        }
    }
    return TreeInduction(maximumLeaves: leaves, mergesSameActions: false).fit(samples)
}

@Suite struct ConstraintTests {
    /// The rules below hold for the tree alone, at every observation, values on the bounds and missing ones included.
    @Test func whatIsDemandedHoldsEverywhere() throws {
        let rules = try constraints(
            """
            {"format": 1, "kind": "tree_constraints",
             "forbidden": [
               {"action": "high", "when": [{"observation": "x", "at_most": 0.3}]},
               {"action": "low", "when": [{"observation": "y", "above": 0.2, "at_most": 0.6}, {"observation": "z", "above": 0.5, "or_missing": true}]}],
             "mandatory": [{"action": "high", "when": [{"observation": "x", "above": 0.8}, {"observation": "y", "above": 0.9}]}],
             "forbidden_splits": [{"observation": "y", "above": 0.4, "at_most": 0.5}, {"observation": "z"}]}
            """)
        let grid = ThresholdGrid(steps: [nil, 0.1, nil])
        for seed in 0..<60 as Range<UInt64> {
            let tree = randomTree(leaves: 2 + Int(seed % 12), seed: seed)
            let bound = try BoundConstraints(rules, tree: tree)
            let edited = try bound.enforced(on: tree, grid: grid) { candidates in Int(seed) % candidates.count }
            #expect(bound.permits(edited))
            let again = try bound.enforced(on: edited, grid: grid) { _ in 0 }
            #expect(again == edited)
            for case .split(let feature, let threshold, _, _, _) in edited.nodes {
                #expect(feature != 2 || threshold == 0.5, "z is asked for where no rule needs it")
                #expect(feature != 1 || threshold <= 0.4 || threshold > 0.5)
            }
            var stream = RandomStream(seed: seed, purpose: "test.observations")
            for _ in 0..<300 {
                // A third of the values lie on bounds.
                let observation = (0..<3).map { feature -> Double in
                    switch stream.below(9) {
                    case 0...2: [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9][stream.below(7)]
                    case 3 where feature == 2: .nan
                    default: stream.uniform()
                    }
                }
                let (x, y, z) = (observation[0], observation[1], observation[2])
                let ranking = edited.ranking(ofLeaf: edited.leaf(of: observation)).map { names.actions[$0] }
                let noHigh = x <= 0.3
                let noLow = y > 0.2 && y <= 0.6 && (z > 0.5 || z.isNaN)
                if noHigh && noLow { #expect(ranking[0] == "none") }
                if noHigh && !noLow { #expect(ranking[2] == "high") }
                if noLow && !noHigh { #expect(ranking[2] == "low") }
                if x > 0.8 && y > 0.9 { #expect(ranking[0] == "high") }
            }
        }
    }

    @Test func aTreeThatObeysStaysAsItIs() throws {
        let rules = try constraints(
            "{\"format\": 1, \"kind\": \"tree_constraints\", \"forbidden\": [{\"action\": \"high\", \"when\": []}]}")
        for seed in 0..<10 as Range<UInt64> {
            let tree = randomTree(leaves: 6, seed: seed)
            let bound = try BoundConstraints(rules, tree: tree)
            let edited = try bound.enforced(on: tree, grid: ThresholdGrid(steps: [nil, nil, nil])) { _ in 0 }
            #expect(edited.leafCount == tree.leafCount)
            for leaf in tree.leaves {
                let kept = tree.ranking(ofLeaf: leaf).filter { $0 != 2 }
                #expect(edited.ranking(ofLeaf: leaf) == kept + [2])
            }
        }
    }

    /// Six states, each with an action of its own; the search must keep what is locked and repair the rest.
    @Test func theRestIsOptimisedAroundWhatStays() throws {
        let factory = FiniteModelFactory(.identity(states: 6, horizon: 8), patients: 300, oneHot: false)
        let actions = (0..<6).map { "a\($0)" }
        // State 1 is taken for state 5 and state 4 for state 0.
        let tree = stateTree([0, 5, 2, 3, 0, 5], actionCount: 6)
        let wrong = tree.leaf(of: [1])
        func refined(_ text: String) throws -> (DecisionTree, Double, BoundConstraints) {
            let rules = try constraints(text, features: ["state"], actions: actions)
            let bound = try BoundConstraints(rules, tree: tree)
            let steps = try ThresholdRefinement().refine(tree, factory: factory, seed: 1, constraints: bound)
            return (steps.last!.tree, steps.last!.trainingReturn, bound)
        }
        let (free, best, _) = try refined("{\"format\": 1, \"kind\": \"tree_constraints\"}")
        #expect(best == 8 && free.action(atLeaf: free.leaf(of: [1])) == 1)
        for lock in [
            "{\"node\": \(wrong)}", "{\"when\": [{\"observation\": \"state\", \"above\": 0.5, \"at_most\": 1.5}]}",
        ] {
            let (locked, value, bound) = try refined(
                "{\"format\": 1, \"kind\": \"tree_constraints\", \"locked\": [\(lock)]}")
            #expect(bound.permits(locked))
            #expect(locked.ranking(ofLeaf: locked.leaf(of: [1])) == tree.ranking(ofLeaf: wrong))
            #expect(locked.action(atLeaf: locked.leaf(of: [4])) == 4)
            #expect(value < 8 && value > 6)
        }
        let (forbidden, value, bound) = try refined(
            """
            {"format": 1, "kind": "tree_constraints",
             "forbidden": [{"action": "a3", "when": [{"observation": "state", "above": 2.2, "at_most": 3.4}]}],
             "mandatory": [{"action": "a2", "when": [{"observation": "state", "above": 4.7}]}]}
            """)
        #expect(bound.permits(forbidden))
        for state in 0..<6 {
            let action = forbidden.action(atLeaf: forbidden.leaf(of: [Double(state)]))
            if state == 3 { #expect(action != 3) } else { #expect(action == (state == 5 ? 2 : state)) }
        }
        #expect(abs(value - 8 * 4 / 6) < 0.3)
        // The split that holds it may stand on the safe side of where the file says.
        #expect(
            forbidden.nodes.contains { node in
                if case .split(_, let threshold, _, _, _) = node { threshold >= 4 && threshold <= 4.7 } else { false }
            })
    }

    @Test func whatCannotBeIsRefused() throws {
        let tree = stateTree([0, 1, 2], actionCount: 3)
        func problems(_ text: String) throws -> [String] {
            let read = try constraints(text, features: ["state"], actions: ["a0", "a1", "a2"])
            do {
                _ = try BoundConstraints(read, tree: tree)
                return []
            } catch {
                return error.items.map { "\($0.location.line):\($0.location.column) \($0.message)" }
            }
        }
        #expect(
            try problems(
                """
                {"format": 1, "kind": "tree_constraints", "locked": [
                 {"node": 9}, {"when": [{"observation": "state", "above": 7}]},
                 {"node": 1}, {"node": 0}],
                 "forbidden": [{"action": "a0", "when": []}],
                 "forbidden_splits": [{"observation": "state", "at_most": 1}]}
                """) == [
                    "2:2 the tree has no node 9", "2:15 no node of the tree is reached under exactly these conditions",
                    "3:2 what is locked asks for state at 0.5, which no split may do",
                    "3:2 the locked leaf gives a0 where it is forbidden",
                    "3:15 what is locked asks for state at 0.5, which no split may do",
                ])
    }

    @Test(arguments: [
        ("[]", ["1:1 the constraints must be an object, not an array"]),
        (
            "{\"format\": 2, \"kind\": \"tree_constraints\"}",
            ["1:12 these constraints have format 2, but this program reads formats up to 1"]
        ),
        (
            """
            {"format": 1, "kind": "tree_constraints", "lock": [],
             "forbidden": [{"action": "hihg", "when": []}, {"action": "low", "when": [{"observation": "x", "below": 1}]}],
             "mandatory": [{"action": "low"}, {"action": "none", "when": [{"observation": "x", "above": 2, "at_most": 1}]}],
             "locked": [{}, {"node": -1}, {"node": 1, "when": []}],
             "forbidden_splits": [{"observation": "w"}]}
            """,
            [
                "1:43 unknown key \"lock\" in the constraints",
                "2:27 \"action\" in a forbidden action cannot be \"hihg\"",
            ]
        ),
        (
            """
            {"format": 1, "kind": "tree_constraints",
             "forbidden": [{"action": "low", "when": [{"observation": "x", "above": 1}]}],
             "mandatory": [{"action": "low", "when": [{"observation": "x", "at_most": 2}]},
                           {"action": "high", "when": [{"observation": "y", "at_most": 2}]}]}
            """,
            [
                "3:16 low is both mandatory and forbidden where the conditions meet",
                "4:16 high and low are both mandatory where their conditions meet",
            ]
        ),
    ])
    func mistakesAreToldAtTheirPlaces(_ text: String, _ expected: [String]) throws {
        do {
            _ = try constraints(text)
            Issue.record("read without a complaint")
        } catch let error as Diagnostics {
            let found = error.items.map { "\($0.location.line):\($0.location.column) \($0.message)" }
            for line in expected { #expect(found.contains(line), "\(found)") }
            // The third example has a mistake in every part.
            if expected.count == 2, expected[0].hasPrefix("1:43") {
                #expect(Set(found.map { $0.prefix(1) }).count == 5 && found.count >= 9, "\(found)")
            }
        }
    }

    @Test func aStudyLocksByConditionsOnly() throws {
        let text = "{\"format\": 1, \"kind\": \"tree_constraints\", \"locked\": [{\"node\": 0}, {\"when\": []}]}"
        #expect(throws: Diagnostics.self) { try constraints(text, hasNumbers: false) }
        #expect(try constraints(text).locks.count == 2)
    }
}

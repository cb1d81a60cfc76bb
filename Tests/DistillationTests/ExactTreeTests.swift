// Exact trees against trying every tree, on two small tables: a slippery frozen lake, and an illness with forbidden
// treatments.

import Agents
import Distillation
import Foundation
import Patients
import PositionedJSON
import TestSupport
import Testing
import Trees

/// A table, and every tree of depth 2 by brute force. Shares nothing with the program but the table itself.
struct SmallTableTrees {
    let model: TabularModel
    let states: [Int]
    /// By state of `states`: the allowed actions and, for each, reward and next places with probabilities.
    let rows: [[Int: (reward: Double, next: [(place: Int, probability: Double)])]]
    let start: [Double]

    init(_ folder: String, _ name: String) throws {
        let path = RepositoryFiles.path("\(folder)/\(name)")
        let source = try SourceText(contentsOf: "\(path)/environment.json")
        let model = try #require(try EnvironmentReader.read(source, folder: path, variant: "").tabular)
        self.model = model
        let states = (0..<model.states).filter { !model.isEnding($0) }
        self.states = states
        rows = states.map { state in
            Dictionary(
                uniqueKeysWithValues: model.admissible(state).map { action in
                    let next = model.table.next(state: state, action: action)
                    return (
                        action,
                        (
                            next.reduce(0) { $0 + $1.probability * model.rewardOfState[$1.state] },
                            next.compactMap { next in
                                states.firstIndex(of: next.state).map { ($0, next.probability) }
                            }
                        )
                    )
                })
        }
        let dense = model.table.start
        start = states.map { dense[$0] }
    }

    func value(_ policy: [Int], decisions: Int, discount: Double) -> Double {
        var values = Array(repeating: 0.0, count: states.count)
        let own = policy.indices.map { rows[$0][policy[$0]]! }
        var next = values
        for _ in 0..<decisions {
            for place in own.indices {
                var sum = 0.0
                for (to, probability) in own[place].next { sum += probability * values[to] }
                next[place] = own[place].reward + discount * sum
            }
            swap(&values, &next)
        }
        return zip(start, values).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private var orders: [[Int]] {
        func permutations(_ rest: [Int]) -> [[Int]] {
            rest.isEmpty
                ? [[]] : rest.flatMap { first in permutations(rest.filter { $0 != first }).map { [first] + $0 } }
        }
        return permutations(Array(0..<model.actions))
    }

    /// Every assignment of actions to places that a tree of a depth makes, −1 elsewhere.
    private func assignments(_ places: [Int], depth: Int) -> Set<[Int]> {
        var all: Set<[Int]> = []
        for order in orders {
            var assignment = Array(repeating: -1, count: states.count)
            for place in places { assignment[place] = order.first { rows[place][$0] != nil }! }
            all.insert(assignment)
        }
        guard depth > 0 else { return all }
        for feature in model.task.observations.indices {
            func seen(_ place: Int) -> Double {
                model.observations[states[place] * model.task.observations.count + feature]
            }
            for threshold in Set(places.map(seen)) {
                let left = places.filter { seen($0) <= threshold }
                let right = places.filter { seen($0) > threshold }
                guard !left.isEmpty, !right.isEmpty else { continue }
                let others = assignments(right, depth: depth - 1)
                for one in assignments(left, depth: depth - 1) {
                    for other in others { all.insert(zip(one, other).map { max($0, $1) }) }
                }
            }
        }
        return all
    }

    func best(depth: Int, decisions: Int, discount: Double) -> Double {
        assignments(Array(states.indices), depth: depth)
            .map { value($0, decisions: decisions, discount: discount) }.max()!
    }

    /// What the files' readers see: the tree as the program would act with it.
    func value(_ tree: DecisionTree, decisions: Int, discount: Double) -> Double {
        let actions = model.actions(of: TreePolicy(tree))
        return value(states.map { actions[$0] }, decisions: decisions, discount: discount)
    }
}

@Suite struct ExactTreeTests {
    static let lake = Result { try SmallTableTrees("Environments", "frozen-lake") }
    static let illness = Result { try SmallTableTrees("Tests/Fixtures", "TreatmentTable") }

    @Test func theLakeIsTheOneThatIsKnown() throws {
        let model = try Self.lake.get().model
        // 14/17 is the known probability of arriving under the best policy without a limit of steps.
        let program = DynamicProgramming(model, discount: 1)
        #expect(abs(model.atStart(program.valueIteration().values) - 14.0 / 17.0) < 1e-10)
    }

    @Test(arguments: [0, 1, 2]) func equalsBruteForceOnTheLake(depth: Int) throws {
        let lake = try Self.lake.get()
        var settings = ExactConfiguration()
        settings.maximumDepth = depth
        settings.maximumLeaves = 1 << depth
        settings.nodes = 200_000
        settings.rounds = 2
        let result = try ExactTrees(settings).plan(lake.model)
        let best = lake.best(depth: depth, decisions: 100, discount: 1)
        #expect(result.outcome == .optimal)
        #expect(abs(result.lower - best) < 1e-9)
        #expect(result.gap < 2e-9)
        #expect(result.tree.depth <= depth)
        #expect(abs(lake.value(result.tree, decisions: 100, discount: 1) - best) < 1e-9)
    }

    @Test(arguments: [0, 1, 2]) func equalsBruteForceWithForbiddenActions(depth: Int) throws {
        let illness = try Self.illness.get()
        var settings = ExactConfiguration()
        settings.maximumDepth = depth
        settings.maximumLeaves = 1 << depth
        settings.nodes = 200_000
        settings.rounds = 2
        let result = try ExactTrees(settings).plan(illness.model)
        let best = illness.best(depth: depth, decisions: 25, discount: 1)
        #expect(result.outcome == .optimal)
        #expect(abs(result.lower - best) < 1e-9)
        #expect(abs(illness.value(result.tree, decisions: 25, discount: 1) - best) < 1e-9)
        // Without a horizon, discounted: 600 decisions leave less than 1e-13 of it.
        settings.isEndless = true
        let endless = try ExactTrees(settings).plan(illness.model)
        let discounted = illness.best(depth: depth, decisions: 600, discount: 0.95)
        #expect(endless.outcome == .optimal)
        #expect(abs(endless.lower - discounted) < 1e-8)
        #expect(abs(illness.value(endless.tree, decisions: 600, discount: 0.95) - discounted) < 1e-8)
    }

    @Test func aLimitOfLeavesIsKept() throws {
        let illness = try Self.illness.get()
        var settings = ExactConfiguration()
        settings.maximumLeaves = 3
        settings.nodes = 200_000
        let result = try ExactTrees(settings).plan(illness.model)
        #expect(result.outcome == .optimal)
        #expect(result.tree.leafCount <= 3)
        let two = illness.best(depth: 2, decisions: 25, discount: 1)
        let one = illness.best(depth: 1, decisions: 25, discount: 1)
        #expect(result.lower <= two + 1e-9 && result.lower >= one - 1e-9)
    }

    @Test func aBudgetLeavesAGapThatHoldsTheBest() throws {
        let lake = try Self.lake.get()
        var settings = ExactConfiguration()
        settings.maximumDepth = 2
        settings.maximumLeaves = 4
        settings.rounds = 0
        settings.nodes = 3
        let result = try ExactTrees(settings).plan(lake.model)
        let best = lake.best(depth: 2, decisions: 100, discount: 1)
        #expect(result.lower <= best + 1e-9 && best <= result.upper + 1e-9)
        let lines = result.metricsCSV().split(separator: "\n")
        #expect(lines.first == "phase,nodes,leaves,lower,upper,gap")
        #expect(lines.count == result.steps.count + 1)
    }

    @Test func theSameOnAnyNumberOfThreads() throws {
        let illness = try Self.illness.get()
        var settings = ExactConfiguration()
        settings.maximumLeaves = 5
        settings.nodes = 50
        let one = try ExactTrees(settings).plan(illness.model, jobs: 1)
        let three = try ExactTrees(settings).plan(illness.model, start: one.tree, jobs: 3)
        let again = try ExactTrees(settings).plan(illness.model, start: one.tree, jobs: 1)
        #expect(three.tree == again.tree && three.steps == again.steps)
        // A start that is better than what is planned from nothing is never lost.
        #expect(three.lower >= one.lower - 1e-12)
    }
}

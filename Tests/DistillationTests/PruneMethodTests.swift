import Distillation
import PositionedJSON
import TestSupport
import Testing
import Trees

@Suite struct PruneMethodTests {
    /// A leaf for every state of four, and one for a value that no patient has.
    private let start = TreeInduction(maximumLeaves: nil).fit(
        TreeSamples(
            features: ["state"], actions: ["a0", "a1", "a2", "a3"], values: [0, 1, 2, 3, 3.4],
            labels: [0, 1, 2, 3, 2], weights: [10, 10, 10, 10, 1]))

    private func prune(_ tree: DecisionTree, to leaves: Int?) throws -> MadeTree {
        let factory = FiniteModelFactory(.identity(states: 4, horizon: 8), patients: 50, oneHot: false)
        return try PruneMethod(from: "viper", maximumLeaves: leaves).make(
            TreeJob(training: factory, validation: factory, start: tree, seed: 1))
    }

    @Test func whatDoesNotPayIsPruned() throws {
        #expect(start.leafCount == 5)
        let made = try prune(start, to: nil)
        #expect(made.tree.leafCount == 4)
        for state in 0..<4 { #expect(made.tree.action(atLeaf: made.tree.leaf(of: [Double(state)])) == state) }
        #expect(made.metricsCSV.split(separator: "\n").filter { $0.hasSuffix("true") }.count == 1)
        #expect(try prune(start, to: 2).tree.leafCount <= 2)
        #expect(try prune(start, to: nil).metricsCSV == made.metricsCSV)
    }

    @Test func aTreeWithoutGainsIsRefused() throws {
        let bare = try DecisionTree(features: start.features, actions: start.actions, nodes: start.nodes)
        #expect(throws: DistillationError.self) { try prune(bare, to: nil) }
    }

    @Test func isReadFromAStudy() throws {
        let text = #"{"method": "prune", "from": "viper", "maximum_leaves": 8}"#
        let node = try JSONParser.parse(SourceText(name: "study.json", bytes: Array(text.utf8)))
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "a tree", complaints: complaints)
        let method = try #require(TreeSpecification.read(reader))
        reader.finish()
        #expect(complaints.items.isEmpty && method.name == "prune" && method.origins == TreeOrigins(tree: "viper"))
    }
}

import Numerics
import Testing
import Trees

/// Changes to a tree's shape, against what they should do to every observation.
@Suite struct ShapingTests {
    private let features = ["x", "y"]
    private let actions = ["a", "b", "c"]

    /// A tree of some size, at random.
    private func tree(_ leaves: Int, seed: UInt64) -> DecisionTree {
        var stream = RandomStream(seed: seed, purpose: "test.shaping")
        var tree = DecisionTree(features: features, actions: actions, scores: [1, 0.5, 0], weight: 1)
        while tree.leafCount < leaves {
            let leaf = tree.leaves[stream.below(tree.leafCount)]
            tree = tree.splitting(
                leaf, feature: stream.below(2), threshold: stream.uniform(), leftShare: 0.5,
                left: (0..<3).map { _ in stream.uniform() }, right: (0..<3).map { _ in stream.uniform() })
        }
        return tree
    }

    private func observations(_ count: Int, seed: UInt64) -> [[Double]] {
        var stream = RandomStream(seed: seed, purpose: "test.shaping.observations")
        return (0..<count).map { _ in [stream.uniform(), stream.uniform()] }
    }

    private func decision(_ tree: DecisionTree, _ row: [Double]) -> [Int] { tree.ranking(ofLeaf: tree.leaf(of: row)) }

    /// Whether an observation comes through a node.
    private func comes(_ row: [Double], through node: Int, of tree: DecisionTree) -> Bool {
        tree.subtree(of: node).contains(tree.leaf(of: row))
    }

    @Test func aSplitIsInsertedAboveANode() {
        for seed in 0..<20 as Range<UInt64> {
            let old = tree(5, seed: seed)
            for node in 0..<old.nodeCount {
                for isLeft in [false, true] {
                    let new = old.inserting(
                        1, at: 0.4, above: node, ranking: [2, 0, 1], isLeft: isLeft, leftShare: 0.3)
                    #expect(new.leafCount == 6)
                    for row in observations(50, seed: seed) {
                        let isNew = comes(row, through: node, of: old) && (row[1] <= 0.4) == isLeft
                        #expect(decision(new, row) == (isNew ? [2, 0, 1] : decision(old, row)))
                    }
                }
            }
        }
    }

    @Test func sidesAreExchangedAndQuestionsReplaced() throws {
        for seed in 0..<20 as Range<UInt64> {
            let old = tree(6, seed: seed)
            for node in 0..<old.nodeCount where !old.isLeaf(node) {
                guard case .split(let feature, let threshold, _, let left, let right) = old.node(node) else { continue }
                let exchanged = old.exchangingSides(of: node)
                #expect(exchanged.exchangingSides(of: node) == old)
                let asked = old.asking(1 - feature, at: threshold, in: node)
                #expect(asked.asking(feature, at: threshold, in: node) == old)
                for row in observations(50, seed: seed) {
                    if !comes(row, through: node, of: old) {
                        #expect(decision(exchanged, row) == decision(old, row))
                        #expect(decision(asked, row) == decision(old, row))
                        continue
                    }
                    func below(_ side: Int) -> [Int] {
                        decision(node == 0 ? old.replacing(0, byDescendant: side) : part(old, side), row)
                    }
                    #expect(decision(exchanged, row) == below(row[feature] <= threshold ? right : left))
                    #expect(decision(asked, row) == below(row[1 - feature] <= threshold ? left : right))
                }
            }
        }
    }

    @Test func aSubtreeIsGrafted() {
        for seed in 0..<20 as Range<UInt64> {
            let (old, mate) = (tree(4, seed: seed), tree(5, seed: seed + 100))
            for node in 0..<old.nodeCount {
                for branch in 0..<mate.nodeCount {
                    let new = old.grafting(mate, branch, at: node)
                    let taken = part(mate, branch)
                    for row in observations(20, seed: seed) {
                        let expected = comes(row, through: node, of: old) ? taken : old
                        #expect(decision(new, row) == decision(expected, row))
                    }
                }
            }
        }
    }

    @Test func treesThatDecideAlikeAreRecognised() {
        let old = tree(5, seed: 3)
        let rows = observations(100, seed: 3).flatMap { $0 }
        #expect(
            old.decidesAlike(old.inserting(0, at: 2, above: 0, ranking: [2, 1, 0], isLeft: false, leftShare: 1), rows))
        #expect(
            !old.decidesAlike(
                old.inserting(0, at: 0.5, above: 0, ranking: [2, 1, 0], isLeft: false, leftShare: 1), rows))
    }

    /// A subtree as a tree of its own.
    private func part(_ tree: DecisionTree, _ node: Int) -> DecisionTree {
        node == 0 ? tree : tree.replacing(0, byDescendant: node)
    }
}

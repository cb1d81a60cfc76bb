import Numerics
import Testing
import Trees

@Suite struct BatchDecisionTests {
    /// Four observations walk in step; each must come out where it does alone.
    @Test(arguments: [1, 2, 16, nil])
    func manyDecideAsEachAlone(leaves: Int?) {
        for seed in 0..<5 as Range<UInt64> {
            let samples = randomSamples(
                rows: 403, columns: 3, classes: 4, distinct: 30, missing: 0.15, seed: seed)
            let tree = TreeInduction(maximumLeaves: leaves, mergesSameActions: false, missing: .byGain).fit(samples)
            var stream = RandomStream(seed: seed, purpose: "test.masks")
            let allowed = (0..<403 * 4).map { _ in stream.uniform() < 0.6 }
            for count in [0, 1, 3, 4, 7, 403] {
                var chosen = Array(repeating: Int32(-1), count: 403)
                tree.act(observations: samples.values, allowed: allowed, count: count, actions: &chosen)
                for row in 0..<count {
                    let ranking = tree.ranking(ofLeaf: leaf(tree, samples.values, row))
                    let expected = ranking.first { allowed[row * 4 + $0] } ?? ranking[0]
                    #expect(chosen[row] == Int32(expected))
                }
                #expect(chosen[count...].allSatisfy { $0 == -1 })
            }
        }
    }

    /// By the nodes as exporters see them.
    private func leaf(_ tree: DecisionTree, _ values: [Double], _ row: Int) -> Int {
        var node = 0
        while case .split(let feature, let threshold, let missingGoesLeft, let left, let right) = tree.node(node) {
            let value = values[row * 3 + feature]
            node = (value.isNaN ? missingGoesLeft : value <= threshold) ? left : right
        }
        return node
    }
}

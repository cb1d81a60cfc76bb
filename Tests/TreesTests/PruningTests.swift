import Numerics
import Testing
import Trees

/// Rows by formula, so that another program can be given the same.
private let formula: [[Double]] = (0..<60).map { (i: Int) -> [Double] in
    let first: Int = (37 * i) % 61
    let second: Int = (53 * i + 7) % 67
    let third: Int = (17 * i * i + 3 * i) % 71
    return [Double(first), Double(second), Double(third)]
}

private func labelled() -> TreeSamples {
    var labels: [Int32] = []
    var weights: [Double] = []
    for (i, x) in formula.enumerated() {
        let label = x[0] < 30 ? 0 : x[1] < 30 ? 1 : 2
        labels.append(Int32(i % 7 != 0 ? label : i % 3))
        weights.append(Double(1 + i % 3))
    }
    return TreeSamples(
        features: ["x0", "x1", "x2"], actions: ["a", "b", "c"], values: formula.flatMap { $0 }, labels: labels,
        weights: weights)
}

@Suite struct PruningTests {
    /// Golden values: `cost_complexity_pruning_path` of scikit-learn 1.9.1 on the same rows and weights, and the leaves
    /// of the tree pruned at each alpha.
    @Test(arguments: SplitCriterion.allCases)
    func pathIsThatOfScikitLearn(criterion: SplitCriterion) throws {
        let gini: [(alpha: Double, leaves: Int)] = [
            (0, 14), (0.007986111111111116, 12), (0.015190972222222219, 10), (0.01944444444444444, 6), (0.02, 5),
            (0.024642857142857143, 4), (0.036002304147465435, 3), (0.13940278844512716, 2), (0.30207011582010585, 1),
        ]
        let entropy: [(alpha: Double, leaves: Int)] = [
            (0, 14), (0.02498822928331855, 12), (0.040456274768944527, 10), (0.04633906713876648, 8),
            (0.06789506941560187, 5), (0.07132980375426973, 3), (0.24641091678673988, 2), (0.7248804001726632, 1),
        ]
        let golden = criterion == .gini ? gini : entropy
        let tree = TreeInduction(maximumLeaves: nil, criterion: criterion, mergesSameActions: false).fit(labelled())
        let path = tree.pruningPath()
        try #require(path.map(\.leaves) == golden.map(\.leaves))
        for (step, golden) in zip(path, golden) {
            #expect(abs(step.alpha - golden.alpha) < 1e-7)
            #expect(tree.pruned(alpha: step.alpha * (1 + 1e-9)).leafCount == golden.leaves)
            #expect(tree.pruned(toLeaves: golden.leaves).leafCount == golden.leaves)
        }
        #expect(tree.pruned(toLeaves: 11).leafCount == 10)
        #expect(tree.pruned(alpha: 0) == tree)
    }

    @Test func pathOfARegressionIsThatOfScikitLearn() throws {
        let tree = RegressionInduction(maximumLeaves: 12).fit(
            features: ["x0", "x1", "x2"], outputs: ["y"], values: formula.flatMap { $0 },
            targets: formula.map { (x: [Double]) -> Double in (x[1] < 30 ? x[0] : 0) + 0.25 * x[2] })
        let golden: [(Double, Int)] = [
            (0, 12), (1.1680555555555505, 11), (1.267070707070699, 10), (1.6771701388888933, 9),
            (1.7710069444444454, 8), (3.10078124999997, 7), (3.5133364898990376, 6), (9.333349116161632, 5),
            (13.844600694444441, 4), (35.87219251336889, 3), (127.55747639796654, 2), (154.72916947250283, 1),
        ]
        let path = tree.pruningPath()
        try #require(path.map(\.leaves) == golden.map(\.1))
        for (step, golden) in zip(path, golden) { #expect(abs(step.alpha - golden.0) < 1e-7 * (1 + golden.0)) }
    }

    /// All ways to collapse subtrees: weakest links are the best of them at every price.
    @Test(arguments: DecisionTree.PruningCost.allCases)
    func everyStepIsTheBestSubtree(cost: DecisionTree.PruningCost) {
        for seed in 0..<10 as Range<UInt64> {
            let samples = randomSamples(rows: 60, columns: 3, classes: 3, distinct: 6, weighted: true, seed: seed)
            let tree = TreeInduction(maximumLeaves: 7, criterion: .gini, mergesSameActions: false).fit(samples)
            let total = samples.weights.reduce(0, +)
            /// (leaves, cost) of every pruned version of a subtree.
            func versions(_ node: Int) -> [(leaves: Int, cost: Double)] {
                let rows = (0..<samples.count).filter { row in
                    tree.subtree(of: node).contains(tree.leaf(of: Array(samples.values[row * 3..<row * 3 + 3])))
                }
                var asLeaf = impurity(samples, rows, .gini) / total
                if cost == .misclassification {
                    var counts = [0.0, 0, 0]
                    for row in rows { counts[Int(samples.labels[row])] += samples.weights[row] }
                    asLeaf = (counts.reduce(0, +) - counts.max()!) / total
                }
                guard case .split(_, _, _, let left, let right) = tree.node(node) else { return [(1, asLeaf)] }
                let pairs = versions(left).flatMap { a in
                    versions(right).map { (leaves: a.leaves + $0.leaves, cost: a.cost + $0.cost) }
                }
                return [(1, asLeaf)] + pairs
            }
            let all = versions(0)
            for alpha in [0, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.5] {
                let prices = all.map { $0.cost + alpha * Double($0.leaves) }
                let least = prices.min()!
                let fewest = zip(all, prices).filter { $0.1 <= least + 1e-12 }.map(\.0.leaves).min()!
                let pruned = tree.pruned(alpha: alpha, cost)
                #expect(pruned.leafCount == fewest)
                #expect(pruned.leaves.map { pruned.weight(of: $0) }.reduce(0, +) == total)
            }
            #expect(tree.pruned(alpha: 2, cost).leafCount == 1)
        }
    }

    @Test func validationChoosesTheSmallestGoodTree() {
        // One threshold and a fifth of the labels wrong: what a large tree adds does not hold on other rows.
        func noisy(_ seed: UInt64) -> TreeSamples {
            var stream = RandomStream(seed: seed, purpose: "test.pruning")
            var samples = TreeSamples(features: ["x", "y"], actions: ["a", "b"])
            for _ in 0..<500 {
                let row = [stream.uniform(), stream.uniform()]
                let label: Int32 = (row[0] < 0.4) != (stream.uniform() < 0.2) ? 1 : 0
                row.withUnsafeBufferPointer { samples.append($0.baseAddress!, label: label, weight: 1) }
            }
            return samples
        }
        let tree = TreeInduction(maximumLeaves: nil, mergesSameActions: false).fit(noisy(1))
        #expect(tree.leafCount > 80)
        let pruned = tree.pruned(validation: noisy(2))
        #expect(pruned.leafCount <= 4 && pruned.leafCount > 1)
        #expect(noisy(3).accuracy(of: pruned) > 0.77)
        let same = TreeInduction(maximumLeaves: 1).fit(noisy(1))
        #expect(same.pruned(validation: noisy(2)) == same)
    }
}

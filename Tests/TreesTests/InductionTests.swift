import Foundation
import Numerics
import Testing
import Trees

@Suite struct InductionTests {
    @Test(
        arguments: [(0.0, MissingRouting.heavierSide), (0.3, .heavierSide), (0.3, .byGain)], SplitCriterion.allCases)
    func rootSplitIsTheBestOfAll(missing: (share: Double, routing: MissingRouting), criterion: SplitCriterion) throws {
        for seed in 0..<60 as Range<UInt64> {
            let samples = randomSamples(
                rows: 3 + Int(seed) % 40, columns: 3, classes: 2 + Int(seed) % 3, distinct: 6, missing: missing.share,
                weighted: seed % 2 == 0, seed: seed)
            let tree = TreeInduction(
                maximumLeaves: 2, criterion: criterion, mergesSameActions: false, missing: missing.routing
            ).fit(samples)
            let expected = bestGain(samples, criterion, missing.routing)
            if impurity(samples, Array(0..<samples.count), criterion) == 0 || expected == nil {
                #expect(tree.leafCount == 1)
                continue
            }
            try #require(tree.leafCount == 2)
            #expect(abs(tree.gain(of: 0) - expected!) < 1e-9)
            // The gain is that of the tree's own partition, missing values included.
            let sides = Dictionary(grouping: 0..<samples.count) { row in
                tree.leaf(of: Array(samples.values[row * 3..<row * 3 + 3]))
            }
            let after = sides.values.map { impurity(samples, $0, criterion) }.reduce(0, +)
            let before = impurity(samples, Array(0..<samples.count), criterion)
            #expect(abs(before - after - tree.gain(of: 0)) < 1e-9)
        }
    }

    @Test func gainsByHand() {
        // 4 + 4 rows, parted into 3:1 and 1:3. Entropy 1 bit before, H(1/4) = 0.811278 after; Gini 1/2 and 3/8.
        let samples = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: [0, 0, 0, 0, 1, 1, 1, 1], labels: [0, 0, 0, 1, 1, 1, 1, 0],
            weights: Array(repeating: 1, count: 8))
        let entropy = TreeInduction(criterion: .entropy).fit(samples)
        #expect(abs(entropy.gain(of: 0) - 8 * (1 - 0.811_278_124_459_133)) < 1e-12)
        let gini = TreeInduction(criterion: .gini).fit(samples)
        #expect(abs(gini.gain(of: 0) - 8 * (0.5 - 0.375)) < 1e-12)
        #expect(entropy.nodes[0] == .split(feature: 0, threshold: 0.5, missingGoesLeft: true, left: 1, right: 2))
        #expect(entropy.nodes[1] == .leaf(scores: [0.75, 0.25], weight: 4))
    }

    @Test func aWeightIsThatManyRows() {
        for seed in 0..<20 as Range<UInt64> {
            let weighted = randomSamples(
                rows: 60, columns: 3, classes: 3, distinct: 8, missing: 0.1, weighted: true, seed: seed)
            var repeated = TreeSamples(features: weighted.features, actions: weighted.actions)
            for row in 0..<weighted.count {
                for _ in 0..<Int(weighted.weights[row]) {
                    Array(weighted.values[row * 3..<row * 3 + 3]).withUnsafeBufferPointer {
                        repeated.append($0.baseAddress!, label: weighted.labels[row], weight: 1)
                    }
                }
            }
            let induction = TreeInduction(maximumLeaves: 8)
            #expect(induction.fit(weighted) == induction.fit(repeated))
        }
    }

    @Test func theOrderOfRowsDoesNotMatter() {
        let samples = randomSamples(rows: 300, columns: 4, classes: 3, distinct: 50, weighted: true, seed: 5)
        var stream = RandomStream(seed: 1, purpose: "test.order")
        let order = stream.permutation(samples.count)
        let shuffled = TreeSamples(
            features: samples.features, actions: samples.actions,
            values: order.flatMap { samples.values[$0 * 4..<$0 * 4 + 4] }, labels: order.map { samples.labels[$0] },
            weights: order.map { samples.weights[$0] * 0.3 })
        var scaled = samples
        scaled.weights = samples.weights.map { $0 * 0.3 }
        #expect(TreeInduction().fit(scaled) == TreeInduction().fit(shuffled))
    }

    @Test func leavesAreAsManyAsAsked() {
        let samples = randomSamples(rows: 2000, columns: 4, classes: 3, distinct: 40, seed: 8)
        for leaves in [1, 2, 3, 7, 16, 40] {
            let tree = TreeInduction(maximumLeaves: leaves, mergesSameActions: false).fit(samples)
            #expect(tree.leafCount == leaves)
            let merged = TreeInduction(maximumLeaves: leaves).fit(samples)
            #expect(merged.leafCount <= leaves)
            #expect(merged == merged.mergingSameActions())
        }
        #expect(TreeInduction(maximumLeaves: nil, maximumDepth: 3).fit(samples).depth <= 3)
        let heavy = TreeInduction(maximumLeaves: nil, minimumLeafWeight: 100, mergesSameActions: false).fit(samples)
        #expect(heavy.leaves.allSatisfy { heavy.weight(of: $0) >= 100 } && heavy.leafCount > 4)
    }

    @Test func bestFirstTakesTheLargestGain() {
        // Of the trees with three leaves that start at the best root, growth finds the one of least impurity.
        for seed in 0..<20 as Range<UInt64> {
            let samples = randomSamples(rows: 80, columns: 3, classes: 3, distinct: 7, seed: seed)
            let two = TreeInduction(maximumLeaves: 2, mergesSameActions: false).fit(samples)
            let three = TreeInduction(maximumLeaves: 3, mergesSameActions: false).fit(samples)
            let gains = two.leaves.map { leaf in
                var part = TreeSamples(features: samples.features, actions: samples.actions)
                for row in 0..<samples.count {
                    let observation = Array(samples.values[row * 3..<row * 3 + 3])
                    if two.leaf(of: observation) == leaf {
                        observation.withUnsafeBufferPointer {
                            part.append($0.baseAddress!, label: samples.labels[row], weight: 1)
                        }
                    }
                }
                return bestGain(part, .entropy) ?? 0
            }
            let gain = three.nodes.indices.map { three.gain(of: $0) }.reduce(0, +) - two.gain(of: 0)
            #expect(abs(gain - gains.max()!) < 1e-9)
        }
    }

    @Test func anUnlimitedTreeTellsAllApart() {
        var stream = RandomStream(seed: 3, purpose: "test.samples")
        var samples = TreeSamples(features: ["x", "y"], actions: ["a", "b"])
        for _ in 0..<400 {
            let row = [stream.uniform(), stream.uniform()]
            let label: Int32 = (row[0] < 0.5) == (row[1] < 0.5) ? 0 : 1  // exclusive or: no first split gains much
            row.withUnsafeBufferPointer { samples.append($0.baseAddress!, label: label, weight: 1) }
        }
        let tree = TreeInduction(maximumLeaves: nil).fit(samples)
        #expect(samples.accuracy(of: tree) > 0.98)  // 400 distinct values share 255 bins
    }

    @Test func manyDistinctValuesAreBinnedFinely() throws {
        var stream = RandomStream(seed: 4, purpose: "test.samples")
        var samples = TreeSamples(features: ["x", "noise"], actions: ["a", "b"])
        for _ in 0..<30_000 {
            let row = [stream.normal() * 1e6, stream.normal()]
            row.withUnsafeBufferPointer {
                samples.append($0.baseAddress!, label: row[0] > 3e5 ? 1 : 0, weight: 1)
            }
        }
        let tree = TreeInduction(maximumLeaves: 2).fit(samples)
        guard case .split(let feature, let threshold, _, _, _) = tree.nodes[0] else {
            Issue.record("no split")
            return
        }
        #expect(feature == 0)
        // Within one bin of 1/255 of the rows: a density of 0.38/1e6 at the threshold.
        #expect(abs(threshold - 3e5) < 2 * 1e6 / 255 / 0.38)
        // Rare values among many rows are not lost: two distinct values, the second in 1 row of 30,000.
        var rare = TreeSamples(features: ["x"], actions: ["a", "b"])
        for row in 0..<30_000 {
            [row == 17 ? 2.0 : 1.0].withUnsafeBufferPointer {
                rare.append($0.baseAddress!, label: row == 17 ? 1 : 0, weight: 1)
            }
        }
        #expect(rare.accuracy(of: TreeInduction().fit(rare)) == 1)
    }

    @Test func missingValuesJoinTheHeavierSide() {
        let nan = Double.nan
        let samples = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: [0, 1, 1, 1, nan, nan], labels: [0, 1, 1, 1, 1, 0],
            weights: Array(repeating: 1, count: 6))
        let tree = TreeInduction(maximumLeaves: 2).fit(samples)
        #expect(tree.nodes[0] == .split(feature: 0, threshold: 0.5, missingGoesLeft: false, left: 1, right: 2))
        #expect(tree.leaf(of: [nan]) == 2)
        #expect(tree.leaf(of: [0.5]) == 1)
    }

    @Test func missingValuesGoWhereTheyTellMost() {
        // The side with less weight, since the missing rows are all of its class.
        let nan = Double.nan
        let samples = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: [0, 1, 1, 1, nan, nan], labels: [0, 1, 1, 1, 0, 0],
            weights: Array(repeating: 1, count: 6))
        let tree = TreeInduction(maximumLeaves: 2, missing: .byGain).fit(samples)
        #expect(tree.nodes[0] == .split(feature: 0, threshold: 0.5, missingGoesLeft: true, left: 1, right: 2))
        #expect(samples.accuracy(of: tree) == 1)
        // Without missing values the routing says nothing.
        let whole = randomSamples(rows: 800, columns: 4, classes: 3, distinct: 40, seed: 11)
        #expect(TreeInduction(missing: .byGain).fit(whole) == TreeInduction().fit(whole))
    }

    @Test func fewRowsAreSearchedAsManyAre() {
        // The same rows many times over: large nodes go by histograms, small ones by their rows.
        for seed in 0..<4 as Range<UInt64> {
            let samples = randomSamples(
                rows: 300, columns: 4, classes: 3, distinct: 60, missing: 0.1, weighted: true, seed: seed)
            var many = samples
            for _ in 0..<7 { many.append(samples) }
            var heavy = samples
            heavy.weights = samples.weights.map { 8 * $0 }
            for leaves in [12, nil] {
                let induction = TreeInduction(maximumLeaves: leaves, missing: .byGain)
                #expect(induction.fit(many) == induction.fit(heavy))
            }
        }
    }

    @Test func extremeNumbers() {
        let huge = Double.greatestFiniteMagnitude
        let samples = TreeSamples(
            features: ["x"], actions: ["a", "b", "c"], values: [-.infinity, -huge, -0.0, 0.0, huge, .infinity],
            labels: [0, 0, 1, 1, 2, 2], weights: [1e300, 1e300, 1e300, 1e300, 1e300, 1e300])
        let tree = TreeInduction().fit(samples)
        #expect(tree.leafCount == 3)
        #expect(samples.accuracy(of: tree) == 1)
        for number in 0..<tree.nodeCount {
            if case .split(_, let threshold, _, _, _) = tree.node(number) { #expect(threshold.isFinite) }
        }
        let neighbours = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: [1, 1.0.nextUp], labels: [0, 1], weights: [1, 1])
        #expect(neighbours.accuracy(of: TreeInduction().fit(neighbours)) == 1)
        // Weights too far apart to be added: the light one is dropped, not the heavy one's precision.
        let light = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: [0, 1], labels: [0, 1],
            weights: [.leastNonzeroMagnitude, 1e300])
        #expect(TreeInduction().fit(light).nodes == [.leaf(scores: [0, 1], weight: 1e300)])
        let nothing = TreeSamples(features: ["x"], actions: ["a"], values: [1], labels: [0], weights: [0])
        #expect(TreeInduction().fit(nothing).nodes == [.leaf(scores: [0], weight: 0)])
        let tiny = TreeSamples(
            features: ["x"], actions: ["a", "b"], values: [0, 1], labels: [0, 1],
            weights: [.leastNonzeroMagnitude, .leastNonzeroMagnitude])
        #expect(TreeInduction().fit(tiny).leafCount <= 2)
        let empty = TreeSamples(features: [], actions: ["a", "b"], values: [], labels: [0, 1], weights: [1, 2])
        #expect(TreeInduction().fit(empty).leafCount == 1)
    }
}

import Foundation
import Numerics
import Testing
import Trees

/// Rows with few distinct values, some missing, and two targets each.
private struct Numbers {
    let features = ["x0", "x1", "x2"]
    let outputs = ["y0", "y1"]
    var values: [Double] = []
    var targets: [Double] = []
    var weights: [Double] = []

    init(rows: Int, missing: Double = 0, whole: Bool = true, seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: "test.numbers")
        for _ in 0..<rows {
            let row = (0..<3).map { _ in stream.uniform() < missing ? Double.nan : Double(stream.below(6)) / 4 }
            values += row
            targets.append((row[0] > 0.6 ? 3 : -1) + stream.normal())
            targets.append(1000 + (row[1].isNaN ? 7 : row[1]) * 2 + 0.3 * stream.normal())
            weights.append(whole ? Double(1 + stream.below(4)) : stream.uniform())
        }
    }

    var count: Int { weights.count }
    func value(_ row: Int, _ column: Int) -> Double { values[row * 3 + column] }

    /// Weight × variance, summed over the outputs.
    func spread(_ rows: [Int]) -> Double {
        let weight = rows.map { weights[$0] }.reduce(0, +)
        return (0..<2).map { output in
            let mean = rows.map { weights[$0] * targets[$0 * 2 + output] }.reduce(0, +) / weight
            return rows.map { weights[$0] * pow(targets[$0 * 2 + output] - mean, 2) }.reduce(0, +)
        }.reduce(0, +)
    }

    /// The highest fall of spread over all splits, by trying each.
    func bestGain(_ routing: MissingRouting) -> Double? {
        let rows = Array(0..<count)
        var best: Double?
        for column in 0..<3 {
            let distinct = Set(rows.map { value($0, column) }.filter { !$0.isNaN }).sorted()
            for threshold in distinct.dropLast() {
                let left = rows.filter { value($0, column) <= threshold }
                let right = rows.filter { value($0, column) > threshold }
                let absent = rows.filter { value($0, column).isNaN }
                let weigh = { (some: [Int]) in some.map { weights[$0] }.reduce(0, +) }
                let sides = routing == .byGain ? [true, false] : [weigh(left) >= weigh(right)]
                for joinsLeft in sides {
                    let gain =
                        spread(rows) - spread(left + (joinsLeft ? absent : []))
                        - spread(right + (joinsLeft ? [] : absent))
                    best = max(best ?? -.infinity, gain)
                }
            }
        }
        return best
    }

    func fit(_ induction: RegressionInduction) -> DecisionTree {
        induction.fit(features: features, outputs: outputs, values: values, targets: targets, weights: weights)
    }
}

@Suite struct RegressionTests {
    @Test(arguments: [0.0, 0.3], MissingRouting.allCases)
    func rootSplitIsTheBestOfAll(missing: Double, routing: MissingRouting) throws {
        for seed in 0..<40 as Range<UInt64> {
            let numbers = Numbers(rows: 3 + Int(seed), missing: missing, whole: seed % 2 == 0, seed: seed)
            let tree = numbers.fit(RegressionInduction(maximumLeaves: 2, missing: routing))
            guard let expected = numbers.bestGain(routing) else {
                #expect(tree.leafCount == 1)
                continue
            }
            try #require(tree.leafCount == 2)
            #expect(abs(tree.gain(of: 0) - expected) < 1e-8 * (1 + numbers.spread(Array(0..<numbers.count))))
            // Leaves say the mean of what falls into them.
            let sides = Dictionary(grouping: 0..<numbers.count) { row in
                tree.leaf(of: Array(numbers.values[row * 3..<row * 3 + 3]))
            }
            for (leaf, rows) in sides {
                let weight = rows.map { numbers.weights[$0] }.reduce(0, +)
                #expect(abs(tree.weight(of: leaf) - weight) < 1e-12 * weight)
                for output in 0..<2 {
                    let sum = rows.map { numbers.weights[$0] * numbers.targets[$0 * 2 + output] }.reduce(0, +)
                    #expect(abs(tree.scores(ofLeaf: leaf)[output] - sum / weight) < 1e-9)
                }
            }
        }
    }

    @Test func aWeightIsThatManyRowsInAnyOrder() {
        for seed in 0..<20 as Range<UInt64> {
            let numbers = Numbers(rows: 60, missing: 0.1, seed: seed)
            var stream = RandomStream(seed: seed, purpose: "test.order")
            let rows = (0..<numbers.count).flatMap { Array(repeating: $0, count: Int(numbers.weights[$0])) }
            let order = stream.permutation(rows.count).map { rows[$0] }
            let induction = RegressionInduction(maximumLeaves: 12)
            let repeated = induction.fit(
                features: numbers.features, outputs: numbers.outputs,
                values: order.flatMap { numbers.values[$0 * 3..<$0 * 3 + 3] },
                targets: order.flatMap { numbers.targets[$0 * 2..<$0 * 2 + 2] })
            #expect(numbers.fit(induction) == repeated)
        }
    }

    @Test func stopsWhereTargetsAreEqual() {
        // Two steps of a staircase with equal, fractional weights: two leaves are all there is to say.
        let values = (0..<50).map(Double.init)
        let tree = RegressionInduction(maximumLeaves: nil).fit(
            features: ["x"], outputs: ["y"], values: values, targets: values.map { $0 < 20 ? 0.1 : 0.7 },
            weights: values.map { 0.1 + 0.01 * $0 })
        #expect(tree.leafCount == 2)
        #expect(tree.nodes[0] == .split(feature: 0, threshold: 19.5, missingGoesLeft: false, left: 1, right: 2))
        for (leaf, value) in [(1, 0.1), (2, 0.7)] { #expect(abs(tree.scores(ofLeaf: leaf)[0] - value) < 1e-12) }
        let constant = RegressionInduction().fit(
            features: ["x"], outputs: ["y"], values: values, targets: values.map { _ in 4.2 })
        #expect(constant.nodes == [.leaf(scores: [4.2], weight: 50)])
    }

    @Test func limitsAreKept() {
        let numbers = Numbers(rows: 400, seed: 3)
        for leaves in [1, 2, 5, 16] {
            #expect(numbers.fit(RegressionInduction(maximumLeaves: leaves)).leafCount == leaves)
        }
        #expect(numbers.fit(RegressionInduction(maximumLeaves: nil, maximumDepth: 3)).depth == 3)
        let heavy = numbers.fit(RegressionInduction(maximumLeaves: nil, minimumLeafWeight: 100))
        #expect(heavy.leaves.allSatisfy { heavy.weight(of: $0) >= 100 } && heavy.leafCount > 3)
    }

    @Test func extremeNumbers() {
        let far = RegressionInduction(maximumLeaves: nil).fit(
            features: ["x"], outputs: ["y", "z"], values: [0, 1, 2, 3],
            targets: [-1e100, 5, 1e100, 5, 1e100, 5, 0, 5], weights: [1, 1, 1, 1e-3])
        #expect(far.leafCount == 3)
        #expect(far.leaves.allSatisfy { far.scores(ofLeaf: $0)[1] == 5 })
        let light = RegressionInduction().fit(
            features: ["x"], outputs: ["y"], values: [0, 1], targets: [1e-90, 3e-90],
            weights: [1e-30, 1e-30])
        #expect(light.leafCount == 2)
        #expect(abs(light.scores(ofLeaf: 2)[0] / 3e-90 - 1) < 1e-9)
        let nothing = RegressionInduction().fit(
            features: ["x"], outputs: ["y"], values: [0], targets: [1], weights: [0])
        #expect(nothing.nodes == [.leaf(scores: [0], weight: 0)])
    }
}

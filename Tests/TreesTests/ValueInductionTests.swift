import Foundation
import Numerics
import Testing
import Trees

/// Observations with few distinct values and a value for every action, which depends on two of them.
private func samples(
    rows: Int, columns: Int, choices: Int, distinct: Int, missing: Double = 0, seed: UInt64
) -> (TreeSamples, [Double]) {
    var stream = RandomStream(seed: seed, purpose: "test.values")
    var samples = TreeSamples(
        features: (0..<columns).map { "x\($0)" }, actions: (0..<choices).map { "a\($0)" })
    var values: [Double] = []
    for _ in 0..<rows {
        let row = (0..<columns).map { _ in
            stream.uniform() < missing ? Double.nan : Double(stream.below(distinct))
        }
        row.withUnsafeBufferPointer {
            samples.append($0.baseAddress!, label: 0, weight: Double(1 + stream.below(3)))
        }
        let good = Int((row[0].isNaN ? 1 : row[0]) + (row[1].isNaN ? 1 : row[1])) % choices
        for action in 0..<choices { values.append((action == good ? 1 : 0) + 2 * stream.uniform()) }
    }
    return (samples, values)
}

/// The value of the best tree of a depth, by trying everything.
private func bruteForce(_ samples: TreeSamples, _ values: [Double], _ rows: [Int], depth: Int) -> Double {
    let choices = samples.actions.count
    let columns = samples.features.count
    var best = (0..<choices).map { action in
        rows.reduce(0.0) { $0 + samples.weights[$1] * values[$1 * choices + action] }
    }.max()!
    guard depth > 0 else { return best }
    for column in 0..<columns {
        for threshold in Set(rows.map { samples.values[$0 * columns + column] }) {
            let left = rows.filter { samples.values[$0 * columns + column] <= threshold }
            let right = rows.filter { samples.values[$0 * columns + column] > threshold }
            if left.isEmpty || right.isEmpty { continue }
            best = max(
                best,
                bruteForce(samples, values, left, depth: depth - 1)
                    + bruteForce(samples, values, right, depth: depth - 1))
        }
    }
    return best
}

/// What a tree's first allowed choices are worth.
private func worth(_ tree: DecisionTree, _ samples: TreeSamples, _ values: [Double]) -> Double {
    let choices = samples.actions.count
    let columns = samples.features.count
    return (0..<samples.count).reduce(0.0) { sum, row in
        let leaf = tree.leaf(of: Array(samples.values[row * columns..<(row + 1) * columns]))
        let action = tree.ranking(ofLeaf: leaf).first { !values[row * choices + $0].isNaN }!
        return sum + samples.weights[row] * values[row * choices + action]
    }
}

@Suite struct ValueInductionTests {
    @Test(arguments: [1, 2])
    func bestTreeOfADepth(depth: Int) {
        for seed in 0..<6 as Range<UInt64> {
            let (samples, values) = samples(rows: 40, columns: 3, choices: 3, distinct: 5, seed: seed)
            let induction = ValueInduction(maximumLeaves: 1 << depth, maximumDepth: depth)
            let found = worth(induction.fit(samples, values: values), samples, values)
            let best = bruteForce(samples, values, Array(0..<samples.count), depth: depth)
            #expect(abs(found - best) < 1e-9)
        }
    }

    /// Neither split of an exclusive or gains anything alone.
    @Test func exclusiveOrIsSeenByLookingTwoSplitsDeep() {
        var samples = TreeSamples(features: ["x", "y"], actions: ["a", "b"])
        var values: [Double] = []
        for (x, y) in [(0.0, 0.0), (0, 1), (1, 0), (1, 1)] {
            [x, y].withUnsafeBufferPointer { samples.append($0.baseAddress!, label: 0, weight: 1) }
            values += x == y ? [1, 0] : [0, 1]
        }
        let tree = ValueInduction(maximumLeaves: 4).fit(samples, values: values)
        #expect(tree.leafCount == 4 && worth(tree, samples, values) == 4)
        #expect(ValueInduction(maximumLeaves: 4, lookahead: 1).fit(samples, values: values).leafCount == 1)
        // Three leaves get three of four right.
        let three = ValueInduction(maximumLeaves: 3).fit(samples, values: values)
        #expect(three.leafCount == 3 && worth(three, samples, values) == 3)
    }

    @Test func moreLeavesAreWorthMoreUntilNothingIsLeftToGain() {
        let (samples, values) = samples(rows: 300, columns: 4, choices: 3, distinct: 40, seed: 9)
        var before = -Double.infinity
        for leaves in [1, 2, 4, 8, 16, 32] {
            let tree = ValueInduction(maximumLeaves: leaves).fit(samples, values: values)
            let value = worth(tree, samples, values)
            #expect(tree.leafCount <= leaves && value >= before)
            before = value
        }
        let all = worth(ValueInduction(maximumLeaves: 4000, lookahead: 1).fit(samples, values: values), samples, values)
        let bound = (0..<samples.count).reduce(0.0) { $0 + samples.weights[$1] * values[$1 * 3..<$1 * 3 + 3].max()! }
        #expect(all <= bound + 1e-9 && all > before)
    }

    @Test func regretIsWhatCountsAndNotAgreement() {
        // Ninety rows where a is better by a little, ten where it is worse by much; nothing tells them apart.
        var samples = TreeSamples(features: ["x"], actions: ["a", "b"])
        var values: [Double] = []
        for row in 0..<100 {
            [0.0].withUnsafeBufferPointer { samples.append($0.baseAddress!, label: row < 90 ? 0 : 1, weight: 1) }
            values += row < 90 ? [0.1, 0] : [0, 5]
        }
        #expect(ValueInduction().fit(samples, values: values).action(atLeaf: 0) == 1)
        #expect(TreeInduction().fit(samples).action(atLeaf: 0) == 0)
    }

    @Test func forbiddenActionsAreReplacedByTheNextBest() {
        // b is best wherever it is allowed; where it is not, a is much better than c.
        var samples = TreeSamples(features: ["x"], actions: ["a", "b", "c"])
        var values: [Double] = []
        for row in 0..<20 {
            [Double(row % 5)].withUnsafeBufferPointer { samples.append($0.baseAddress!, label: 0, weight: 1) }
            values += row % 2 == 0 ? [0, 1, -1] : [0.9, .nan, -1]
        }
        let tree = ValueInduction().fit(samples, values: values)
        #expect(tree.leafCount == 1 && tree.ranking(ofLeaf: 0) == [1, 0, 2])

        // What is never allowed comes last, whatever it would have counted as.
        var never = values
        for row in 0..<20 { never[row * 3] = .nan }
        let last = ValueInduction().fit(samples, values: never).ranking(ofLeaf: 0)
        #expect(last == [1, 2, 0])
    }

    @Test func missingValuesGoToTheMiddle() {
        let (samples, values) = samples(rows: 200, columns: 3, choices: 3, distinct: 6, missing: 0.2, seed: 4)
        var filled = samples
        let columns = samples.features.count
        for column in 0..<columns {
            let present = (0..<samples.count).map { samples.values[$0 * columns + column] }.filter { !$0.isNaN }
                .sorted()
            for row in 0..<samples.count where samples.values[row * columns + column].isNaN {
                filled.values[row * columns + column] = present[present.count / 2]
            }
        }
        let tree = ValueInduction(maximumLeaves: 8).fit(samples, values: values)
        #expect(tree.leafCount == 8)
        // Filling may move no threshold, since a cut lies between any two distinct values.
        #expect(ValueInduction(maximumLeaves: 8).fit(filled, values: values) == tree)
        #expect(abs(worth(tree, samples, values) - worth(tree, filled, values)) < 1e-9)
    }

    @Test func candidateThresholdsAreLimited() {
        let (samples, values) = samples(rows: 2000, columns: 2, choices: 2, distinct: 1000, seed: 2)
        let few = ValueInduction(maximumLeaves: 64, maximumCuts: 3).fit(samples, values: values)
        var thresholds: [Int: Set<Double>] = [:]
        for node in 0..<few.nodeCount {
            if case .split(let feature, let threshold, _, _, _) = few.node(node) {
                thresholds[feature, default: []].insert(threshold)
            }
        }
        #expect(!thresholds.isEmpty && thresholds.values.allSatisfy { $0.count <= 3 })
        // Thresholds part the rows into quarters.
        for (feature, found) in thresholds {
            for threshold in found {
                let share = (0..<2000).count { samples.values[$0 * 2 + feature] <= threshold }
                #expect(share % 500 < 40 || share % 500 > 460)
            }
        }
    }

    @Test func smallLeavesAreNotMade() {
        let (samples, values) = samples(rows: 200, columns: 3, choices: 3, distinct: 12, seed: 7)
        let least = 0.1 * samples.weights.reduce(0, +)
        let tree = ValueInduction(maximumLeaves: 16, minimumLeafWeight: least).fit(samples, values: values)
        #expect(tree.leafCount > 2 && tree.leaves.allSatisfy { tree.weight(of: $0) >= least })
    }
}

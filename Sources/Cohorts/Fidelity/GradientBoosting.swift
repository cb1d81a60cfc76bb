// Boosted regression trees that tell two classes apart.

import Foundation

/// Gradient boosting of the logistic loss with trees of a fixed depth.
///
/// Friedman, "Greedy function approximation: a gradient boosting machine", Ann. Statist. 29 (2001) 1189–1232,
/// algorithm 5; the defaults are those of scikit-learn's `GradientBoostingClassifier`: 100 trees, rate 0.1, depth 3.
package struct GradientBoosting: Sendable {
    var trees = 100
    var rate = 0.1
    var depth = 3

    package init(trees: Int = 100, rate: Double = 0.1, depth: Int = 3) {
        self.trees = trees
        self.rate = rate
        self.depth = depth
    }

    /// A fitted ensemble.
    package struct Model: Sendable {
        let start: Double
        package let trees: [BoostedTree]

        /// The log odds of the class `true` for every row.
        package func scores(_ matrix: FeatureMatrix) -> [Double] {
            var scores = [Double](repeating: start, count: matrix.rows)
            for tree in trees {
                for row in 0..<matrix.rows { scores[row] += tree.value { matrix.columns[$0][row] } }
            }
            return scores
        }
    }

    /// Fits an ensemble; nil when only one class is there.
    package func fit(_ matrix: FeatureMatrix, labels: [Bool]) -> Model? {
        let positive = Double(labels.count { $0 })
        let count = Double(labels.count)
        guard positive > 0, positive < count else { return nil }
        let features = BinnedFeatures(matrix)
        let start = log(positive / (count - positive))
        var scores = [Double](repeating: start, count: labels.count)
        var residuals = scores
        var hessians = scores
        var grower = TreeGrower(features: features, depth: depth)
        var fitted: [BoostedTree] = []
        for _ in 0..<trees {
            for row in labels.indices {
                let probability = 1 / (1 + exp(-scores[row]))
                residuals[row] = (labels[row] ? 1 : 0) - probability
                hessians[row] = probability * (1 - probability)
            }
            let (tree, leaves) = grower.grow(residuals: residuals, hessians: hessians, rate: rate)
            for row in labels.indices { scores[row] += tree.nodes[leaves[row]].value }
            fitted.append(tree)
        }
        return Model(start: start, trees: fitted)
    }
}

/// A small regression tree.
package struct BoostedTree: Sendable {
    package struct Node: Sendable {
        /// −1 for a leaf.
        var feature = -1
        package var threshold = 0.0
        var bin = 0
        var left = 0
        var right = 0
        /// Of a leaf, the rate applied.
        var value = 0.0
    }
    package var nodes: [Node]

    func value(_ feature: (Int) -> Double) -> Double {
        var node = 0
        while nodes[node].feature >= 0 {
            node = feature(nodes[node].feature) <= nodes[node].threshold ? nodes[node].left : nodes[node].right
        }
        return nodes[node].value
    }
}

/// Grows trees level by level on histograms.
struct TreeGrower {
    let features: BinnedFeatures
    let depth: Int
    private let bins: Int
    /// Sums of residuals and counts, node × bin.
    private var sums: [Double]
    private var counts: [Double]

    init(features: BinnedFeatures, depth: Int) {
        self.features = features
        self.depth = depth
        bins = (features.thresholds.map(\.count).max() ?? 0) + 1
        sums = Array(repeating: 0, count: bins << max(depth - 1, 0))
        counts = sums
    }

    private struct Split {
        var gain = 0.0
        var feature = -1
        var bin = 0
    }

    /// A tree that follows the residuals, and the leaf of every row.
    ///
    /// Splits have the greatest Friedman improvement (eq. 35: n_l n_r / (n_l + n_r) · (mean_l − mean_r)²); a leaf's value
    /// is one Newton step, Σ residual / Σ p(1 − p), times the rate.
    mutating func grow(
        residuals: [Double], hessians: [Double], rate: Double
    ) -> (tree: BoostedTree, leaves: [Int]) {
        var nodes = [BoostedTree.Node()]
        var places = [Int](repeating: 0, count: features.rows)
        // Numbers of the nodes of this level; a row's slot is the place of its node in it, or −1 once it is in a leaf.
        var level = [0]
        for _ in 0..<depth where !level.isEmpty {
            var slotOf = [Int](repeating: -1, count: nodes.count)
            for (slot, node) in level.enumerated() { slotOf[node] = slot }
            let slots = places.map { Int32(slotOf[$0]) }
            let splits = bestSplits(slots, residuals: residuals, count: level.count)
            var next: [Int] = []
            for (slot, node) in level.enumerated() where splits[slot].feature >= 0 {
                let split = splits[slot]
                nodes[node].feature = split.feature
                nodes[node].bin = split.bin
                nodes[node].threshold = features.thresholds[split.feature][split.bin]
                nodes[node].left = nodes.count
                nodes[node].right = nodes.count + 1
                next += [nodes.count, nodes.count + 1]
                nodes += [BoostedTree.Node(), BoostedTree.Node()]
            }
            for row in places.indices {
                let node = nodes[places[row]]
                guard node.feature >= 0 else { continue }
                places[row] = Int(features.codes[node.feature][row]) <= node.bin ? node.left : node.right
            }
            level = next
        }
        var numerator = [Double](repeating: 0, count: nodes.count)
        var denominator = numerator
        for row in places.indices {
            numerator[places[row]] += residuals[row]
            denominator[places[row]] += hessians[row]
        }
        for node in nodes.indices where nodes[node].feature < 0 {
            nodes[node].value = denominator[node] < 1e-150 ? 0 : rate * numerator[node] / denominator[node]
        }
        return (BoostedTree(nodes: nodes), places)
    }

    /// The best split of every node of a level.
    private mutating func bestSplits(_ slots: [Int32], residuals: [Double], count: Int) -> [Split] {
        var totals = [Double](repeating: 0, count: count)
        var sizes = totals
        for row in slots.indices where slots[row] >= 0 {
            totals[Int(slots[row])] += residuals[row]
            sizes[Int(slots[row])] += 1
        }
        var best = [Split](repeating: Split(), count: count)
        let bins = self.bins
        for feature in features.codes.indices {
            let used = features.thresholds[feature].count + 1
            guard used > 1 else { continue }
            sums.withUnsafeMutableBufferPointer { sums in
                counts.withUnsafeMutableBufferPointer { counts in
                    for slot in 0..<count {
                        for bin in 0..<used {
                            sums[slot * bins + bin] = 0
                            counts[slot * bins + bin] = 0
                        }
                    }
                    features.codes[feature].withUnsafeBufferPointer { codes in
                        slots.withUnsafeBufferPointer { slots in
                            residuals.withUnsafeBufferPointer { residuals in
                                for row in 0..<slots.count where slots[row] >= 0 {
                                    let place = Int(slots[row]) * bins + Int(codes[row])
                                    sums[place] += residuals[row]
                                    counts[place] += 1
                                }
                            }
                        }
                    }
                    for slot in 0..<count {
                        var leftSum = 0.0
                        var leftCount = 0.0
                        for bin in 0..<(used - 1) {
                            let here = counts[slot * bins + bin]
                            leftSum += sums[slot * bins + bin]
                            leftCount += here
                            let rightCount = sizes[slot] - leftCount
                            guard here > 0, rightCount > 0 else { continue }
                            let difference = leftSum / leftCount - (totals[slot] - leftSum) / rightCount
                            let gain = leftCount * rightCount / sizes[slot] * difference * difference
                            if gain > best[slot].gain * (1 + 1e-12) + 1e-15 {
                                best[slot] = Split(gain: gain, feature: feature, bin: bin)
                            }
                        }
                    }
                }
            }
        }
        return best
    }
}

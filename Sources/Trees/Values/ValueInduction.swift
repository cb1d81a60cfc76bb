// From observations with a value for every action to the tree whose actions are worth most: by regret, not agreement.

import Numerics

/// Induction of the tree with the highest Σ wᵢ·Γᵢ(action of i's leaf): "efficient policy learning" (Athey and Wager
/// 2021; Zhou, Athey and Wager, "Offline multi-action policy learning: generalization and optimization", Operations
/// Research 2023).
///
/// Γᵢ(a) may be a teacher's action values, returns of simulated trials or doubly robust scores. A tree of depth 2 is the
/// best of all with the candidate thresholds; beyond that growth is best first, by the gain per leaf of the best
/// subtree of up to three splits (lookahead as in policytree's hybrid search). Values of one row may be shifted by a
/// constant without changing anything. A forbidden action (NaN) counts as what would be taken in its place: the first
/// allowed one by mean value over all rows.
public struct ValueInduction: Sendable, Equatable {
    public var maximumLeaves = 16
    /// Splits on any way at most; nil for no limit.
    public var maximumDepth: Int?
    /// Splits above one another that are searched together, 1 or 2.
    public var lookahead = 2
    /// Candidate thresholds a feature; nil for one between any two distinct values.
    public var maximumCuts: Int? = 64
    /// The least sample weight on either side of a split.
    public var minimumLeafWeight = 0.0

    public init(
        maximumLeaves: Int = 16, maximumDepth: Int? = nil, lookahead: Int = 2, maximumCuts: Int? = 64,
        minimumLeafWeight: Double = 0
    ) {
        self.maximumLeaves = maximumLeaves
        self.maximumDepth = maximumDepth
        self.lookahead = lookahead
        self.maximumCuts = maximumCuts
        self.minimumLeafWeight = minimumLeafWeight
    }

    /// The tree of the samples, whose labels play no part. A leaf scores actions by their mean value in it; one that was
    /// never allowed there comes last.
    ///
    /// - Parameter values: rows × actions, NaN where an action is forbidden; at least one is allowed in every row.
    public func fit(_ samples: TreeSamples, values: [Double]) -> DecisionTree {
        precondition(values.count == samples.count * samples.actions.count, "a value per row and action")
        precondition(!values.contains { $0.isInfinite }, "values are finite, or NaN where forbidden")
        let chosen = (0..<samples.count).filter { samples.weights[$0] > 0 }.map(Int32.init)
        guard !chosen.isEmpty else {
            return DecisionTree(
                features: samples.features, actions: samples.actions,
                scores: Array(repeating: 0, count: samples.actions.count))
        }
        var growth = ValueGrowth(
            search: ValueSplitSearch(
                CandidateCuts(samples, chosen: chosen, maximum: maximumCuts),
                values: ValueInduction.filled(values, samples, chosen), weights: samples.weights,
                choices: samples.actions.count, minimumWeight: minimumLeafWeight),
            settings: self, order: chosen)
        growth.grow()
        return growth.tree(samples, allowed: values.map { !$0.isNaN }).mergingSameActions()
    }

    /// Values relative to the best of their row, with forbidden actions' values filled in.
    static func filled(_ values: [Double], _ samples: TreeSamples, _ chosen: [Int32]) -> [Double] {
        let choices = samples.actions.count
        var filled = values
        var sums = Array(repeating: 0.0, count: choices)
        var weights = sums
        for row in chosen.map(Int.init) {
            let best = (0..<choices).map { values[row * choices + $0] }.filter { !$0.isNaN }.max() ?? 0
            for action in 0..<choices where !values[row * choices + action].isNaN {
                filled[row * choices + action] -= best
                sums[action] += samples.weights[row] * filled[row * choices + action]
                weights[action] += samples.weights[row]
            }
        }
        let means = (0..<choices).map { weights[$0] > 0 ? sums[$0] / weights[$0] : -.infinity }
        let order = means.indices.sorted { (means[$1], $0) < (means[$0], $1) }
        for row in chosen.map(Int.init) {
            guard let substitute = order.first(where: { !values[row * choices + $0].isNaN }) else { continue }
            for action in 0..<choices where values[row * choices + action].isNaN {
                filled[row * choices + action] = filled[row * choices + substitute]
            }
        }
        return filled
    }
}

/// A growing tree: rows parted among nodes, the options of those that may be split.
private struct ValueGrowth {
    let search: ValueSplitSearch
    let settings: ValueInduction
    /// Rows, so that a node's are consecutive.
    var order: [Int32]
    var nodes: [Node] = []
    /// Gains below this are rounding.
    var tolerance = 0.0

    struct Node {
        var rows: Range<Int>
        var depth: Int
        /// Σ weight × value of every action, then the weight.
        var sums: [Double]
        var action: Int
        var options = ValueOptions()
        var isClosed = false
        var split: ValueSplit?
        var left = -1
        var right = -1
    }

    mutating func grow() {
        append(order.indices, depth: 0)
        var scale = 0.0
        for row in order {
            for action in 0..<search.choices {
                scale = max(scale, abs(search.rows[Int(row) * (search.choices + 2) + action]))
            }
        }
        tolerance = 1e-12 * scale * Double(order.count)
        var leaves = 1
        // Sides that choose alike cost a leaf only until they are merged: allow some such splits, not any number.
        var remaining = 4 * settings.maximumLeaves
        while leaves < settings.maximumLeaves, remaining > 0 {
            guard let (node, split) = next(room: settings.maximumLeaves - leaves) else { return }
            remaining -= 1
            part(node, split)
            let count = leavesAfterMerging()
            if count > settings.maximumLeaves {
                // Telling apart what had been alike on the way here would take too many leaves.
                nodes.removeLast(2)
                nodes[node].left = -1
                nodes[node].right = -1
                nodes[node].split = nil
                nodes[node].isClosed = true
            } else {
                leaves = count
            }
        }
    }

    /// The node with the highest gain per leaf, and the first split of its best subtree that there is room for.
    private func next(room: Int) -> (node: Int, split: ValueSplit)? {
        var best: (rate: Double, node: Int, split: ValueSplit)?
        for (number, node) in nodes.enumerated() where node.split == nil && !node.isClosed {
            var rate = 0.0
            var chosen: ValueSplit?
            for (place, option) in node.options.best.prefix(room).enumerated() {
                guard let option, option.value - node.options.value > tolerance else { continue }
                rate = max(rate, (option.value - node.options.value) / Double(place + 1))
                // A deeper subtree must be worth its further splits.
                if option.value > (chosen?.value ?? -.infinity) + tolerance { chosen = option }
            }
            guard let chosen else { continue }
            if best == nil || rate > best!.rate { best = (rate, number, chosen) }
        }
        return best.map { ($0.node, $0.split) }
    }

    private mutating func append(_ rows: Range<Int>, depth: Int) {
        let sums = search.sums(order[rows])
        var action = 0
        for index in 1..<max(1, search.choices) where sums[index] > sums[action] { action = index }
        var node = Node(rows: rows, depth: depth, sums: sums, action: action)
        let deeper = min(settings.lookahead, (settings.maximumDepth ?? .max) - depth)
        if deeper > 0 {
            node.options = search.options(order[rows], depth: deeper)
        } else {
            node.isClosed = true
        }
        nodes.append(node)
    }

    private mutating func part(_ node: Int, _ split: ValueSplit) {
        let rows = nodes[node].rows
        let cuts = search.cuts
        let isLeft = { (row: Int32) in Int(cuts.codes[Int(row) * cuts.columns + split.column]) <= split.cut }
        let left = order[rows].filter(isLeft)
        let right = order[rows].filter { !isLeft($0) }
        order.replaceSubrange(rows, with: left + right)
        nodes[node].split = split
        nodes[node].left = nodes.count
        nodes[node].right = nodes.count + 1
        let middle = rows.lowerBound + left.count
        let depth = nodes[node].depth + 1
        append(rows.lowerBound..<middle, depth: depth)
        append(middle..<rows.upperBound, depth: depth)
    }

    /// Leaves that remain once every subtree of one action is a leaf.
    private func leavesAfterMerging() -> Int {
        var common = nodes.map(\.action)
        var leaves = Array(repeating: 1, count: nodes.count)
        for node in nodes.indices.reversed() where nodes[node].left >= 0 {
            let (left, right) = (nodes[node].left, nodes[node].right)
            if common[left] >= 0, common[left] == common[right] {
                common[node] = common[left]
            } else {
                common[node] = -1
                leaves[node] = leaves[left] + leaves[right]
            }
        }
        return leaves[0]
    }

    func tree(_ samples: TreeSamples, allowed: [Bool]) -> DecisionTree {
        let choices = search.choices
        var gains: [Double] = []
        let result = nodes.map { node -> DecisionTree.Node in
            guard let split = node.split else {
                gains.append(0)
                let weight = node.sums[choices]
                let worst = (node.sums.prefix(choices).min() ?? 0) / weight
                let scores = (0..<choices).map { action in
                    order[node.rows].contains { allowed[Int($0) * choices + action] }
                        ? node.sums[action] / weight : worst - 1
                }
                return .leaf(scores: scores, weight: weight)
            }
            let sides = nodes[node.left].sums.prefix(choices).max()! + nodes[node.right].sums.prefix(choices).max()!
            gains.append(max(0, sides - node.options.value))
            return .split(
                feature: split.column, threshold: search.cuts.thresholds[split.column][split.cut],
                missingGoesLeft: search.cuts.middles[split.column] <= split.cut, left: node.left, right: node.right)
        }
        return DecisionTree(features: samples.features, actions: samples.actions, valid: result, gains: gains) { $0 }
    }
}

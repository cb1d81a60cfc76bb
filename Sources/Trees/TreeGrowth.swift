// The growing tree: rows parted among nodes, a histogram for each node that may still be split.

import Numerics

/// The state of one induction.
final class TreeGrowth {
    private let samples: TreeSamples
    private let settings: TreeInduction
    private let bins: FeatureBins
    private let columns: Int
    private let classes: Int
    /// Sample weight of one unit of the integers that are added; a power of two.
    private let unit: Double
    /// Per row that takes part.
    private let labels: UnsafeMutableBufferPointer<Int32>
    private let weights: UnsafeMutableBufferPointer<Int64>
    /// Rows, so that a node's are consecutive; and room to part them.
    private let order: UnsafeMutableBufferPointer<Int32>
    private let spare: UnsafeMutableBufferPointer<Int32>
    private var search: SplitSearch
    private var pool: [UnsafeMutablePointer<Int64>] = []
    private var allocated: [UnsafeMutablePointer<Int64>] = []

    private struct Node {
        var start, end, depth: Int
        var left = -1
        var right = -1
        /// The best split, where there is one.
        var split: Split?
        var histogram: UnsafeMutablePointer<Int64>?
        /// Most weighty class, the first of equals.
        var action: Int32
    }
    private var nodes: [Node] = []
    /// nodes × classes, in units
    private var sums: [Int64] = []

    /// Nil where no row has any weight.
    init?(_ samples: TreeSamples, _ settings: TreeInduction) {
        guard let largest = samples.weights.max(), largest > 0 else { return nil }
        // Integers of at most 2⁶¹ in sum: the power of two keeps whole weights whole.
        let bits = Int.bitWidth - (samples.count - 1).leadingZeroBitCount
        let exponent = max(-960, Int(largest.exponent)) - (60 - bits)
        unit = Double(sign: .plus, exponent: max(-1020, exponent), significand: 1)
        var chosen: [Int32] = []
        chosen.reserveCapacity(samples.count)
        for row in 0..<samples.count where (samples.weights[row] / unit).rounded() > 0 { chosen.append(Int32(row)) }
        guard !chosen.isEmpty else { return nil }
        self.samples = samples
        self.settings = settings
        columns = samples.features.count
        classes = samples.actions.count
        bins = samples.values.withUnsafeBufferPointer { [columns] in
            FeatureBins(
                values: $0.baseAddress ?? UnsafePointer(bitPattern: 8)!, columns: columns, chosen: chosen)
        }
        labels = .allocate(capacity: chosen.count)
        weights = .allocate(capacity: chosen.count)
        order = .allocate(capacity: chosen.count)
        spare = .allocate(capacity: chosen.count)
        spare.initialize(repeating: 0)
        for (index, row) in chosen.enumerated() {
            labels.initializeElement(at: index, to: samples.labels[Int(row)])
            weights.initializeElement(at: index, to: Int64((samples.weights[Int(row)] / unit).rounded()))
            order.initializeElement(at: index, to: Int32(index))
        }
        search = SplitSearch(
            criterion: settings.criterion, columns: columns, classes: classes, unit: unit,
            minimumWeight: settings.minimumLeafWeight)
    }

    deinit {
        labels.deallocate()
        weights.deallocate()
        order.deallocate()
        spare.deallocate()
        for histogram in allocated { histogram.deallocate() }
    }

    /// Grows to the limits and hands the tree over.
    func grow() -> DecisionTree {
        var total = Array(repeating: Int64(0), count: classes)
        for row in 0..<order.count { total[Int(labels[row])] += weights[row] }
        append(start: 0, end: order.count, depth: 0, sums: total)
        prepare(0, histogram: nil)
        if let limit = settings.maximumLeaves {
            growBestFirst(to: max(1, limit))
        } else {
            // Every node is split in the end: depth first keeps few histograms alive.
            var open = [0]
            while let node = open.popLast() {
                guard nodes[node].split != nil else { continue }
                expand(node)
                open.append(nodes[node].right)
                open.append(nodes[node].left)
            }
        }
        return tree()
    }

    private func growBestFirst(to limit: Int) {
        var open = [0]
        var leaves = 1
        // Splits whose sides choose alike cost a leaf only until they are merged: allow some, not any number.
        let splits = settings.mergesSameActions ? 4 * limit : limit - 1
        var made = 0
        while leaves < limit, made < splits {
            var best = -1
            for (place, node) in open.enumerated() {
                guard let gain = nodes[node].split?.gain else { continue }
                if best < 0 || gain > nodes[open[best]].split!.gain { best = place }
            }
            guard best >= 0 else { return }
            let node = open.remove(at: best)
            expand(node)
            made += 1
            let count = settings.mergesSameActions ? leavesAfterMerging() : leaves + 1
            if count > limit {
                // Telling apart what had been alike on the way here would take too many leaves.
                discard(nodes[node].left)
                discard(nodes[node].right)
                nodes[node].left = -1
                nodes[node].right = -1
                continue
            }
            leaves = count
            open += [nodes[node].left, nodes[node].right]
        }
    }

    /// Frees what a node that will not be split holds.
    private func discard(_ node: Int) {
        if let histogram = nodes[node].histogram { pool.append(histogram) }
        nodes[node].histogram = nil
        nodes[node].split = nil
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

    private func append(start: Int, end: Int, depth: Int, sums own: [Int64]) {
        var action = 0
        for index in 1..<max(1, classes) where own[index] > own[action] { action = index }
        nodes.append(Node(start: start, end: end, depth: depth, action: Int32(action)))
        sums += own
    }

    /// Whether a node has anything to gain from a split.
    private func mayBeSplit(_ node: Int) -> Bool {
        if let limit = settings.maximumDepth, nodes[node].depth >= limit { return false }
        var mixed = 0
        for index in 0..<classes where sums[node * classes + index] > 0 { mixed += 1 }
        return mixed > 1
    }

    /// Finds a node's best split, from its histogram where it is known already.
    private func prepare(_ node: Int, histogram known: UnsafeMutablePointer<Int64>?) {
        guard mayBeSplit(node) else {
            if let known { pool.append(known) }
            return
        }
        let histogram = known ?? self.histogram(of: node)
        nodes[node].split = sums.withUnsafeBufferPointer {
            search.best(histogram: histogram, bins: bins.counts, sums: $0.baseAddress! + node * classes)
        }
        if nodes[node].split == nil {
            pool.append(histogram)
        } else {
            nodes[node].histogram = histogram
        }
    }

    private func histogram(of node: Int) -> UnsafeMutablePointer<Int64> {
        let size = columns * 256 * classes
        let table: UnsafeMutablePointer<Int64>
        if let free = pool.popLast() {
            table = free
        } else {
            table = .allocate(capacity: max(1, size))
            allocated.append(table)
        }
        table.initialize(repeating: 0, count: size)
        let codes = bins.codes.baseAddress!
        let (columns, classes) = (columns, classes)
        let (order, labels, weights) = (
            order.baseAddress!, labels.baseAddress!, weights.baseAddress!
        )
        for place in nodes[node].start..<nodes[node].end {
            let row = Int(order[place])
            let weight = weights[row]
            let code = codes + row * columns
            var cell = table + Int(labels[row])
            for column in 0..<columns {
                cell[Int(code[column]) * classes] += weight
                cell += 256 * classes
            }
        }
        return table
    }

    /// Splits a node by its best split and prepares both children.
    private func expand(_ node: Int) {
        guard let split = nodes[node].split, let histogram = nodes[node].histogram else { return }
        nodes[node].histogram = nil
        let (start, end) = (nodes[node].start, nodes[node].end)
        var leftSums = Array(repeating: Int64(0), count: classes)
        var rightSums = leftSums
        let codes = bins.codes.baseAddress! + split.column
        var left = start
        var right = 0
        for place in start..<end {
            let row = Int(order[place])
            if split.goesLeft(codes[row * columns]) {
                order[left] = Int32(row)
                left += 1
                leftSums[Int(labels[row])] += weights[row]
            } else {
                spare[right] = Int32(row)
                right += 1
                rightSums[Int(labels[row])] += weights[row]
            }
        }
        for index in 0..<right { order[left + index] = spare[index] }
        let depth = nodes[node].depth + 1
        let children = (nodes.count, nodes.count + 1)
        nodes[node].left = children.0
        nodes[node].right = children.1
        append(start: start, end: left, depth: depth, sums: leftSums)
        append(start: left, end: end, depth: depth, sums: rightSums)
        let (small, large) = left - start <= end - left ? children : (children.1, children.0)
        guard mayBeSplit(large) else {
            pool.append(histogram)
            prepare(small, histogram: nil)
            return
        }
        // The larger child's histogram is what the smaller leaves of the parent's: exact in integers.
        let other = self.histogram(of: small)
        for index in 0..<columns * 256 * classes { histogram[index] -= other[index] }
        prepare(small, histogram: other)
        prepare(large, histogram: histogram)
    }

    private func tree() -> DecisionTree {
        var result: [DecisionTree.Node] = []
        var gains: [Double] = []
        for (number, node) in nodes.enumerated() {
            if node.left >= 0, let split = node.split {
                result.append(
                    .split(
                        feature: split.column,
                        threshold: bins.threshold(column: split.column, below: split.below, above: split.above),
                        missingGoesLeft: split.missingGoesLeft, left: node.left, right: node.right))
                gains.append(max(0, split.gain))
            } else {
                let counts = sums[number * classes..<(number + 1) * classes].map { Double($0) * unit }
                let total = counts.reduce(0, +)
                result.append(.leaf(scores: counts.map { $0 / total }, weight: total))
                gains.append(0)
            }
        }
        return DecisionTree(
            features: samples.features, actions: samples.actions, valid: result, gains: gains
        ) { $0 }
    }
}

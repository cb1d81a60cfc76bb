// The growing tree: rows parted among nodes, a histogram for each node that may still be split.

import Numerics

/// The state of one induction.
final class TreeGrowth<Targets: SplitTargets> {
    private let targets: Targets
    private let limits: GrowthLimits
    /// One of both: for splits between bins, or between any values.
    private let bins: FeatureBins?
    private let sorted: SortedColumns?
    private let columns: Int
    private let channels: Int
    private let count: Int
    /// Up to so many rows a split is searched without a histogram of the node.
    private let fewRows = 512
    /// Rows, so that a node's are consecutive; and room to part them.
    private let order: UnsafeMutablePointer<Int32>
    private let spare: UnsafeMutablePointer<Int32>
    /// Sums of a node's children.
    private let leftSums: UnsafeMutablePointer<Int64>
    private let rightSums: UnsafeMutablePointer<Int64>
    private let search: SplitSearch<Targets>
    private var pool: [UnsafeMutablePointer<Int64>] = []
    private var allocated: [UnsafeMutablePointer<Int64>] = []

    private struct Node {
        var start, end, depth: Int
        var left = -1
        var right = -1
        /// The best split, where there is one.
        var split: Split?
        var histogram: UnsafeMutablePointer<Int64>?
        /// What it says as a leaf.
        var action: Int32
    }
    private var nodes: [Node] = []
    /// nodes × channels, in units
    private var sums: [Int64] = []

    /// - Parameters:
    ///   - values: row-major with `columns` columns.
    ///   - rows: those that take part, in the order in which `targets` has them.
    ///   - targets: freed in the end.
    init(values: [Double], columns: Int, rows: [Int32], targets: Targets, limits: GrowthLimits) {
        self.targets = targets
        self.limits = limits
        self.columns = columns
        channels = targets.channels
        count = rows.count
        (bins, sorted) = values.withUnsafeBufferPointer {
            let values = $0.baseAddress ?? UnsafePointer(bitPattern: 8)!
            switch limits.splits {
            case .binned: return (FeatureBins(values: values, columns: columns, chosen: rows), nil)
            case .exact: return (nil, SortedColumns(values: values, columns: columns, chosen: rows))
            }
        }
        order = .allocate(capacity: count)
        spare = .allocate(capacity: count)
        for index in 0..<count { order[index] = Int32(index) }
        leftSums = .allocate(capacity: max(1, channels))
        rightSums = .allocate(capacity: max(1, channels))
        leftSums.initialize(repeating: 0, count: max(1, channels))
        rightSums.initialize(repeating: 0, count: max(1, channels))
        search = SplitSearch(
            targets: targets, columns: columns, minimumWeight: limits.leafWeight, missing: limits.missing)
    }

    deinit {
        targets.deallocate()
        search.deallocate()
        order.deallocate()
        spare.deallocate()
        leftSums.deallocate()
        rightSums.deallocate()
        for histogram in allocated { histogram.deallocate() }
    }

    /// Grows to the limits and hands the tree over.
    func grow(features: [String], actions: [String]) -> DecisionTree {
        leftSums.update(repeating: 0, count: channels)
        for row in 0..<count { targets.add(row, to: leftSums) }
        append(start: 0, end: count, depth: 0, sums: leftSums)
        prepare(0, histogram: nil)
        if let limit = limits.leaves {
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
        return tree(features, actions)
    }

    private func growBestFirst(to limit: Int) {
        var open = [0]
        var leaves = 1
        // Splits whose sides choose alike cost a leaf only until they are merged: allow some, not any number.
        let splits = limits.mergesSameActions ? 4 * limit : limit - 1
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
            let count = limits.mergesSameActions ? leavesAfterMerging() : leaves + 1
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

    private func append(start: Int, end: Int, depth: Int, sums own: UnsafePointer<Int64>) {
        nodes.append(Node(start: start, end: end, depth: depth, action: targets.action(own)))
        sums.append(contentsOf: UnsafeBufferPointer(start: own, count: channels))
    }

    /// Whether a node has anything to gain from a split.
    private func mayBeSplit(_ node: Int) -> Bool {
        if let limit = limits.depth, nodes[node].depth >= limit { return false }
        return sums.withUnsafeBufferPointer { targets.isMixed(rows(of: node), $0.baseAddress! + node * channels) }
    }

    private func rows(of node: Int) -> UnsafeBufferPointer<Int32> {
        UnsafeBufferPointer(start: order + nodes[node].start, count: nodes[node].end - nodes[node].start)
    }

    /// Finds a node's best split, from its histogram where it is known already.
    private func prepare(_ node: Int, histogram known: UnsafeMutablePointer<Int64>?) {
        let rows = rows(of: node)
        guard mayBeSplit(node) else {
            if let known { pool.append(known) }
            return
        }
        guard let bins else {
            let (start, end) = (nodes[node].start, nodes[node].end)
            nodes[node].split = sums.withUnsafeBufferPointer { sums in
                sorted.flatMap { search.best($0, start, end, sums: sums.baseAddress! + node * channels) }
            }
            return
        }
        if rows.count <= fewRows {
            if let known { pool.append(known) }
            nodes[node].split = sums.withUnsafeBufferPointer {
                search.best(rows: rows, codes: bins.codes, sums: $0.baseAddress! + node * channels)
            }
            return
        }
        let histogram = known ?? self.histogram(of: rows, bins)
        nodes[node].split = sums.withUnsafeBufferPointer {
            search.best(histogram: histogram, bins: bins.counts, sums: $0.baseAddress! + node * channels)
        }
        if nodes[node].split == nil {
            pool.append(histogram)
        } else {
            nodes[node].histogram = histogram
        }
    }

    private func histogram(of rows: UnsafeBufferPointer<Int32>, _ bins: FeatureBins) -> UnsafeMutablePointer<Int64> {
        let size = columns * 256 * channels
        let table: UnsafeMutablePointer<Int64>
        if let free = pool.popLast() {
            table = free
        } else {
            table = .allocate(capacity: max(1, size))
            allocated.append(table)
        }
        table.initialize(repeating: 0, count: size)
        targets.count(rows, codes: bins.codes, columns: columns, in: table, removing: false)
        return table
    }

    /// Splits a node by its best split and prepares both children.
    private func expand(_ node: Int) {
        guard let split = nodes[node].split else { return }
        let known = nodes[node].histogram
        nodes[node].histogram = nil
        let (start, end) = (nodes[node].start, nodes[node].end)
        let middle = part(start, end, by: split)
        let leftIsSmall = middle - start <= end - middle
        let small = UnsafeBufferPointer(
            start: order + (leftIsSmall ? start : middle), count: leftIsSmall ? middle - start : end - middle)
        let (smallSums, largeSums) = leftIsSmall ? (leftSums, rightSums) : (rightSums, leftSums)
        smallSums.update(repeating: 0, count: channels)
        for row in small { targets.add(Int(row), to: smallSums) }
        for channel in 0..<channels { largeSums[channel] = sums[node * channels + channel] - smallSums[channel] }
        let depth = nodes[node].depth + 1
        let children = (nodes.count, nodes.count + 1)
        nodes[node].left = children.0
        nodes[node].right = children.1
        append(start: start, end: middle, depth: depth, sums: leftSums)
        append(start: middle, end: end, depth: depth, sums: rightSums)
        let (smaller, larger) = leftIsSmall ? children : (children.1, children.0)
        guard let bins, let histogram = known, end - start - small.count > fewRows, mayBeSplit(larger) else {
            if let known { pool.append(known) }
            prepare(smaller, histogram: nil)
            prepare(larger, histogram: nil)
            return
        }
        // The larger child's histogram is what the smaller leaves of the parent's: exact in integers.
        if small.count <= fewRows {
            targets.count(small, codes: bins.codes, columns: columns, in: histogram, removing: true)
            prepare(smaller, histogram: nil)
        } else {
            let other = self.histogram(of: small, bins)
            for index in 0..<columns * 256 * channels { histogram[index] -= other[index] }
            prepare(smaller, histogram: other)
        }
        prepare(larger, histogram: histogram)
    }

    /// Moves the rows that go left before those that go right, each side in its order; returns where the right begins.
    private func part(_ start: Int, _ end: Int, by split: Split) -> Int {
        guard let bins else { return sorted?.part(start, end, by: split, order: order) ?? end }
        let (codes, columns, order, spare) = (bins.codes + split.column, columns, order, spare)
        let (shift, limit) = split.test
        var left = start
        var right = 0
        for place in start..<end {
            let row = order[place]
            let goesLeft = codes[Int(row) * columns] &+ shift <= limit ? 1 : 0
            // Both are written, one counts: no branch to guess.
            order[left] = row
            spare[right] = row
            left += goesLeft
            right += 1 - goesLeft
        }
        (order + left).update(from: spare, count: right)
        return left
    }

    private func tree(_ features: [String], _ actions: [String]) -> DecisionTree {
        var result: [DecisionTree.Node] = []
        var gains: [Double] = []
        for (number, node) in nodes.enumerated() {
            if node.left >= 0, let split = node.split {
                let threshold =
                    bins?.threshold(column: split.column, below: split.below, above: split.above)
                    ?? sorted?.threshold(column: split.column, below: split.below, above: split.above)
                result.append(
                    .split(
                        feature: split.column, threshold: threshold ?? 0, missingGoesLeft: split.missingGoesLeft,
                        left: node.left, right: node.right))
                gains.append(max(0, split.gain))
            } else {
                result.append(
                    sums.withUnsafeBufferPointer { targets.leaf($0.baseAddress! + number * channels) })
                gains.append(0)
            }
        }
        return DecisionTree(features: features, actions: actions, valid: result, gains: gains) { $0 }
    }
}

// An ensemble of regression trees, its nodes in one run, for fast prediction.

/// What an ensemble of extremely randomised trees has learned: the mean over its trees of the value of a row's leaf.
///
/// A value of at most the threshold goes left, a missing one (NaN) right. The nodes of a tree stand in preorder: a left
/// child follows its parent.
public struct ExtraTrees: Sendable, Equatable {
    /// Eight bytes.
    struct Node: Sendable, Equatable {
        /// Of a split.
        var threshold: Float
        /// The lowest eight bits are the feature, 255 for a leaf; the rest the distance to the right child, or the
        /// leaf's number in its tree.
        var link: UInt32

        static let leafMark: UInt32 = 255
        static let largestNumber = 1 << 24

        static func split(feature: Int, threshold: Float) -> Node {
            Node(threshold: threshold, link: UInt32(feature))
        }
        static func leaf(_ number: Int) -> Node { Node(threshold: 0, link: leafMark | UInt32(number) << 8) }

        var feature: Int { Int(link & 255) }
        var isLeaf: Bool { link & 255 == Node.leafMark }
        var number: Int { Int(link >> 8) }
    }

    public let columns: Int
    /// All trees', one after another.
    private(set) var nodes: [Node] = []
    /// Where each tree's nodes begin; one more than there are trees.
    private(set) var roots: [Int] = [0]
    /// Of all leaves of all trees.
    public internal(set) var values: [Float] = []
    /// Where each tree's leaves begin in `values`; one more than there are trees.
    public private(set) var leafStarts: [Int] = [0]

    init(columns: Int) { self.columns = columns }

    public var trees: Int { roots.count - 1 }
    public var leaves: Int { values.count }

    /// Appends a tree.
    mutating func append(nodes: UnsafeBufferPointer<Node>, values: UnsafeBufferPointer<Float>) {
        self.nodes.append(contentsOf: nodes)
        self.values.append(contentsOf: values)
        roots.append(self.nodes.count)
        leafStarts.append(self.values.count)
    }

    /// Appends the trees of another ensemble.
    mutating func append(_ other: ExtraTrees) {
        roots += other.roots.dropFirst().map { $0 + nodes.count }
        leafStarts += other.leafStarts.dropFirst().map { $0 + values.count }
        nodes += other.nodes
        values += other.values
    }

    /// Writes the prediction for every row.
    public func predict(_ rows: FeatureRows, into predictions: UnsafeMutablePointer<Double>) {
        precondition(rows.columns == columns, "rows of other columns")
        predictions.update(repeating: 0, count: rows.count)
        for tree in 0..<trees {
            let start = leafStarts[tree]
            values.withUnsafeBufferPointer { values in
                visitLeaves(rows, tree: tree) { row, leaf in predictions[row] += Double(values[start + leaf]) }
            }
        }
        for row in 0..<rows.count { predictions[row] /= Double(max(1, trees)) }
    }

    public func predictions(_ rows: FeatureRows) -> [Double] {
        var result = Array(repeating: 0.0, count: rows.count)
        result.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { predict(rows, into: start) }
        }
        return result
    }

    /// Writes the leaf that every row falls into, by its number in the tree.
    public func leaves(of rows: FeatureRows, tree: Int, into numbers: UnsafeMutablePointer<Int32>) {
        visitLeaves(rows, tree: tree) { row, leaf in numbers[row] = Int32(truncatingIfNeeded: leaf) }
    }

    /// Eight rows go down a tree at a time: each waits for its next node, but not for the others'.
    @inline(__always)
    private func visitLeaves(_ rows: FeatureRows, tree: Int, _ body: (_ row: Int, _ leaf: Int) -> Void) {
        let stride = 8 * rows.width
        let count = rows.count
        guard count > 0 else { return }
        let values = rows.start(ofRow: 0)
        nodes.withUnsafeBufferPointer { nodes in
            let root = nodes.baseAddress! + roots[tree]
            withUnsafeTemporaryAllocation(of: UnsafePointer<Node>.self, capacity: 8) { places in
                var first = 0
                while first < count {
                    let lanes = min(8, count - first)
                    for lane in 0..<lanes { places[lane] = root }
                    var moving = true
                    while moving {
                        moving = false
                        for lane in 0..<lanes {
                            let place = places[lane]
                            let node = place.pointee
                            guard !node.isLeaf else { continue }
                            let goesLeft = values[(first &+ lane) &* stride &+ node.feature] <= node.threshold
                            places[lane] = place + (goesLeft ? 1 : node.number)
                            moving = true
                        }
                    }
                    for lane in 0..<lanes { body(first + lane, places[lane].pointee.number) }
                    first += lanes
                }
            }
        }
    }
}

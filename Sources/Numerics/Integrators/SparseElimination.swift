// The linear algebra of an implicit step: Gaussian elimination of a small sparse matrix, planned once from its
// pattern and then carried out for many lanes at a time.

/// A plan for factorising and solving systems whose matrix has a fixed pattern.
///
/// Pivots are taken on the diagonal in the order that causes least fill-in (Markowitz 1957), not by size: the matrix
/// of a Rosenbrock step is 1/(γh)·I − J, whose diagonal dominates as h shrinks, so a poor pivot shows as a large error
/// and the step is repeated with a smaller h. This is what the stiff solvers of atmospheric chemistry do (Sandu et al.,
/// Atmospheric Environment 31 (1997) 3459–3472).
public struct SparseElimination: Sendable {
    public let size: Int
    /// Number of values the factorised matrix needs per lane.
    public let valueCount: Int
    /// Where each entry of the given pattern lives among the values.
    public let entries: [Int]
    /// Where each diagonal entry lives among the values.
    public let diagonal: [Int]

    @usableFromInline struct Update: Sendable {
        @usableFromInline var target: Int32
        @usableFromInline var left: Int32
        @usableFromInline var right: Int32
    }
    @usableFromInline struct Pivot: Sendable {
        @usableFromInline var unknown: Int32
        @usableFromInline var diagonal: Int32
        @usableFromInline var scale: Range<Int>
        @usableFromInline var update: Range<Int>
        @usableFromInline var forward: Range<Int>
        @usableFromInline var backward: Range<Int>
    }
    @usableFromInline let pivots: [Pivot]
    /// Values that become multipliers, by pivot.
    @usableFromInline let scales: [Int32]
    @usableFromInline let updates: [Update]
    /// right-hand side: target −= value·source
    @usableFromInline let forward: [Update]
    @usableFromInline let backward: [Update]

    /// - Parameter pattern: the (row, column) of every structurally non-zero entry; the diagonal is added.
    public init(size: Int, pattern: [(row: Int, column: Int)]) {
        self.size = size
        var slot = Array(repeating: Array(repeating: -1, count: size), count: size)
        var count = 0
        func reserve(_ row: Int, _ column: Int) {
            if slot[row][column] < 0 {
                slot[row][column] = count
                count += 1
            }
        }
        for (row, column) in pattern { reserve(row, column) }
        for index in 0..<size { reserve(index, index) }
        entries = pattern.map { slot[$0.row][$0.column] }

        var remaining = Array(0..<size)
        var pivots: [Pivot] = []
        var scales: [Int32] = []
        var updates: [Update] = []
        var forward: [Update] = []
        var backward: [Update] = []
        while !remaining.isEmpty {
            func cost(_ k: Int) -> Int {
                let column = remaining.count { $0 != k && slot[$0][k] >= 0 }
                let row = remaining.count { $0 != k && slot[k][$0] >= 0 }
                return column * row
            }
            let k = remaining.min { (cost($0), $0) < (cost($1), $1) }!
            remaining.removeAll { $0 == k }
            let below = remaining.filter { slot[$0][k] >= 0 }
            let right = remaining.filter { slot[k][$0] >= 0 }
            let starts = (scales.count, updates.count, forward.count, backward.count)
            for row in below {
                scales.append(Int32(slot[row][k]))
                for column in right {
                    reserve(row, column)
                    updates.append(
                        Update(
                            target: Int32(slot[row][column]), left: Int32(slot[row][k]), right: Int32(slot[k][column])))
                }
                forward.append(Update(target: Int32(row), left: Int32(slot[row][k]), right: Int32(k)))
            }
            for column in right {
                backward.append(Update(target: Int32(k), left: Int32(slot[k][column]), right: Int32(column)))
            }
            pivots.append(
                Pivot(
                    unknown: Int32(k), diagonal: Int32(slot[k][k]), scale: starts.0..<scales.count,
                    update: starts.1..<updates.count, forward: starts.2..<forward.count,
                    backward: starts.3..<backward.count))
        }
        diagonal = (0..<size).map { slot[$0][$0] }
        valueCount = count
        self.pivots = pivots
        self.scales = scales
        self.updates = updates
        self.forward = forward
        self.backward = backward
    }

    /// Factorises in place; afterwards the diagonal holds reciprocals. `values` is valueCount × stride.
    @inlinable
    public func factorise(_ values: UnsafeMutablePointer<Double>, stride: Int, lanes: Int) {
        scales.withUnsafeBufferPointer { scales in
            updates.withUnsafeBufferPointer { updates in
                for pivot in pivots {
                    let diagonal = values + Int(pivot.diagonal) * stride
                    for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                        storeLanes(1.0 / loadLanes(diagonal + lane), diagonal + lane)
                    }
                    for index in pivot.scale {
                        let value = values + Int(scales[index]) * stride
                        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
                            storeLanes(loadLanes(value + lane) * loadLanes(diagonal + lane), value + lane)
                        }
                    }
                    for index in pivot.update { subtractProduct(updates[index], values, values, stride, lanes) }
                }
            }
        }
    }

    /// Solves for one right-hand side in place: `vector` is size × stride.
    @inlinable
    public func solve(
        _ values: UnsafePointer<Double>, _ vector: UnsafeMutablePointer<Double>, stride: Int, lanes: Int
    ) {
        pivots.withUnsafeBufferPointer { pivots in
            forward.withUnsafeBufferPointer { forward in
                backward.withUnsafeBufferPointer { backward in
                    var lane = 0
                    while lane < lanes {
                        let pair = lane + 16 <= lanes
                        for pivot in pivots where !pivot.forward.isEmpty {
                            substitute(forward, pivot, values + lane, vector + lane, stride, pair: pair)
                        }
                        for index in Swift.stride(from: pivots.count - 1, through: 0, by: -1) {
                            gather(backward, pivots[index], values + lane, vector + lane, stride, pair: pair)
                        }
                        lane += pair ? 16 : 8
                    }
                }
            }
        }
    }

    /// Takes a solved unknown, which stays in registers, from the rows below it; sixteen lanes or eight.
    @inlinable @inline(__always)
    func substitute(
        _ forward: UnsafeBufferPointer<Update>, _ pivot: Pivot, _ values: UnsafePointer<Double>,
        _ vector: UnsafeMutablePointer<Double>, _ stride: Int, pair: Bool
    ) {
        let source = vector + Int(pivot.unknown) * stride
        let first = loadLanes(source)
        if pair {
            let second = loadLanes(source + 8)
            for index in pivot.forward {
                let target = vector + Int(forward[index].target) * stride
                let left = values + Int(forward[index].left) * stride
                storeLanes(loadLanes(target).addingProduct(-loadLanes(left), first), target)
                storeLanes(loadLanes(target + 8).addingProduct(-loadLanes(left + 8), second), target + 8)
            }
        } else {
            for index in pivot.forward {
                let target = vector + Int(forward[index].target) * stride
                let left = values + Int(forward[index].left) * stride
                storeLanes(loadLanes(target).addingProduct(-loadLanes(left), first), target)
            }
        }
    }

    /// Solves for an unknown, kept in registers meanwhile, from those to its right; sixteen lanes or eight.
    @inlinable @inline(__always)
    func gather(
        _ backward: UnsafeBufferPointer<Update>, _ pivot: Pivot, _ values: UnsafePointer<Double>,
        _ vector: UnsafeMutablePointer<Double>, _ stride: Int, pair: Bool
    ) {
        let target = vector + Int(pivot.unknown) * stride
        let diagonal = values + Int(pivot.diagonal) * stride
        var first = loadLanes(target)
        if pair {
            var second = loadLanes(target + 8)
            for index in pivot.backward {
                let left = values + Int(backward[index].left) * stride
                let right = vector + Int(backward[index].right) * stride
                first = first.addingProduct(-loadLanes(left), loadLanes(right))
                second = second.addingProduct(-loadLanes(left + 8), loadLanes(right + 8))
            }
            storeLanes(first * loadLanes(diagonal), target)
            storeLanes(second * loadLanes(diagonal + 8), target + 8)
        } else {
            for index in pivot.backward {
                let left = values + Int(backward[index].left) * stride
                let right = vector + Int(backward[index].right) * stride
                first = first.addingProduct(-loadLanes(left), loadLanes(right))
            }
            storeLanes(first * loadLanes(diagonal), target)
        }
    }

    /// target −= left·right, target and right in `vector`, left in `values`.
    @inlinable @inline(__always)
    func subtractProduct(
        _ update: Update, _ values: UnsafePointer<Double>, _ vector: UnsafeMutablePointer<Double>, _ stride: Int,
        _ lanes: Int
    ) {
        let target = vector + Int(update.target) * stride
        let left = values + Int(update.left) * stride
        let right = vector + Int(update.right) * stride
        for lane in Swift.stride(from: 0, to: lanes, by: 8) {
            let product = loadLanes(left + lane)
            storeLanes(loadLanes(target + lane).addingProduct(-product, loadLanes(right + lane)), target + lane)
        }
    }
}

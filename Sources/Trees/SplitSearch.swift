// The best split of one node, from its histogram or its rows: which feature, between which bins, missing values where.

/// A split between two neighbouring bins, or distinct values, of a column.
struct Split {
    /// Weight × fall of impurity.
    var gain: Double
    var column: Int
    /// The last bin, or rank, on the left and the first on the right that hold rows of the node.
    var below: Int
    var above: Int
    var missingGoesLeft: Bool

    /// A row with this code of the column goes left when `code &+ shift <= limit`: the shift turns the code of missing
    /// values, 255, into 0.
    var test: (shift: UInt8, limit: UInt8) {
        missingGoesLeft ? (1, UInt8(below + 1)) : (0, UInt8(below))
    }
}

/// Finds splits; holds the room to do so.
struct SplitSearch<Targets: SplitTargets> {
    let targets: Targets
    let columns: Int
    let minimumWeight: Double
    let missingRouting: MissingRouting
    /// Sums left of the boundary, right of it, of the node, and of its missing values: four of `channels` each.
    private let room: UnsafeMutablePointer<Double>
    /// 256 bins × channels; zero between searches.
    private let cells: UnsafeMutablePointer<Int64>
    /// A bit per bin; zero between searches.
    private let present: UnsafeMutablePointer<UInt64>

    init(targets: Targets, columns: Int, minimumWeight: Double, missing: MissingRouting) {
        self.targets = targets
        self.columns = columns
        self.minimumWeight = minimumWeight
        missingRouting = missing
        room = .allocate(capacity: max(1, 4 * targets.channels))
        room.initialize(repeating: 0, count: max(1, 4 * targets.channels))
        cells = .allocate(capacity: max(1, 256 * targets.channels))
        cells.initialize(repeating: 0, count: max(1, 256 * targets.channels))
        present = .allocate(capacity: 4)
        present.initialize(repeating: 0, count: 4)
    }

    func deallocate() {
        room.deallocate()
        cells.deallocate()
        present.deallocate()
    }

    /// The split of the highest gain, the first of equals (by column, then bin); nil where no boundary parts the
    /// node's rows or every side would weigh too little. A gain of 0 counts: a second split may show its worth.
    ///
    /// - Parameters:
    ///   - histogram: columns × 256 bins × channels, in units.
    ///   - sums: the node's sums, in units.
    func best(histogram: UnsafePointer<Int64>, bins: [Int], sums: UnsafePointer<Int64>) -> Split? {
        let channels = targets.channels
        var scan = SplitScan(self, room: room, sums: sums)
        for column in 0..<columns { scan.look(at: column, histogram + column * 256 * channels, bins: bins[column]) }
        return scan.best
    }

    /// The same split from a node's rows: faster where they are fewer than a column's bins or little more.
    ///
    /// - Parameter codes: rows × columns.
    func best(rows: UnsafeBufferPointer<Int32>, codes: UnsafePointer<UInt8>, sums: UnsafePointer<Int64>) -> Split? {
        let (targets, channels, cells, present) = (targets, targets.channels, cells, present)
        var scan = SplitScan(self, room: room, sums: sums)
        for column in 0..<columns {
            let own = codes + column
            for row in rows {
                let code = Int(own[Int(row) &* columns])
                present[code &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: code)
                targets.add(Int(row), to: cells + code &* channels)
            }
            scan.look(at: column, cells, present: present)
        }
        return scan.best
    }

    /// The best of all splits of a node, between any two of its values.
    func best(_ sorted: SortedColumns, _ start: Int, _ end: Int, sums: UnsafePointer<Int64>) -> Split? {
        let (targets, channels, cell, absent) = (targets, targets.channels, cells, cells + targets.channels)
        var scan = SplitScan(self, room: room, sums: sums)
        for column in 0..<columns {
            let (rows, ranks) = sorted.column(column, start, end)
            var count = rows.count
            while count > 0, ranks[Int(rows[count - 1])] == SortedColumns.missing {
                count -= 1
                targets.add(Int(rows[count]), to: absent)
            }
            scan.begin(missing: absent)
            absent.update(repeating: 0, count: channels)
            guard count > 0 else { continue }
            var rank = ranks[Int(rows[0])]
            for place in 0..<count {
                let row = Int(rows[place])
                if ranks[row] != rank {
                    scan.pass(column, Int(rank), cell)
                    cell.update(repeating: 0, count: channels)
                    rank = ranks[row]
                }
                targets.add(row, to: cell)
            }
            scan.pass(column, Int(rank), cell)
            cell.update(repeating: 0, count: channels)
        }
        return scan.best
    }
}

/// The search at work on one node.
private struct SplitScan<Targets: SplitTargets> {
    let targets: Targets
    let minimum: Double
    let routing: MissingRouting
    let left, right, totals, missing: UnsafeMutablePointer<Double>
    var weight = 0.0
    var whole = 0.0
    var missingWeight = 0.0
    var leftWeight = 0.0
    /// The last bin that was passed, and the kind of its rows.
    var below = -1
    var kind = -1
    /// Whether boundaries between rows of one kind need not be tried.
    var skipsKinds = false
    var bestGain = -Double.infinity
    var best: Split?

    @inline(__always)
    init(_ search: SplitSearch<Targets>, room: UnsafeMutablePointer<Double>, sums: UnsafePointer<Int64>) {
        targets = search.targets
        minimum = search.minimumWeight
        routing = search.missingRouting
        let channels = targets.channels
        left = room
        right = room + channels
        totals = room + 2 * channels
        missing = room + 3 * channels
        totals.update(repeating: 0, count: channels)
        weight = targets.add(sums, to: totals, weight: 0)
        whole = targets.purity(totals, weight)
    }

    /// Every bin of a column's histogram.
    mutating func look(at column: Int, _ table: UnsafePointer<Int64>, bins: Int) {
        begin(missing: table + FeatureBins.missing * targets.channels)
        for bin in 0..<bins {
            let cell = table + bin &* targets.channels
            if !targets.isEmpty(cell) { pass(column, bin, cell) }
        }
    }

    /// The bins of a column that are present, a bit each; they are emptied.
    @inline(__always)
    mutating func look(at column: Int, _ table: UnsafeMutablePointer<Int64>, present: UnsafeMutablePointer<UInt64>) {
        let channels = targets.channels
        begin(missing: table + FeatureBins.missing * channels)
        for word in 0..<4 {
            var bits = present[word]
            present[word] = 0
            while bits != 0 {
                let bin = word &<< 6 &+ bits.trailingZeroBitCount
                bits &= bits &- 1
                let cell = table + bin &* channels
                if bin != FeatureBins.missing { pass(column, bin, cell) }
                cell.update(repeating: 0, count: channels)
            }
        }
    }

    @inline(__always)
    mutating func begin(missing cell: UnsafePointer<Int64>) {
        missing.update(repeating: 0, count: targets.channels)
        missingWeight = targets.add(cell, to: missing, weight: 0)
        left.update(repeating: 0, count: targets.channels)
        leftWeight = 0
        below = -1
        kind = -1
        skipsKinds = missingWeight == 0 && minimum <= 0
    }

    /// Tries the boundary below a bin and moves the bin to the left.
    @inline(__always)
    mutating func pass(_ column: Int, _ bin: Int, _ cell: UnsafePointer<Int64>) {
        let own = targets.kind(cell)
        if below >= 0, !(skipsKinds && own >= 0 && own == kind) { consider(column, bin) }
        leftWeight = targets.add(cell, to: left, weight: leftWeight)
        below = bin
        kind = own
    }

    @inline(__always)
    private mutating func consider(_ column: Int, _ above: Int) {
        let heavier = leftWeight >= weight - missingWeight - leftWeight
        consider(column, above, missingGoesLeft: heavier)
        // Of equals the heavier side.
        if missingWeight > 0, routing == .byGain { consider(column, above, missingGoesLeft: !heavier) }
    }

    @inline(__always)
    private mutating func consider(_ column: Int, _ above: Int, missingGoesLeft: Bool) {
        let channels = targets.channels
        let leftTotal = leftWeight + (missingGoesLeft ? missingWeight : 0)
        let rightTotal = weight - leftTotal
        if leftTotal < minimum || rightTotal < minimum { return }
        let joins = missingGoesLeft && missingWeight > 0
        if joins { for index in 0..<channels { left[index] += missing[index] } }
        for index in 0..<channels { right[index] = totals[index] - left[index] }
        let gain = targets.purity(left, leftTotal) + targets.purity(right, rightTotal) - whole
        if joins { for index in 0..<channels { left[index] -= missing[index] } }
        if gain > bestGain {
            bestGain = gain
            best = Split(gain: gain, column: column, below: below, above: above, missingGoesLeft: missingGoesLeft)
        }
    }
}

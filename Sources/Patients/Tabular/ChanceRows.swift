// Rows of a transition table laid out for drawing from them: cumulative probabilities with a guide.

/// Draws by inversion: the same uniform number gives the same place in the distribution, so that a patient meets the
/// same chance under every policy. The guide (Chen and Asau, "On generating random variates from an empirical
/// distribution", AIIE Transactions 6 (1974) 163–166) says where to begin the search; two steps are enough on average.
final class ChanceRows: @unchecked Sendable {  // filled once, then only read
    struct Cell {
        /// Cumulative probability up to and including this entry; infinite for the last of a row.
        var upper: Double
        var target: UInt16
        /// Of the j-th of n entries: the entry at which the search for numbers from j/n on begins.
        var guide: UInt16
    }

    /// Where a row's entries are.
    struct Row {
        var begin: Int32
        var count: Int32
    }

    let cells: UnsafeMutablePointer<Cell>
    let rows: UnsafeMutableBufferPointer<Row>

    init(_ table: TransitionTable) {
        cells = .allocate(capacity: table.entries + 3)
        (cells + table.entries).initialize(repeating: Cell(upper: .infinity, target: 0, guide: 0), count: 3)
        rows = .allocate(capacity: table.rows)
        for row in 0..<table.rows {
            let range = table.range(row)
            rows.initializeElement(at: row, to: Row(begin: Int32(range.lowerBound), count: Int32(range.count)))
            var sum = 0.0
            for entry in range {
                sum += table.probabilities[entry]
                let upper = entry == range.upperBound - 1 ? .infinity : sum
                (cells + entry).initialize(to: Cell(upper: upper, target: table.targets[entry], guide: 0))
            }
            var place = range.lowerBound
            for entry in range {
                // A little early, so that rounding of u·n never begins behind the entry sought.
                let from = Double(entry - range.lowerBound) / Double(range.count) * (1 - 0x1p-50)
                while cells[place].upper <= from { place += 1 }
                cells[entry].guide = UInt16(place - range.lowerBound)
            }
        }
    }

    deinit {
        cells.deallocate()
        rows.deallocate()
    }

    /// The target of a row at a number from [0, 1).
    @inline(__always)
    func draw(_ row: Row, _ number: Double) -> Int { target(row, guide(row, number), number) }

    /// The entry of a row that holds the guide for a number from [0, 1).
    @inline(__always)
    func guide(_ row: Row, _ number: Double) -> Int32 { row.begin &+ Int32(number * Double(row.count)) }

    /// The target of a row at a number, given where its guide is. Almost every search ends within four entries: they
    /// are compared without a branch, since nothing foretells where it ends.
    @inline(__always)
    func target(_ row: Row, _ guide: Int32, _ number: Double) -> Int {
        var cell = cells + (Int(row.begin) &+ Int(cells[Int(guide)].guide))
        let first = cell[0].upper <= number ? 1 : 0
        let second = cell[1].upper <= number ? first : 0
        let third = cell[2].upper <= number ? second : 0
        cell += first &+ second &+ third
        while cell.pointee.upper <= number { cell += 1 }
        return Int(cell.pointee.target)
    }
}

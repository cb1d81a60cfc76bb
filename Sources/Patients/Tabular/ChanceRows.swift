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

    let cells: UnsafeMutablePointer<Cell>
    let begins: UnsafeMutablePointer<Int32>
    private let rows: Int

    init(_ table: TransitionTable) {
        rows = table.rows
        cells = .allocate(capacity: table.entries)
        begins = .allocate(capacity: rows + 1)
        begins[0] = 0
        for row in 0..<rows {
            let range = table.range(row)
            begins[row + 1] = Int32(range.upperBound)
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
        begins.deallocate()
    }

    /// The target of a row at a number from [0, 1).
    @inline(__always)
    func draw(_ row: Int, _ number: Double) -> Int {
        let begin = Int(begins[row])
        let count = Int(begins[row + 1]) - begin
        let first = cells + begin
        var cell = first + Int(first[Int(number * Double(count))].guide)
        while cell.pointee.upper <= number { cell += 1 }
        return Int(cell.pointee.target)
    }
}

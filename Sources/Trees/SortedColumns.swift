// Columns in the order of their values, node by node: what exact splits are searched on.

/// The rows of an induction in the order of each column, sorted once; parting a node keeps the order on both sides
/// (Shafer et al., "SPRINT", 1996).
final class SortedColumns {
    static let missing = Int32.max

    private let rows: Int
    private let columns: Int
    /// columns × rows: the place of a row's value among the column's distinct values; `missing` where there is none.
    private let ranks: UnsafeMutablePointer<Int32>
    /// columns × rows: rows by rank, those of a node together.
    private let orders: UnsafeMutablePointer<Int32>
    private let spare: UnsafeMutablePointer<Int32>
    private let goesLeft: UnsafeMutablePointer<Bool>
    /// Per column: its distinct values, ascending.
    private var distinct: [[Double]]

    /// - Parameters:
    ///   - values: row-major with `columns` columns.
    ///   - chosen: the rows that take part, in their order.
    init(values: UnsafePointer<Double>, columns: Int, chosen: [Int32]) {
        rows = chosen.count
        self.columns = columns
        ranks = .allocate(capacity: max(1, rows * columns))
        orders = .allocate(capacity: max(1, rows * columns))
        spare = .allocate(capacity: max(1, rows))
        goesLeft = .allocate(capacity: max(1, rows))
        ranks.initialize(repeating: SortedColumns.missing, count: rows * columns)
        distinct = []
        for column in 0..<columns {
            var keys: [UInt64] = []
            var items: [Int32] = []
            var absent: [Int32] = []
            keys.reserveCapacity(rows)
            items.reserveCapacity(rows)
            for (index, row) in chosen.enumerated() {
                let value = values[Int(row) * columns + column]
                if value.isNaN {
                    absent.append(Int32(index))
                } else {
                    keys.append(RadixSort.key(FeatureBins.finite(value)))
                    items.append(Int32(index))
                }
            }
            RadixSort.sort(&keys, carrying: &items)
            var seen: [Double] = []
            for (place, row) in items.enumerated() {
                if place == 0 || keys[place] != keys[place - 1] { seen.append(RadixSort.value(keys[place])) }
                ranks[column * rows + Int(row)] = Int32(seen.count - 1)
                orders[column * rows + place] = row
            }
            for (place, row) in absent.enumerated() { orders[column * rows + items.count + place] = row }
            distinct.append(seen)
        }
    }

    deinit {
        ranks.deallocate()
        orders.deallocate()
        spare.deallocate()
        goesLeft.deallocate()
    }

    /// The midpoint between two distinct values of a column.
    func threshold(column: Int, below: Int, above: Int) -> Double {
        FeatureBins.midpoint(distinct[column][below], distinct[column][above])
    }

    /// The rows at some places of a column's order, and all ranks of the column.
    @inline(__always)
    func column(_ column: Int, _ start: Int, _ end: Int) -> (
        rows: UnsafeBufferPointer<Int32>, ranks: UnsafePointer<Int32>
    ) {
        (
            UnsafeBufferPointer(start: orders + column * rows + start, count: end - start),
            UnsafePointer(ranks + column * rows)
        )
    }

    /// Parts a node's rows in every column's order and in `order`; returns where the right side begins.
    func part(_ start: Int, _ end: Int, by split: Split, order: UnsafeMutablePointer<Int32>) -> Int {
        let own = ranks + split.column * rows
        for place in start..<end {
            let rank = own[Int(order[place])]
            goesLeft[Int(order[place])] =
                rank == SortedColumns.missing ? split.missingGoesLeft : Int(rank) <= split.below
        }
        for column in 0..<columns { _ = part(orders + column * rows, start, end) }
        return part(order, start, end)
    }

    private func part(_ order: UnsafeMutablePointer<Int32>, _ start: Int, _ end: Int) -> Int {
        let (spare, goesLeft) = (spare, goesLeft)
        var left = start
        var right = 0
        for place in start..<end {
            let row = order[place]
            let isLeft = goesLeft[Int(row)] ? 1 : 0
            order[left] = row
            spare[right] = row
            left &+= isLeft
            right &+= 1 &- isLeft
        }
        (order + left).update(from: spare, count: right)
        return left
    }
}

// Sample weights as integers, so that sums of them do not depend on the order of the rows.

/// The rows that take part in an induction and their weights in units.
struct RowWeights {
    /// Sample weight of one unit; a power of two.
    let unit: Double
    /// Rows of at least half a unit, in their order.
    let rows: [Int32]
    /// One per row that takes part.
    let integers: [Int64]

    /// Nil where no row has any weight.
    init?(_ weights: [Double]) {
        precondition(weights.allSatisfy { $0.isFinite && $0 >= 0 }, "weights are finite and not negative")
        guard let largest = weights.max(), largest > 0 else { return nil }
        // Integers of at most 2⁶¹ in sum: the power of two keeps whole weights whole.
        let bits = Int.bitWidth - (weights.count - 1).leadingZeroBitCount
        let exponent = max(-960, Int(largest.exponent)) - (60 - bits)
        let unit = Double(sign: .plus, exponent: max(-1020, exponent), significand: 1)
        var rows: [Int32] = []
        var integers: [Int64] = []
        rows.reserveCapacity(weights.count)
        integers.reserveCapacity(weights.count)
        for (row, weight) in weights.enumerated() {
            let integer = Int64((weight / unit).rounded())
            if integer > 0 {
                rows.append(Int32(row))
                integers.append(integer)
            }
        }
        guard !rows.isEmpty else { return nil }
        self.unit = unit
        self.rows = rows
        self.integers = integers
    }
}

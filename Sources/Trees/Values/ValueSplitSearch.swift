// The splits of a node after which one action a side is worth most, looking one or two splits deep: all thresholds of
// all features, all pairs of them, by running sums.

/// A split by the threshold with number `cut` of a column, and what the subtree that begins with it is worth.
struct ValueSplit: Sendable, Equatable {
    var column: Int
    var cut: Int
    var value: Double
}

/// What can be made of one node.
struct ValueOptions: Sendable {
    /// What the best single action is worth.
    var value = 0.0
    /// By splits made: the first split of the best subtree with one, with two (one side is split again) and with three
    /// (both are); nil where there is none.
    var best: [ValueSplit?] = [nil, nil, nil]
}

/// Sums over the rows of a node, per bin of every column, and the search in them.
///
/// The best pair of splits is found as in policytree (Sverdrup, Kanodia, Zhou, Athey and Wager, "policytree: policy
/// learning via doubly robust empirical welfare maximization over trees", 2020): rows go over from the right side to the
/// left in the order of one feature, and after each threshold the best further split of either side is read off sums
/// that are kept up to date. For n rows, p features, b thresholds and d actions this takes n·p²·d + (p·b)²·d steps.
struct ValueSplitSearch: Sendable {
    let cuts: CandidateCuts
    /// rows × (actions + 2): weight × value of every action, the weight, and 1.
    let rows: [Double]
    let choices: Int
    let minimumWeight: Double
    /// Where each column's bins begin, and last their number.
    private let offsets: [Int]
    private var stride: Int { choices + 2 }

    /// - Parameter values: rows × actions, finite.
    init(_ cuts: CandidateCuts, values: [Double], weights: [Double], choices: Int, minimumWeight: Double) {
        self.cuts = cuts
        self.choices = choices
        self.minimumWeight = minimumWeight
        var offsets = [0]
        for column in 0..<cuts.columns { offsets.append(offsets[column] + cuts.thresholds[column].count + 1) }
        self.offsets = offsets
        var rows: [Double] = []
        rows.reserveCapacity(weights.count * (choices + 2))
        for (row, weight) in weights.enumerated() {
            for action in 0..<choices { rows.append(weight * values[row * choices + action]) }
            rows.append(weight)
            rows.append(1)
        }
        self.rows = rows
    }

    /// Σ weight × value of every action over some rows, then Σ weight.
    func sums(_ members: ArraySlice<Int32>) -> [Double] {
        var sums = Array(repeating: 0.0, count: stride)
        for row in members { for index in 0..<stride { sums[index] += rows[Int(row) * stride + index] } }
        return Array(sums.dropLast())
    }

    /// The best subtrees of a node.
    ///
    /// - Parameter depth: splits above one another that are tried, 1 or 2.
    func options(_ members: ArraySlice<Int32>, depth: Int) -> ValueOptions {
        var result = ValueOptions()
        let size = (offsets.last! + 1) * stride
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * size) { memory in
            memory.initialize(repeating: 0)
            // Each side's histograms and, last, totals; and those of the whole node.
            let sides = (0..<3).map { number in
                let start = memory.baseAddress! + number * size
                return Side(bins: start, totals: start + size - stride)
            }
            let (whole, left, right) = (sides[0], sides[1], sides[2])
            rows.withUnsafeBufferPointer { rows in
                cuts.codes.withUnsafeBufferPointer { codes in
                    let data = Data(rows: rows.baseAddress!, codes: codes.baseAddress!)
                    for row in members { add(row, data, to: whole, sign: 1) }
                    result.value = best(whole.totals)
                    if depth == 1 {
                        result.best[0] = firstSplit(whole)
                        return
                    }
                    for column in 0..<cuts.columns {
                        left.bins.update(repeating: 0, count: size)
                        right.bins.update(from: whole.bins, count: size)
                        sweep(column, members, data, left, right, &result)
                    }
                }
            }
        }
        return result
    }

    private struct Data {
        let rows: UnsafePointer<Double>
        let codes: UnsafePointer<UInt16>
    }

    private struct Side {
        let bins, totals: UnsafeMutablePointer<Double>
    }

    @inline(__always)
    private func add(_ row: Int32, _ data: Data, to side: Side, sign: Double) {
        let own = data.rows + Int(row) * stride
        let codes = data.codes + Int(row) * cuts.columns
        for index in 0..<stride { side.totals[index] += sign * own[index] }
        for column in 0..<cuts.columns {
            let cell = side.bins + (offsets[column] + Int(codes[column])) * stride
            for index in 0..<stride { cell[index] += sign * own[index] }
        }
    }

    @inline(__always)
    private func best(_ sums: UnsafePointer<Double>) -> Double {
        var best = sums[0]
        for action in 1..<max(1, choices) where sums[action] > best { best = sums[action] }
        return best
    }

    /// Moves the rows to the left in the order of a column and notes the best that is seen on the way.
    private func sweep(
        _ column: Int, _ members: ArraySlice<Int32>, _ data: Data, _ left: Side, _ right: Side,
        _ result: inout ValueOptions
    ) {
        let bins = offsets[column + 1] - offsets[column]
        guard bins > 1 else { return }
        // Rows in the order of their codes, by counting.
        var starts = Array(repeating: 0, count: bins + 1)
        for row in members { starts[Int(data.codes[Int(row) * cuts.columns + column]) + 1] += 1 }
        for bin in 0..<bins { starts[bin + 1] += starts[bin] }
        var order = Array(repeating: Int32(0), count: members.count)
        var next = starts
        for row in members {
            let code = Int(data.codes[Int(row) * cuts.columns + column])
            order[next[code]] = row
            next[code] += 1
        }
        for cut in 0..<bins - 1 where starts[cut + 1] > starts[cut] && starts[cut + 1] < members.count {
            for place in starts[cut]..<starts[cut + 1] {
                add(order[place], data, to: left, sign: 1)
                add(order[place], data, to: right, sign: -1)
            }
            guard left.totals[choices] >= minimumWeight, right.totals[choices] >= minimumWeight else { continue }
            let (leftOne, rightOne) = (best(left.totals), best(right.totals))
            note(leftOne + rightOne, 0, column, cut, &result)
            let (leftTwo, rightTwo) = (bestSplitValue(left), bestSplitValue(right))
            note(max(leftTwo + rightOne, leftOne + rightTwo), 1, column, cut, &result)
            note(leftTwo + rightTwo, 2, column, cut, &result)
        }
    }

    @inline(__always)
    private func note(_ value: Double, _ splits: Int, _ column: Int, _ cut: Int, _ result: inout ValueOptions) {
        if value > (result.best[splits]?.value ?? -.infinity) {
            result.best[splits] = ValueSplit(column: column, cut: cut, value: value)
        }
    }

    /// The value of the best split of a side; −∞ where it cannot be split.
    private func bestSplitValue(_ side: Side) -> Double { firstSplit(side)?.value ?? -.infinity }

    /// The best single split, the first of equals.
    private func firstSplit(_ side: Side) -> ValueSplit? {
        var found = ValueSplit(column: -1, cut: 0, value: -.infinity)
        let (choices, stride, minimum) = (choices, stride, minimumWeight)
        let totals = side.totals
        withUnsafeTemporaryAllocation(of: Double.self, capacity: stride) { memory in
            let left = memory.baseAddress!
            for column in 0..<cuts.columns {
                left.initialize(repeating: 0, count: stride)
                var cell = UnsafePointer(side.bins) + offsets[column] * stride
                for cut in 0..<offsets[column + 1] - offsets[column] - 1 {
                    defer { cell += stride }
                    // Counts are whole numbers, so that they are exact.
                    if cell[choices + 1] == 0 { continue }
                    for index in 0..<stride { left[index] += cell[index] }
                    if left[choices + 1] == totals[choices + 1] { break }
                    guard left[choices] >= minimum, totals[choices] - left[choices] >= minimum else { continue }
                    var leftBest = left[0]
                    var rightBest = totals[0] - left[0]
                    for action in 1..<max(1, choices) {
                        let value = left[action]
                        let rest = totals[action] - value
                        leftBest = value > leftBest ? value : leftBest
                        rightBest = rest > rightBest ? rest : rightBest
                    }
                    if leftBest + rightBest > found.value {
                        found = ValueSplit(column: column, cut: cut, value: leftBest + rightBest)
                    }
                }
            }
        }
        return found.column >= 0 ? found : nil
    }
}

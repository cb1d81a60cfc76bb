// Rows told apart by one or several numbers each: the impurity of regression trees.

/// Numbers with weights: a channel for the weight, then one per output for weight × (target − centre).
///
/// Sums are of integers here too, so targets are rounded: to 2⁻⁴⁰ of half their output's range, and coarser only where
/// the samples weigh more than 2¹⁹ in all. The centre is the middle of the range: it keeps the digits for what differs,
/// and does not depend on how often a row stands there.
struct MeanTargets: SplitTargets {
    /// The largest size of a target and of the sum of all weights: squares must stay finite.
    static let largest = 1e100

    let outputs: Int
    let channels: Int
    let units: UnsafePointer<Double>
    private let centres: UnsafeMutablePointer<Double>
    /// rows × channels
    private let contributions: UnsafeMutablePointer<Int64>
    /// rows × outputs: rounded targets, in quanta
    private let steps: UnsafeMutablePointer<Int64>

    init(targets: [Double], outputs: Int, _ rows: RowWeights) {
        self.outputs = outputs
        channels = outputs + 1
        let count = rows.rows.count
        let units = UnsafeMutablePointer<Double>.allocate(capacity: channels)
        self.units = UnsafePointer(units)
        centres = .allocate(capacity: max(1, outputs))
        contributions = .allocate(capacity: count * channels)
        steps = .allocate(capacity: max(1, count * outputs))
        units[0] = rows.unit
        var total = 0.0
        for (index, weight) in rows.integers.enumerated() {
            contributions[index * channels] = weight
            total += Double(weight) * rows.unit
        }
        precondition(total <= MeanTargets.largest, "weights sum to at most 1e100")
        for output in 0..<outputs {
            var low = Double.infinity
            var high = -Double.infinity
            for row in rows.rows {
                let target = targets[Int(row) * outputs + output]
                precondition(abs(target) <= MeanTargets.largest, "targets are finite, at most 1e100 in size")
                low = min(low, target)
                high = max(high, target)
            }
            let centre = low / 2 + high / 2
            let size = max(high - centre, centre - low)
            // Sums of at most 2⁶¹; a quantum that is a multiple of the unit keeps whole weights times targets exact.
            let exponent = size > 0 ? max(-400, Int(size.exponent)) : 0
            let unit = exponent + max(-500, Int(total.exponent)) - 59
            let quantum = max(exponent - 40, unit)
            let shift = quantum - unit
            centres[output] = centre
            units[output + 1] = Double(sign: .plus, exponent: unit, significand: 1)
            for (index, row) in rows.rows.enumerated() {
                let distance = targets[Int(row) * outputs + output] - centre
                let step = Int64((distance * Double(sign: .plus, exponent: -quantum, significand: 1)).rounded())
                let weight = Double(rows.integers[index]) * rows.unit
                steps[index * outputs + output] = step
                contributions[index * channels + output + 1] =
                    weight == weight.rounded()
                    ? (Int64(weight) * step) << Int64(shift)
                    : Int64((weight * Double(step) * Double(sign: .plus, exponent: shift, significand: 1)).rounded())
            }
        }
    }

    func deallocate() {
        units.deallocate()
        centres.deallocate()
        contributions.deallocate()
        steps.deallocate()
    }

    @inline(__always)
    func add(_ row: Int, to sums: UnsafeMutablePointer<Int64>) {
        for channel in 0..<channels { sums[channel] &+= contributions[row &* channels &+ channel] }
    }

    @inline(__always)
    func count(
        _ rows: UnsafeBufferPointer<Int32>, codes: UnsafePointer<UInt8>, columns: Int,
        in histogram: UnsafeMutablePointer<Int64>, removing: Bool
    ) {
        let (channels, contributions) = (channels, contributions)
        for row in rows {
            let own = contributions + Int(row) * channels
            let code = codes + Int(row) * columns
            var table = histogram
            for column in 0..<columns {
                let cell = table + Int(code[column]) &* channels
                for channel in 0..<channels { cell[channel] &+= removing ? 0 &- own[channel] : own[channel] }
                table += 256 &* channels
            }
        }
    }

    @inline(__always)
    func isEmpty(_ sums: UnsafePointer<Int64>) -> Bool { sums[0] == 0 }

    @inline(__always)
    func kind(_ sums: UnsafePointer<Int64>) -> Int { -1 }

    @inline(__always)
    func add(_ bin: UnsafePointer<Int64>, to sums: UnsafeMutablePointer<Double>, weight: Double) -> Double {
        for channel in 0..<channels { sums[channel] += Double(bin[channel]) * units[channel] }
        return sums[0]
    }

    /// Σ over outputs of (Σ w y)² / Σ w: minus weight × variance, but for Σ w y².
    @inline(__always)
    func purity(_ sums: UnsafePointer<Double>, _ weight: Double) -> Double {
        var sum = 0.0
        for output in 1..<channels { sum += sums[output] * sums[output] }
        return weight > 0 ? sum / weight : 0
    }

    func isMixed(_ rows: UnsafeBufferPointer<Int32>, _ sums: UnsafePointer<Int64>) -> Bool {
        guard let first = rows.first else { return false }
        let own = steps + Int(first) * outputs
        for row in rows.dropFirst() {
            let other = steps + Int(row) * outputs
            for output in 0..<outputs where own[output] != other[output] { return true }
        }
        return false
    }

    func action(_ sums: UnsafePointer<Int64>) -> Int32 { 0 }

    /// Scores are the mean targets.
    func leaf(_ sums: UnsafePointer<Int64>) -> DecisionTree.Node {
        let weight = Double(sums[0]) * units[0]
        let means = (0..<outputs).map { centres[$0] + Double(sums[$0 + 1]) * units[$0 + 1] / weight }
        return .leaf(scores: means, weight: weight)
    }
}

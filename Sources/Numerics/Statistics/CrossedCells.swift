// The inner loop of the crossed bootstrap: weighted sums of the defined cells of seeds × patients.

/// Cells laid out for weighted sums: values with 0 where they are not defined, and where they are.
struct CrossedCells {
    private let seeds: Int
    private let width: Int
    /// seeds × width
    private let values: [Double]
    /// seeds × width, 1 where defined and 0 where not; empty when every cell is.
    private let defined: [Double]

    /// - Parameter chosen: the patients who count.
    init(_ cells: [[Double]], chosen: [Int]) {
        seeds = cells.count
        width = chosen.count
        let kept = cells.flatMap { row in chosen.map { row[$0] } }
        values = kept.map { $0.isNaN ? 0 : $0 }
        defined = kept.contains { $0.isNaN } ? kept.map { $0.isNaN ? 0 : 1 } : []
    }

    /// Σ w_s v_p x_sp / Σ w_s v_p over the defined cells; NaN where none has weight.
    ///
    /// - Parameters:
    ///   - patientWeights: one for every patient who counts
    ///   - drawn: their sum
    func mean(
        seedWeights: UnsafePointer<Double>, patientWeights: UnsafePointer<Float>, drawn: Double
    ) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, width)) { weights in
            for index in 0..<width { weights[index] = Double(patientWeights[index]) }
            var sum = 0.0
            var count = 0.0
            values.withUnsafeBufferPointer { values in
                defined.withUnsafeBufferPointer { defined in
                    for seed in 0..<seeds where seedWeights[seed] > 0 && width > 0 {
                        let offset = seed * width
                        sum += seedWeights[seed] * dot(weights.baseAddress!, values.baseAddress! + offset)
                        let present = defined.isEmpty ? drawn : dot(weights.baseAddress!, defined.baseAddress! + offset)
                        count += seedWeights[seed] * present
                    }
                }
            }
            return count > 0 ? sum / count : .nan
        }
    }

    /// A dot product in eight running sums, in a fixed order.
    @inline(__always)
    private func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>) -> Double {
        var low = SIMD4<Double>.zero
        var high = SIMD4<Double>.zero
        var index = 0
        while index + 8 <= width {
            let left = UnsafeRawPointer(a + index)
            let right = UnsafeRawPointer(b + index)
            low += left.loadUnaligned(as: SIMD4<Double>.self) * right.loadUnaligned(as: SIMD4<Double>.self)
            high +=
                left.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
                * right.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
            index += 8
        }
        var sum = (low + high).sum()
        while index < width {
            sum += a[index] * b[index]
            index += 1
        }
        return sum
    }
}

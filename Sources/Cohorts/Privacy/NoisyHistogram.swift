// The distribution behind counts that noise was added to.

import Foundation
import Numerics

package enum NoisyHistogram {
    /// Smooths noisy counts of neighbouring bins.
    ///
    /// Whittaker's penalised least squares (Eilers, Anal. Chem. 75 (2003) 3631–3636): min ‖c − p‖² + λ‖Δp‖², λ and the
    /// order of the differences being those with the least of Stein's unbiased estimate of the risk (Ann. Stat. 9 (1981)
    /// 1135–1151), which needs the noise's variance and no other look at the table.
    package static func smoothed(_ counts: [Double], variance: Double) -> [Double] {
        let n = counts.count
        guard n >= 4 else { return counts }
        var best = (risk: Double.infinity, values: counts)
        for order in 1...2 {
            guard let eigen = SymmetricEigen(penalty(n, order: order), n) else { continue }
            let parts = eigen.vectors.map { vector in zip(vector, counts).reduce(0) { $0 + $1.0 * $1.1 } }
            for power in stride(from: -4.0, through: 24, by: 1) {
                let lambda = exp2(power)
                let keep = eigen.values.map { 1 / (1 + lambda * max($0, 0)) }
                var risk = -Double(n) * variance
                for (part, kept) in zip(parts, keep) {
                    risk += part * part * (1 - kept) * (1 - kept) + 2 * variance * kept
                }
                guard risk < best.risk else { continue }
                var values = [Double](repeating: 0, count: n)
                for (vector, weight) in zip(eigen.vectors, zip(parts, keep).map(*)) {
                    for k in 0..<n { values[k] += weight * vector[k] }
                }
                best = (risk, values)
            }
        }
        return best.values
    }

    /// DᵀD of differences of this order.
    private static func penalty(_ n: Int, order: Int) -> [Double] {
        let stencil = order == 1 ? [-1.0, 1] : [1.0, -2, 1]
        var matrix = [Double](repeating: 0, count: n * n)
        for row in 0...(n - stencil.count) {
            for (a, first) in stencil.enumerated() {
                for (b, second) in stencil.enumerated() { matrix[(row + a) * n + row + b] += first * second }
            }
        }
        return matrix
    }

    /// The nearest numbers that are not negative and sum to `total` (Duchi and others, ICML 2008, figure 1).
    package static func projected(_ values: [Double], total: Double) -> [Double] {
        var sum = 0.0
        var threshold = 0.0
        for (index, value) in values.sorted(by: >).enumerated() {
            sum += value
            let candidate = (sum - total) / Double(index + 1)
            if value - candidate <= 0 { break }
            threshold = candidate
        }
        return values.map { max(0, $0 - threshold) }
    }
}

// What a sequence of noisy releases gives away of one patient: Rényi differential privacy, added up.

import Foundation

/// Rényi differential privacy of Gaussian releases (Mironov, CSF 2017), composed by adding, order by order.
///
/// Neighbouring tables differ by one row more or less. Orders are whole numbers: between two of them the divergence times
/// (order − 1) is convex (van Erven and Harremoës, IEEE Trans. Inf. Theory 2014, theorem 11), so that others could hardly
/// say less.
public struct RenyiAccountant: Sendable, Equatable {
    static let orders = 2...256

    /// By order.
    private var divergences = Array(repeating: 0.0, count: orders.count)

    public init() {}

    /// Adds releases of a statistic with Gaussian noise.
    ///
    /// - Parameters:
    ///   - noise: standard deviation of the noise over the statistic's L2 sensitivity to one row.
    ///   - share: the probability with which a row takes part (Poisson sampling), 1 for all.
    ///   - times: how often.
    public mutating func add(noise: Double, share: Double = 1, times: Int = 1) {
        precondition(noise > 0 && share >= 0 && share <= 1 && times >= 0, "noise and a share of rows")
        for (place, order) in RenyiAccountant.orders.enumerated() {
            divergences[place] += Double(times) * RenyiAccountant.divergence(order, noise: noise, share: share)
        }
    }

    /// Divergence of one release. With sampling: Mironov, Talwar and Zhang, "Rényi differential privacy of the sampled
    /// Gaussian mechanism", 2019, section 3.3:
    ///
    ///     1/(α − 1)·log Σₖ C(α, k)·(1 − q)^(α − k)·q^k·exp((k² − k)/(2σ²))
    static func divergence(_ order: Int, noise: Double, share: Double) -> Double {
        let alpha = Double(order)
        if share == 0 { return 0 }
        if share == 1 { return alpha / (2 * noise * noise) }
        var terms: [Double] = []
        for k in 0...order {
            let number = Double(k)
            terms.append(
                logBinomial(order, k) + (alpha - number) * log1p(-share) + number * log(share)
                    + (number * number - number) / (2 * noise * noise))
        }
        let top = terms.max() ?? 0
        return (top + log(terms.reduce(0) { $0 + exp($1 - top) })) / (alpha - 1)
    }

    private static func logBinomial(_ n: Int, _ k: Int) -> Double {
        lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
    }

    /// The ε of (ε, δ)-differential privacy: Canonne, Kamath and Steinke, "The discrete Gaussian for differential
    /// privacy", 2020, proposition 12, at the order where it is least.
    public func epsilon(delta: Double) -> Double {
        precondition(delta > 0 && delta < 1, "delta lies between 0 and 1")
        let all = zip(RenyiAccountant.orders, divergences).map { order, divergence -> Double in
            let alpha = Double(order)
            return divergence + log1p(-1 / alpha) - log(delta * alpha) / (alpha - 1)
        }
        return max(0, all.min() ?? .infinity)
    }
}

extension RenyiAccountant {
    /// The least noise, to 0.1 %, with which sampled releases beside all that is counted here stay within ε.
    ///
    /// - Returns: nil where what is counted already exceeds ε.
    public func noise(epsilon: Double, delta: Double, share: Double, times: Int) -> Double? {
        func spent(_ noise: Double) -> Double {
            var all = self
            all.add(noise: noise, share: share, times: times)
            return all.epsilon(delta: delta)
        }
        guard self.epsilon(delta: delta) < epsilon else { return nil }
        var (low, high) = (0.0, 1.0)
        while spent(high) > epsilon {
            (low, high) = (high, 2 * high)
            guard high < 1e6 else { return nil }
        }
        while high - low > 1e-3 * high {
            let middle = (low + high) / 2
            if spent(middle) > epsilon { low = middle } else { high = middle }
        }
        return high
    }
}

// Spends a privacy budget release by release and keeps the account.

import Foundation
import Numerics

/// Makes noise and writes down what it was for. Every number that leaves the table goes through one of these.
///
/// A Gaussian release of noise multiplier σ has the Rényi divergence α/(2σ²): shares of 1/σ² add up, and a share f of what
/// (ε, δ) allows in all has the noise σ/√f. Sampled gradients get what is left, by their own account.
struct PrivacyLedger {
    let configuration: PrivacyConfiguration
    let seed: UInt64
    private(set) var accountant = RenyiAccountant()
    private(set) var releases: [PrivacyStatement.Release] = []
    /// Noise multiplier of one release that spends everything.
    private let whole: Double
    /// Sum of the shares already spent.
    private var spent = 0.0

    init(_ configuration: PrivacyConfiguration, seed: UInt64) throws {
        self.configuration = configuration
        self.seed = seed
        guard
            let whole = RenyiAccountant().noise(
                epsilon: configuration.epsilon, delta: configuration.delta, share: 1, times: 1)
        else {
            throw CohortError(
                "no noise suffices for epsilon \(compact(configuration.epsilon)) at delta \(configuration.delta); "
                    + "ask for a larger one of the two")
        }
        self.whole = whole
    }

    /// The standard deviation of the noise of a release, noted as spent.
    mutating func deviation(share: Double, sensitivity: Double, what: String) -> Double {
        precondition(share > 0 && spent + share <= 1 + 1e-9, "more than the budget")
        spent += share
        let noise = whole / share.squareRoot()
        accountant.add(noise: noise)
        releases.append(.init(what: what, noise: noise, sensitivity: sensitivity, samplingRate: 1, times: 1))
        return noise * sensitivity
    }

    /// The noise multiplier of sampled gradients that spend the rest; nil where nothing is left.
    mutating func gradients(samplingRate: Double, steps: Int, clip: Double) -> Double? {
        guard spent < 1 - 1e-6, steps > 0,
            let noise = accountant.noise(
                epsilon: configuration.epsilon, delta: configuration.delta, share: samplingRate, times: steps)
        else { return nil }
        spent = 1
        accountant.add(noise: noise, share: samplingRate, times: steps)
        releases.append(
            .init(
                what: "gradients of rows", noise: noise, sensitivity: clip, samplingRate: samplingRate, times: steps))
        return noise
    }

    /// The number of rows, noised.
    mutating func rows(_ count: Int) -> Double {
        let deviation = deviation(share: configuration.rowsShare, sensitivity: 1, what: "number of rows")
        var stream = RandomStream(seed: seed, purpose: "privacy.rows")
        return max(1, (Double(count) + deviation * stream.normal()).rounded())
    }

    func statement(rows: Double) -> PrivacyStatement {
        PrivacyStatement(
            askedEpsilon: configuration.epsilon, epsilon: accountant.epsilon(delta: configuration.delta),
            delta: configuration.delta, rows: rows, releases: releases)
    }
}

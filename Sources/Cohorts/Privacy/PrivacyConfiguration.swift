// How much a generator may give away of any one patient, and what it spends that on.

import PositionedJSON

/// The settings of a generator with differential privacy.
///
/// Shares are those of the budget as Gaussian releases spend it: noise grows with one over the root of a share.
public struct PrivacyConfiguration: Sendable, Equatable {
    public var epsilon: Double
    public var delta: Double
    /// Of the budget, what the number of rows takes.
    public var rowsShare: Double
    /// What the histograms of the columns take, together.
    public var histogramShare: Double
    /// What the correlations take; the rest goes to training by noisy gradients, where the generator has any.
    public var correlationShare: Double
    /// How much more the target's correlations count than others when noise is shared out.
    public var targetWeight: Double
    /// Rows that a noisy gradient is expected to see.
    public var batch: Int
    public var steps: Int
    /// Norm at which the gradient of a row is clipped.
    public var clip: Double
    public var learningRate: Double

    public init(
        epsilon: Double, delta: Double, rowsShare: Double = 0.02, histogramShare: Double = 0.55,
        correlationShare: Double = 0.35, targetWeight: Double = 4, batch: Int = 256, steps: Int = 100,
        clip: Double = 2, learningRate: Double = 5e-4
    ) {
        self.epsilon = epsilon
        self.delta = delta
        self.rowsShare = rowsShare
        self.histogramShare = histogramShare
        self.correlationShare = correlationShare
        self.targetWeight = targetWeight
        self.batch = batch
        self.steps = steps
        self.clip = clip
        self.learningRate = learningRate
    }

    static let epsilons = 0.01...1000.0
    static let deltas = 1e-15...0.01

    /// Reads the key `privacy`, `{"epsilon": 3, "delta": 1e-5, …}`; nil without one.
    init?(_ reader: ObjectReader) {
        guard let part = reader.optionalObject("privacy", what: "the privacy of the generator") else { return nil }
        let before = reader.complaints.items.count
        let epsilon = part.number("epsilon", in: PrivacyConfiguration.epsilons)
        let delta = part.number("delta", in: PrivacyConfiguration.deltas)
        self.init(epsilon: epsilon ?? 1, delta: delta ?? 1e-6)
        rowsShare = part.number("rows_share", default: rowsShare, in: 1e-4...0.9)
        histogramShare = part.number("histogram_share", default: histogramShare, in: 0.01...0.99)
        correlationShare = part.number("correlation_share", default: correlationShare, in: 0...0.99)
        targetWeight = part.number("target_weight", default: targetWeight, in: 0.1...100)
        batch = part.integer("batch", default: batch, in: 1...1_000_000)
        steps = part.integer("steps", default: steps, in: 0...100_000)
        clip = part.number("clip", default: clip, in: 1e-3...1e3)
        learningRate = part.number("learning_rate", default: learningRate, in: 1e-8...1)
        if rowsShare + histogramShare + correlationShare > 1 {
            part.complain(
                "the shares of the budget sum to more than 1",
                remedy:
                    "what \"rows_share\", \"histogram_share\" and \"correlation_share\" leave goes to noisy gradients")
        }
        part.finish()
        guard reader.complaints.items.count == before else { return nil }
    }
}

extension GeneratorSpecification {
    public var privacy: PrivacyConfiguration? {
        switch self {
        case .vae(let configuration): configuration.privacy
        case .cvae(let configuration): configuration.autoencoder.privacy
        case .copula(let configuration): configuration.privacy
        case .gan, .cgan, .rvae: nil
        }
    }

    /// The same generator with differential privacy.
    ///
    /// - Throws: `CohortError` for a generator that cannot be learned so.
    public func with(epsilon: Double, delta: Double) throws(CohortError) -> GeneratorSpecification {
        guard PrivacyConfiguration.epsilons.contains(epsilon), PrivacyConfiguration.deltas.contains(delta) else {
            throw CohortError(
                "epsilon lies between \(compact(PrivacyConfiguration.epsilons.lowerBound)) and "
                    + "\(compact(PrivacyConfiguration.epsilons.upperBound)), delta is at most "
                    + "\(PrivacyConfiguration.deltas.upperBound)")
        }
        var privacy = self.privacy ?? PrivacyConfiguration(epsilon: epsilon, delta: delta)
        privacy.epsilon = epsilon
        privacy.delta = delta
        switch self {
        case .vae(var configuration):
            configuration.privacy = privacy
            return .vae(configuration)
        case .cvae(var configuration):
            configuration.autoencoder.privacy = privacy
            return .cvae(configuration)
        case .copula(var configuration):
            configuration.privacy = privacy
            return .copula(configuration)
        case .gan, .cgan:
            throw CohortError("adversarial networks are not learned with differential privacy; use \"vae\" or \"cvae\"")
        case .rvae:
            throw CohortError(
                "visits over time are not learned with differential privacy; a table of one row a patient is, by \"vae\""
            )
        }
    }
}

// Behaviour cloning: a network learns to do what was done.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Behaviour cloning (Pomerleau, "Efficient training of artificial neural networks for autonomous navigation", Neural
/// Computation 3 (1991) 88–97; as a baseline of offline learning in Fujimoto, Meger and Precup, ICML 2019).
///
/// Loss: cross-entropy −log π(a|s) of the logged action, π being a softmax over the actions allowed in s.
public struct BehaviourCloning: OfflineLearner {
    public var configuration: OfflineConfiguration

    public init(_ configuration: OfflineConfiguration = OfflineConfiguration()) { self.configuration = configuration }

    public var name: String { "behaviour_cloning" }
    public var decisions: Int { configuration.updates }
    public var data: LoggedData { configuration.data }

    /// Nothing is bootstrapped: no discount, no target.
    public func json() -> JSONValue {
        let unused = ["gamma", "tau", "target_update_interval", "reward_scale"]
        return settings(name, configuration.fields().filter { !unused.contains($0.key) })
    }

    public func shrunk(by factor: Double) -> any Learner { BehaviourCloning(configuration.shrunk(by: factor)) }

    init(reader: ObjectReader) { configuration = OfflineConfiguration(reader: reader) }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try OfflineTraining.run(configuration, job, purpose: name) { Cloning($0) }
    }
}

/// The objective; also the part of BCQ that knows what was done.
final class Cloning: OfflineObjective {
    private let setting: OfflineSetting
    let network: DenseNetwork
    private let adam: Adam
    private let outputGradient: FloatBuffer

    init(_ setting: OfflineSetting) {
        self.setting = setting
        network = setting.network("imitation")
        adam = setting.adam(for: network)
        outputGradient = FloatBuffer(setting.configuration.batchSize * network.outputCount)
    }

    func update(_ batch: LoggedBatch) -> Double {
        let logits = network.forward(batch.observations.start, batch: batch.size)
        let loss = MaskedSoftmax.crossEntropy(
            logits, allowed: batch.allowed, labels: batch.actions, weights: nil, rows: batch.size,
            count: network.outputCount, gradient: outputGradient.start)
        adam.step(network, outputGradient: outputGradient.start, maximumNorm: Float(setting.configuration.maxGradNorm))
        return Double(loss)
    }

    func policy() -> any SavedPolicy {
        ActorPolicy(
            kind: "behaviour_cloning", observations: setting.observations, actions: setting.actions,
            network: setting.frozen(network))
    }
}

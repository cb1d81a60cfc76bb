// Conservative Q-learning: actions that were not taken are held to be worth less, until the log shows otherwise.

import Networks
import Numerics
import Patients
import PositionedJSON

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Discrete CQL (Kumar, Zhou, Tucker and Levine, "Conservative Q-learning for offline reinforcement learning", NeurIPS
/// 2020, eq. 4, CQL(H)).
///
/// Loss: Huber's of Q(s, a) − (r + γ·Q⁻(s′, a*)) as in DQN, and
///
///     α·(log Σ over allowed a′ of exp Q(s, a′) − Q(s, a))
///
/// for the logged action a. Q is in units of the scaled rewards, so `reward_scale` and `alpha` go together. A terminated
/// course ends the sum; a truncated one does not.
public struct CQL: OfflineLearner {
    public var configuration: CQLConfiguration

    public init(_ configuration: CQLConfiguration = CQLConfiguration()) { self.configuration = configuration }

    public var name: String { "cql" }
    public var decisions: Int { configuration.shared.updates }
    public var data: LoggedData { configuration.shared.data }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.shared = small.shared.shrunk(by: factor)
        return CQL(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try OfflineTraining.run(configuration.shared, job, purpose: name) { ConservativeValues(configuration, $0) }
    }
}

private final class ConservativeValues: OfflineObjective {
    private let configuration: CQLConfiguration
    private let setting: OfflineSetting
    private let online: DenseNetwork
    private let target: TargetNetwork
    private let adam: Adam
    private let scratch: FloatBuffer
    private let outputGradient: FloatBuffer
    private let logProbabilities: FloatBuffer

    init(_ configuration: CQLConfiguration, _ setting: OfflineSetting) {
        self.configuration = configuration
        self.setting = setting
        let batch = configuration.shared.batchSize
        online = setting.network("initial")
        target = TargetNetwork(of: online, configuration.shared)
        adam = setting.adam(for: online)
        scratch = FloatBuffer(online.scratchCount(batch: batch))
        outputGradient = FloatBuffer(batch * online.outputCount)
        logProbabilities = FloatBuffer(online.outputCount)
    }

    func update(_ batch: LoggedBatch) -> Double {
        let width = online.outputCount
        let targetValues = target.evaluate(batch.nextObservations.start, batch: batch.size)
        let choiceValues =
            configuration.double
            ? online.evaluate(batch.nextObservations.start, batch: batch.size, scratch: scratch.start) : targetValues
        let values = online.forward(batch.observations.start, batch: batch.size)
        let share = 1 / Float(batch.size)
        let alpha = Float(configuration.alpha)
        outputGradient.zero()
        var loss: Float = 0
        for row in 0..<batch.size {
            var goal = batch.rewards.start[row]
            let bootstrap = batch.bootstraps.start[row]
            if bootstrap > 0 {
                let best = bestAllowed(choiceValues + row * width, batch.nextAllowed + row * width, count: width)
                goal += bootstrap * targetValues[row * width + Int(best)]
            }
            let taken = Int(batch.actions[row])
            let gradient = outputGradient.start + row * width
            let huber = Loss.huber(values[row * width + taken] - goal)
            loss += huber.value
            gradient[taken] = share * huber.derivative
            guard alpha > 0 else { continue }
            // log Σ exp Q − Q(a) is −log of the softmax of Q at a, and its gradient softmax − 1 at a.
            MaskedSoftmax.logProbabilities(
                values + row * width, allowed: batch.allowed + row * width, count: width, into: logProbabilities.start)
            loss -= alpha * logProbabilities.start[taken]
            for action in 0..<width where batch.allowed[row * width + action] {
                gradient[action] += alpha * share * exp(logProbabilities.start[action])
            }
            gradient[taken] -= alpha * share
        }
        adam.step(online, outputGradient: outputGradient.start, maximumNorm: Float(configuration.shared.maxGradNorm))
        target.follow(online)
        return Double(loss) * Double(share)
    }

    func policy() -> any SavedPolicy {
        QNetworkPolicy(
            observations: setting.observations, actions: setting.actions, network: setting.frozen(online),
            rewardScale: configuration.shared.rewardScale)
    }
}

// Discrete BCQ: Q-learning among the actions that the logged policy might have taken.

import Networks
import Numerics
import Patients
import PositionedJSON

/// Discrete batch-constrained deep Q-learning (Fujimoto, Conti, Ghavamzadeh and Pineau, "Benchmarking batch deep
/// reinforcement learning algorithms", 2019, arXiv 1910.01708, eq. 9 and algorithm 1; the idea from Fujimoto, Meger and
/// Precup, ICML 2019).
///
/// A network G imitates the log (behaviour cloning). Actions with G(a|s) ≥ τ·max G(·|s) are eligible; Q is learnt as in
/// double DQN, its next action the best eligible one, and the policy takes the best eligible one.
public struct BCQ: OfflineLearner {
    public var configuration: BCQConfiguration

    public init(_ configuration: BCQConfiguration = BCQConfiguration()) { self.configuration = configuration }

    public var name: String { "bcq" }
    public var decisions: Int { configuration.shared.updates }
    public var data: LoggedData { configuration.shared.data }

    public func json() -> JSONValue { settings(name, configuration.fields()) }

    public func shrunk(by factor: Double) -> any Learner {
        var small = configuration
        small.shared = small.shared.shrunk(by: factor)
        return BCQ(small)
    }

    public func train(_ job: TrainingJob) throws -> TrainedPolicy {
        try OfflineTraining.run(configuration.shared, job, purpose: name) { ConstrainedValues(configuration, $0) }
    }
}

private final class ConstrainedValues: OfflineObjective {
    private let configuration: BCQConfiguration
    private let setting: OfflineSetting
    private let imitation: Cloning
    private let online: DenseNetwork
    private let target: TargetNetwork
    private let adam: Adam
    private let scratch: FloatBuffer
    private let imitationScratch: FloatBuffer
    private let outputGradient: FloatBuffer
    private let eligible: UnsafeMutablePointer<Bool>

    init(_ configuration: BCQConfiguration, _ setting: OfflineSetting) {
        self.configuration = configuration
        self.setting = setting
        let batch = configuration.shared.batchSize
        imitation = Cloning(setting)
        online = setting.network("initial")
        target = TargetNetwork(of: online, configuration.shared)
        adam = setting.adam(for: online)
        scratch = FloatBuffer(online.scratchCount(batch: batch))
        imitationScratch = FloatBuffer(online.scratchCount(batch: batch))
        outputGradient = FloatBuffer(batch * online.outputCount)
        eligible = .allocate(capacity: online.outputCount)
        eligible.initialize(repeating: false, count: online.outputCount)
    }

    deinit { eligible.deallocate() }

    func update(_ batch: LoggedBatch) -> Double {
        let width = online.outputCount
        let imitationLoss = imitation.update(batch)
        let logits = imitation.network.evaluate(
            batch.nextObservations.start, batch: batch.size, scratch: imitationScratch.start)
        let targetValues = target.evaluate(batch.nextObservations.start, batch: batch.size)
        let choiceValues = online.evaluate(batch.nextObservations.start, batch: batch.size, scratch: scratch.start)
        let values = online.forward(batch.observations.start, batch: batch.size)
        let threshold = EligibleActions.margin(configuration.threshold)
        outputGradient.zero()
        var loss: Float = 0
        for row in 0..<batch.size {
            var goal = batch.rewards.start[row]
            let bootstrap = batch.bootstraps.start[row]
            if bootstrap > 0 {
                EligibleActions.find(
                    logits + row * width, batch.nextAllowed + row * width, count: width, margin: threshold, eligible)
                let best = bestAllowed(choiceValues + row * width, eligible, count: width)
                goal += bootstrap * targetValues[row * width + Int(best)]
            }
            let place = row * width + Int(batch.actions[row])
            let huber = Loss.huber(values[place] - goal)
            loss += huber.value
            outputGradient.start[place] = huber.derivative / Float(batch.size)
        }
        adam.step(online, outputGradient: outputGradient.start, maximumNorm: Float(configuration.shared.maxGradNorm))
        target.follow(online)
        return Double(loss) / Double(batch.size) + imitationLoss
    }

    func policy() -> any SavedPolicy {
        BCQPolicy(
            observations: setting.observations, actions: setting.actions, values: setting.frozen(online),
            imitation: setting.frozen(imitation.network), threshold: configuration.threshold,
            rewardScale: configuration.shared.rewardScale)
    }
}

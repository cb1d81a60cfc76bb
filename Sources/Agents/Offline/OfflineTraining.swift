// The loop around every learner from logs: draw decisions, update, look now and then.

import Networks
import Numerics
import Patients
import PositionedJSON

/// A learner that treats nobody: all it sees is the job's log.
public protocol OfflineLearner: Learner {
    /// Where a study has the log from.
    var data: LoggedData { get }
}

/// What a learner from logs does with a minibatch.
protocol OfflineObjective: AnyObject {
    /// One gradient step; returns the loss.
    func update(_ batch: LoggedBatch) -> Double
    /// The policy as it is now.
    func policy() -> any SavedPolicy
}

/// What every offline objective is made from.
struct OfflineSetting {
    let configuration: OfflineConfiguration
    let task: TaskDescription
    let transitions: LoggedTransitions
    let seed: UInt64
    let purpose: String

    var observations: [String] { task.observations.map(\.name) }
    var actions: [String] { task.actions.map(\.name) }

    /// A network from observations to one number per action.
    func network(_ part: String) -> DenseNetwork {
        var stream = RandomStream(seed: seed, purpose: "\(purpose).\(part)")
        let network = DenseNetwork(
            inputs: task.observations.count, hidden: configuration.netArch, outputs: task.actions.count,
            activation: configuration.activation, stream: &stream)
        network.reserve(batch: configuration.batchSize)
        return network
    }

    func adam(for network: DenseNetwork) -> Adam {
        Adam(count: network.parameterCount, learningRate: Float(configuration.learningRate))
    }

    func frozen(_ network: DenseNetwork) -> FrozenNetwork {
        FrozenNetwork(copying: network, normalisation: transitions.normalisation)
    }
}

/// Trains an objective on a job's log.
enum OfflineTraining {
    static func run(
        _ configuration: OfflineConfiguration, _ job: TrainingJob, purpose: String,
        objective make: (OfflineSetting) -> any OfflineObjective
    ) throws -> TrainedPolicy {
        guard let log = job.log, log.decisions > 0 else { throw TrainingError.noLog }
        guard job.validation.patients > 0 else { throw TrainingError.noPatients("validation") }
        let task = job.environment.task
        let gamma = resolvedDiscount(configuration.gamma, task: task.discount)
        let setting = OfflineSetting(
            configuration: configuration, task: task,
            transitions: try LoggedTransitions(log, discount: Float(gamma), rewardScale: configuration.rewardScale),
            seed: job.seed, purpose: purpose)
        let objective = make(setting)
        let batch = LoggedBatch(
            size: configuration.batchSize, observationCount: task.observations.count, actionCount: task.actions.count)
        let validation = Validation(
            job: job, settings: configuration.validation, totalDecisions: configuration.updates,
            diagnosticNames: ["loss"], keepsBest: configuration.keepsBest)
        let tally = LoggedTally(log)
        var sampling = RandomStream(seed: job.seed, purpose: purpose + ".sampling")
        var lossSum = 0.0
        var lossCount = 0.0
        for update in 1...configuration.updates {
            setting.transitions.sample(into: batch, stream: &sampling)
            lossSum += objective.update(batch)
            lossCount += 1
            guard lossSum.isFinite else { throw TrainingError.notFinite(what: "the loss", decisions: update) }
            try validation.look(
                decisions: update, slots: tally, policy: objective.policy,
                diagnostics: {
                    defer { (lossSum, lossCount) = (0, 0) }
                    return [lossSum / max(1, lossCount)]
                })
        }
        return try validation.result()
    }
}

/// The logged episodes, as a learning curve counts them.
private final class LoggedTally: EpisodeTally {
    let finishedEpisodes: Int
    private let meanReturn: Double

    init(_ log: EpisodeLog) {
        finishedEpisodes = log.episodes
        meanReturn =
            (0..<log.episodes).reduce(0) { $0 + log.discountedReturn(of: $1, discount: 1) } / Double(log.episodes)
    }

    func takeMeanReturn() -> Double { meanReturn }
}

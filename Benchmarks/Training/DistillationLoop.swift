// VIPER's loop on CartPole: ten rounds of ten thousand samples, sixteen leaves.

import Agents
import Distillation
import Patients
import PositionedJSON

extension BalancingTask {
    /// Episodes a round: with a teacher that balances to the end, 500 samples each, so that ten rounds have at least
    /// 100,000.
    static let episodesPerRound = 22

    /// A DQN teacher with the settings of `Experiments/cartpole.json` (not timed), then the loop (timed).
    func viper(seed: UInt64) throws -> JSONValue {
        var settings = DQNConfiguration()
        settings.decisions = 50_000
        settings.learningRate = 0.0023
        settings.batchSize = 64
        settings.bufferSize = 100_000
        settings.learningStarts = 1000
        settings.targetUpdateInterval = 10
        settings.trainFreq = 256
        settings.gradientSteps = 128
        settings.exploration = ExplorationSchedule(initial: 1, final: 0.04, fraction: 0.16)
        settings.gamma = 0.99
        settings.netArch = [256, 256]
        settings.normalisationDecisions = 0
        settings.validation.evaluateEvery = 5000
        let teacher = try DQN(settings).train(TrainingJob(environment: training, validation: test, seed: seed)).policy
        var configuration = ViperConfiguration()
        configuration.iterations = 10
        configuration.patientsPerIteration = BalancingTask.episodesPerRound
        configuration.selectionPatients = 10
        configuration.maximumLeaves = 16
        configuration.roundsThresholds = false
        let begin = threadSeconds()
        let result = try Viper(configuration).distil(teacher: teacher, factory: training, seed: seed)
        let used = threadSeconds() - begin
        return [
            "seed": .integer(Int(seed)), "samples": .integer(result.iterations.last?.samples ?? 0),
            "cpu_seconds": .number(used),
            "teacher_return": .number(try Rollout.run(test, policy: teacher, seed: seed).meanReturn),
            "test_return": .number(try Rollout.run(test, policy: TreePolicy(result.tree), seed: seed).meanReturn),
        ]
    }
}

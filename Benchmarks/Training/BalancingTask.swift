// Whole training runs on CartPole, with the default settings of Stable-Baselines3.

import Agents
import Dispatch
import Glibc
import Numerics
import Patients
import PositionedJSON

/// CPU time of the calling thread: what other programs use does not count.
func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

func wallSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

struct BalancingTask: Sendable {
    let training: any EnvironmentFactory
    /// One start, balanced once when the learner is done: a learner must be looked at, and this is the least.
    let validation: any EnvironmentFactory
    /// Fresh starts, to see what was learned.
    let test: any EnvironmentFactory

    init(environments: String) throws {
        let model = try EnvironmentLibrary(folder: environments).load("cartpole")
        training = try TreatmentFactory(model, cohort: model.samplePopulation(count: 10_000, seed: 1))
        validation = try TreatmentFactory(model, cohort: model.samplePopulation(count: 1, seed: 2))
        test = try TreatmentFactory(model, cohort: model.samplePopulation(count: 100, seed: 3))
    }

    /// Stable-Baselines3's defaults: no normalisation of observations, one environment. The number of steps is the
    /// peer's, PPO's a whole number of its rollouts of 2,048.
    static func learner(_ name: String) -> any Learner {
        if name == "dqn" {
            var settings = DQNConfiguration()
            settings.decisions = 50_000
            settings.double = false
            settings.normalisationDecisions = 0
            settings.validation.evaluateEvery = settings.decisions
            return DQN(settings)
        }
        var settings = PPOConfiguration()
        settings.decisions = 51_200
        settings.normalisationDecisions = 0
        settings.validation.evaluateEvery = settings.decisions
        return PPO(settings)
    }

    struct Run {
        var name: String
        var seed: UInt64
        var decisions: Int
        var cpuSeconds: Double
        /// Mean return of 100 fresh episodes of the greedy policy.
        var testReturn: Double

        func json() -> JSONValue {
            [
                "algorithm": .string(name), "seed": .integer(Int(seed)), "decisions": .integer(decisions),
                "cpu_seconds": .number(cpuSeconds), "test_return": .number(testReturn),
            ]
        }
    }

    /// Everything between the settings and the policy is timed, allocation included.
    func run(_ name: String, seed: UInt64) throws -> Run {
        let learner = BalancingTask.learner(name)
        let begin = threadSeconds()
        let trained = try learner.train(TrainingJob(environment: training, validation: validation, seed: seed))
        let used = threadSeconds() - begin
        let value = try Rollout.run(test, policy: trained.policy, seed: seed).meanReturn
        return Run(
            name: name, seed: seed, decisions: trained.metrics.last?.decisions ?? 0, cpuSeconds: used,
            testReturn: value)
    }

    /// Two seeds at once on two threads, against one after the other. On a machine with two free processors the ratio of
    /// wall times is the gain; where other programs take their share only the CPU time tells what the seeds cost each
    /// other.
    func scaling() throws -> JSONValue {
        var least = (
            wall: Double.infinity, cpu: Double.infinity, together: Double.infinity, cpuTogether: Double.infinity
        )
        for _ in 0..<5 {
            var begin = wallSeconds()
            let first = try run("ppo", seed: 1)
            let second = try run("ppo", seed: 2)
            least.wall = min(least.wall, wallSeconds() - begin)
            least.cpu = min(least.cpu, first.cpuSeconds + second.cpuSeconds)
            begin = wallSeconds()
            let cpu = try Parallel.map(2, jobs: 2) { try run("ppo", seed: UInt64($0 + 1)).cpuSeconds }
            least.together = min(least.together, wallSeconds() - begin)
            least.cpuTogether = min(least.cpuTogether, cpu.reduce(0, +))
        }
        return [
            "wall_one_after_the_other": .number(least.wall), "wall_at_once": .number(least.together),
            "gain": .number(least.wall / least.together), "cpu_one_after_the_other": .number(least.cpu),
            "cpu_at_once": .number(least.cpuTogether),
            "gain_on_free_processors": .number(2 * least.cpu / least.cpuTogether),
        ]
    }
}

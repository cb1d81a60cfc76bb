// How fast an environment is on the machine at hand: whole courses under a policy, on one thread, in CPU seconds.

import Evaluation
import Foundation
import Patients
import PositionedJSON

/// A measurement. Counted are choosing actions, treating patients, observations, rewards and outcomes; not counted is
/// the set-up (drawing the patients, compiling the expressions), which is told apart.
public struct EnvironmentSpeed: Sendable {
    public var name: String
    public var policy: String
    public var patients: Int
    /// Courses treated to their end; all patients as many times as it takes to fill the CPU time asked for.
    public var courses = 0
    public var decisions = 0
    public var cpuSeconds = 0.0
    public var setUpSeconds: Double
    /// Time between decisions, and its unit; an interval that an ending cuts short counts in full.
    public var decisionInterval: Double
    public var timeUnit: String

    public var decisionsPerSecond: Double { Double(decisions) / cpuSeconds }
    public var timePerSecond: Double { decisionsPerSecond * decisionInterval }

    /// Treats all patients of the factory again and again until `seconds` of CPU time have been used.
    public static func measure(
        _ model: EnvironmentModel, policy: any Policy, named policyName: String, patients: Int, seed: UInt64,
        seconds: Double = 1
    ) throws -> EnvironmentSpeed {
        let begin = threadSeconds()
        let cohort = try RolloutPatients.make(model, source: nil, count: patients, seed: seed)
        let factory = try model.makeFactory(cohort: cohort)
        // Touches the memory and the caches once; its time counts as set-up.
        _ = try Rollout.run(factory, policy: policy, patients: 0..<min(patients, 128), seed: seed)
        let ready = threadSeconds()
        var speed = EnvironmentSpeed(
            name: model.fullName, policy: policyName, patients: patients, setUpSeconds: ready - begin,
            decisionInterval: model.decisionInterval, timeUnit: model.timeUnit)
        var episode = 0
        repeat {
            let table = try Rollout.run(factory, policy: policy, episode: episode, seed: seed)
            speed.courses += table.count
            speed.decisions += table.lengths.reduce(0, +)
            episode += 1
            speed.cpuSeconds = threadSeconds() - ready
        } while speed.cpuSeconds < seconds
        return speed
    }

    /// CPU time of the calling thread: what other programs and threads use does not count.
    static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    public func text() -> String {
        func number(_ value: Double) -> String { NumberText.significant(value, 3) }
        return HelpText.table([
            ("environment", name), ("policy", policy), ("patients", "\(patients)"),
            ("decisions per CPU second", number(decisionsPerSecond)),
            ("courses per CPU second", number(Double(courses) / cpuSeconds)),
            ("simulated per CPU second", "\(number(timePerSecond)) \(timeUnit)"),
            ("measured over", "\(decisions) decisions in \(number(cpuSeconds)) CPU s, one thread"),
            ("set-up, not counted", "\(number(setUpSeconds)) CPU s"),
        ])
    }

    public func json() -> JSONValue {
        [
            "format": 1, "environment": .string(name), "policy": .string(policy), "patients": .integer(patients),
            "courses": .integer(courses), "decisions": .integer(decisions), "cpu_seconds": .number(cpuSeconds),
            "set_up_seconds": .number(setUpSeconds), "decisions_per_second": .number(decisionsPerSecond),
            "decision_interval": .number(decisionInterval), "time_unit": .string(timeUnit),
            "time_per_second": .number(timePerSecond),
        ]
    }
}

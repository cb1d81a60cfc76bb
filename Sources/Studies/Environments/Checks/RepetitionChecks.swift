// The same patients again: in other blocks and on more threads the same bytes must come out; and how fast.

import Evaluation
import Patients

enum RepetitionChecks {
    /// Episodes of a random policy must not depend on when, in which block or on how many threads they are run.
    static func determinism(_ factory: any EnvironmentFactory, patients: Int, seed: UInt64) throws -> [CheckFinding] {
        let policy = RandomPolicy(seed: seed)
        func episodes(slots: Int, jobs: Int) throws -> String {
            try Rollout.run(
                factory, policy: policy, patients: 0..<patients, seed: seed, slots: slots, jobs: jobs
            ).csv()
        }
        let first = try episodes(slots: 64, jobs: 1)
        for (slots, jobs, what) in [(64, 1, "again"), (17, 1, "in blocks of 17"), (64, 4, "on 4 threads")] {
            let second = try episodes(slots: slots, jobs: jobs)
            guard first != second else { continue }
            let lines = zip(first.split(separator: "\n"), second.split(separator: "\n"))
            let place = lines.enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
            return [
                CheckFinding(
                    "determinism", .problem, "patient \(place - 1) has another course when it is run \(what)")
            ]
        }
        return [
            CheckFinding(
                "determinism", .fine,
                "\(patients) courses give the same bytes again, in blocks of 17 and of 64, on 1 and on 4 threads")
        ]
    }

    /// Decisions of a random policy per second of one core's time.
    static func speed(_ model: EnvironmentModel, _ effort: EnvironmentCheck.Effort) throws -> (
        finding: CheckFinding, secondsPerPatient: Double
    ) {
        let speed = try EnvironmentSpeed.measure(
            model, policy: RandomPolicy(seed: effort.seed), named: "random", patients: effort.patients,
            seed: effort.seed,
            seconds: effort.speedSeconds)
        let figure = NumberText.count(Int(speed.decisionsPerSecond))
        return (
            CheckFinding("speed", .fine, "\(figure) decisions a second of one core under random treatment"),
            speed.cpuSeconds / Double(max(1, speed.courses))
        )
    }
}

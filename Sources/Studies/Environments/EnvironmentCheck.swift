// A trial of an environment: its patients treated by every protocol and at random, so that what the file's checks
// cannot see (a course that cannot be integrated, a protocol that does nothing) comes to light before a study.

import Evaluation
import Patients

public struct EnvironmentCheck: Sendable {
    /// A line per policy: name, episodes' mean return and mean of every outcome.
    public var rows: [(policy: String, table: EpisodeTable)]
    public var outcomes: [OutcomeDescription]
    public var problems: [String]
    /// What was found in order.
    public var findings: [String] = []

    public var passed: Bool { problems.isEmpty }

    /// Treats `patients` patients with each policy.
    public static func run(_ model: EnvironmentModel, patients: Int = 64, seed: UInt64 = 1) throws -> EnvironmentCheck {
        var check = EnvironmentCheck(rows: [], outcomes: model.task.outcomes, problems: [])
        let cohort = try RolloutPatients.make(model, source: nil, count: patients, seed: seed)
        let factory = try model.makeFactory(cohort: cohort)
        var policies: [(String, any Policy)] = model.protocolPolicies(seed: seed)
        policies.append(("random", RandomPolicy(seed: seed)))
        for (name, policy) in policies {
            do {
                let table = try Rollout.run(factory, policy: policy, seed: seed)
                check.rows.append((name, table))
                if let patient = table.returns.firstIndex(where: { !$0.isFinite }) {
                    check.problems.append("\(name): the return of patient \(patient) is not a number")
                }
            } catch {
                check.problems.append("\(name): \(error)")
            }
        }
        check.compareEndings(model.ranking)
        return check
    }

    /// Holds the returns of all courses against the file's ranking of endings: the worst course of an ending must
    /// score above the best course of the next. Without that, a learner is rewarded for the wrong thing.
    mutating func compareEndings(_ ranking: [String]) {
        func returns(_ ending: String) -> [Double] {
            rows.flatMap { row in
                row.table.endings.indices.filter { row.table.endings[$0] == ending }.map { row.table.returns[$0] }
            }
        }
        for (better, worse) in zip(ranking, ranking.dropFirst()) {
            guard let lowest = returns(better).min(), let highest = returns(worse).max() else { continue }
            let numbers =
                "\(better) scores at least \(NumberText.significant(lowest, 3)), "
                + "\(worse) at most \(NumberText.significant(highest, 3))"
            if lowest > highest {
                findings.append("\(numbers), as the ranking demands")
            } else {
                problems.append("\(numbers): the ranking of outcomes does not hold")
            }
        }
    }

    public func text() -> String {
        var text = ""
        if let first = rows.first { text += "\(first.table.count) patients of its own, treated by\n" }
        let lines = rows.map { name, table -> (String, String) in
            let values = outcomes.indices.map { index -> String in
                let mean = table.meanOutcome(index)
                let shown =
                    outcomes[index].kind == .event ? NumberText.percent(mean, 0) : NumberText.significant(mean, 3)
                return "\(outcomes[index].name) \(shown)"
            }
            return (name, "return \(NumberText.significant(table.meanReturn, 3)), " + values.joined(separator: ", "))
        }
        text += HelpText.table(lines)
        for finding in findings { text += "\(finding)\n" }
        for problem in problems { text += "problem: \(problem)\n" }
        return text
    }
}

// What a colleague asks of a table of transitions: sums, what can be reached, where a course can be caught, and whether
// sampling agrees with the exact values.

import Agents
import Evaluation
import Foundation
import Patients

enum TabularChecks {
    static func run(_ tabular: TabularModel) -> [CheckFinding] {
        [sums(tabular)] + reach(tabular) + [rewards(tabular)]
    }

    private static func sums(_ tabular: TabularModel) -> CheckFinding {
        CheckFinding(
            "table", .fine,
            TabularText.sizes(tabular) + " Rows sum to 1 within \(tabular.table.largestDeviation.shown).")
    }

    /// Forwards from the start along every permitted action, and backwards from the endings.
    private static func reach(_ tabular: TabularModel) -> [CheckFinding] {
        let states = 0..<tabular.states
        let chain = MarkovChain(tabular, policy: tabular.uniformMatrix)
        let reached = chain.reachable(from: tabular.table.start)
        let missed = states.filter { !reached[$0] && !tabular.isEnding($0) }
        var findings: [CheckFinding] = []
        let patients = states.count { !tabular.isEnding($0) }
        findings.append(
            missed.isEmpty
                ? CheckFinding(
                    "reach", .fine, "all \(NumberText.count(patients)) states that are no endings can be reached")
                : CheckFinding(
                    "reach", .note,
                    "\(NumberText.count(missed.count)) of \(NumberText.count(patients)) states that are no endings are "
                        + "never reached: \(CheckFinding.list(missed.map(String.init)))"))
        for (index, ending) in tabular.endings.enumerated()
        where !states.contains(where: { reached[$0] && tabular.endingOfState[$0] == Int32(index) }) {
            findings.append(CheckFinding("endings", .problem, "\(ending.name) is never reached from the start"))
        }
        let stuck = states.filter { reached[$0] && chain.isStuck[$0] }
        if !stuck.isEmpty {
            findings.append(
                CheckFinding(
                    "endings", .note,
                    "from \(stuck.count) states no ending can be reached, whatever is done: "
                        + CheckFinding.list(stuck.map(String.init))))
        } else if !tabular.endings.isEmpty {
            findings.append(
                CheckFinding(
                    "endings", .fine,
                    tabular.endings.map(\.name).joined(separator: ", ") + " can be reached from everywhere"))
        }
        return findings
    }

    private static func rewards(_ tabular: TabularModel) -> CheckFinding {
        let exact = ExactEvaluation(tabular, policy: tabular.uniformMatrix, discount: tabular.task.discount)
        return CheckFinding(
            "values", .fine,
            "at random, exactly: return \(NumberText.significant(exact.horizonReturn, 6)) and "
                + "\(NumberText.significant(exact.horizonLength, 4)) decisions within the horizon"
                + tabular.endings.indices.map {
                    ", \(tabular.endings[$0].name) \(NumberText.percent(exact.horizonEndings[$0]))"
                }.joined())
    }

    /// Holds sampled returns against the exact ones: farther than five standard errors is no chance.
    static func sampling(_ tabular: TabularModel, random table: EpisodeTable) -> CheckFinding {
        let exact = ExactEvaluation(tabular, policy: tabular.uniformMatrix, discount: 1).horizonReturn
        let count = Double(table.count)
        let mean = table.meanReturn
        let variance = table.returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
        // Of few patients none may meet a rare reward: as if one more had, so that their agreement is no certainty.
        let rewards = tabular.rewardOfState
        let spread = (rewards.max() ?? 0) - (rewards.min() ?? 0)
        let error = max((variance / count).squareRoot(), spread / count)
        let text =
            "mean return at random of \(table.count) patients \(NumberText.significant(mean, 4)) ± "
            + "\(NumberText.significant(error, 2)), exactly \(NumberText.significant(exact, 6))"
        return CheckFinding("sampling", abs(mean - exact) <= 5 * error + 1e-12 ? .fine : .problem, text)
    }
}

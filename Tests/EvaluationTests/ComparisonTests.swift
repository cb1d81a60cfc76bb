// Comparisons: values against plain means, files against their published headers, words against the numbers.

import Foundation
import Numerics
import Patients
import PositionedJSON
import Testing

import Evaluation

@Suite struct ComparisonTests {
    let table: EvaluationTable
    let comparison: Comparison

    init() throws {
        table = try SyntheticEvaluation.table()
        comparison = try table.compare(
            selection: SyntheticEvaluation.selection,
            subgroupings: [
                Subgrouping(
                    name: "half", levels: ["first", "second"], membership: (0..<200).map { $0 < 100 ? 0 : 1 })
            ], pairs: [("refined", "viper"), ("refined", "both"), ("nobody", "both")], replications: 400, seed: 1)
    }

    @Test func estimatesAreMeansOfDefinedCells() throws {
        let dqn = table.policies[1]
        let returns = dqn.episodes.flatMap(\.returns)
        #expect(abs(comparison.estimate("dqn", "return")!.value - Statistics.mean(returns)) < 1e-12)
        let times = dqn.episodes.flatMap { $0.outcomes[1] }.filter { !$0.isNaN }
        #expect(abs(comparison.estimate("dqn", "time_to_cure")!.value - Statistics.mean(times)) < 1e-9)
        for row in comparison.rows {
            #expect(row.estimate.low <= row.estimate.value && row.estimate.value <= row.estimate.high)
        }
        let cured = comparison.rows.first { $0.policy == "none" && $0.metric == "time_to_cure" }!
        #expect(cured.patients < 200 && cured.patients > 0)
    }

    @Test func differencesArePairedAndNarrower() throws {
        let difference = comparison.difference("dqn", minus: "both", "cured")!
        let a = comparison.estimate("dqn", "cured")!
        let b = comparison.estimate("both", "cured")!
        #expect(abs(difference.value - (a.value - b.value)) < 1e-12)
        #expect(difference.high - difference.low < (a.high - a.low) + (b.high - b.low))
        #expect(
            comparison.pairs.map { "\($0.policy)-\($0.baseline)" } == [
                "dqn-refined", "q_learning-both", "dqn-both", "viper-both", "refined-both", "refined-viper",
            ])
    }

    /// The learner against the tree within a part of the patients, patient by patient.
    @Test func subgroupsHavePairedDifferences() throws {
        func row(_ policy: String, _ baseline: String?) -> SubgroupRow? {
            comparison.subgroups.first {
                $0.level == "second" && $0.policy == policy && $0.baseline == baseline && $0.metric == "return"
            }
        }
        let difference = try #require(row("dqn", "refined"))
        let learner = try #require(row("dqn", nil))
        let tree = try #require(row("refined", nil))
        #expect(abs(difference.estimate.value - (learner.estimate.value - tree.estimate.value)) < 1e-12)
        #expect(difference.patients == 100)
        let width = difference.estimate.high - difference.estimate.low
        #expect(width > 0 && width < (learner.estimate.high - learner.estimate.low))
        let complaints = Complaints()
        let text = comparison.json().text()
        let node = try JSONParser.parse(SourceText(name: "summary.json", bytes: Array(text.utf8)))
        let same = Comparison(node, complaints: complaints)?.subgroups == comparison.subgroups
        #expect(same)
    }

    /// A time to cure is compared over the patients whom both cure, seed by seed.
    @Test func undefinedOutcomesAreComparedWhereBothHaveThem() throws {
        let row = comparison.differences.first {
            $0.policy == "dqn" && $0.baseline == "both" && $0.metric == "time_to_cure"
        }!
        let both = table.policies[5].episodes[0].outcomes[1]
        var differences: [Double] = []
        var patients: Set<Int> = []
        for seed in table.policies[1].episodes {
            for patient in 0..<200 where !seed.outcomes[1][patient].isNaN && !both[patient].isNaN {
                differences.append(seed.outcomes[1][patient] - both[patient])
                patients.insert(patient)
            }
        }
        #expect(abs(row.estimate.value - Statistics.mean(differences)) < 1e-9)
        #expect(row.patients == patients.count)
        // The same patients take the same time under both here; the means over each one's own cured differ.
        #expect(abs(row.estimate.value) < 1e-9)
        #expect(
            comparison.estimate("dqn", "time_to_cure")!.value - comparison.estimate("both", "time_to_cure")!.value > 0.3
        )
        let half = comparison.subgroups.first {
            $0.level == "first" && $0.policy == "dqn" && $0.baseline == "both" && $0.metric == "time_to_cure"
        }!
        #expect(half.patients == patients.count { $0 < 100 })
        #expect(abs(half.estimate.value) < 1e-9)
        #expect(comparison.text().contains("time to cure: over the patients for whom it is defined"))
    }

    @Test func subgroupsCoverTheirPatients() throws {
        let first = comparison.subgroups.first {
            $0.level == "first" && $0.policy == "both" && $0.metric == "return"
        }!
        #expect(first.patients == 100)
        let expected = Statistics.mean(table.policies[5].episodes[0].returns[..<100])
        #expect(abs(first.estimate.value - expected) < 1e-12)
        #expect(throws: EvaluationError.self) {
            try table.compare(
                selection: Selection(), subgroupings: [Subgrouping(name: "x", levels: ["a"], membership: [0])], seed: 1)
        }
    }

    @Test func statisticsOfReturns() throws {
        let returns = table.policies[5].episodes[0].returns
        let iqm = comparison.returnStatistics.first { $0.policy == "both" && $0.statistic == "iqm" }!
        #expect(abs(iqm.estimate.value - Statistics.interquartileMean(returns)) < 1e-9)
        let worst = comparison.returnStatistics.first { $0.policy == "both" && $0.statistic == "worst_decile" }!
        #expect(abs(worst.estimate.value - Statistics.lowerTailMean(returns)) < 1e-9)
        #expect(worst.estimate.high < iqm.estimate.high)
        let discounted = try #require(comparison.statistic("both", "discounted"))
        #expect(abs(discounted.value - Statistics.mean(table.policies[5].episodes[0].discountedReturns)) < 1e-9)
        #expect(comparison.statistics.map(\.name) == ["iqm", "worst_decile", "discounted"])
    }

    /// A difference in thousands says so: the power of ten is not lost in the sentence.
    @Test func sentencesKeepThePowerOfTen() throws {
        var large = comparison
        for index in large.differences.indices where large.differences[index].metric == "return" {
            let estimate = large.differences[index].estimate
            large.differences[index].estimate = Estimate(
                1e9 * estimate.value, low: 1e9 * estimate.low, high: 1e9 * estimate.high)
        }
        let sentence = try #require(large.rankingSentences().first { $0.hasPrefix("The best learner ") })
        #expect(sentence.contains("] × 10⁹"), "\(sentence)")
    }

    /// A row a policy, a cell a column, and the statistics between the mean return and the outcomes.
    @Test func markdownHoldsEveryPolicyAndStatistic() throws {
        let lines = comparison.markdown().split(separator: "\n")
        #expect(
            lines[0].hasPrefix(
                "| policy | seeds | mean return | interquartile mean return | worst tenth of the patients return | "
                    + "discounted return | cured, % |"))
        let rows = lines.filter { $0.hasPrefix("| ") }
        #expect(rows.count == 2 + 3 + 6)
        #expect(Set(rows.map { $0.count { $0 == "|" } }) == [3 + 3 + 4 + 1])
        let format = comparison.format(statistic: "iqm")
        let iqm = format.text(try #require(comparison.statistic("dqn", "iqm")))
        #expect(rows.contains { $0.contains("dqn") && $0.contains("| 5 |") && $0.contains("| \(iqm) |") })
        #expect(lines.contains { $0.hasPrefix("- The best learner ") })
    }

    @Test func filesHaveTheirPublishedHeaders() throws {
        let lines = comparison.comparisonCSV().split(separator: "\n")
        #expect(lines[0] == "policy,kind,metric,estimate,low,high,seeds,patients")
        #expect(lines.count == 1 + 6 * 5)
        #expect(lines[1].hasPrefix("q_learning,learner,return,"))
        #expect(lines[1].hasSuffix(",5,200"))
        #expect(lines.last!.hasPrefix("both,protocol,lowest_lymphocytes,"))
        #expect(
            comparison.subgroupsCSV().hasPrefix("subgroup,level,policy,baseline,metric,estimate,low,high,patients\n"))
        let episodes = table.episodesCSV().split(separator: "\n")
        #expect(
            episodes[0] == "policy,seed,patient,return,discounted_return,length,ending,"
                + "cured,time_to_cure,chemo_doses,lowest_lymphocytes")
        #expect(episodes.count == 1 + 200 * (4 * 5 + 2))
        let uncured = episodes.first { $0.hasPrefix("none,1,") && $0.contains("horizon") }!
        #expect(uncured.contains(",0.0,,"), "an outcome that is not defined is empty")
        #expect(table.outcomesCSV().hasPrefix("policy,kind,seed,metric,mean,patients\nq_learning,learner,1,return,"))
    }

    @Test func hostileNamesStayInTheirField() {
        #expect(CSV.field("a,\"b\"\nc") == "\"a,\"\"b\"\"\nc\"")
        #expect(CSV.field("plain") == "plain")
        #expect(NumberText.printable("a\u{1B}[31mb\n\u{202E}c") == "a·[31mb··c")
    }

    @Test func jsonReadsBack() throws {
        let text = comparison.json().text()
        let node = try JSONParser.parse(SourceText(name: "summary.json", bytes: Array(text.utf8)))
        let complaints = Complaints()
        let read = Comparison(node, complaints: complaints)
        try complaints.throwIfAny()
        #expect(read?.json().text() == text)
        #expect(read?.text() == comparison.text())
    }

    @Test func selectionLooksAtValidationOnly() {
        let selection = Selection([
            ValidationResult(policy: "a", kind: .learner, meanReturn: 1),
            ValidationResult(policy: "b", kind: .learner, meanReturn: 2),
            ValidationResult(policy: "c", kind: .learner, meanReturn: 2),
            ValidationResult(policy: "d", kind: .fixed, meanReturn: -5),
            ValidationResult(policy: "e", kind: .learner, meanReturn: .nan),
        ])
        #expect(selection == Selection(learner: "b", tree: nil, fixed: "d"))
    }

    @Test func fewSeedsAreNotRanked() throws {
        let thin = try SyntheticEvaluation.table(patients: 40, seeds: 2)
        let comparison = try thin.compare(selection: SyntheticEvaluation.selection, replications: 50, seed: 1)
        guard case .refused(let reason) = comparison.ranking(.learner) else {
            Issue.record("two seeds were ranked")
            return
        }
        #expect(reason.contains("q_learning (2 seeds), dqn (2 seeds)"))
        #expect(comparison.text().contains(reason))
        #expect(
            comparison.rankingSentences().contains { $0.hasSuffix("That is 2 trainings: another may do otherwise.") })
        #expect(!self.comparison.rankingSentences().contains { $0.contains("another may do otherwise") })
        #expect(comparison.ranking(.fixed) == .ordered(["both", "none"]))
        #expect(self.comparison.ranking(.learner) == .ordered(["dqn", "q_learning"]))
    }

    @Test func jobsDoNotChangeTheResult() throws {
        let again = try table.compare(
            selection: SyntheticEvaluation.selection,
            subgroupings: [
                Subgrouping(
                    name: "half", levels: ["first", "second"], membership: (0..<200).map { $0 < 100 ? 0 : 1 })
            ], pairs: [("refined", "viper")], replications: 400, seed: 1, jobs: 2)
        #expect(again == comparison)
    }

    @Test func tablesOfDifferentPatientsAreRefused() throws {
        let a = SyntheticEvaluation.policy("a", .fixed, seeds: 1, skill: 0, doses: 0, patients: 5)
        let b = SyntheticEvaluation.policy("b", .fixed, seeds: 1, skill: 0, doses: 0, patients: 6)
        #expect(throws: EvaluationError.self) {
            try EvaluationTable(outcomes: SyntheticEvaluation.outcomes, policies: [a, b])
        }
        #expect(throws: EvaluationError.self) {
            try EvaluationTable(outcomes: SyntheticEvaluation.outcomes, policies: [a, a])
        }
        #expect(throws: EvaluationError.self) { try EvaluationTable(outcomes: [], policies: [a]) }
        #expect(throws: EvaluationError.self) { try EvaluationTable(outcomes: [], policies: []) }
    }

    /// A tree that knows the table is not what was learned: it is told apart, and chosen only where there is no other.
    @Test func plannedTreesAreToldApart() throws {
        var policies = table.policies
        policies[3].kind = .plannedTree
        let told = try EvaluationTable(outcomes: table.outcomes, policies: policies)
        func results(_ names: [Int]) -> Selection {
            Selection(
                names.map {
                    ValidationResult(policy: policies[$0].name, kind: policies[$0].kind, meanReturn: Double($0))
                })
        }
        #expect(results([1, 2, 3, 5]).tree == "viper" && results([1, 3, 5]).tree == "refined")
        let comparison = try told.compare(selection: results([1, 3, 5]), replications: 50, seed: 1)
        #expect(comparison.comparisonCSV().contains("\nrefined,tree,return,"))
        #expect(comparison.comparisonCSV().contains("\nviper,tree,return,"))
        #expect(
            comparison.rankingSentences().contains {
                $0.hasPrefix("The best tree (planned with the environment's table, not learned) refined")
            })
    }
}

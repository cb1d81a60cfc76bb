// A made-up evaluation: three learners of five seeds, trees, protocols; outcomes with and without gaps.

import Evaluation
import Numerics
import Patients

enum SyntheticEvaluation {
    static let outcomes = [
        OutcomeDescription(name: "cured", meaning: "tumour below one cell", kind: .event, higherIsBetter: true),
        OutcomeDescription(name: "time_to_cure", unit: "d", higherIsBetter: false),
        OutcomeDescription(name: "chemo_doses", higherIsBetter: false),
        OutcomeDescription(name: "lowest_lymphocytes", unit: "cells", higherIsBetter: true),
    ]

    /// Patients differ in hardness, which every policy meets; `skill` moves the share cured.
    static func policy(
        _ name: String, _ kind: PolicyKind, seeds: Int, skill: Double, doses: Double, patients: Int
    ) -> EvaluatedPolicy {
        let tables = (0..<seeds).map { seed -> EpisodeTable in
            var table = EpisodeTable(outcomeNames: outcomes.map(\.name))
            var own = RandomStream(seed: 5, purpose: "test.\(name)", index: UInt64(seed))
            let shift = seeds > 1 ? 0.1 * own.normal() : 0
            for patient in 0..<patients {
                var common = RandomStream(seed: 6, purpose: "test.patient", index: UInt64(patient))
                let hardness = common.normal()
                let cured = skill + shift + 0.3 * own.normal() > hardness
                let given = max(0, (doses + 2 * hardness).rounded())
                table.patients.append(patient)
                table.returns.append((cured ? 10 : -10) - 0.5 * given)
                table.discountedReturns.append((cured ? 9 : -9) - 0.45 * given)
                table.lengths.append(cured ? 10 : 24)
                table.endings.append(cured ? "cured" : "horizon")
                table.outcomes[0].append(cured ? 1 : 0)
                table.outcomes[1].append(cured ? 50 + 10 * hardness : .nan)
                table.outcomes[2].append(given)
                table.outcomes[3].append(3e9 + 4e8 * hardness)
            }
            return table
        }
        return EvaluatedPolicy(name: name, kind: kind, seeds: (1...UInt64(seeds)).map { $0 }, episodes: tables)
    }

    static func table(patients: Int = 200, seeds: Int = 5) throws -> EvaluationTable {
        try EvaluationTable(
            outcomes: outcomes,
            policies: [
                policy("q_learning", .learner, seeds: seeds, skill: 0.6, doses: 6, patients: patients),
                policy("dqn", .learner, seeds: seeds, skill: 1.1, doses: 4, patients: patients),
                policy("viper", .tree, seeds: seeds, skill: 0.9, doses: 4, patients: patients),
                policy("refined", .tree, seeds: seeds, skill: 1.05, doses: 4, patients: patients),
                policy("none", .fixed, seeds: 1, skill: -1, doses: 0, patients: patients),
                policy("both", .fixed, seeds: 1, skill: 0.8, doses: 10, patients: patients),
            ])
    }

    static let selection = Selection(learner: "dqn", tree: "refined", fixed: "both")
}

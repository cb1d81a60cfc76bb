// A small tree with evidence and a comparison, whose every name can be made hostile.

import Evaluation
import Numerics
import Patients
import Reports
import Trees

struct Specimen {
    var subject: TreeSubject
    var comparison: Comparison

    /// Text that would act if it were not escaped in HTML, SVG, a gnuplot script, CSV or a terminal.
    static let hostile =
        "x</text></svg><script>alert(1)</script>\"' onload='a' &amp; `touch pwned` \\'; system \"id\"; #\n\u{1B}[31m\u{202E}"

    init(_ mark: String = "") throws {
        let task = TaskDescription(
            name: "toy" + mark, title: "A toy disease" + mark,
            observations: [
                ObservationDescription(
                    name: "log10_tumour" + mark, unit: "log10 cells" + mark, meaning: "tumour cells" + mark,
                    range: 4...9, clinicalStep: 0.1),
                ObservationDescription(
                    name: "til_given" + mark, meaning: "whether TIL was given", range: 0...1, clinicalStep: 1),
                ObservationDescription(name: "change" + mark, unit: "log10 cells", range: -3...2),
            ],
            actions: [
                ActionDescription(name: "none" + mark, meaning: "no treatment" + mark),
                ActionDescription(name: "chemo" + mark, meaning: "5 mg/L/d for one day" + mark),
            ],
            outcomes: [
                OutcomeDescription(name: "cured" + mark, kind: .event, higherIsBetter: true),
                OutcomeDescription(name: "doses" + mark, unit: "doses" + mark, higherIsBetter: false),
            ], horizon: 10, decisionInterval: "5 d" + mark)
        let tree = try DecisionTree(
            features: task.observations.map(\.name), actions: task.actions.map(\.name),
            nodes: [
                .split(feature: 0, threshold: 6.4, missingGoesLeft: true, left: 1, right: 4),
                .split(feature: 1, threshold: 0.5, missingGoesLeft: false, left: 2, right: 3),
                .leaf(scores: [0, 1], weight: 10), .leaf(scores: [1, 0], weight: 5),
                .split(feature: 2, threshold: -0.3, missingGoesLeft: true, left: 5, right: 6),
                .leaf(scores: [1, 0], weight: 3), .leaf(scores: [0, 2], weight: 4),
            ])
        let evidence = TreeEvidence(
            source: "test patients" + mark, patients: 40, decisions: 300, teacher: "dqn" + mark, agreement: 0.9,
            leaves: tree.leaves.map { node in
                LeafSummary(
                    leaf: node, action: task.actions[tree.action(atLeaf: node)].name, visits: 75, patients: 25,
                    shareOfDecisions: 0.25, meanReturn: Estimate(1, low: 0, high: 2),
                    outcomes: [
                        LeafOutcome(name: "cured" + mark, estimate: Estimate(0.8, low: 0.6, high: 0.95)),
                        LeafOutcome(name: "doses" + mark, estimate: Estimate(3)),
                    ], agreement: 0.9, runnerUp: "none" + mark, runnerUpShare: 0.2)
            }, inputs: [InputRange(name: "log10_tumour" + mark, low: 4, median: 6, high: 8)])
        func policy(_ name: String, _ kind: PolicyKind, seeds: Int, shift: Double) -> EvaluatedPolicy {
            let tables = (0..<seeds).map { seed -> EpisodeTable in
                var table = EpisodeTable(outcomeNames: task.outcomes.map(\.name))
                var stream = RandomStream(seed: 3, purpose: "specimen", index: UInt64(seed))
                for patient in 0..<40 {
                    let value = stream.normal() + shift
                    table.patients.append(patient)
                    table.returns.append(value)
                    table.discountedReturns.append(value)
                    table.lengths.append(10)
                    table.endings.append("horizon" + mark)
                    table.outcomes[0].append(value > 0 ? 1 : 0)
                    table.outcomes[1].append(3 - shift)
                }
                return table
            }
            return EvaluatedPolicy(
                name: name + mark, kind: kind, seeds: (0..<seeds).map { UInt64($0) }, episodes: tables)
        }
        let table = try EvaluationTable(
            outcomes: task.outcomes,
            policies: [
                policy("dqn", .learner, seeds: 3, shift: 1), policy("viper", .tree, seeds: 3, shift: 0.9),
                policy("never", .fixed, seeds: 1, shift: 0),
            ])
        comparison = try table.compare(
            selection: Selection(learner: "dqn" + mark, tree: "viper" + mark, fixed: "never" + mark),
            subgroupings: [
                Subgrouping(
                    name: "load" + mark, levels: ["low" + mark, "high"], membership: (0..<40).map { $0 % 2 })
            ], replications: 100, seed: 1)
        subject = TreeSubject(
            name: "viper" + mark, seed: 2, study: "toy" + mark, tree: tree, task: task, evidence: evidence,
            comparison: comparison, cohort: "40 simulated patients" + mark, limits: ["no side effects" + mark],
            provenance: [Fact("study hash" + mark, "abc" + mark)])
    }
}

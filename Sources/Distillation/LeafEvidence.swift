// What stands behind each leaf of a tree, from treating patients who had no part in making it.

import Evaluation
import Numerics
import Patients
import Trees

/// Collects the evidence of a tree.
public enum LeafEvidence {
    /// Treats every patient of `factory` with the tree, once, and says for every leaf who came through and how they
    /// fared.
    ///
    /// Intervals are over patients: Wilson's for events, normal for quantities and returns. With a teacher, agreement
    /// and runner-up are its votes in the leaf's states; regret where it has action values. The same result whatever
    /// `jobs`.
    ///
    /// - Parameter source: who the patients are, in words, such as `test patients`.
    public static func collect(
        _ tree: DecisionTree, factory: any EnvironmentFactory, source: String, teacher: (any ScoredPolicy)? = nil,
        teacherName: String? = nil, seed: UInt64, episode: Int = 0, jobs: Int = 1
    ) throws -> TreeEvidence {
        let traces = try PatientTrace.record(
            factory, policy: TreePolicy(tree), patients: Array(0..<factory.patients), episode: episode, seed: seed,
            jobs: jobs)
        var labels: [TeacherLabels] = []
        if let teacher {
            labels = try Parallel.map(traces.count, jobs: jobs) { index in
                var labels = TeacherLabels()
                try labels.append(traces[index], teacher: teacher, actionCount: tree.actions.count)
                return labels
            }
        }
        var tallies = Dictionary(uniqueKeysWithValues: tree.leaves.map { ($0, Tally(tree: tree)) })
        var all = Tally(tree: tree)
        for (index, trace) in traces.enumerated() {
            let said = teacher == nil ? nil : labels[index]
            for decision in 0..<trace.decisions {
                let leaf = trace.observations.withUnsafeBufferPointer {
                    tree.leaf(of: $0.baseAddress! + decision * tree.features.count)
                }
                tallies[leaf]?.add(trace, index, decision, said)
                all.add(trace, index, decision, said)
            }
        }
        let hasValues = teacher?.scoreKind == .actionValues
        return TreeEvidence(
            source: source, patients: traces.count, decisions: all.visits, teacher: teacher == nil ? nil : teacherName,
            agreement: all.agreement,
            leaves: tree.leaves.map { leaf in
                summary(leaf, tallies[leaf]!, of: all, tree, factory.task, traces, hasValues: hasValues)
            },
            inputs: all.inputs(tree.features))
    }

    /// What was seen in one leaf.
    private struct Tally {
        let width, choices: Int
        var visits = 0
        /// Places of the patients who came through, ascending.
        var patients: [Int] = []
        var values: [[Double]]
        var agreements = 0
        var regret = 0.0
        var hasTeacher = false
        var votes: [Int]
        /// How often each action was given.
        var given: [Int]

        init(tree: DecisionTree) {
            width = tree.features.count
            choices = tree.actions.count
            values = Array(repeating: [], count: width)
            votes = Array(repeating: 0, count: choices)
            given = votes
        }

        mutating func add(_ trace: PatientTrace, _ place: Int, _ decision: Int, _ said: TeacherLabels?) {
            visits += 1
            if patients.last != place { patients.append(place) }
            for feature in 0..<width { values[feature].append(trace.observations[decision * width + feature]) }
            let action = trace.actions[decision]
            given[Int(action)] += 1
            guard let said else { return }
            hasTeacher = true
            if said.labels[decision] == action { agreements += 1 }
            votes[Int(said.labels[decision])] += 1
            regret -= said.advantages[decision * choices + Int(action)]
        }

        var agreement: Double? { hasTeacher ? Double(agreements) / Double(visits) : nil }

        func inputs(_ names: [String]) -> [InputRange] {
            names.indices.map { feature in
                let present = values[feature].filter { !$0.isNaN }.sorted()
                let missing = visits == 0 ? 0 : 1 - Double(present.count) / Double(visits)
                return InputRange(
                    name: names[feature], low: present.first ?? .nan,
                    median: present.isEmpty ? .nan : Statistics.quantile(sorted: present, 0.5),
                    high: present.last ?? .nan, missing: missing)
            }
        }
    }

    private static func summary(
        _ leaf: Int, _ tally: Tally, of all: Tally, _ tree: DecisionTree, _ task: TaskDescription,
        _ traces: [PatientTrace], hasValues: Bool
    ) -> LeafSummary {
        let action = tree.action(atLeaf: leaf)
        var runnerUp: (action: Int, share: Double)?
        if tally.hasTeacher {
            // The first of equals among what the teacher would have done instead.
            for other in tree.actions.indices where other != action && tally.votes[other] > 0 {
                let share = Double(tally.votes[other]) / Double(tally.visits)
                if share > (runnerUp?.share ?? 0) { runnerUp = (other, share) }
            }
        } else if tree.actions.count > 1 {
            let scores = tree.scores(ofLeaf: leaf)
            let second = tree.ranking(ofLeaf: leaf)[1]
            // Shares of samples, unless the leaf was scored otherwise.
            let isShare = scores.allSatisfy { $0 >= 0 } && abs(scores.reduce(0, +) - 1) < 1e-9
            runnerUp = isShare && scores[second] == 0 ? nil : (second, isShare ? scores[second] : .nan)
        }
        let came = tally.patients.map { traces[$0] }
        let outcomes = task.outcomes.indices.map { index -> LeafOutcome in
            let values = came.map { $0.outcomes[index] }.filter { !$0.isNaN }
            let estimate: Estimate =
                values.isEmpty
                ? .undefined
                : task.outcomes[index].kind == .event
                    ? Statistics.wilson(successes: values.reduce(0, +), trials: Double(values.count))
                    : Statistics.meanEstimate(values)
            return LeafOutcome(name: task.outcomes[index].name, estimate: estimate)
        }
        var summary = LeafSummary(
            leaf: leaf, action: tree.actions[action], visits: tally.visits, patients: came.count,
            shareOfDecisions: all.visits == 0 ? 0 : Double(tally.visits) / Double(all.visits),
            meanReturn: came.isEmpty ? .undefined : Statistics.meanEstimate(came.map(\.episodeReturn)),
            outcomes: outcomes, agreement: tally.agreement,
            regret: tally.hasTeacher && hasValues ? tally.regret / Double(tally.visits) : nil,
            runnerUp: runnerUp.map { tree.actions[$0.action] },
            runnerUpShare: runnerUp.flatMap { $0.share.isNaN ? nil : $0.share }, inputs: tally.inputs(tree.features))
        // A tree gives another action than its leaf's only where a rule forbids that one.
        let others = tree.actions.indices.filter { $0 != action && tally.given[$0] > 0 }
        if let most = others.max(by: { tally.given[$0] < tally.given[$1] }) {
            summary.fallback = tree.actions[most]
            summary.fallbackShare = Double(tally.visits - tally.given[action]) / Double(tally.visits)
        }
        return summary
    }
}

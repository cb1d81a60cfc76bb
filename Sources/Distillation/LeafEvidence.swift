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
    /// - Parameters:
    ///   - source: who the patients are, in words, such as `test patients`.
    ///   - tries: whether the runner-up, and the teacher, are tried out in every leaf (`LeafTrial`), which simulates
    ///     every patient once more for each leaf where they are treated otherwise.
    ///   - protocols: those that leaves which abstain follow, by name.
    public static func collect(
        _ tree: DecisionTree, factory: any EnvironmentFactory, source: String, teacher: (any ScoredPolicy)? = nil,
        teacherName: String? = nil, tries: Bool = true, protocols: [String: any Policy] = [:], seed: UInt64,
        episode: Int = 0, jobs: Int = 1
    ) throws -> TreeEvidence {
        let traces = try PatientTrace.record(
            factory, policy: TreePolicy(tree, protocols: protocols), patients: Array(0..<factory.patients),
            episode: episode, seed: seed,
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
        let trial = LeafTrial(
            factory: factory, tree: tree, traces: traces, labels: labels, protocols: protocols, seed: seed,
            episode: episode, jobs: jobs)
        return TreeEvidence(
            source: source, patients: traces.count, decisions: all.visits, teacher: teacher == nil ? nil : teacherName,
            agreement: all.agreement,
            leaves: try tree.leaves.map { leaf in
                let tally = tallies[leaf]!
                var summary = summary(leaf, tally, of: all, tree, factory.task, traces, hasValues: hasValues)
                summary.abstains = tree.abstentions[leaf]
                // What the leaf itself would do is not done where it abstains.
                guard tries, tally.visits > 0, summary.abstains == nil else { return summary }
                if let teacher {
                    summary.teacherGain = try trial.gain(of: teacher, leaf: leaf, patients: tally.patients).estimate
                }
                if let name = summary.runnerUp, let action = tree.actions.firstIndex(of: name) {
                    let gain = try trial.gain(ofAction: action, leaf: leaf, patients: tally.patients)
                    summary.runnerUpGain = gain.estimate
                    summary.runnerUpProbability = gain.probabilityNotNegative
                }
                return summary
            },
            inputs: all.inputs(tree.features))
    }

    /// What was seen in one leaf.
    private struct Tally {
        let width, choices: Int
        var visits = 0
        /// Places of the patients who came through, ascending, and how often each did.
        var patients: [Int] = []
        var patientVisits: [Double] = []
        var values: [[Double]]
        var agreements = 0
        var regret = 0.0
        var hasTeacher = false
        var votes: [Int]
        /// How often each action was given, and permitted; and, where it was, the sum of what the teacher scores it below
        /// its own choice.
        var given: [Int]
        var permitted: [Int]
        var advantages: [Double]

        init(tree: DecisionTree) {
            width = tree.features.count
            choices = tree.actions.count
            values = Array(repeating: [], count: width)
            votes = Array(repeating: 0, count: choices)
            given = votes
            permitted = votes
            advantages = Array(repeating: 0, count: choices)
        }

        mutating func add(_ trace: PatientTrace, _ place: Int, _ decision: Int, _ said: TeacherLabels?) {
            visits += 1
            if patients.last != place {
                patients.append(place)
                patientVisits.append(0)
            }
            patientVisits[patients.count - 1] += 1
            for feature in 0..<width { values[feature].append(trace.observations[decision * width + feature]) }
            let action = trace.actions[decision]
            given[Int(action)] += 1
            for other in 0..<choices where trace.allowed[decision * choices + other] {
                permitted[other] += 1
                if let said { advantages[other] += said.advantages[decision * choices + other] }
            }
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
        let runnerUp = runnerUp(leaf, tally, tree)
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
        var visits = Array(repeating: 0.0, count: traces.count)
        for (place, count) in zip(tally.patients, tally.patientVisits) { visits[place] = count }
        summary.shareOfTime = Statistics.shareEstimate(visits, of: traces.map { Double($0.decisions) })
        guard tree.abstentions[leaf] == nil else { return summary }
        // A tree gives another action than its leaf's only where a rule forbids that one.
        let others = tree.actions.indices.filter { $0 != action && tally.given[$0] > 0 }
        if let most = others.max(by: { tally.given[$0] < tally.given[$1] }) {
            summary.fallback = tree.actions[most]
            summary.fallbackShare = Double(tally.visits - tally.given[action]) / Double(tally.visits)
        }
        return summary
    }
    /// What would be done in a leaf in place of its action; the first of equals. Chosen by what the teacher says and never
    /// by what became of these patients, so that they can tell how good it is.
    private static func runnerUp(
        _ leaf: Int, _ tally: Tally, _ tree: DecisionTree
    ) -> (action: Int, share: Double)? {
        let own = tree.action(atLeaf: leaf)
        // An action that is seldom permitted is no alternative.
        let open = tree.actions.indices.filter { $0 != own && 2 * tally.permitted[$0] >= max(1, tally.visits) }
        guard tally.hasTeacher else {
            let scores = tree.scores(ofLeaf: leaf)
            guard
                let second = tree.ranking(ofLeaf: leaf).first(where: {
                    $0 != own && (tally.visits == 0 || open.contains($0))
                })
            else { return nil }
            // Shares of samples, unless the leaf was scored otherwise.
            let isShare = scores.allSatisfy { $0 >= 0 } && abs(scores.reduce(0, +) - 1) < 1e-9
            return isShare && scores[second] == 0 ? nil : (second, isShare ? scores[second] : .nan)
        }
        func first(_ actions: [Int], by value: (Int) -> Double) -> Int? {
            actions.max { (value($0), $1) < (value($1), $0) }
        }
        if let most = first(tree.actions.indices.filter { $0 != own }, by: { Double(tally.votes[$0]) }),
            tally.votes[most] > 0
        {
            return (most, Double(tally.votes[most]) / Double(tally.visits))
        }
        return first(open) { tally.advantages[$0] / Double(tally.permitted[$0]) }.map { ($0, 0) }
    }
}

// The loop that ways to distil a teacher share: act, ask the teacher, fit a tree to everything seen so far, judge it.

import Numerics
import Patients
import Trees

/// Who visits the states that a student learns from.
public enum Acting: String, Sendable, CaseIterable {
    /// The teacher in iteration 0, the latest student after it, so that the student learns from the states into which
    /// it comes itself (Ross, Gordon and Bagnell, "A reduction of imitation learning and structured prediction to
    /// no-regret online learning", AISTATS 2011, with β = 1, 0, 0, …).
    case student
    /// The teacher, always.
    case teacher
}

/// One round of a distillation.
public struct ImitationRound: Sendable, Equatable {
    public var number: Int
    /// Samples of positive weight so far.
    public var samples: Int
    public var leaves: Int
    /// Weighted share of all samples so far in which the student chooses as the teacher does, among what is allowed.
    public var agreement: Double
    /// Mean return on the selection patients; NaN where nobody was treated.
    public var selectionReturn: Double
}

/// A distilled tree.
public struct ImitationResult: Sendable {
    public var tree: DecisionTree
    public var iterations: [ImitationRound]
    /// The round whose student was chosen, the first of equals.
    public var best: Int
    /// The tree of the same samples with thresholds as they fall; nil where none are rounded.
    public var unrounded: DecisionTree?

    /// A line per round, with a header.
    public func metricsCSV() -> String {
        var text = "iteration,samples,leaves,agreement,selection_return\n"
        for round in iterations {
            text += "\(round.number),\(round.samples),\(round.leaves),\(round.agreement),"
            text += (round.selectionReturn.isNaN ? "" : "\(round.selectionReturn)") + "\n"
        }
        return text
    }
}

/// States with what was said of them.
struct LabelledStates: Sendable {
    /// Observations, each with the best action and what it weighs.
    var samples: TreeSamples
    /// rows × actions: value minus that of the best allowed action, at most 0; NaN where an action is forbidden.
    var advantages: [Double] = []

    init(_ task: TaskDescription) {
        samples = TreeSamples(features: task.observations.map(\.name), actions: task.actions.map(\.name))
    }

    /// Adds a row; without weight it is left out.
    mutating func append(_ observation: UnsafePointer<Double>, advantages own: ArraySlice<Double>, weight: Double) {
        guard weight > 0, let best = own.firstIndex(of: 0) else { return }
        samples.append(observation, label: Int32(best - own.startIndex), weight: weight)
        advantages.append(contentsOf: own)
    }

    mutating func append(_ other: LabelledStates) {
        samples.append(other.samples)
        advantages += other.advantages
    }

    /// The first rows.
    func prefix(_ count: Int) -> LabelledStates {
        var first = self
        first.samples = TreeSamples(
            features: samples.features, actions: samples.actions,
            values: Array(samples.values.prefix(count * samples.features.count)),
            labels: Array(samples.labels.prefix(count)), weights: Array(samples.weights.prefix(count)))
        first.advantages = Array(advantages.prefix(count * samples.actions.count))
        return first
    }

    /// Weighted share of the rows for which a tree chooses the label among what is allowed.
    func agreement(of tree: DecisionTree) -> Double {
        let choices = samples.actions.count
        var alike = 0.0
        var total = 0.0
        samples.values.withUnsafeBufferPointer { values in
            for row in 0..<samples.count {
                let leaf = tree.leaf(of: values.baseAddress! + row * samples.features.count)
                let choice = tree.ranking(ofLeaf: leaf).first { !advantages[row * choices + $0].isNaN }
                total += samples.weights[row]
                if choice == Int(samples.labels[row]) { alike += samples.weights[row] }
            }
        }
        return total > 0 ? alike / total : 1
    }
}

/// Dataset aggregation: all iterations' samples are kept, and every iteration's student is fitted to all of them. The
/// student with the highest mean return on the selection patients, all of them training patients, is the result.
struct ImitationLoop {
    var iterations: Int
    var patientsPerIteration: Int
    /// Training patients, others than those who are treated, on whom each round's student is judged.
    var selectionPatients: Int
    var acting: Acting
    /// Purpose of the stream that divides the patients.
    var purpose: String

    /// The same result whatever `jobs`.
    ///
    /// - Parameters:
    ///   - label: says what the states of some courses call for; given the round's number too.
    ///   - fit: makes a student of all states so far, with measurable thresholds or (false) as they fall.
    ///   - rounds: whether students' thresholds are measurable.
    func run(
        teacher: any ScoredPolicy, factory: any EnvironmentFactory, seed: UInt64, jobs: Int,
        label: (_ traces: [PatientTrace], _ round: Int) throws -> LabelledStates,
        fit: (LabelledStates, Bool) -> DecisionTree, rounds: Bool, report: (ImitationRound) -> Void
    ) throws -> ImitationResult {
        var stream = RandomStream(seed: seed, purpose: purpose)
        let order = stream.permutation(factory.patients)
        // Where patients are few, half of them select.
        let selecting = min(selectionPatients, max(1, factory.patients / 2))
        let selection = Array(order.prefix(selecting)).sorted()
        let treated = factory.patients > selecting ? Array(order.dropFirst(selecting)) : order

        var states = LabelledStates(factory.task)
        var log: [ImitationRound] = []
        var student: DecisionTree?
        var best: (tree: DecisionTree, iteration: Int)?
        var next = 0
        for number in 0..<iterations {
            let count = min(patientsPerIteration, treated.count)
            let patients = (0..<count).map { treated[(next + $0) % treated.count] }
            next = (next + count) % treated.count
            var policy: any Policy = teacher
            if acting == .student, let student { policy = TreePolicy(student) }
            let traces = try PatientTrace.record(
                factory, policy: policy, patients: patients, episode: number + 1, seed: seed, jobs: jobs)
            states.append(try label(traces, number))

            let tree = fit(states, true)
            student = tree
            let table = try Rollout.run(factory, policy: TreePolicy(tree), patients: selection, seed: seed, jobs: jobs)
            let round = ImitationRound(
                number: number, samples: states.samples.count, leaves: tree.leafCount,
                agreement: states.agreement(of: tree), selectionReturn: table.meanReturn)
            log.append(round)
            report(round)
            if best == nil || round.selectionReturn > log[best!.iteration].selectionReturn { best = (tree, number) }
        }
        guard let best else { throw DistillationError(description: "no iteration was asked for") }
        return ImitationResult(
            tree: best.tree, iterations: log, best: best.iteration,
            unrounded: rounds ? fit(states.prefix(log[best.iteration].samples), false) : nil)
    }

    /// What a teacher's scores say of the states of some courses. States that allow a single action, or for which the
    /// weight is 0, are left out.
    static func teacherSays(
        _ traces: [PatientTrace], teacher: any ScoredPolicy, task: TaskDescription, weights: SampleWeights, jobs: Int
    ) throws -> LabelledStates {
        let choices = task.actions.count
        let width = task.observations.count
        let labelled = try Parallel.map(traces.count, jobs: jobs) { index in
            var labels = TeacherLabels()
            try labels.append(traces[index], teacher: teacher, actionCount: choices)
            return labels
        }
        var states = LabelledStates(task)
        for (trace, labels) in zip(traces, labelled) {
            trace.observations.withUnsafeBufferPointer { observations in
                for row in 0..<labels.count {
                    let own = labels.advantages[row * choices..<(row + 1) * choices]
                    let weight =
                        switch weights {
                        case .gap: labels.weights[row]
                        case .unit: own.count { !$0.isNaN } > 1 ? 1.0 : 0
                        }
                    states.append(observations.baseAddress! + row * width, advantages: own, weight: weight)
                }
            }
        }
        return states
    }
}

/// How much a state counts.
public enum SampleWeights: String, Sendable, CaseIterable {
    /// Best minus worst score of the teacher: VIPER.
    case gap = "q_gap"
    /// 1: DAgger.
    case unit
}

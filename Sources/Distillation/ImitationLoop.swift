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

    /// Makes room for more rows.
    mutating func reserve(_ rows: Int) {
        samples.values.reserveCapacity(samples.values.count + rows * samples.features.count)
        samples.labels.reserveCapacity(samples.labels.count + rows)
        samples.weights.reserveCapacity(samples.weights.count + rows)
        advantages.reserveCapacity(advantages.count + rows * samples.actions.count)
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
        let width = samples.features.count
        let block = min(1024, samples.count)
        var allowed = Array(repeating: true, count: block * choices)
        var chosen = Array(repeating: Int32(0), count: block)
        var alike = 0.0
        var total = 0.0
        samples.values.withUnsafeBufferPointer { values in
            for start in stride(from: 0, to: samples.count, by: max(1, block)) {
                let count = min(block, samples.count - start)
                for place in 0..<count * choices { allowed[place] = !advantages[start * choices + place].isNaN }
                tree.act(
                    observations: values.baseAddress! + start * width, allowed: allowed, count: count, actions: &chosen)
                for row in 0..<count {
                    total += samples.weights[start + row]
                    if chosen[row] == samples.labels[start + row] { alike += samples.weights[start + row] }
                }
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
                factory, policy: policy, patients: patients, episode: number + 1, seed: seed, jobs: jobs,
                keepsScores: policy is any ScoredPolicy)
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
        states.reserve(labelled.reduce(0) { $0 + $1.count })
        for (trace, labels) in zip(traces, labelled) {
            trace.observations.withUnsafeBufferPointer { observations in
                for row in 0..<labels.count {
                    var weight = labels.weights[row]
                    if weights == .unit {
                        weight = labels.advantages[row * choices..<(row + 1) * choices].count { !$0.isNaN } > 1 ? 1 : 0
                    }
                    guard weight > 0 else { continue }
                    states.samples.append(
                        observations.baseAddress! + row * width, label: labels.labels[row], weight: weight)
                    for place in row * choices..<(row + 1) * choices {
                        states.advantages.append(labels.advantages[place])
                    }
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

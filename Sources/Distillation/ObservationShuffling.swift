// Permutation importance by treating patients: one observation is replaced, at every decision, by what it was at some
// other decision of some other patient.

import Evaluation
import Numerics
import Patients
import Trees

/// A policy that sees one observation wrong. What is permitted, and what becomes of the patient, stays true.
struct ShuffledPolicy: Policy {
    let base: any Policy
    let feature: Int
    /// The values that it may see instead.
    let values: [Double]
    let stream: RandomStream

    var hasMemory: Bool { base.hasMemory }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        ShuffledSession(self, slots: batch.count, base: base.makeSession(slots: batch.count)).act(
            batch, actions: actions)
    }

    func makeSession(slots: Int) -> any PolicySession {
        ShuffledSession(self, slots: slots, base: base.makeSession(slots: slots))
    }
}

private final class ShuffledSession: PolicySession {
    private let policy: ShuffledPolicy
    private let base: any PolicySession
    private var seen: [Double] = []

    init(_ policy: ShuffledPolicy, slots: Int, base: any PolicySession) {
        self.policy = policy
        self.base = base
    }

    func act(_ batch: DecisionBatch, actions: UnsafeMutableBufferPointer<Int32>) {
        let width = batch.observationCount
        let size = batch.count * width
        if seen.count != size { seen = Array(repeating: 0, count: size) }
        seen.withUnsafeMutableBufferPointer { seen in
            for place in 0..<size { seen[place] = batch.observations[place] }
            for row in 0..<batch.count {
                // Keyed by patient and decision: the same whatever the slot or the number of threads.
                let number = policy.stream.uniform(
                    index: UInt64(UInt32(bitPattern: batch.patients[row])),
                    position: UInt64(UInt32(bitPattern: batch.decisions[row])))
                seen[row * width + policy.feature] = policy.values[Int(number * Double(policy.values.count))]
            }
            base.act(
                DecisionBatch(
                    count: batch.count, observationCount: width, actionCount: batch.actionCount,
                    observations: UnsafeBufferPointer(seen), allowed: batch.allowed, decisions: batch.decisions,
                    patients: batch.patients, states: batch.states),
                actions: actions)
        }
    }
}

extension PermutationImportance {
    /// Shuffles every observation in turn (Breiman, "Random forests", Machine Learning 45 (2001) 5–32, section 10; as
    /// model reliance, Fisher, Rudin and Dominici, "All models are wrong, but many are useful", JMLR 20 (2019) 177).
    ///
    /// At each decision the policy sees, in place of the observation, a draw from its values over all decisions of all
    /// patients when nothing is shuffled; patients and chance events stay, so that the fall in return is the patient's
    /// own. Observations are shuffled one at a time: of two that tell the same, neither need look important. The same
    /// result whatever `jobs`.
    ///
    /// - Parameters:
    ///   - tree: the policy's tree where it is one: what it does not ask for costs nothing to shuffle.
    ///   - patients: how many patients of `factory` are treated, the first ones.
    public static func measure(
        _ policy: any Policy, tree: DecisionTree? = nil, name: String, kind: PolicyKind, number: Int,
        factory: any EnvironmentFactory, patients: Int, seed: UInt64, jobs: Int = 1
    ) throws -> PermutationImportance {
        let chosen = Array(0..<min(patients, factory.patients))
        let traces = try PatientTrace.record(
            factory, policy: policy, patients: chosen, episode: 0, seed: seed, jobs: jobs)
        let width = factory.task.observations.count
        let used = tree.map { Set($0.usedFeatures) } ?? Set(0..<width)
        let features = try factory.task.observations.enumerated().map { index, observation -> Feature in
            let values = traces.flatMap { trace in
                (0..<trace.decisions).map { trace.observations[$0 * width + index] }
            }
            guard used.contains(index), let first = values.first, values.contains(where: { $0 != first }) else {
                return Feature(name: observation.name, drop: Estimate(0, low: 0, high: 0))
            }
            let shuffled = ShuffledPolicy(
                base: policy, feature: index, values: values,
                stream: RandomStream(seed: seed, purpose: "importance.\(observation.name)"))
            let table = try Rollout.run(factory, policy: shuffled, patients: chosen, seed: seed, jobs: jobs)
            let drops = zip(traces, table.returns).map { $0.episodeReturn - $1 }
            return Feature(name: observation.name, drop: Statistics.meanPosterior(drops).estimate)
        }
        return PermutationImportance(
            policy: name, kind: kind, seed: number, patients: chosen.count,
            meanReturn: Statistics.mean(traces.map(\.episodeReturn)), features: features)
    }
}

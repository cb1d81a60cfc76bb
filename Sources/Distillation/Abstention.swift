// Leaves that abstain: where evidence is thin the tree says so and names the protocol to follow.

import Numerics
import Patients
import PositionedJSON
import Trees

/// When a leaf abstains, and what is done there.
public struct AbstentionConfiguration: Sendable, Equatable {
    /// The protocol of the environment that is followed in a leaf that abstains.
    public var fallback: String
    /// A leaf to which fewer patients come abstains.
    public var minimumPatients = 30
    /// One-sided confidence with which a leaf must do at least as well as the fallback; nil to ask for none.
    public var confidence: Double?

    public init(fallback: String) { self.fallback = fallback }

    /// Reads the keys `fallback`, which is required, `minimum_patients` and `confidence`. The caller finishes the reader.
    ///
    /// - Parameter protocols: the environment's, where it is known.
    public init?(reader: ObjectReader, protocols: [String]?) {
        let name = protocols.map { reader.choice("fallback", of: $0) } ?? reader.string("fallback")
        minimumPatients = reader.integer("minimum_patients", default: minimumPatients, in: 0...1_000_000)
        confidence = reader.optionalNumber("confidence", in: 0.5...0.999_999)
        guard let name else { return nil }
        fallback = name
    }
}

extension AbstentionConfiguration {
    /// The tree with its thin leaves marked.
    ///
    /// Judged on patients who had no part in growing the tree and are not those it is reported on. A leaf abstains where
    /// fewer of them come than the minimum; and, with a confidence, where they do not show that it is at least as good as
    /// the fallback: every patient who comes is treated again with the fallback deciding in that leaf alone, on the same
    /// random numbers, and the gain's upper bound must not lie above 0. The same result whatever `jobs`.
    public func marking(
        _ tree: DecisionTree, fallback policy: any Policy, factory: any EnvironmentFactory, seed: UInt64, jobs: Int = 1
    ) throws -> DecisionTree {
        let traces = try PatientTrace.record(
            factory, policy: TreePolicy(tree.withAbstentions([:])), patients: Array(0..<factory.patients), episode: 0,
            seed: seed, jobs: jobs)
        var came: [Int: [Int]] = [:]
        for (place, trace) in traces.enumerated() {
            let leaves = (0..<trace.decisions).map { tree.leaf(of: trace.observation(at: $0)) }
            for leaf in Set(leaves) { came[leaf, default: []].append(place) }
        }
        let trial = LeafTrial(
            factory: factory, tree: tree.withAbstentions([:]), traces: traces, labels: [], protocols: [:], seed: seed,
            episode: 0, jobs: jobs)
        var marks: [Int: String] = [:]
        for leaf in tree.leaves {
            let patients = came[leaf] ?? []
            if patients.count < minimumPatients {
                marks[leaf] = fallback
            } else if let confidence {
                let gain = try trial.gain(
                    ofFollowing: policy, leaf: leaf, patients: patients, level: 2 * confidence - 1)
                if gain.estimate.high > 0 || !gain.estimate.hasInterval { marks[leaf] = fallback }
            }
        }
        return tree.withAbstentions(marks)
    }
}

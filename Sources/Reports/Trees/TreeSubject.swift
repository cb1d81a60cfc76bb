// What an export of a tree is about: the tree, its task, the evidence behind it and where it came from.

import Evaluation
import Patients
import Trees

/// A labelled fact, such as the study's hash.
public struct Fact: Sendable, Equatable {
    public var label: String
    public var value: String

    public init(_ label: String, _ value: String) {
        self.label = label
        self.value = value
    }
}

/// A tree with everything that its readers need.
public struct TreeSubject: Sendable {
    /// The policy's name, as in the comparison.
    public var name: String
    /// The seed it was made with, where there are several.
    public var seed: UInt64?
    public var study: String
    public var tree: DecisionTree
    public var task: TaskDescription
    /// What held-out patients showed of it, leaf by leaf.
    public var evidence: TreeEvidence?
    /// How all policies did on the test patients.
    public var comparison: Comparison?
    /// Who the patients were, in a sentence or two.
    public var cohort: String
    /// What the simulation leaves out.
    public var limits: [String]
    /// Study hash, program version, seeds.
    public var provenance: [Fact]

    public init(
        name: String, seed: UInt64? = nil, study: String, tree: DecisionTree, task: TaskDescription,
        evidence: TreeEvidence? = nil, comparison: Comparison? = nil, cohort: String = "", limits: [String] = [],
        provenance: [Fact] = []
    ) {
        self.name = name
        self.seed = seed
        self.study = study
        self.tree = tree
        self.task = task
        self.evidence = evidence
        self.comparison = comparison
        self.cohort = cohort
        self.limits = limits
        self.provenance = provenance
    }

    /// Stands on every export.
    public static let disclaimer = "A simulation study; not for clinical use."

    /// `viper_refined, seed 3`
    public var title: String { seed.map { "\(name), seed \($0)" } ?? name }

    /// The outcome shown for every leaf: the first event of which more is better, else the first event.
    var headlineOutcome: Metric? {
        let events = task.outcomes.filter { $0.kind == .event }
        return (events.first { $0.higherIsBetter == true } ?? events.first).map { Metric($0) }
    }

    /// The place of a leaf's action among the task's actions, for its colour and shape.
    func actionIndex(ofLeaf leaf: Int) -> Int {
        let name = tree.actions[tree.action(atLeaf: leaf)]
        return task.actions.firstIndex { $0.name == name } ?? tree.action(atLeaf: leaf)
    }

    /// A leaf's action by name; of one that abstains, what to follow.
    func actionName(ofLeaf leaf: Int) -> String {
        if let fallback = tree.abstentions[leaf] { return "no recommendation: follow \(fallback)" }
        return tree.actions[tree.action(atLeaf: leaf)]
    }

    /// What is given in a leaf where a rule forbids its action, if that happened in at least one decision of a hundred.
    func fallback(ofLeaf leaf: Int) -> (action: String, share: Double)? {
        guard let known = evidence?.leaf(leaf), let action = known.fallback, known.fallbackShare >= 0.01 else {
            return nil
        }
        return (action, known.fallbackShare)
    }

    /// A leaf's action in words: its meaning where there is one.
    func actionMeaning(ofLeaf leaf: Int) -> String {
        if tree.abstentions[leaf] != nil { return actionName(ofLeaf: leaf) }
        let name = actionName(ofLeaf: leaf)
        return task.actions.first { $0.name == name }.map(\.meaning).flatMap { $0.isEmpty ? nil : $0 } ?? name
    }

    /// Fewer patients than this behind a leaf are thin evidence, marked as such on every export: with 30 the 95 %
    /// interval of a share is up to 36 percentage points wide.
    static let patientsOfThinEvidence = 30

    /// Whether few or no patients stand behind a leaf; false where nothing is known of the whole tree.
    func isThin(leaf: Int) -> Bool {
        guard let evidence else { return false }
        return evidence.leaf(leaf).map { $0.patients < TreeSubject.patientsOfThinEvidence } ?? true
    }

    /// The runner-up: what the evidence says, else the second best of the leaf's scores.
    func runnerUp(ofLeaf leaf: Int) -> String? {
        if tree.abstentions[leaf] != nil { return nil }
        if let known = evidence?.leaf(leaf) { return known.runnerUp }
        let ranking = tree.ranking(ofLeaf: leaf)
        return ranking.count > 1 ? tree.actions[ranking[1]] : nil
    }
}

/// Writes a tree in one format.
public protocol Exporter: Sendable {
    /// As named on the command line: `html`.
    var format: String { get }
    func write(_ subject: TreeSubject) -> [UInt8]
}

/// All formats.
public enum Exporters {
    public static let all: [any Exporter] = [HTMLExporter(), TextExporter(), JSONExporter(), SVGExporter()]

    public static func named(_ format: String) -> (any Exporter)? { all.first { $0.format == format } }
}

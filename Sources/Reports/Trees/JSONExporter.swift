// A tree with its words and evidence for other programs.

import Evaluation
import PositionedJSON
import Trees

/// `--format json`
public struct JSONExporter: Exporter {
    public let format = "json"

    public init() {}

    public func write(_ subject: TreeSubject) -> [UInt8] { Array(json(subject).text().utf8) }

    func json(_ subject: TreeSubject) -> JSONValue {
        let words = TreeWords(subject)
        return .object([
            JSONField("format", 1),
            JSONField("kind", "tree_export"),
            JSONField("disclaimer", .string(TreeSubject.disclaimer)),
            JSONField("name", .string(subject.name)),
            JSONField("seed", subject.seed.map { .string(String($0)) } ?? .null),
            JSONField("study", .string(subject.study)),
            JSONField("environment", .string(subject.task.name)),
            JSONField(
                "observations",
                .array(
                    words.features.map { observation in
                        [
                            "name": .string(observation.name), "unit": .string(observation.unit),
                            "meaning": .string(observation.meaning),
                            "range": .numbers([observation.range.lowerBound, observation.range.upperBound]),
                            "step": .optional(observation.clinicalStep),
                        ]
                    })),
            JSONField(
                "actions",
                .array(subject.task.actions.map { ["name": .string($0.name), "meaning": .string($0.meaning)] })),
            JSONField("tree", subject.tree.json()),
            JSONField(
                "rules",
                .array(
                    subject.tree.rules().map { rule in
                        [
                            "leaf": .integer(rule.leaf), "action": .string(subject.actionName(ofLeaf: rule.leaf)),
                            "conditions": .array(rule.conditions.map { condition($0, words) }),
                            "words": .string(words.conditions(rule).joined(separator: " and ")),
                            "abstains": subject.tree.abstentions[rule.leaf].map { .string($0) } ?? .null,
                            "thin_evidence": .bool(subject.isThin(leaf: rule.leaf)),
                        ]
                    })),
            JSONField("evidence", subject.evidence?.json() ?? .null),
            JSONField("cohort", .string(subject.cohort)),
            JSONField("limits", .strings(subject.limits)),
            JSONField(
                "provenance", .object(subject.provenance.map { JSONField($0.label, .string($0.value)) })),
        ])
    }

    /// `above` < value ≤ `at_most`
    private func condition(_ condition: LeafRule.Condition, _ words: TreeWords) -> JSONValue {
        [
            "observation": .string(words.features[condition.feature].name), "above": .optional(condition.low),
            "at_most": .optional(condition.high), "or_missing": .bool(condition.missingMeets),
        ]
    }
}

// A tree as rules in words, for a terminal or a message.

import Evaluation
import Trees

/// `--format text`
public struct TextExporter: Exporter {
    public let format = "text"

    public init() {}

    public func write(_ subject: TreeSubject) -> [UInt8] { Array(text(subject).utf8) }

    func text(_ subject: TreeSubject) -> String {
        let words = TreeWords(subject)
        var text =
            "\(subject.title): a decision tree for \(subject.task.title.isEmpty ? subject.task.name : subject.task.title)\n"
        text += TreeSubject.disclaimer + "\n\n"
        if !subject.task.decisionInterval.isEmpty {
            text += "At every decision (each \(subject.task.decisionInterval)):\n\n"
        }
        text += rules(subject, words)
        let used = subject.tree.usedFeatures
        if !used.isEmpty {
            text += "\nWhat the tree looks at:\n"
            for feature in used {
                let observation = words.features[feature]
                text += "  \(words.name(feature))"
                text +=
                    observation.meaning.isEmpty || observation.meaning == words.name(feature)
                    ? "" : ": \(observation.meaning)"
                text += " (\(words.range(feature, observation.range.lowerBound, observation.range.upperBound)))\n"
            }
        }
        text += "\nActions:\n"
        for action in subject.task.actions {
            text += "  \(action.name)" + (action.meaning.isEmpty ? "" : ": \(action.meaning)") + "\n"
        }
        if !subject.limits.isEmpty {
            text += "\nWhat the simulation leaves out:\n"
            for limit in subject.limits { text += "  - \(limit)\n" }
        }
        for fact in subject.provenance {
            text += (fact == subject.provenance.first ? "\n" : "") + "\(fact.label): \(fact.value)\n"
        }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { NumberText.printable(String($0)) }
            .joined(separator: "\n")
    }

    /// The tree alone, as nested conditions.
    public static func rules(of subject: TreeSubject) -> String {
        TextExporter().rules(subject, TreeWords(subject))
    }

    private func rules(_ subject: TreeSubject, _ words: TreeWords) -> String {
        var text = ""
        // Depth first, the right child pushed before the left.
        var pending: [(node: Int, indent: Int, prefix: String)] = [(0, 0, "")]
        while let (node, indent, prefix) = pending.popLast() {
            let margin = String(repeating: "    ", count: indent)
            if !prefix.isEmpty { text += String(repeating: "    ", count: indent - 1) + prefix + "\n" }
            switch subject.tree.node(node) {
            case .leaf: text += margin + "→ " + leaf(subject, node) + "\n"
            case .split(let feature, let threshold, _, let left, let right):
                let (test, leftWord, _) = words.test(feature, threshold)
                let question = test == "?" ? "\(words.name(feature)): \(leftWord)" : "\(words.name(feature)) \(test)"
                pending.append((right, indent + 1, "otherwise"))
                pending.append((left, indent + 1, "if \(question)"))
            }
        }
        return text
    }

    /// The action of a leaf and, in brackets, what is known of it.
    private func leaf(_ subject: TreeSubject, _ node: Int) -> String {
        var facts: [String] = []
        if let known = subject.evidence?.leaf(node) {
            facts.append("\(NumberText.count(known.patients)) patients")
            facts.append("\(NumberText.percent(known.shareOfDecisions)) of treatment time")
            if let metric = subject.headlineOutcome, let estimate = known.outcome(metric.name), estimate.isDefined {
                facts.append("\(metric.title) \(MetricFormat(metric, [estimate]).text(estimate)) %")
            }
            if let agreement = known.agreement { facts.append("teacher agrees \(NumberText.percent(agreement, 0))") }
        }
        if subject.isThin(leaf: node) { facts.insert("THIN EVIDENCE", at: 0) }
        if let next = subject.runnerUp(ofLeaf: node) {
            let probability = subject.evidence?.leaf(node)?.runnerUpProbability
            facts.append(
                "next best: \(next)"
                    + (probability.map { ", as good with probability \(NumberText.probability($0))" } ?? ""))
        }
        let otherwise = subject.fallback(ofLeaf: node).map {
            ", else \($0.action) where not permitted (\(NumberText.percent($0.share)) of decisions here)"
        }
        return subject.actionName(ofLeaf: node) + (otherwise ?? "")
            + (facts.isEmpty ? "" : "  (\(facts.joined(separator: "; ")))")
    }
}

// The clinician's sheet: one self-contained page about one tree.

import Evaluation
import Trees

/// `--format html`
public struct HTMLExporter: Exporter {
    public let format = "html"

    public init() {}

    public func write(_ subject: TreeSubject) -> [UInt8] { Array(page(subject).utf8) }

    func page(_ subject: TreeSubject) -> String {
        let sections = TreeSections(subject)
        let topic = subject.task.title.isEmpty ? subject.task.name : subject.task.title
        var body = "<header><h1>\(Markup.escape(topic))</h1>\n"
        body += Page.paragraph(lead(subject), style: "lead") + Page.banner + "</header>\n"
        body += Page.section(
            "The decision tree", id: "tree", wide: true, sections.chart(identifier: "chart"))
        body += Page.section("Every leaf in words", id: "leaves", sections.leafTable())
        body += Page.section("What is given", id: "actions", sections.actionTable())
        body += Page.section("What the tree looks at", id: "inputs", sections.inputTable())
        if let comparison = subject.comparison {
            body += Page.section("How it compares", id: "comparison", compare(subject, comparison))
        }
        body += Page.section("Who the patients were", id: "patients", Page.paragraph(subject.cohort))
        body += Page.section("What the simulation leaves out", id: "limits", Page.list(subject.limits))
        body += Page.section("When not to use it", id: "not", sections.whenNot())
        body += Page.section("Where it comes from", id: "provenance", Page.facts(subject.provenance))
        return Page.document(title: "\(topic): \(subject.title)", style: "sheet", body: body)
    }

    private func lead(_ subject: TreeSubject) -> String {
        let leaves = subject.tree.leafCount
        let inputs = subject.tree.usedFeatures.count
        var text =
            "Decision tree \(subject.title): \(leaves) \(leaves == 1 ? "leaf" : "leaves"), "
            + "\(inputs) \(inputs == 1 ? "input" : "inputs")"
        if let teacher = subject.evidence?.teacher {
            text += ", distilled from \(teacher)"
            if let agreement = subject.evidence?.agreement {
                text += " (agrees with it in \(NumberText.percent(agreement)) of decisions)"
            }
        }
        return text + "."
    }

    /// This tree beside the best learner and all protocols, and its paired differences.
    private func compare(_ subject: TreeSubject, _ comparison: Comparison) -> String {
        let sections = ComparisonSections(comparison)
        var names = Set(comparison.policies.filter { $0.kind == .fixed }.map(\.name))
        names.insert(subject.name)
        if let learner = comparison.selection.learner { names.insert(learner) }
        return sections.policyTable(only: names) + sections.note
    }
}

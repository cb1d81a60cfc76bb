// Parts of a page about one tree; the clinician's sheet and the study's report share them.

import Evaluation
import Numerics
import Trees

/// Sections about one tree.
struct TreeSections {
    let subject: TreeSubject
    let words: TreeWords

    init(_ subject: TreeSubject) {
        self.subject = subject
        words = TreeWords(subject)
    }

    /// The flowchart with its caption.
    func chart(identifier: String) -> String {
        var caption =
            "Start at the left. At every split follow yes or no; the row you arrive at names the action"
            + (subject.task.decisionInterval.isEmpty ? "." : " for the next \(subject.task.decisionInterval).")
        caption += " Where a rule forbids the action at that moment, the one behind \u{201c}else\u{201d} is given."
        if !subject.tree.abstentions.isEmpty {
            caption += " A white leaf gives no recommendation, for want of evidence: the protocol it names is followed."
        }
        if subject.tree.leaves.contains(where: subject.isThin) {
            caption +=
                " A dashed leaf is thin evidence: fewer than \(TreeSubject.patientsOfThinEvidence) patients came there."
        }
        if let evidence = subject.evidence {
            caption +=
                " Numbers come from \(NumberText.count(evidence.patients)) \(evidence.source) "
                + "treated by this tree (\(NumberText.count(evidence.decisions)) decisions). A leaf's share of treatment "
                + "time is that of the decision intervals of all patients in which its decision holds."
        }
        return "<figure><div class=\"chart\">\n" + FlowChart(subject).svg(identifier: identifier)
            + "</div><figcaption>\(Markup.escape(caption))</figcaption></figure>\n"
    }

    /// Every leaf: conditions in words, action, evidence.
    func leafTable() -> String {
        let evidence = subject.evidence
        let outcomes = subject.task.outcomes.map { Metric($0) }.filter { metric in
            evidence?.leaves.contains { $0.outcome(metric.name)?.isDefined ?? false } ?? false
        }
        let shown = Array(outcomes.prefix(3))
        let formats = shown.map { metric in
            MetricFormat(metric, evidence?.leaves.compactMap { $0.outcome(metric.name) } ?? [])
        }
        let returns = evidence?.leaves.map(\.meanReturn) ?? []
        let hasReturns = returns.contains(where: \.isDefined)
        let returnFormat = MetricFormat(.return, returns)
        let hasAgreement = evidence?.leaves.contains { $0.agreement != nil } ?? false
        var headings = [("when", ""), ("action", "")]
        if evidence != nil { headings += [("treatment time", "share"), ("patients", "visits")] }
        headings += zip(shown, formats).map { ($0.title, Words.unit($1.unit, after: $0.title)) }
        if hasReturns { headings.append(("return", "")) }
        let gains = (evidence?.leaves ?? []).flatMap { [$0.teacherGain, $0.runnerUpGain] }.filter(\.isDefined)
        if hasAgreement { headings.append(("teacher agrees", gains.isEmpty ? "" : "gains if it decides here")) }
        headings.append(("next best", gains.isEmpty ? "" : "gains; as good with probability"))
        let rows = subject.tree.rules().map { rule -> Page.Row in
            let conditions = words.conditions(rule).map { "<li>\(Markup.escape($0))</li>" }.joined()
            let known = evidence?.leaf(rule.leaf)
            let seen = known.map { ranges(rule, $0) } ?? []
            var cells = [
                Page.Cell(html: "<ul>\(conditions)</ul>\(seen.map(TreeSections.small).joined())"),
                Page.Cell(html: action(rule.leaf)),
            ]
            if evidence != nil {
                cells.append(.number(known.map { NumberText.percent($0.shareOfDecisions) } ?? "–"))
                let count = known.map { NumberText.count($0.patients) } ?? "0"
                let mark = subject.isThin(leaf: rule.leaf) ? "<span class=\"thin\">thin evidence</span>" : ""
                let visits = TreeSections.small(known.map { NumberText.count($0.visits) } ?? "")
                cells.append(Page.Cell(html: count + visits + mark, isNumber: true))
            }
            for (metric, format) in zip(shown, formats) {
                cells.append(.estimate(known?.outcome(metric.name).map(format.text) ?? "–"))
            }
            if hasReturns { cells.append(.estimate(known.map { returnFormat.text($0.meanReturn) } ?? "–")) }
            if hasAgreement {
                let gain = known.map { difference($0.teacherGain, among: gains) } ?? ""
                cells.append(
                    Page.Cell(
                        html: Markup.escape(known?.agreement.map { NumberText.percent($0, 0) } ?? "–")
                            + TreeSections.small(gain), isNumber: true))
            }
            cells.append(Page.Cell(html: next(rule.leaf, among: gains), isNumber: true))
            return Page.Row(cells, style: subject.isThin(leaf: rule.leaf) ? "weak" : nil)
        }
        return Page.table(headings: headings, numbersFrom: 2, rows)
    }

    /// The action of a leaf with its sign.
    private func action(_ leaf: Int) -> String {
        let index = subject.actionIndex(ofLeaf: leaf)
        let otherwise =
            subject.fallback(ofLeaf: leaf).map {
                TreeSections.small(
                    "not permitted in \(NumberText.percent($0.share)) of its decisions: else \($0.action)")
            } ?? ""
        if let fallback = subject.tree.abstentions[leaf] {
            return "<strong>no recommendation</strong>" + TreeSections.small("follow \(fallback)")
        }
        return "<span class=\"sign\">" + TreeSections.swatch(index)
            + "<strong>\(Markup.escape(subject.actionName(ofLeaf: leaf)))</strong>\(otherwise)</span>"
    }

    /// The runner-up with what the teacher or the samples say for it, and what became of patients with it.
    private func next(_ leaf: Int, among gains: [Estimate]) -> String {
        guard let name = subject.runnerUp(ofLeaf: leaf) else { return "–" }
        let known = subject.evidence?.leaf(leaf)
        let share = known?.runnerUpShare.flatMap { $0 > 0 ? " (\(NumberText.percent($0, 0)))" : nil } ?? ""
        var text = Markup.escape(name + share)
        if let known, known.runnerUpGain.isDefined {
            text += TreeSections.small(difference(known.runnerUpGain, among: gains))
            text += TreeSections.small(known.runnerUpProbability.map { "as good: \(NumberText.probability($0))" } ?? "")
        }
        return text
    }

    /// A difference in return, in the format of all of them; what is exactly 0 changes nobody's return.
    private func difference(_ gain: Estimate, among gains: [Estimate]) -> String {
        guard gain.isDefined else { return "" }
        return MetricFormat(.return, gains).signed(gain).replacing("-", with: "−")
    }

    /// The range of what patients had in a leaf, for the observations it asks for.
    private func ranges(_ rule: LeafRule, _ known: LeafSummary) -> [String] {
        rule.conditions.compactMap { condition -> String? in
            let feature = condition.feature
            guard !words.isFlag(feature),
                let range = known.inputs.first(where: { $0.name == words.features[feature].name }), range.low.isFinite
            else { return nil }
            return "seen: \(words.name(feature)) \(words.range(feature, range.low, range.high))"
        }
    }

    /// A line in small letters under a cell's number.
    private static func small(_ text: String) -> String {
        text.isEmpty ? "" : "<span class=\"ci\">\(Markup.escape(text))</span>"
    }

    /// The coloured sign of an action.
    static func swatch(_ index: Int) -> String {
        "<svg class=\"swatch\" width=\"22\" height=\"22\" viewBox=\"0 0 22 22\" aria-hidden=\"true\">"
            + "<circle cx=\"11\" cy=\"11\" r=\"11\" fill=\"\(Palette.action(index))\"/>"
            + FlowChart.glyph(index, 11, 11) + "</svg>"
    }

    /// The actions in words.
    func actionTable() -> String {
        Page.table(
            headings: [("action", ""), ("what is given", "")], numbersFrom: 2,
            subject.task.actions.enumerated().map { index, action in
                Page.Row([
                    Page.Cell(html: TreeSections.swatch(index) + "<strong>\(Markup.escape(action.name))</strong>"),
                    .text(action.meaning),
                ])
            })
    }

    /// What the tree looks at, with units, plausible ranges and what its patients had.
    func inputTable() -> String {
        let used = subject.tree.usedFeatures
        guard !used.isEmpty else { return Page.paragraph("The tree looks at nothing: it always decides alike.") }
        let seen = subject.evidence?.inputs ?? []
        var headings = [("input", ""), ("what it is", ""), ("plausible range", "")]
        if !seen.isEmpty { headings.append(("seen in these patients", "lowest to highest")) }
        let rows = used.map { feature -> Page.Row in
            let observation = words.features[feature]
            var cells: [Page.Cell] = [
                Page.Cell(html: "<strong>\(Markup.escape(words.name(feature)))</strong>"),
                .text(observation.meaning == words.name(feature) ? "" : observation.meaning),
                .text(words.range(feature, observation.range.lowerBound, observation.range.upperBound)),
            ]
            if !seen.isEmpty {
                let range = seen.first { $0.name == observation.name }
                cells.append(
                    .text(
                        range.map {
                            words.range(feature, $0.low, $0.high)
                                + (words.isFlag(feature) ? "" : ", median " + words.value(feature, $0.median))
                        } ?? "–"))
            }
            return Page.Row(cells)
        }
        return Page.table(headings: headings, numbersFrom: 9, rows)
    }

    /// Where the tree must not be used.
    func whenNot() -> String {
        var items = [
            "For any decision about a person: it was made with simulated patients only.",
            "Outside the plausible ranges above, or when an input is missing: nothing was seen there.",
        ]
        let thin = subject.evidence?.leaves.filter { subject.isThin(leaf: $0.leaf) }.count ?? 0
        if thin > 0 {
            items.append(
                "\(thin == 1 ? "One leaf stands" : "\(thin) leaves stand") on fewer than "
                    + "\(TreeSubject.patientsOfThinEvidence) patients (marked as thin evidence); what is said there "
                    + "is uncertain.")
        }
        return Page.list(items)
    }
}

// A tree as a flowchart whose leaves are the rows of a table: action, how often, what became of the patients.

import Evaluation
import Numerics
import Trees

/// `--format svg`
public struct SVGExporter: Exporter {
    public let format = "svg"

    public init() {}

    public func write(_ subject: TreeSubject) -> [UInt8] {
        Array(("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + FlowChart(subject).svg()).utf8)
    }
}

/// Draws one tree.
struct FlowChart {
    private let subject: TreeSubject
    private let words: TreeWords
    private let layout: TreeLayout
    private let outcome: Metric?
    private let hasAgreement: Bool

    // Sizes in user units; one is a CSS pixel when the chart is shown at its own size.
    private let margin = 16.0
    private let header: Double
    private let rowHeight = 52.0
    private let step = 150.0
    private let boxWidth = 114.0
    private let badge: (width: Double, height: Double)
    private let columns = (share: 134.0, outcome: 168.0, agreement: 62.0)

    init(_ subject: TreeSubject) {
        self.subject = subject
        words = TreeWords(subject)
        layout = TreeLayout(subject.tree)
        let leaves = subject.evidence?.leaves ?? []
        let headline = subject.headlineOutcome
        outcome = headline.flatMap { metric in leaves.contains { $0.outcome(metric.name) != nil } ? metric : nil }
        hasAgreement = leaves.contains { $0.agreement != nil }
        header = leaves.isEmpty ? 12 : 48
        let longest =
            subject.tree.leaves.map { leaf in
                max(
                    min(16, subject.tree.abstentions[leaf]?.count ?? subject.actionName(ofLeaf: leaf).count),
                    subject.fallback(ofLeaf: leaf).map { min(16, 5 + $0.action.count) } ?? 0)
            }.max() ?? 8
        badge = (max(92, 54 + 9 * Double(longest)), 36)
    }

    private var leafX: Double { margin + Double(layout.levels) * step }
    private var shareX: Double { leafX + badge.width + 18 }
    private var outcomeX: Double { shareX + columns.share }
    private var agreementX: Double { outcomeX + (outcome == nil ? 0 : columns.outcome) }

    private var width: Double {
        guard header > 12 else { return leafX + badge.width + margin }
        return agreementX + (hasAgreement ? columns.agreement : 0) + margin
    }
    private var height: Double { header + Double(layout.rows) * rowHeight + margin + 20 }

    private func y(_ node: Int) -> Double { header + (layout.row[node] + 0.5) * rowHeight }
    private func x(_ node: Int) -> Double {
        subject.tree.isLeaf(node) ? leafX : margin + Double(layout.level[node]) * step
    }

    /// - Parameter identifier: prefix of the ids inside, so that several charts can stand on one page.
    func svg(identifier: String = "chart") -> String {
        let title = "\(subject.title): decision tree with \(subject.tree.leafCount) leaves"
        let size = "\(Markup.number(width)) \(Markup.number(height))"
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(Markup.number(width))" \
            height="\(Markup.number(height))" role="img" aria-labelledby="\(identifier)-title \(identifier)-text" \
            font-family="Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif" font-size="13">
            <title id="\(identifier)-title">\(Markup.escape(title))</title>
            <desc id="\(identifier)-text">\(Markup.escape(description))</desc>
            <rect width="\(Markup.number(width))" height="\(Markup.number(height))" fill="#ffffff"/>

            """
        text += headings()
        for node in 0..<subject.tree.nodeCount where !subject.tree.isLeaf(node) { text += edges(node) }
        for node in 0..<subject.tree.nodeCount {
            text += subject.tree.isLeaf(node) ? leaf(node) : split(node)
        }
        text += label(
            margin, height - 10, TreeSubject.disclaimer, size: 15, fill: "#8a3b00", extra: "font-weight=\"bold\"")
        return text + "</svg>\n"
    }

    /// The rules in words, for those who cannot see the chart.
    private var description: String {
        subject.tree.rules().map { rule in
            let otherwise = subject.fallback(ofLeaf: rule.leaf).map { ", else \($0.action)" } ?? ""
            return "If \(words.conditions(rule).joined(separator: " and ")): "
                + "\(subject.actionName(ofLeaf: rule.leaf))\(otherwise)."
        }.joined(separator: " ")
    }

    // MARK: Parts

    private func headings() -> String {
        guard header > 12 else { return "" }
        func heading(_ x: Double, _ line: String, _ second: String) -> String {
            label(x, 18, line, size: 14, fill: "#222222", extra: "font-weight=\"bold\"")
                + label(x, 35, second, size: 12, fill: "#555555")
        }
        var text = heading(leafX, "action", "")
        text += heading(shareX, "treatment time", "patients")
        if let outcome { text += heading(outcomeX, outcome.title, "% of patients, 95 % interval") }
        if hasAgreement { text += heading(agreementX, "teacher", "agrees") }
        let line = Markup.number(header - 4)
        text += "<path d=\"M\(Markup.number(leafX)) \(line)H\(Markup.number(width - margin))\" stroke=\"#999999\"/>\n"
        return text
    }

    private func edges(_ node: Int) -> String {
        guard case .split(let feature, let threshold, _, let left, let right) = subject.tree.node(node) else {
            return ""
        }
        let (_, leftWord, rightWord) = words.test(feature, threshold)
        let start = x(node) + boxWidth
        let bend = start + 9
        var text = ""
        for (child, word) in [(left, leftWord), (right, rightWord)] {
            let end = x(child)
            let down = y(child) > y(node) ? 1.0 : -1.0
            let radius = min(6, abs(y(child) - y(node)))
            text += """
                <path d="M\(Markup.number(start)) \(Markup.number(y(node)))H\(Markup.number(bend))\
                V\(Markup.number(y(child) - down * radius))Q\(Markup.number(bend)) \(Markup.number(y(child))) \
                \(Markup.number(bend + radius)) \(Markup.number(y(child)))H\(Markup.number(end))" \
                fill="none" stroke="#777777" stroke-width="1.3"/>

                """
            text += label(bend + 5, y(child) - 4, word, size: 12, fill: "#333333")
        }
        return text
    }

    private func split(_ node: Int) -> String {
        guard case .split(let feature, let threshold, _, _, _) = subject.tree.node(node) else { return "" }
        let (test, _, _) = words.test(feature, threshold)
        let name = words.name(feature)
        let meaning = words.features[feature].meaning
        let full = "\(name) \(test)" + (meaning.isEmpty ? "" : ": \(meaning)")
        let centre = x(node) + boxWidth / 2
        let isQuestion = test == "?"
        let lines = FlowChart.wrap(name + (isQuestion ? "?" : ""), 15)
        let tests = isQuestion ? [] : FlowChart.wrap(test, 16)
        let height = 12 + 17 * Double(lines.count + tests.count)
        let top = y(node) - height / 2
        var text = "<g><title>\(Markup.escape(full))</title>"
        text += """
            <rect x="\(Markup.number(x(node)))" y="\(Markup.number(top))" width="\(Markup.number(boxWidth))" \
            height="\(Markup.number(height))" rx="5" fill="#f4f6f8" stroke="#556677"/>
            """
        for (index, line) in (lines + tests).enumerated() {
            text += label(
                centre, top + 19 + 17 * Double(index), line, size: 14, fill: "#111111",
                extra: "text-anchor=\"middle\"" + (index < lines.count ? " font-weight=\"bold\"" : ""))
        }
        return text + "</g>\n"
    }

    private func leaf(_ node: Int) -> String {
        let action = subject.actionIndex(ofLeaf: node)
        let name = subject.actionName(ofLeaf: node)
        let top = y(node) - badge.height / 2
        if let fallback = subject.tree.abstentions[node] { return abstaining(fallback, node) + facts(node) }
        var text = "<g><title>\(Markup.escape(subject.actionMeaning(ofLeaf: node)))</title>"
        text += """
            <rect x="\(Markup.number(leafX))" y="\(Markup.number(top))" width="\(Markup.number(badge.width))" \
            height="\(Markup.number(badge.height))" rx="\(Markup.number(badge.height / 2))" \
            fill="\(Palette.action(action))"\(FlowChart.thinMark(subject.isThin(leaf: node)))/>
            """
        text += FlowChart.glyph(action, leafX + 20, y(node))
        let otherwise = subject.fallback(ofLeaf: node)
        text += label(
            leafX + 37, y(node) + (otherwise == nil ? 5 : 0), FlowChart.fit(name, 16), size: 14, fill: "#ffffff",
            extra: "font-weight=\"bold\"")
        if let otherwise {
            text += label(
                leafX + 37, y(node) + 13, FlowChart.fit("else \(otherwise.action)", 16), size: 12, fill: "#ffffff")
        }
        return text + "</g>\n" + facts(node)
    }

    /// A leaf without a recommendation: white, with what to follow.
    private func abstaining(_ fallback: String, _ node: Int) -> String {
        """
        <g><title>\(Markup.escape(subject.actionMeaning(ofLeaf: node)))</title>\
        <rect x="\(Markup.number(leafX))" y="\(Markup.number(y(node) - badge.height / 2))" \
        width="\(Markup.number(badge.width))" height="\(Markup.number(badge.height))" \
        rx="\(Markup.number(badge.height / 2))" fill="#ffffff" stroke="#444444" stroke-width="1.5"/>

        """ + label(leafX + 14, y(node) - 2, "no advice: follow", size: 12, fill: "#222222")
            + label(
                leafX + 14, y(node) + 12, FlowChart.fit(fallback, 16), size: 13, fill: "#222222",
                extra: "font-weight=\"bold\"") + "</g>\n"
    }

    /// What is known of a leaf, in the columns beside it.
    private func facts(_ node: Int) -> String {
        guard let known = subject.evidence?.leaf(node) else { return "" }
        var text = ""
        text += label(
            shareX, y(node) - (subject.isThin(leaf: node) ? 4 : 2), NumberText.percent(known.shareOfDecisions),
            size: 14, fill: "#111111")
        text += label(
            shareX, y(node) + (subject.isThin(leaf: node) ? 11 : 14), "\(NumberText.count(known.patients)) patients",
            size: 12, fill: "#555555")
        if subject.isThin(leaf: node) {
            text += label(
                shareX, y(node) + 25, "thin evidence", size: 10, fill: "#8a3b00", extra: "font-weight=\"bold\"")
        }
        if let outcome, let estimate = known.outcome(outcome.name) { text += interval(outcome, estimate, node) }
        if hasAgreement, let agreement = known.agreement {
            text += label(agreementX, y(node) + 4, NumberText.percent(agreement, 0), size: 14, fill: "#111111")
        }
        return text
    }

    /// A strip from 0 to 100 % with the estimate and its interval, the numbers above it.
    private func interval(_ metric: Metric, _ estimate: Estimate, _ node: Int) -> String {
        guard estimate.isDefined else { return label(outcomeX, y(node) + 4, "–", size: 13, fill: "#111111") }
        let length = columns.outcome - 28
        func place(_ share: Double) -> String { Markup.number(outcomeX + length * min(1, max(0, share))) }
        let line = Markup.number(y(node) + 10)
        var text = label(
            outcomeX, y(node) - 2, MetricFormat(metric, [estimate]).text(estimate), size: 14, fill: "#111111")
        text += "<path d=\"M\(place(0)) \(line)H\(place(1))\" stroke=\"#cccccc\" stroke-width=\"2\"/>"
        if estimate.hasInterval {
            text += "<path d=\"M\(place(estimate.low)) \(line)H\(place(estimate.high))\" stroke=\"#222222\" "
            text += "stroke-width=\"3\"/>"
        }
        return text + "<circle cx=\"\(place(estimate.value))\" cy=\"\(line)\" r=\"4.5\" fill=\"#222222\"/>\n"
    }

    private func label(
        _ x: Double, _ y: Double, _ text: String, size: Int = 13, fill: String, extra: String = ""
    ) -> String {
        "<text x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\" font-size=\"\(size)\" fill=\"\(fill)\""
            + (extra.isEmpty ? "" : " " + extra) + ">\(Markup.escape(text))</text>\n"
    }

    /// A dashed white line inside a badge whose leaf few patients came to.
    private static func thinMark(_ isThin: Bool) -> String {
        isThin ? " stroke=\"#ffffff\" stroke-width=\"3\" stroke-dasharray=\"5 4\"" : ""
    }

    /// Text on at most two lines, broken at spaces, each cut to so many characters.
    static func wrap(_ text: String, _ limit: Int) -> [String] {
        guard text.count > limit else { return [text] }
        let words = text.split(separator: " ")
        var first = words.first.map(String.init) ?? ""
        var used = 1
        while used < words.count, first.count + 1 + words[used].count <= limit {
            first += " " + words[used]
            used += 1
        }
        let second = words.dropFirst(used).joined(separator: " ")
        return [fit(first, limit)] + (second.isEmpty ? [] : [fit(second, limit)])
    }

    /// Cut to so many characters, with an ellipsis.
    static func fit(_ text: String, _ limit: Int) -> String {
        text.count <= limit ? text : text.prefix(limit - 1) + "…"
    }

    /// A white shape that tells actions apart without colour.
    static func glyph(_ index: Int, _ x: Double, _ y: Double) -> String {
        func at(_ dx: Double, _ dy: Double) -> String { "\(Markup.number(x + dx)) \(Markup.number(y + dy))" }
        let paint = "fill=\"#ffffff\""
        let pen = "fill=\"none\" stroke=\"#ffffff\" stroke-width=\"2.5\""
        let (cx, cy) = (Markup.number(x), Markup.number(y))
        switch index % 8 {
        case 0: return "<circle cx=\"\(cx)\" cy=\"\(cy)\" r=\"6\" \(pen)/>"
        case 1: return "<circle cx=\"\(cx)\" cy=\"\(cy)\" r=\"7\" \(paint)/>"
        case 2: return "<path d=\"M\(at(-6, -6))L\(at(6, -6))L\(at(6, 6))L\(at(-6, 6))Z\" \(paint)/>"
        case 3: return "<path d=\"M\(at(0, -8))L\(at(8, 6))L\(at(-8, 6))Z\" \(paint)/>"
        case 4: return "<path d=\"M\(at(0, -8))L\(at(8, 0))L\(at(0, 8))L\(at(-8, 0))Z\" \(paint)/>"
        case 5: return "<path d=\"M\(at(-7, 0))L\(at(7, 0))M\(at(0, -7))L\(at(0, 7))\" \(pen)/>"
        case 6: return "<path d=\"M\(at(-6, -6))L\(at(6, -6))L\(at(6, 6))L\(at(-6, 6))Z\" \(pen)/>"
        default: return "<path d=\"M\(at(0, 8))L\(at(8, -6))L\(at(-8, -6))Z\" \(paint)/>"
        }
    }
}

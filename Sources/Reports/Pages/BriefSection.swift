// The result in half a minute: the best of each kind side by side, and what may be said of them.

import Evaluation
import Numerics

/// The first section of a report.
struct BriefSection {
    let comparison: Comparison
    private let metrics: [Metric]
    private let formats: [MetricFormat]

    init(_ comparison: Comparison) {
        self.comparison = comparison
        let names = Figure.headlineMetrics(comparison)
        metrics = names.compactMap { comparison.metric($0) }
        formats = metrics.map { metric in
            MetricFormat(metric, comparison.rows.filter { $0.metric == metric.name }.map(\.estimate))
        }
    }

    var html: String {
        table + Page.list(sentences)
            + Page.paragraph(
                "Best means best on validation patients; every number here is of other, test patients. Brackets: "
                    + "\(NumberText.significant(100 * comparison.level, 4)) % intervals. Points: percentage points.",
                style: "note")
    }

    /// The selected policies, with their paired differences to the protocol.
    private var table: String {
        let selection = comparison.selection
        var headings = [("", ""), ("policy", "")]
        headings += zip(metrics, formats).map { ($0.title, Words.unit($1.unit, after: $0.title)) }
        if let fixed = selection.fixed {
            for (metric, format) in zip(metrics, formats) {
                headings.append(
                    (
                        "Δ " + metric.title,
                        "\(format.unit == "%" ? "points, " : "")minus \(fixed)"
                    ))
            }
        }
        let rows = [
            ("best learner", selection.learner), ("best tree", selection.tree), ("best protocol", selection.fixed),
        ]
        .compactMap { what, name -> Page.Row? in
            guard let name else { return nil }
            var cells: [Page.Cell] = [.heading(what), Page.Cell(html: "<strong>\(Markup.escape(name))</strong>")]
            for (metric, format) in zip(metrics, formats) {
                cells.append(.estimate(comparison.estimate(name, metric.name).map(format.text) ?? "–"))
            }
            if let fixed = selection.fixed {
                for metric in metrics {
                    let format = comparison.differenceFormat(metric)
                    let difference = comparison.difference(name, minus: fixed, metric.name)
                    cells.append(.estimate(difference.map(format.signed) ?? "–"))
                }
            }
            return Page.Row(cells)
        }
        return Page.table(headings: headings, numbersFrom: 2, rows)
    }

    /// What the differences in return amount to, each in a short sentence, and the rankings that are refused.
    private var sentences: [String] {
        let selection = comparison.selection
        func verdict(_ what: String, _ name: String?, _ other: String, _ baseline: String?) -> String? {
            guard let name, let baseline, let difference = comparison.difference(name, minus: baseline, "return"),
                difference.hasInterval
            else { return nil }
            let relation =
                difference.isAboveZero
                ? "does better than" : difference.isBelowZero ? "does worse than" : "cannot be told apart from"
            var text = "\(what) \(relation) \(other) in return"
            for (metric, format) in zip(metrics, formats).dropFirst() {
                guard let mine = comparison.estimate(name, metric.name),
                    let theirs = comparison.estimate(baseline, metric.name), mine.isDefined, theirs.isDefined
                else { continue }
                let unit = format.unit == "%" ? " %" : ""
                text += "; \(metric.title): \(format.value(mine.value))\(unit) against "
                text += "\(format.value(theirs.value))\(unit)"
            }
            return text + "."
        }
        var sentences = [
            verdict("The best learner", selection.learner, "the best protocol", selection.fixed),
            verdict("The best \(comparison.treeWords)", selection.tree, "the best protocol", selection.fixed),
            verdict("The best learner", selection.learner, "the best \(comparison.treeWords)", selection.tree),
        ].compactMap { $0 }
        for kind in PolicyKind.allCases {
            if case .refused(let reason) = comparison.ranking(kind) { sentences.append(reason) }
        }
        return sentences
    }
}

extension Comparison {
    /// One format for all differences of a metric, whose decimals suit differences; in the unit of the metric itself.
    func differenceFormat(_ metric: Metric) -> MetricFormat {
        let own = MetricFormat(metric, rows.filter { $0.metric == metric.name }.map(\.estimate))
        let format = MetricFormat(metric, differences.filter { $0.metric == metric.name }.map(\.estimate))
        return format.unit == own.unit ? format : own
    }
}

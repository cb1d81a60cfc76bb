// Tables of a comparison for pages.

import Evaluation
import Numerics

/// Sections about a comparison.
struct ComparisonSections {
    let comparison: Comparison
    let formats: [MetricFormat]

    init(_ comparison: Comparison) {
        self.comparison = comparison
        formats = comparison.formats()
    }

    /// The policies of a kind, best return first where they may be ranked.
    private func order(_ kind: PolicyKind) -> [String] { comparison.ordered(kind).map(\.name) }

    private func group(_ kind: PolicyKind, columns: Int) -> Page.Row {
        Page.Row([Page.Cell(html: Markup.escape(kind.plural), isHeading: true, columns: columns)], style: "group")
    }

    /// Every policy (or those of a list) with every metric.
    func policyTable(only names: Set<String>? = nil) -> String {
        let headings =
            [("policy", ""), ("seeds", "")]
            + zip(comparison.metrics, formats).map { ($0.title, Words.unit($1.unit, after: $0.title)) }
        var rows: [Page.Row] = []
        for kind in PolicyKind.allCases {
            let members = comparison.policies.filter { $0.kind == kind && names?.contains($0.name) ?? true }
            guard !members.isEmpty else { continue }
            rows.append(group(kind, columns: headings.count))
            for name in order(kind) {
                guard let member = members.first(where: { $0.name == name }) else { continue }
                let cells = zip(comparison.metrics, formats).map { metric, format in
                    Page.Cell.estimate(comparison.estimate(name, metric.name).map(format.text) ?? "–")
                }
                rows.append(
                    Page.Row(
                        [.heading(name), .number(kind.isTrained ? "\(member.seeds)" : "")] + cells,
                        style: comparison.selection.contains(name) ? "chosen" : nil))
            }
        }
        return Page.table(headings: headings, rows)
    }

    /// What the rows mean.
    var note: String {
        let percent = NumberText.significant(100 * comparison.level, 4)
        return Page.paragraph(
            "Means over \(NumberText.count(comparison.patients)) test patients that took no part in training or "
                + "selection, with \(percent) % intervals in brackets that resample training seeds and patients, "
                + "crossed (Owen 2007, \(NumberText.count(comparison.replications)) replications); with few seeds that "
                + "differ much they are too narrow (with 5, down to 86 % where 95 % is meant). Highlighted: the "
                + "best of its kind on validation patients. An outcome that is not defined for a patient, such as "
                + "the time to a cure that never came, is averaged over those who have it; a difference over those who "
                + "have it under both.",
            style: "note")
    }

    func differenceTable() -> String {
        let formats = comparison.metrics.map(comparison.differenceFormat)
        let headings =
            [("policy − baseline", "")]
            + zip(comparison.metrics, formats).map {
                ($0.title, $1.unit == "%" ? "points" : Words.unit($1.unit, after: $0.title))
            }
        let rows = comparison.pairs.map { pair in
            Page.Row(
                [.heading("\(pair.policy) − \(pair.baseline)")]
                    + zip(comparison.metrics, formats).map { metric, format in
                        .estimate(
                            comparison.difference(pair.policy, minus: pair.baseline, metric.name).map(format.signed)
                                ?? "–")
                    })
        }
        return Page.table(headings: headings, rows)
            + Page.paragraph(
                "The same patients with the same random numbers under both policies; points are percentage points. "
                    + "A difference whose interval holds 0 is none that these patients and seeds can show.",
                style: "note")
    }

    /// The selected policies in every part of the patients: the return and the first event.
    func subgroupTable() -> String {
        let chosen = comparison.policies.map(\.name).filter { comparison.selection.contains($0) }
        let names = chosen.isEmpty ? comparison.policies.prefix(3).map(\.name) : chosen
        let metrics = [0] + comparison.metrics.indices.filter { comparison.metrics[$0].isEvent }.prefix(1)
        var headings = [("", ""), ("patients", "")]
        for index in metrics {
            for name in names {
                let unit = formats[index].unit.isEmpty ? "" : ", " + formats[index].unit
                headings.append((name, comparison.metrics[index].title + unit))
            }
        }
        let differenceFormat = comparison.differenceFormat(.return)
        let learnerAndTree = comparison.selection.learner.flatMap { learner in
            comparison.selection.tree.map { (learner, $0) }
        }
        if let (learner, tree) = learnerAndTree { headings.append(("\(learner) − \(tree)", "return, paired")) }
        var parts: [(subgroup: String, level: String)] = []
        for row in comparison.subgroups where !parts.contains(where: { $0 == (row.subgroup, row.level) }) {
            parts.append((row.subgroup, row.level))
        }
        var rows: [Page.Row] = []
        for (index, part) in parts.enumerated() {
            if index == 0 || parts[index - 1].subgroup != part.subgroup {
                rows.append(
                    Page.Row(
                        [Page.Cell(html: Markup.escape(part.subgroup), isHeading: true, columns: headings.count)],
                        style: "group"))
            }
            let here = comparison.subgroups.filter { $0.subgroup == part.subgroup && $0.level == part.level }
            var cells: [Page.Cell] = [
                .heading(part.level),
                .number(here.first { $0.metric == "return" }.map { NumberText.count($0.patients) } ?? "–"),
            ]
            for metric in metrics {
                for name in names {
                    let row = here.first {
                        $0.policy == name && $0.baseline == nil && $0.metric == comparison.metrics[metric].name
                    }
                    cells.append(.estimate(row.map { formats[metric].text($0.estimate) } ?? "–"))
                }
            }
            if let (learner, tree) = learnerAndTree {
                let row = here.first { $0.policy == learner && $0.baseline == tree && $0.metric == "return" }
                cells.append(.estimate(row.map { differenceFormat.signed($0.estimate) } ?? "–"))
            }
            rows.append(Page.Row(cells))
        }
        return Page.table(headings: headings, rows)
    }

    /// Interquartile mean, worst tenth and, where rewards are discounted, discounted mean of the returns.
    func robustTable() -> String {
        let statistics = comparison.statistics
        let formats = statistics.map { comparison.format(statistic: $0.name) }
        var rows: [Page.Row] = []
        for kind in PolicyKind.allCases {
            let members = order(kind)
            guard !members.isEmpty else { continue }
            rows.append(group(kind, columns: 1 + statistics.count))
            for name in members {
                let cells = zip(statistics, formats).map { statistic, format in
                    Page.Cell.estimate(comparison.statistic(name, statistic.name).map(format.text) ?? "–")
                }
                rows.append(
                    Page.Row(
                        [.heading(name)] + cells, style: comparison.selection.contains(name) ? "chosen" : nil))
            }
        }
        let headings = zip(statistics, formats).map { statistic, format in
            (statistic.title, format.unit.isEmpty ? "return" : "return, \(format.unit)")
        }
        return Page.table(headings: [("policy", "")] + headings, rows)
    }
}

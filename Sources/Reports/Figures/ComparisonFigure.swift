// Policies against each other: above, all of them; below, what is gained over the best protocol, patient by patient.

import Evaluation
import Numerics

extension Figure {
    /// Dot-and-interval plot of a comparison, policies grouped as learners, trees and protocols, the best return first.
    /// Beneath it the paired differences to the selected protocol, whose axes poor protocols do not stretch.
    ///
    /// - Parameter metrics: names of up to four metrics; the return, the first event and the first quantity of
    ///   which less is better by default.
    public static func comparison(
        _ comparison: Comparison, name: String = "comparison", title: String, metrics wanted: [String]? = nil
    ) -> Figure {
        let metrics = (wanted ?? headlineMetrics(comparison)).compactMap { comparison.metric($0) }.prefix(4)
        let percent = NumberText.significant(100 * comparison.level, 4)
        let blocks = DotBlock.blocks(comparison, metrics: Array(metrics))
        var caption =
            "\(title). Mean over \(NumberText.count(comparison.patients)) test patients, "
            + "bar: \(percent) % interval over seeds and patients; filled: best of its kind on validation patients."
        if blocks.count > 1 {
            caption +=
                " Below: paired differences to the protocol \(comparison.selection.fixed ?? ""), the best on validation "
                + "patients; an interval that does not touch the line at zero is a difference."
        }
        let file = GnuplotText.fileName(name)
        let height = Int(blocks.last.map { $0.bottom + 64 } ?? 120)
        var script = GnuplotText.preamble(name: file, caption: caption, width: 860, height: height)
        func fromTop(_ pixels: Double) -> String { GnuplotText.number(1 - pixels / Double(height)) }
        script += """
            set multiplot
            set border 1 linewidth 0.8 linecolor rgb '#444444'
            set grid xtics noytics linetype 1 linewidth 0.5 linecolor rgb '#d8d8d8'
            set ytics scale 0 font ',11'
            unset key
            set bars 0
            set xtics font ',10'
            set label 1 \(GnuplotText.quoted(title)) at screen 0.5,screen \(fromTop(20)) center font ',14'
            pick(block, panel, kind, chosen) = strcol(1) eq block && strcol(2) eq panel && strcol(4) eq kind && strcol(10) eq chosen ? 1 : NaN

            """
        let signs = [("○ ● learners", PolicyKind.learner), ("△ ▲ trees", .tree), ("□ ■ protocols", .fixed)]
        for (index, (sign, kind)) in signs.enumerated() {
            script += "set label \(index + 2) '\(sign)' at screen \(0.2 + 0.16 * Double(index)),screen \(fromTop(43)) "
            script += "center font ',10' textcolor rgb '\(colour(kind))'\n"
        }
        script += "set label 5 'filled: best of its kind on validation patients' at screen 0.8,screen \(fromTop(43)) "
        script += "center font ',9' textcolor rgb '#555555'\n"
        var data = "block,panel,metric,kind,policy,row,estimate,low,high,selected\n"
        let longest = Double(blocks.flatMap { $0.rows.map { min($0.label.count, 26) } }.max() ?? 8)
        let left = min(0.30, 0.03 + 0.0125 * longest)
        for (number, block) in blocks.enumerated() {
            script += "set tmargin at screen \(fromTop(block.top))\nset bmargin at screen \(fromTop(block.bottom))\n"
            script += "set label 6 \(GnuplotText.quoted(block.heading, limit: 90)) at screen 0.02,"
            script += "screen \(fromTop(block.top - 18)) left font ',11'\n"
            for (panel, metric) in metrics.enumerated() {
                let span = (0.985 - left) / Double(metrics.count)
                script += "set lmargin at screen \(GnuplotText.number(left + span * Double(panel) + 0.014))\n"
                script += "set rmargin at screen \(GnuplotText.number(left + span * Double(panel + 1) - 0.014))\n"
                script += block.panel(number, panel, metric, comparison, file: file)
                data += block.data(number, panel, metric, comparison)
                if number == 0, panel == 0 { script += "unset for [i=1:5] label i\n" }
                if panel == 0 { script += "unset label 6\n" }
            }
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }

    static func colour(_ kind: PolicyKind) -> String {
        switch kind {
        case .learner: Palette.series(0)
        case .tree: Palette.series(2)
        case .plannedTree: Palette.series(4)
        case .planner: Palette.series(3)
        case .fixed: Palette.series(1)
        }
    }

    /// The metrics that say most: the return, the first event, and the first quantity of which less is better and
    /// which is defined for everyone, because that says more than what is defined for the cured.
    static func headlineMetrics(_ comparison: Comparison) -> [String] {
        let events = comparison.metrics.filter(\.isEvent).prefix(1)
        let burdens = comparison.metrics.filter { metric in
            guard !metric.isEvent, metric.higherIsBetter == false else { return false }
            return comparison.rows.allSatisfy { $0.metric != metric.name || $0.patients == comparison.patients }
        }
        return ["return"] + events.map(\.name) + burdens.prefix(1).map(\.name)
    }
}

/// A block of rows with a panel for every metric.
private struct DotBlock {
    struct Row {
        var name: String
        var label: String
        var kind: PolicyKind
        var y: Double
    }
    /// The protocol that is subtracted; nil in the block of the policies themselves.
    var baseline: String?
    var heading: String
    var rows: [Row]
    /// From the top of the figure, in pixels.
    var top: Double
    var bottom: Double

    static func blocks(_ comparison: Comparison, metrics: [Metric]) -> [DotBlock] {
        var blocks: [DotBlock] = []
        var end = 34.0
        for baseline in [nil, comparison.selection.fixed] {
            if !blocks.isEmpty, baseline == nil { continue }
            var rows: [Row] = []
            var y = 0.0
            for kind in PolicyKind.allCases {
                var names = comparison.policies.filter { $0.kind == kind }.map(\.name)
                if case .ordered(let order) = comparison.ranking(kind) { names = order }
                if let baseline { names = names.filter { comparison.difference($0, minus: baseline, "return") != nil } }
                if !rows.isEmpty, !names.isEmpty { y -= 0.5 }
                for name in names {
                    rows.append(Row(name: name, label: name, kind: kind, y: y))
                    y -= 1
                }
            }
            guard !rows.isEmpty else { continue }
            let top = end + 54
            let bottom = top + 21 * (1 - y)
            let heading = baseline.map { "difference to the best protocol, \($0), on the same patients" } ?? ""
            blocks.append(DotBlock(baseline: baseline, heading: heading, rows: rows, top: top, bottom: bottom))
            end = bottom + 46
        }
        return blocks
    }

    private func estimate(_ row: Row, _ metric: Metric, _ comparison: Comparison) -> Estimate? {
        baseline.map { comparison.difference(row.name, minus: $0, metric.name) }
            ?? comparison.estimate(row.name, metric.name)
    }

    private func format(_ metric: Metric, _ comparison: Comparison) -> MetricFormat {
        MetricFormat(metric, comparison.rows.filter { $0.metric == metric.name }.map(\.estimate))
    }

    func data(_ number: Int, _ panel: Int, _ metric: Metric, _ comparison: Comparison) -> String {
        let format = format(metric, comparison)
        return rows.compactMap { row -> String? in
            guard let estimate = estimate(row, metric, comparison) else { return nil }
            return CSV.line(
                [
                    "\(number)", "\(panel)", GnuplotText.datum(metric.name), row.kind.rawValue,
                    GnuplotText.datum(row.name), GnuplotText.number(row.y),
                ] + [estimate.value, estimate.low, estimate.high].map { GnuplotText.number(format.scale * $0) }
                    + [comparison.selection.contains(row.name) ? "1" : "0"])
        }.joined()
    }

    func panel(_ number: Int, _ panel: Int, _ metric: Metric, _ comparison: Comparison, file: String) -> String {
        let format = format(metric, comparison)
        var script = "set yrange [\(GnuplotText.number((rows.last?.y ?? 0) - 0.7)):0.8]\nset ytics ("
        script +=
            rows.map { "\(panel == 0 ? GnuplotText.quoted($0.label, limit: 26) : "''") \(GnuplotText.number($0.y))" }
            .joined(separator: ", ") + ")\n"
        var places = rows.compactMap { estimate($0, metric, comparison) }
            .flatMap { [$0.value, $0.low, $0.high] }.filter(\.isFinite).map { format.scale * $0 }
        if baseline != nil { places.append(0) }
        let (least, most) = (places.min() ?? 0, places.max() ?? 1)
        let room = most > least ? 0.07 * (most - least) : 1
        script += "set xrange [\(GnuplotText.number(least - room)):\(GnuplotText.number(most + room))]\n"
        script += "set xtics (" + GnuplotText.tics(least - room, most + room) + ")\n"
        let unit = baseline != nil && format.unit == "%" ? "percentage points" : format.unit
        let shown = Words.unit(unit, after: metric.title)
        let heading = (baseline == nil ? "" : "Δ ") + metric.title + (shown.isEmpty ? "" : " [\(shown)]")
        script += "set xlabel \(GnuplotText.quoted(heading, limit: 40)) font ',11'\n"
        let direction = metric.higherIsBetter.map { $0 ? "higher is better →" : "← lower is better" } ?? ""
        script +=
            "set title \(GnuplotText.quoted(number == 0 ? direction : "")) font ',10' textcolor rgb '#555555' offset 0,-0.6\n"
        if baseline != nil {
            script += "set arrow 1 from 0,graph 0 to 0,graph 1 nohead linewidth 1.2 linecolor rgb '#444444'\n"
        }
        var parts: [String] = []
        for (index, kind) in PolicyKind.allCases.enumerated() {
            for chosen in ["0", "1"] {
                let isPresent = rows.contains {
                    $0.kind == kind && comparison.selection.contains($0.name) == (chosen == "1")
                }
                guard isPresent else { continue }
                // Shapes differ by kind, so that colour is not the only sign: circle, triangle, inverted triangle,
                // diamond, square.
                let shape = [(6, 7), (8, 9), (10, 11), (12, 13), (4, 5)][index]
                let filter = "pick('\(number)', '\(panel)', '\(kind.rawValue)', '\(chosen)')"
                parts.append(
                    "'\(file).csv' skip 1 using ($7 * \(filter)):6:8:9 with xerrorbars linewidth 1.6 "
                        + "pointtype \(chosen == "1" ? shape.1 : shape.0) pointsize 0.9 "
                        + "linecolor rgb '\(Figure.colour(kind))'")
            }
        }
        script += "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        return script + (baseline == nil ? "" : "unset arrow 1\n")
    }
}

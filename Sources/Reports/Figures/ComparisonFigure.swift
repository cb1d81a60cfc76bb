// Policies against each other: a dot with its interval for each, one panel a metric.

import Evaluation
import Numerics

extension Figure {
    /// Dot-and-interval plot of a comparison, policies grouped as learners, trees and protocols.
    ///
    /// - Parameter metrics: names of up to four metrics; the return, the first two events and the first quantity of
    ///   which less is better by default.
    public static func comparison(
        _ comparison: Comparison, name: String = "comparison", title: String, metrics wanted: [String]? = nil
    ) -> Figure {
        let metrics = (wanted ?? defaultMetrics(comparison)).compactMap { comparison.metric($0) }.prefix(4)
        let percent = NumberText.significant(100 * comparison.level, 4)
        let caption =
            "\(title). Dot: mean over \(NumberText.count(comparison.patients)) test patients, "
            + "bar: \(percent) % interval over seeds and patients; filled: chosen on validation patients."
        // Rows from top to bottom, with a free row between the kinds.
        var rows: [(name: String, kind: PolicyKind, y: Double)] = []
        var y = 0.0
        for kind in PolicyKind.allCases {
            let members = comparison.policies.filter { $0.kind == kind }
            for member in members {
                rows.append((member.name, kind, y))
                y -= 1
            }
            if !members.isEmpty { y -= 0.6 }
        }
        var data = "panel,metric,kind,policy,row,estimate,low,high,selected\n"
        for (panel, metric) in metrics.enumerated() {
            let format = format(metric, comparison)
            for row in rows {
                guard let estimate = comparison.estimate(row.name, metric.name) else { continue }
                data += CSV.line(
                    [
                        "\(panel)", GnuplotText.datum(metric.name), row.kind.rawValue, GnuplotText.datum(row.name),
                        GnuplotText.number(row.y),
                    ] + [estimate.value, estimate.low, estimate.high].map { GnuplotText.number(format.scale * $0) }
                        + [comparison.selection.contains(row.name) ? "1" : "0"])
            }
        }
        let file = GnuplotText.fileName(name)
        let height = 110 + Int(22 * -y)
        let labels = 0.012 * Double(rows.map { min($0.name.count, 26) }.max() ?? 8)
        let left = min(0.30, 0.03 + labels)
        var script = GnuplotText.preamble(name: file, caption: caption, width: 860, height: height)
        script += """
            set multiplot title \(GnuplotText.quoted(title)) font ',13'
            set border 1 linewidth 0.8 linecolor rgb '#444444'
            set grid xtics noytics linetype 1 linewidth 0.5 linecolor rgb '#d8d8d8'
            set yrange [\(GnuplotText.number(y + 1.0)):0.8]
            set ytics scale 0
            set bmargin at screen \(GnuplotText.number(56 / Double(height)))
            set tmargin at screen \(GnuplotText.number(1 - 58 / Double(height)))
            unset key
            set bars 0
            set xtics font ',9'
            pick(panel, kind, chosen) = strcol(1) eq panel && strcol(3) eq kind && strcol(9) eq chosen ? 1 : NaN

            """
        let tics = rows.map { "\(GnuplotText.quoted($0.name, limit: 26)) \(GnuplotText.number($0.y))" }
        for (panel, metric) in metrics.enumerated() {
            let format = format(metric, comparison)
            let span = (0.985 - left) / Double(metrics.count)
            let low = left + span * Double(panel) + 0.012
            let high = left + span * Double(panel + 1) - 0.012
            script += "set lmargin at screen \(GnuplotText.number(low))\n"
            script += "set rmargin at screen \(GnuplotText.number(high))\n"
            script +=
                "set ytics ("
                + (panel == 0 ? tics : rows.map { "'' \(GnuplotText.number($0.y))" })
                .joined(separator: ", ") + ")\n"
            let places = comparison.rows.filter { $0.metric == metric.name }
                .flatMap { [$0.estimate.value, $0.estimate.low, $0.estimate.high] }.filter(\.isFinite)
                .map { format.scale * $0 }
            let (least, most) = (places.min() ?? 0, places.max() ?? 1)
            let room = most > least ? 0.07 * (most - least) : 1
            script += "set xrange [\(GnuplotText.number(least - room)):\(GnuplotText.number(most + room))]\n"
            script += "set xtics (" + GnuplotText.tics(least - room, most + room) + ")\n"
            let heading = metric.title + (format.unit.isEmpty ? "" : " [\(format.unit)]")
            script += "set xlabel \(GnuplotText.quoted(heading, limit: 40))\n"
            let direction = metric.higherIsBetter.map { $0 ? "higher is better →" : "← lower is better" } ?? ""
            script += "set title \(GnuplotText.quoted(direction)) font ',9' textcolor rgb '#666666' offset 0,-0.6\n"
            var parts: [String] = []
            for (index, kind) in PolicyKind.allCases.enumerated() where rows.contains(where: { $0.kind == kind }) {
                let colour = Palette.series([0, 2, 1][index])
                for chosen in ["0", "1"] {
                    let filter = "pick('\(panel)', '\(kind.rawValue)', '\(chosen)')"
                    let present = rows.contains {
                        $0.kind == kind && comparison.selection.contains($0.name) == (chosen == "1")
                    }
                    guard present else { continue }
                    // Shapes differ by kind, so that colour is not the only sign: circle, triangle, square.
                    let shape = [(6, 7), (8, 9), (4, 5)][index]
                    parts.append(
                        "'\(file).csv' skip 1 using ($6 * \(filter)):5:7:8 with xerrorbars linewidth 1.6 "
                            + "pointtype \(chosen == "1" ? shape.1 : shape.0) pointsize 0.9 linecolor rgb '\(colour)'")
                }
            }
            script += "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }

    private static func format(_ metric: Metric, _ comparison: Comparison) -> MetricFormat {
        MetricFormat(metric, comparison.rows.filter { $0.metric == metric.name }.map(\.estimate))
    }

    private static func defaultMetrics(_ comparison: Comparison) -> [String] {
        let events = comparison.metrics.filter(\.isEvent).prefix(1)
        let burdens = comparison.metrics.filter { metric in
            guard !metric.isEvent, metric.higherIsBetter == false else { return false }
            // What is defined for everyone says more than what is defined for the cured.
            return comparison.rows.allSatisfy { $0.metric != metric.name || $0.patients == comparison.patients }
        }
        return ["return"] + events.map(\.name) + burdens.prefix(1).map(\.name)
    }
}

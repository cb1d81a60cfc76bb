// Fidelity of a cohort: every column of the source beside that of the synthetic patients.

import Evaluation

/// One column's distribution in two cohorts.
public struct MarginalPanel: Sendable, Equatable {
    public var name: String
    public var unit: String
    /// Bounds of the bins, one more than bins; empty for a column of categories.
    public var edges: [Double]
    public var categories: [String]
    /// Share of the patients in each bin or category.
    public var source: [Double]
    public var synthetic: [Double]

    public init(
        name: String, unit: String = "", edges: [Double] = [], categories: [String] = [], source: [Double],
        synthetic: [Double]
    ) {
        self.name = name
        self.unit = unit
        self.edges = edges
        self.categories = categories
        self.source = source
        self.synthetic = synthetic
    }
}

extension Figure {
    /// Small multiples of distributions: source patients filled in grey, synthetic patients as a line.
    public static func marginals(
        name: String = "fidelity", title: String, panels: [MarginalPanel]
    ) -> Figure {
        let shown = panels.filter {
            !$0.source.isEmpty && $0.source.count == $0.synthetic.count
                && ($0.edges.count == $0.source.count + 1 || $0.categories.count == $0.source.count)
        }.prefix(24)
        let caption = "\(title). Grey: source patients, blue line: synthetic patients; share of the patients per bin."
        var data = "panel,column,place,source,synthetic,label\n"
        for (index, panel) in shown.enumerated() {
            let isBinned = panel.edges.count == panel.source.count + 1
            for bin in panel.source.indices {
                // Categories are bins of width 1 around 1, 2, 3…
                let place = isBinned ? panel.edges[bin] : Double(bin) + 0.5
                data += CSV.line([
                    "\(index)", GnuplotText.datum(panel.name), GnuplotText.number(place),
                    GnuplotText.number(100 * panel.source[bin]),
                    GnuplotText.number(100 * panel.synthetic[bin]),
                    isBinned ? "" : GnuplotText.datum(panel.categories[bin]),
                ])
            }
            let end = isBinned ? panel.edges[panel.source.count] : Double(panel.source.count) + 0.5
            data += CSV.line(["\(index)", GnuplotText.datum(panel.name), GnuplotText.number(end), "0.0", "0.0", ""])
        }
        let columns = shown.count > 12 ? 5 : shown.count > 4 ? 4 : max(1, min(3, shown.count))
        let lines = max(1, (shown.count + columns - 1) / columns)
        let file = GnuplotText.fileName(name)
        var script = GnuplotText.preamble(
            name: file, caption: caption, width: 240 * columns, height: 50 + 185 * lines)
        script += """
            set multiplot layout \(lines),\(columns) title \(GnuplotText.quoted(title)) font ',13' margins screen 0.045, 0.985, \(GnuplotText.number(56 / Double(50 + 185 * lines))), \(GnuplotText.number(1 - 62 / Double(50 + 185 * lines))) spacing screen \(GnuplotText.number(0.13 / Double(columns))), \(GnuplotText.number(0.36 / Double(lines)))
            unset key
            set border 1 linewidth 0.8 linecolor rgb '#444444'
            unset grid
            set yrange [0:*]
            unset ytics
            set style fill solid 1.0 noborder
            set xtics font ',8'
            set label 1 'grey: source, blue line: synthetic' at screen 0.985,screen \(GnuplotText.number(1 - 16 / Double(50 + 185 * lines))) right font ',9' textcolor rgb '#444444'
            pick(panel) = strcol(1) eq panel ? 1 : NaN

            """
        for (index, panel) in shown.enumerated() {
            let isBinned = panel.edges.count == panel.source.count + 1
            let heading = panel.name + (panel.unit.isEmpty ? "" : " [\(panel.unit)]")
            if index == 1 { script += "unset label 1\n" }
            script += "set title \(GnuplotText.quoted(heading, limit: 34)) font ',10' offset 0,-0.7\n"
            if isBinned {
                let low = panel.edges[0]
                let high = panel.edges[panel.source.count]
                script += "set xrange [\(GnuplotText.number(low)):\(GnuplotText.number(high))]\n"
                script += "set xtics (\(GnuplotText.tics(low, high))) norotate\n"
            } else {
                let many = panel.categories.count > 4 || panel.categories.contains { $0.count > 8 }
                script += "set xrange [0.4:\(GnuplotText.number(Double(panel.source.count) + 0.6))]\n"
                script +=
                    "set xtics ("
                    + panel.categories.enumerated().map { "\(GnuplotText.quoted($1, limit: 10)) \($0 + 1)" }
                    .joined(separator: ", ") + ") \(many ? "rotate by -40" : "norotate")\n"
            }
            script +=
                "plot '\(file).csv' skip 1 using ($3 * pick('\(index)')):4 with fillsteps linecolor rgb '#c8c8c8', "
            script += "'' skip 1 using ($3 * pick('\(index)')):5 with steps linewidth 1.8 linecolor rgb '#0072B2'\n"
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

// Receiver operating characteristics: a panel for every model, a curve for everything it was trained on.

import Evaluation
import Numerics

/// One panel.
public struct RiskCurvePanel: Sendable {
    public struct Series: Sendable {
        public var name: String
        /// Area under the curve.
        public var area: Estimate
        /// False positives, true positives, both shares.
        public var points: [(Double, Double)]

        public init(name: String, area: Estimate, points: [(Double, Double)]) {
            self.name = name
            self.area = area
            self.points = points
        }
    }
    public var title: String
    public var series: [Series]

    public init(title: String, series: [Series]) {
        self.title = title
        self.series = series
    }
}

extension Figure {
    /// All panels side by side, three in a row.
    public static func receiverOperatingCharacteristic(
        _ panels: [RiskCurvePanel], title: String, name: String = "roc"
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let caption =
            "Receiver operating characteristic on patients whom neither model nor generator had seen: share of patients "
            + "with the outcome who are found, against the share of the others who are taken for such. In the key the "
            + "area under the curve."
        let columns = min(3, max(1, panels.count))
        let rows = (max(1, panels.count) + columns - 1) / columns
        var data = "panel,series,false_positives,true_positives\n"
        var script = GnuplotText.preamble(
            name: file, caption: caption, width: 40 + 290 * columns, height: 60 + 380 * rows)
        script += """
            set multiplot layout \(rows),\(columns) title \(GnuplotText.quoted(title, limit: 100)) font ',13'
            set size square
            set xrange [0:1]
            set yrange [0:1]
            set xtics 0.25
            set ytics 0.25
            set grid xtics ytics
            set xlabel '1 − specificity'
            set ylabel 'sensitivity'
            set key below center vertical maxrows 3 Left reverse noenhanced samplen 2.4 spacing 1.2 font ',10'

            """
        // Lines differ in dash as well, so that colour is not the only sign.
        let dashes = [1, 2, 4]
        for (panel, item) in panels.enumerated() {
            var parts = ["x with lines linewidth 0.8 dashtype 3 linecolor rgb '\(Palette.reference)' notitle"]
            for (index, series) in item.series.enumerated() {
                for point in series.points {
                    data += CSV.line(["\(panel)", "\(index)", GnuplotText.number(point.0), GnuplotText.number(point.1)])
                }
                let area = series.area.isDefined ? " " + NumberText.fixed(series.area.value, 3) : ""
                parts.append(
                    "'\(file).csv' skip 1 using ($1 == \(panel) && $2 == \(index) ? $3 : 1/0):4 with lines "
                        + "linewidth 1.8 dashtype \(dashes[index % dashes.count]) "
                        + "linecolor rgb '\(Palette.series(index))' "
                        + "title \(GnuplotText.quoted(series.name + area, limit: 40))")
            }
            script += "set title \(GnuplotText.quoted(item.title, limit: 40)) font ',11'\n"
            script += "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

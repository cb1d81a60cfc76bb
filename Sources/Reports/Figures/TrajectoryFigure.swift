// Columns over time in real and in synthetic patients: the median, and where eight in ten visits lie.

import Evaluation

/// One column's course in two cohorts.
public struct TrajectoryPanel: Sendable, Equatable {
    /// Tenth percentile, median and ninetieth at every time; the mean thrice for a share.
    public struct Band: Sendable, Equatable {
        public var low: [Double]
        public var middle: [Double]
        public var high: [Double]

        public init(low: [Double], middle: [Double], high: [Double]) {
            self.low = low
            self.middle = middle
            self.high = high
        }
    }

    public var name: String
    public var unit: String
    public var times: [Double]
    public var real: Band
    public var synthetic: Band

    public init(name: String, unit: String, times: [Double], real: Band, synthetic: Band) {
        self.name = name
        self.unit = unit
        self.times = times
        self.real = real
        self.synthetic = synthetic
    }

    /// Whether a logarithm tells more: all above zero, and the highest twenty times the lowest.
    var isLogarithmic: Bool {
        let all = (real.low + real.high + synthetic.low + synthetic.high).filter(\.isFinite)
        guard let low = all.min(), let high = all.max() else { return false }
        return low > 0 && high >= 20 * low
    }
}

extension Figure {
    /// A panel a column: grey for real patients, blue for synthetic ones.
    ///
    /// - Parameter timeUnit: of the times since the first visit; empty where nobody said.
    public static func trajectories(
        name: String = "trajectories", title: String, timeUnit: String, panels: [TrajectoryPanel]
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let caption =
            "\(title). Line: median, band: tenth to ninetieth percentile of the visits around a time since the first "
            + "visit; grey: real patients, blue: synthetic ones. Of columns with two values the share of the second."
        let columns = panels.count > 4 ? 3 : panels.count > 1 ? 2 : 1
        let lines = max(1, (panels.count + columns - 1) / columns)
        let (cellWidth, cellHeight, head) = (columns == 1 ? 560.0 : 330.0, 210.0, 64.0)
        let width = cellWidth * Double(columns)
        let height = head + cellHeight * Double(lines) + 34
        func fromTop(_ pixels: Double) -> String { GnuplotText.number(1 - pixels / height) }
        var data = "panel,column,time,real_low,real_middle,real_high,synthetic_low,synthetic_middle,synthetic_high\n"
        for (index, panel) in panels.enumerated() {
            for place in panel.times.indices {
                data += CSV.line(
                    ["\(index)", GnuplotText.datum(panel.name)]
                        + [
                            panel.times[place], panel.real.low[place], panel.real.middle[place],
                            panel.real.high[place], panel.synthetic.low[place], panel.synthetic.middle[place],
                            panel.synthetic.high[place],
                        ].map(GnuplotText.number))
            }
        }
        let end = panels.compactMap(\.times.last).max() ?? 1
        var script = GnuplotText.preamble(name: file, caption: caption, width: Int(width), height: Int(height))
        script += """
            set multiplot
            set label 1 \(GnuplotText.quoted(title, limit: 90)) at screen 0.5,screen \(fromTop(20)) center font ',13'
            set label 2 '■ real patients' at screen 0.48,screen \(fromTop(44)) right font ',10' textcolor rgb '#777777'
            set label 3 '■ synthetic patients' at screen 0.52,screen \(fromTop(44)) left font ',10' textcolor rgb '#0072B2'
            unset key
            set xrange [0:\(GnuplotText.number(end > 0 ? end : 1))]
            set xtics (\(GnuplotText.tics(0, end > 0 ? end : 1))) font ',9'
            pick(panel, value) = strcol(1) eq panel ? value : NaN

            """
        for (index, panel) in panels.enumerated() {
            let top = head + cellHeight * Double(index / columns)
            let left = cellWidth * Double(index % columns)
            let isLast = index + columns >= panels.count
            script += """
                set lmargin at screen \(GnuplotText.number((left + 52) / width))
                set rmargin at screen \(GnuplotText.number((left + cellWidth - 14) / width))
                set tmargin at screen \(fromTop(top + 24))
                set bmargin at screen \(fromTop(top + cellHeight - 26))

                """
            let heading = panel.name + (panel.unit.isEmpty || panel.unit == "1" ? "" : " [\(panel.unit)]")
            script += "set label 4 \(GnuplotText.quoted(heading, limit: 36)) at graph 0,1.07 left font ',10'\n"
            let label = "since the first visit" + (timeUnit.isEmpty ? "" : " [\(timeUnit)]")
            let words = GnuplotText.quoted(label, limit: 60)
            script += isLast ? "set xlabel \(words) font ',9' offset 0,0.4\n" : "unset xlabel\n"
            let all = (panel.real.low + panel.real.high + panel.synthetic.low + panel.synthetic.high)
                .filter(\.isFinite)
            let (low, high) = (all.min() ?? 0, all.max() ?? 1)
            if panel.isLogarithmic {
                script +=
                    "set logscale y\nset yrange [\(GnuplotText.number(low * 0.9)):\(GnuplotText.number(high * 1.1))]\n"
                script += "set ytics (\(GnuplotText.logarithmicTics(low * 0.9, high * 1.1))) font ',9'\n"
            } else {
                let room = high > low ? 0.06 * (high - low) : max(1e-12, 0.1 * abs(high))
                let (bottom, ceiling) = (low >= 0 && low - room < 0 ? 0 : low - room, high + room)
                script += "unset logscale y\n"
                script += "set yrange [\(GnuplotText.number(bottom)):\(GnuplotText.number(ceiling))]\n"
                script += "set ytics (\(GnuplotText.tics(bottom, ceiling))) font ',9'\n"
            }
            script += "plot '\(file).csv' skip 1 using (pick('\(index)', $3)):4:6 with filledcurves "
            script += "linecolor rgb '#c8c8c8' fillstyle solid 0.6 noborder, \\\n"
            script += "  '' skip 1 using (pick('\(index)', $3)):7:9 with filledcurves "
            script += "linecolor rgb '#0072B2' fillstyle transparent solid 0.2 noborder, \\\n"
            script +=
                "  '' skip 1 using (pick('\(index)', $3)):5 with linespoints linewidth 2 pointtype 5 pointsize 0.6 "
            script += "linecolor rgb '#777777', \\\n"
            script +=
                "  '' skip 1 using (pick('\(index)', $3)):8 with linespoints linewidth 2 pointtype 7 pointsize 0.6 "
            script += "linecolor rgb '#0072B2'\n"
            if index == 0 { script += "unset label 1\nunset label 2\nunset label 3\n" }
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

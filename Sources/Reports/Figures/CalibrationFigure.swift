// A visual predictive check of a calibration: what was published, what plausible patients would have given, and what the
// accepted ones give.

import Evaluation

/// One published outcome and its simulations.
public struct CalibrationPanel: Sendable, Equatable {
    /// 5 %, 50 % and 95 % of patients.
    public struct Interval: Sendable, Equatable {
        public var low: Double
        public var middle: Double
        public var high: Double

        public init?(_ values: [Double]) {
            guard values.count == 3 else { return nil }
            (low, middle, high) = (values[0], values[1], values[2])
        }
    }
    public var name: String
    public var unit: String
    public var published: Interval
    public var before: Interval?
    public var after: Interval?

    public init(name: String, unit: String, published: Interval, before: Interval?, after: Interval?) {
        self.name = name
        self.unit = unit
        self.published = published
        self.before = before
        self.after = after
    }
}

extension Figure {
    public static func calibration(
        name: String = "calibration", title: String, panels: [CalibrationPanel]
    ) -> Figure {
        let caption =
            "\(title). Median and 5 to 95 % of patients, with error of measurement: as published (normal), simulated in "
            + "plausible patients before acceptance, and in the study's patients after it. Calibrated, not learned."
        let file = GnuplotText.fileName(name)
        let kinds = ["published", "plausible", "accepted"]
        var data = "target,name,kind,place,low,middle,high\n"
        for (index, panel) in panels.enumerated() {
            for (kind, interval) in [panel.published, panel.before, panel.after].enumerated() {
                guard let interval else { continue }
                let place = Double(panels.count - 1 - index) + 0.22 * Double(1 - kind)
                data += CSV.line(
                    ["\(index)", GnuplotText.datum(panel.name), "\(kind)"]
                        + [place, interval.low, interval.middle, interval.high].map(GnuplotText.number))
            }
        }
        var script = GnuplotText.preamble(
            name: file, caption: caption, width: 720, height: 150 + 70 * max(1, panels.count))
        let tics = panels.enumerated().map {
            "\(GnuplotText.quoted($1.name, limit: 40)) \(panels.count - 1 - $0)"
        }
        let ends = panels.flatMap { [$0.published, $0.before, $0.after].compactMap { $0 } }
            .flatMap { [$0.low, $0.high] }.filter(\.isFinite)
        let (least, most) = (ends.min() ?? 0, ends.max() ?? 1)
        let margin = 0.04 * max(most - least, 1e-12)
        let unit = Set(panels.map(\.unit)).count == 1 ? panels.first?.unit ?? "" : ""
        script += """
            set title \(GnuplotText.quoted(title)) font ',13'
            set xlabel \(GnuplotText.quoted(unit.isEmpty ? "outcome" : "outcome (\(unit))"))
            set ytics (\(tics.joined(separator: ", ")))
            set xrange [\(GnuplotText.number(least - margin)):\(GnuplotText.number(most + margin))]
            set xtics (\(GnuplotText.tics(least - margin, most + margin)))
            set yrange [-0.6:\(Double(max(1, panels.count)) - 0.4)]
            set grid noytics
            set grid xtics linetype 1 linewidth 0.5 linecolor rgb '#d8d8d8'
            set key outside right top vertical Left reverse noenhanced samplen 2 spacing 1.2

            """
        let colours = [Palette.reference, Palette.series(1), Palette.series(0)]
        let parts = kinds.indices.map { kind in
            "'\(file).csv' skip 1 using ($3 == \(kind) ? $6 : NaN):4:5:7 with xerrorbars pointtype 7 pointsize 1.1 "
                + "linewidth 2 linecolor rgb '\(colours[kind])' title '\(kinds[kind])'"
        }
        script += "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

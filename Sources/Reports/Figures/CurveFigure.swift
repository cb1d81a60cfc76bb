// Learning curves: what a learner's policy achieved on validation patients while it trained.

import Evaluation
import Numerics

/// One training run of a learner.
public struct CurveRun: Sendable, Equatable {
    /// Decisions made in training so far, ascending.
    public var decisions: [Double]
    /// The mean validation return at each.
    public var values: [Double]

    public init(decisions: [Double], values: [Double]) {
        self.decisions = decisions
        self.values = values
    }

    /// The value last measured at or before so many decisions; NaN before the first.
    func value(at decision: Double) -> Double {
        var low = 0
        var high = decisions.count
        while low < high {
            let middle = (low + high) / 2
            if decisions[middle] <= decision { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? .nan : values[low - 1]
    }
}

/// A learner's runs, one a seed.
public struct CurveSeries: Sendable, Equatable {
    public var name: String
    public var runs: [CurveRun]

    public init(name: String, runs: [CurveRun]) {
        self.name = name
        self.runs = runs
    }

    /// Mean and range over the runs at every point at which all of them have been measured.
    public func band() -> [(decisions: Double, mean: Double, low: Double, high: Double)] {
        let points = Set(runs.flatMap(\.decisions)).sorted()
        let end = runs.compactMap(\.decisions.last).min() ?? -.infinity
        return points.compactMap { point in
            let values = runs.map { $0.value(at: point) }.filter { !$0.isNaN }
            guard values.count == runs.count, point <= end, let low = values.min(), let high = values.max() else {
                return nil
            }
            return (point, Statistics.mean(values), low, high)
        }
    }
}

/// A horizontal line to compare with, such as the best protocol.
public struct ReferenceLine: Sendable, Equatable {
    public var name: String
    public var value: Double

    public init(name: String, value: Double) {
        self.name = name
        self.value = value
    }
}

extension Figure {
    /// Validation return over training: the mean over seeds, the range of the seeds as a band, references dashed.
    public static func learningCurves(
        name: String = "learning_curves", title: String, series: [CurveSeries], references: [ReferenceLine] = [],
        valueLabel: String = "mean return of validation patients"
    ) -> Figure {
        let seeds = series.map(\.runs.count).max() ?? 0
        let bands = series.map { $0.band() }
        let window = window(bands, references)
        var caption =
            "\(title). Line: mean over \(seeds == 1 ? "1 seed" : "\(seeds) seeds"), band: lowest to highest seed."
            + (references.isEmpty ? "" : " Dashed: " + references.map(\.name).joined(separator: ", ") + ".")
        if let cut = window.sentence { caption += " " + cut }
        var data = "series,name,decisions,mean,low,high\n"
        for (index, curve) in series.enumerated() {
            for point in bands[index] {
                data += CSV.line(
                    ["\(index)", GnuplotText.datum(curve.name)]
                        + [point.decisions, point.mean, point.low, point.high].map(GnuplotText.number))
            }
        }
        let file = GnuplotText.fileName(name)
        var script = GnuplotText.preamble(name: file, caption: caption, width: 760, height: 440)
        let longest = series.flatMap { $0.runs.compactMap(\.decisions.last) }.max() ?? 1
        let (divisor, unit) = longest >= 2e6 ? (1e6, " [millions]") : longest >= 2e3 ? (1e3, " [thousands]") : (1, "")
        script += """
            set title \(GnuplotText.quoted(title)) font ',13'
            set xlabel 'decisions in training\(unit)'
            set ylabel \(GnuplotText.quoted(valueLabel))
            set key outside right top vertical Left reverse noenhanced samplen 2 spacing 1.2
            set xrange [0:\(GnuplotText.number(longest / divisor))]
            set yrange [\(GnuplotText.number(window.low)):\(GnuplotText.number(window.high))]
            x(d) = d / \(GnuplotText.number(divisor))
            pick(wanted, index, value) = index == wanted ? value : NaN

            """
        if let cut = window.sentence {
            script +=
                "set label 1 \(GnuplotText.quoted(cut)) at graph 0.98,0.04 right font ',9' textcolor rgb '#555555'\n"
        }
        // Marks differ, so that colour is not the only sign.
        let shapes = [7, 5, 9, 13, 6, 4, 8, 12]
        let every = max(1, (bands.map(\.count).max() ?? 1) / 6)
        var parts: [String] = []
        for index in series.indices {
            parts.append(
                "'\(file).csv' skip 1 using (pick(\(index), $1, x($3))):5:6 with filledcurves notitle "
                    + "linecolor rgb '\(Palette.series(index))' fillstyle transparent solid 0.18 noborder")
        }
        for (index, curve) in series.enumerated() {
            parts.append(
                "'\(file).csv' skip 1 using (pick(\(index), $1, x($3))):4 with linespoints linewidth 2 "
                    + "pointtype \(shapes[index % shapes.count]) pointsize 0.8 pointinterval \(every) "
                    + "linecolor rgb '\(Palette.series(index))' "
                    + "title \(GnuplotText.quoted(curve.name, limit: 28))")
        }
        for (index, line) in references.enumerated() where line.value.isFinite {
            parts.append(
                "\(GnuplotText.number(line.value)) with lines linewidth 1.4 dashtype \(index + 2) "
                    + "linecolor rgb '\(Palette.reference)' title \(GnuplotText.quoted(line.name, limit: 28))")
        }
        script += parts.isEmpty ? "" : "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }

    /// What the vertical axis shows, and a sentence where it leaves something out.
    private struct Window {
        var low: Double
        var high: Double
        var sentence: String?
    }

    /// An axis that one training gone astray does not stretch: from the 5 % to the 95 % quantile of everything drawn,
    /// with a quarter of their distance more at either end.
    private static func window(
        _ bands: [[(decisions: Double, mean: Double, low: Double, high: Double)]], _ references: [ReferenceLine]
    ) -> Window {
        let fixed = references.map(\.value).filter(\.isFinite)
        let values = bands.flatMap { $0.flatMap { [$0.mean, $0.low, $0.high] } }.filter(\.isFinite)
        guard let least = (values + fixed).min(), let most = (values + fixed).max(), most > least else {
            let value = (values + fixed).first ?? 0
            return Window(low: value - 1, high: value + 1)
        }
        let cuts = Statistics.quantiles(values + fixed, [0.05, 0.95])
        let room = 0.25 * (cuts[1] - cuts[0])
        // A reference is always seen.
        var low = max(least, min(cuts[0] - room, fixed.min() ?? .infinity))
        var high = min(most, max(cuts[1] + room, fixed.max() ?? -.infinity))
        if high <= low { (low, high) = (least, most) }
        var cut: [String] = []
        if low > least { cut.append("down to \(NumberText.significant(least, 2))") }
        if high < most { cut.append("up to \(NumberText.significant(most, 2))") }
        let margin = 0.04 * (high - low)
        return Window(
            low: low - margin, high: high + margin,
            sentence: cut.isEmpty ? nil : "Axis cut: values reach \(cut.joined(separator: " and ")).")
    }
}

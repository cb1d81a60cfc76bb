// What a tree gains by more leaves: return against complexity, with the knee marked.

import Evaluation
import Foundation
import Numerics

/// Trees of one method with few and with many leaves, over the seeds of a study.
public struct FrontierSeries: Sendable, Equatable {
    public struct Run: Sendable, Equatable {
        /// Mean validation return for each number of leaves, with its interval over the patients.
        public var values: [Estimate]

        public init(values: [Estimate]) { self.values = values }
    }

    public var name: String
    /// Leaves at most, ascending.
    public var leaves: [Double]
    public var runs: [Run]

    public init(name: String, leaves: [Double], runs: [Run]) {
        self.name = name
        self.leaves = leaves
        self.runs = runs
    }

    /// The mean over seeds, with the range of the seeds, or for one seed the interval over its patients.
    public func points() -> [Estimate] {
        if runs.count == 1 { return runs[0].values }
        return leaves.indices.map { index in
            let values = runs.map { $0.values[index].value }
            return Estimate(Statistics.mean(values), low: values.min() ?? .nan, high: values.max() ?? .nan)
        }
    }

    /// Place of the knee of the mean, on the scale of log₂ leaves.
    public var knee: Int? { Statistics.knee(leaves.map { log2($0) }, points().map(\.value)) }
}

extension Figure {
    /// Validation return against the number of leaves, on a doubling scale, with the knee of every series ringed.
    public static func frontier(
        name: String = "frontier", title: String, series: [FrontierSeries], references: [ReferenceLine] = []
    ) -> Figure {
        let seeds = series.map(\.runs.count).max() ?? 0
        var caption =
            "\(title). Line: mean return of validation patients"
            + (seeds > 1
                ? " over \(seeds) seeds, bars: lowest to highest seed." : ", bars: 95 % interval over patients.")
        let knees = series.compactMap { one in
            one.knee.map { "\(one.name) at \(Int(one.leaves[$0])) leaves" }
        }
        if !knees.isEmpty {
            caption +=
                " Ring: the knee (Kneedle: farthest above the chord of the best so far, on the scale drawn), "
                + knees.joined(separator: ", ") + "."
        }
        if !references.isEmpty { caption += " Dashed: " + references.map(\.name).joined(separator: ", ") + "." }
        var data = "series,name,leaves,mean,low,high,knee\n"
        for (index, one) in series.enumerated() {
            let knee = one.knee
            for (place, point) in one.points().enumerated() {
                data += CSV.line(
                    ["\(index)", GnuplotText.datum(one.name)]
                        + [one.leaves[place], point.value, point.low, point.high].map(GnuplotText.number)
                        + [place == knee ? "1" : "0"])
            }
        }
        let file = GnuplotText.fileName(name)
        var script = GnuplotText.preamble(name: file, caption: caption, width: 720, height: 420)
        let ticks = Set(series.flatMap(\.leaves)).sorted()
        let (least, most) = (ticks.first ?? 1, ticks.last ?? 2)
        script += """
            set title \(GnuplotText.quoted(title)) font ',13'
            set xlabel 'leaves at most'
            set ylabel 'mean return of validation patients'
            set logscale x 2
            set xrange [\(GnuplotText.number(least / 1.25)):\(GnuplotText.number(most * 1.25))]
            set xtics (\(ticks.map { "'\(Int($0))' \(GnuplotText.number($0))" }.joined(separator: ", ")))
            set offsets 0, 0, graph 0.06, graph 0.06
            set key outside right top vertical Left reverse noenhanced samplen 2 spacing 1.2
            pick(wanted, index, value) = index == wanted ? value : NaN

            """
        let shapes = [7, 5, 9, 13, 11]
        var parts: [String] = []
        for (index, one) in series.enumerated() {
            let colour = "linecolor rgb '\(Palette.series(index))'"
            let source = "'\(file).csv' skip 1 using (pick(\(index), $1, $3))"
            parts.append("\(source):4:5:6 with yerrorbars notitle pointtype 0 linewidth 1.2 \(colour)")
            parts.append(
                "\(source):4 with linespoints linewidth 2 pointtype \(shapes[index % shapes.count]) pointsize 0.9 "
                    + "\(colour) title \(GnuplotText.quoted(one.name, limit: 28))")
            parts.append(
                "\(source):($7 == 1 ? $4 : NaN) with points pointtype 6 pointsize 3 linewidth 1.6 \(colour) "
                    + (index == series.count - 1 ? "title 'knee'" : "notitle"))
        }
        for (index, line) in references.enumerated() where line.value.isFinite {
            parts.append(
                "\(GnuplotText.number(line.value)) with lines linewidth 1.4 dashtype \(index + 2) "
                    + "linecolor rgb '\(Palette.reference)' title \(GnuplotText.quoted(line.name, limit: 28))")
        }
        script += parts.isEmpty ? "" : "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

// Fidelity in groups of patients: what is reached against what chance permits, and how often the outcome happens.

import Evaluation
import Numerics

/// One group of patients in both tables.
public struct SubgroupPanelRow: Sendable, Equatable {
    public var name: String
    public var patients: Int
    /// Mean column shapes, and what two real samples of that size reach, mean and standard deviation; NaN where they
    /// were not measured.
    public var shapes: Double
    public var expected: Double
    public var deviation: Double
    public var realRate: Estimate
    public var syntheticRate: Estimate
    /// Whether chance does not explain the difference.
    public var isBeyondChance: Bool

    public init(
        name: String, patients: Int, shapes: Double, expected: Double, deviation: Double,
        realRate: Estimate = .undefined, syntheticRate: Estimate = .undefined, isBeyondChance: Bool
    ) {
        self.name = name
        self.patients = patients
        self.shapes = shapes
        self.expected = expected
        self.deviation = deviation
        self.realRate = realRate
        self.syntheticRate = syntheticRate
        self.isBeyondChance = isBeyondChance
    }
}

extension Figure {
    /// Groups shown at most.
    public static let mostSubgroups = 24

    /// - Parameters:
    ///   - groups: in the order to show, the worst first.
    ///   - total: how many there are.
    ///   - event: what the rates are of; nil without rates.
    public static func subgroups(
        _ groups: [SubgroupPanelRow], total: Int, event: String?, name: String = "fidelity_subgroups"
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let shown = groups.prefix(mostSubgroups)
        let hasRates = event != nil && shown.contains { $0.realRate.isDefined }
        var caption =
            "Groups of patients, the worst first\(shown.count < total ? " (\(shown.count) of \(total))" : ""), with their "
            + "number of real patients. Left: mean column shapes; grey, what two samples of the real patients as large reach "
            + "by chance (two standard deviations)."
        if hasRates, let event {
            caption += " Right: share with \(event), 95 % intervals; square: real, circle: synthetic."
        }
        caption += " Filled: beyond chance after correction for all comparisons."
        var data = "name,y,shapes,expected_low,expected_high,beyond,real,real_low,real_high,synthetic,low,high\n"
        var scores: [Double] = []
        for (row, group) in shown.enumerated() {
            let low = group.expected - 2 * group.deviation
            let high = low.isFinite ? min(1, group.expected + 2 * group.deviation) : .nan
            scores += [group.shapes, low, high].filter(\.isFinite)
            let rates = [group.realRate, group.syntheticRate].flatMap { [$0.value, $0.low, $0.high] }
            data += CSV.line(
                [GnuplotText.datum(group.name), "\(-row)"] + [group.shapes, low, high].map(GnuplotText.number)
                    + [group.isBeyondChance ? "1" : "0"] + rates.map { GnuplotText.number(100 * $0) })
        }
        let least = max(0, (scores.min() ?? 0.9) - 0.01)
        let most = min(1, (scores.max() ?? 1) + 0.01)
        let height = 124 + 19 * max(1, shown.count)
        let names = shown.enumerated().map { row, group in
            "\(GnuplotText.quoted("\(shortened(group.name)) (\(NumberText.count(group.patients)))", limit: 46)) \(-row)"
        }
        let split = hasRates ? 0.66 : 0.97
        let blue = Palette.series(0)
        var script = GnuplotText.preamble(name: file, caption: caption, width: 860, height: height)
        script += """
            set multiplot
            set border 1
            set grid xtics noytics
            set bars 0
            unset key
            set tmargin at screen \(GnuplotText.number(1 - 44 / Double(height)))
            set bmargin at screen \(GnuplotText.number(60 / Double(height)))
            set lmargin at screen 0.33
            set rmargin at screen \(GnuplotText.number(split - 0.015))
            set title 'column shapes' font ',12'
            set yrange [\(GnuplotText.number(0.6 - Double(shown.count))):0.6]
            set ytics scale 0 (\(names.joined(separator: ", "))) font ',9'
            set xrange [\(GnuplotText.number(least)):\(GnuplotText.number(most))]
            set xtics (\(GnuplotText.tics(least, most)))
            set xlabel 'mean score, 1 is alike'
            set style fill solid 1.0 noborder
            plot '\(file).csv' skip 1 using 4:2:4:5:($2 - 0.3):($2 + 0.3) with boxxyerror linecolor rgb '#d0d0d0', \\
              '' skip 1 using ($6 == 0 ? $3 : NaN):2 with points pointtype 6 pointsize 0.8 linewidth 1.6 linecolor rgb '\(blue)', \\
              '' skip 1 using ($6 == 1 ? $3 : NaN):2 with points pointtype 7 pointsize 0.9 linewidth 1.6 linecolor rgb '\(blue)'

            """
        if hasRates, let event {
            script += """
                set lmargin at screen \(GnuplotText.number(split + 0.015))
                set rmargin at screen 0.97
                set title \(GnuplotText.quoted("share with \(event)", limit: 40)) font ',12'
                unset ytics
                set xrange [0:*]
                set xtics autofreq
                set xlabel 'share of patients [%]'
                plot '\(file).csv' skip 1 using 7:($2 - 0.16):8:9 with xerrorbars pointtype 5 pointsize 0.6 linewidth 1.2 linecolor rgb '#8a8a8a', \\
                  '' skip 1 using ($6 == 0 ? $10 : NaN):($2 + 0.16):11:12 with xerrorbars pointtype 6 pointsize 0.6 linewidth 1.2 linecolor rgb '\(blue)', \\
                  '' skip 1 using ($6 == 1 ? $10 : NaN):($2 + 0.16):11:12 with xerrorbars pointtype 7 pointsize 0.7 linewidth 1.2 linecolor rgb '\(blue)'

                """
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }

    private static func shortened(_ name: String) -> String {
        name.count > 34 ? name.prefix(33) + "…" : name
    }
}

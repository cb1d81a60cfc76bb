// Whether synthetic patients are told from real ones, and how near they come to single real ones.

import Evaluation
import Numerics

/// Shares of rows by their distance to the closest real row.
public struct DistanceHistogram: Sendable, Equatable {
    /// One more than bars.
    public var edges: [Double]
    public var synthetic: [Double]
    public var real: [Double]
    /// Of held-out rows, empty without any.
    public var heldOut: [Double]

    public init(edges: [Double], synthetic: [Double], real: [Double], heldOut: [Double] = []) {
        self.edges = edges
        self.synthetic = synthetic
        self.real = real
        self.heldOut = heldOut
    }
}

extension Figure {
    /// The receiver operating characteristic of a classifier of real against synthetic rows, and the distances.
    ///
    /// - Parameter curve: false positives, true positives; empty to leave that panel out.
    public static func recognition(
        curve: [(Double, Double)], area: Estimate, distances: DistanceHistogram, name: String = "fidelity_recognition"
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let caption =
            "Left: boosted trees that tell real rows from synthetic ones, each row scored by trees that had not seen it; "
            + "the diagonal is guessing. Right: distance to the closest real row, numbers in standard deviations and 1 for "
            + "another category; a cohort that copies lies left of the distances between real rows."
        let width = 860
        let height = 380
        var data = "panel,x,y,synthetic,real,held_out\n"
        for point in curve {
            data += CSV.line(["roc", GnuplotText.number(point.0), GnuplotText.number(point.1), "", "", ""])
        }
        let bars = distances.synthetic.count
        for bar in 0..<bars {
            let columns = [distances.synthetic, distances.real, distances.heldOut].map { shares in
                shares.count == bars ? GnuplotText.number(100 * shares[bar]) : "NaN"
            }
            data += CSV.line(["distance", GnuplotText.number(distances.edges[bar]), "NaN"] + columns)
        }
        data += CSV.line(
            ["distance", GnuplotText.number(distances.edges.last ?? 1), "NaN"]
                + [distances.synthetic, distances.real, distances.heldOut].map { $0.count == bars ? "0.0" : "NaN" })
        let interval =
            area.hasInterval ? " [\(NumberText.fixed(area.low, 2)), \(NumberText.fixed(area.high, 2))]" : ""
        let areaText = area.isDefined ? "AUC \(NumberText.fixed(area.value, 2))\(interval)" : "not measured"
        var script = GnuplotText.preamble(name: file, caption: caption, width: width, height: height)
        script += """
            set multiplot
            pick(panel) = strcol(1) eq panel ? 1 : NaN
            set tmargin at screen \(GnuplotText.number(1 - 50 / Double(height)))
            set bmargin at screen \(GnuplotText.number(56 / Double(height)))
            set lmargin at screen \(GnuplotText.number(92 / Double(width)))
            set rmargin at screen \(GnuplotText.number(366 / Double(width)))
            set title 'real or synthetic?' font ',12'
            set label 1 \(GnuplotText.quoted(areaText)) at graph 0.97,0.07 right font ',11' textcolor rgb '\(Palette.series(0))'
            set xrange [0:1]
            set yrange [0:1]
            set xtics 0.25
            set ytics 0.25
            set grid xtics ytics
            set xlabel 'synthetic rows taken for real'
            set ylabel 'real rows recognised'
            unset key
            plot x with lines linewidth 0.8 dashtype 3 linecolor rgb '\(Palette.reference)', \\
              '\(file).csv' skip 1 using ($2 * pick('roc')):3 with lines linewidth 1.8 linecolor rgb '\(Palette.series(0))'
            unset label 1
            set lmargin at screen \(GnuplotText.number(456 / Double(width)))
            set rmargin at screen \(GnuplotText.number(1 - 20 / Double(width)))
            set title 'distance to the closest real row' font ',12'
            set xrange [0:\(GnuplotText.number(distances.edges.last ?? 1))]
            set yrange [0:*]
            set xtics (\(GnuplotText.tics(0, distances.edges.last ?? 1)))
            set ytics autofreq
            unset grid
            set grid ytics
            set xlabel 'distance [standard deviations]'
            set ylabel 'share of rows [%]'
            set key at graph 0.98,0.97 right top Right noenhanced samplen 2 spacing 1.3 font ',10'
            set style fill solid 1.0 noborder
            plot '\(file).csv' skip 1 using ($2 * pick('distance')):5 with fillsteps linecolor rgb '#c8c8c8' title 'real to another real', \\
              '' skip 1 using ($2 * pick('distance')):4 with steps linewidth 1.8 linecolor rgb '\(Palette.series(0))' title 'synthetic to real'
            """
        if distances.heldOut.count == bars, bars > 0 {
            script += """
                , \\
                  '' skip 1 using ($2 * pick('distance')):6 with steps linewidth 1.4 dashtype 2 linecolor rgb '\(Palette.series(1))' title 'held-out to real'
                """
        }
        script += "\nunset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

// What synthetic patients are worth for training: areas under the curve with intervals, and what is gained or lost.

import Evaluation
import Numerics

/// One kind of model, trained on synthetic and on real patients, tested on the same real ones.
public struct TrainingComparison: Sendable, Equatable {
    public var name: String
    public var synthetic: Estimate
    public var real: Estimate
    public var difference: Estimate

    public init(name: String, synthetic: Estimate, real: Estimate, difference: Estimate) {
        self.name = name
        self.synthetic = synthetic
        self.real = real
        self.difference = difference
    }
}

extension Figure {
    /// - Parameter test: who the models were tested on, in words.
    public static func training(
        _ models: [TrainingComparison], event: String, test: String, name: String = "fidelity_utility"
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let caption =
            "Area under the ROC curve for \(event) of models trained on synthetic and on real patients, tested on \(test), "
            + "and the difference on the same test patients; bars are 95 % intervals over these."
        var data = "kind,model,y,estimate,low,high\n"
        var (areas, differences): ([Double], [Double]) = ([], [0, -0.03, 0.01])
        for (row, model) in models.enumerated() {
            for (kind, estimate, shift) in [
                ("synthetic", model.synthetic, 0.14), ("real", model.real, -0.14), ("difference", model.difference, 0),
            ] where estimate.isDefined {
                let low = estimate.hasInterval ? estimate.low : estimate.value
                let high = estimate.hasInterval ? estimate.high : estimate.value
                if kind == "difference" { differences += [low, high] } else { areas += [low, high] }
                data += CSV.line(
                    [kind, GnuplotText.datum(model.name)]
                        + [shift - Double(row), estimate.value, low, high].map(GnuplotText.number))
            }
        }
        func range(_ values: [Double]) -> (Double, Double) {
            let (low, high) = (values.min() ?? 0, values.max() ?? 1)
            let room = max(0.005, 0.06 * (high - low))
            return (low - room, high + room)
        }
        let (low, high) = (range(areas).0, min(1.002, range(areas).1))
        let (least, most) = range(differences)
        let height = 138 + 62 * max(1, models.count)
        let names = models.enumerated().map { "\(GnuplotText.quoted($1.name, limit: 30)) \(-$0)" }
        var script = GnuplotText.preamble(name: file, caption: caption, width: 860, height: height)
        script += """
            set multiplot
            kind(which) = strcol(1) eq which ? 1 : NaN
            set border 1
            set grid xtics noytics
            set bars 0
            set tmargin at screen \(GnuplotText.number(1 - 62 / Double(height)))
            set bmargin at screen \(GnuplotText.number(62 / Double(height)))
            set lmargin at screen 0.17
            set rmargin at screen 0.55
            set title 'area under the ROC curve' font ',12' offset 0,1.2
            set yrange [\(GnuplotText.number(0.5 - Double(models.count))):0.5]
            set ytics scale 0 (\(names.joined(separator: ", ")))
            set xrange [\(GnuplotText.number(low)):\(GnuplotText.number(high))]
            set xtics (\(GnuplotText.tics(low, min(1, high))))
            set xlabel 'area, 1 is best'
            set key at graph 0.5,1.03 center bottom horizontal maxrows 1 width 2 noenhanced samplen 1 font ',10'
            plot '\(file).csv' skip 1 using ($4 * kind('real')):3:5:6 with xerrorbars pointtype 5 pointsize 0.8 linewidth 1.6 linecolor rgb '#8a8a8a' title 'trained on real', \\
              '' skip 1 using ($4 * kind('synthetic')):3:5:6 with xerrorbars pointtype 7 pointsize 0.8 linewidth 1.6 linecolor rgb '\(Palette.series(0))' title 'trained on synthetic'
            set lmargin at screen 0.62
            set rmargin at screen 0.97
            set title 'synthetic − real, same test patients' font ',12' offset 0,1.2
            unset ytics
            unset key
            set xrange [\(GnuplotText.number(least)):\(GnuplotText.number(most))]
            set xtics (\(GnuplotText.tics(least, most)))
            set xlabel 'difference of the areas'
            set arrow 1 from 0,graph 0 to 0,graph 1 nohead linewidth 0.9 linecolor rgb '#444444'
            plot '\(file).csv' skip 1 using ($4 * kind('difference')):3:5:6 with xerrorbars pointtype 7 pointsize 0.8 linewidth 1.6 linecolor rgb '\(Palette.series(0))'
            unset multiplot

            """
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

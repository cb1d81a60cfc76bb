// Where the trees of all seeds split: points that lie in one column are thresholds that did not move.

import Evaluation
import Numerics
import Patients

extension Figure {
    /// A row for every observation that some seed's tree asks for, a point for every split, seeds above each other.
    ///
    /// Nil where no tree asks for anything.
    public static func stability(
        _ stability: TreeStability, task: TaskDescription, name: String = "stability"
    ) -> Figure? {
        guard !stability.features.isEmpty else { return nil }
        let words = TreeWords(task)
        let shown = stability.features.prefix(16)
        var caption =
            "Where the trees \(stability.tree) of \(stability.seeds) seeds split. A point is a split, its place the "
            + "threshold within the observation's plausible range; seeds lie above each other, the first on top; filled "
            + "diamonds are roots. Right: lowest to highest threshold."
        if shown.count < stability.features.count {
            caption += " The \(shown.count) most used of \(stability.features.count) observations."
        }
        let file = GnuplotText.fileName(name)
        let height = 120 + 34 * shown.count
        var data = "feature,seed,root,place,y\n"
        var tics: [String] = []
        var ranges = ""
        var places = [0.0, 100.0]
        for (row, feature) in shown.enumerated() {
            guard let index = task.observations.firstIndex(where: { $0.name == feature.name }) else { continue }
            let range = task.observations[index].range
            let width = range.upperBound - range.lowerBound
            for split in stability.splits where split.feature == feature.name {
                let place = width > 0 ? 100 * (split.threshold - range.lowerBound) / width : 50
                let shift =
                    stability.seeds > 1 ? 0.24 - 0.48 * Double(split.seed - 1) / Double(stability.seeds - 1) : 0
                places.append(place)
                data += CSV.line([
                    GnuplotText.datum(feature.name), "\(split.seed)", split.depth == 0 ? "1" : "0",
                    GnuplotText.number(place), GnuplotText.number(shift - Double(row)),
                ])
            }
            let label = "\(words.name(index)), \(feature.seeds) of \(stability.seeds)"
            tics.append("\(GnuplotText.quoted(label, limit: 40)) \(-row)")
            let text =
                words.isFlag(index)
                ? "yes or no"
                : feature.low == feature.high
                    ? words.value(index, feature.low) + words.unit(index)
                    : words.range(index, feature.low, feature.high)
            ranges += "set label \(row + 1) \(GnuplotText.quoted(text, limit: 40)) at graph 1.015,first \(-row) left "
            ranges += "font ',10' textcolor rgb '#444444'\n"
        }
        let (low, high) = (max(-50, places.min() ?? 0), min(150, places.max() ?? 100))
        var title = "Splits of \(stability.tree) over \(stability.seeds) seeds"
        if let root = stability.commonRoot, let index = task.observations.firstIndex(where: { $0.name == root.name }) {
            title += ": \(words.name(index)) first in \(root.roots) of \(stability.seeds)"
        }
        if stability.agreement.isDefined {
            title += "; same action in \(NumberText.percent(stability.agreement.value, 0)) of states"
        }
        var script = GnuplotText.preamble(name: file, caption: caption, width: 860, height: height)
        script += """
            set title \(GnuplotText.quoted(title, limit: 110)) font ',13'
            set border 1
            set grid xtics noytics
            set xlabel 'threshold, place in the observation''s plausible range [%]'
            set xrange [\(GnuplotText.number(low - 2)):\(GnuplotText.number(high + 2))]
            set yrange [\(GnuplotText.number(0.6 - Double(shown.count))):0.6]
            set ytics scale 0 (\(tics.joined(separator: ", ")))
            set rmargin at screen 0.76
            unset key
            \(ranges)
            plot '\(file).csv' skip 1 using ($3 == 0 ? $4 : NaN):5 with points pointtype 6 pointsize 0.7 linewidth 1.4 \
            linecolor rgb '\(Palette.series(0))', \\
              '\(file).csv' skip 1 using ($3 == 1 ? $4 : NaN):5 with points pointtype 13 pointsize 1.1 \
            linecolor rgb '\(Palette.series(1))'

            """
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

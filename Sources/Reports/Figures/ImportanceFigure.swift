// What policies rely on: bars of what it costs to shuffle an observation.

import Evaluation
import Numerics
import Patients

extension Figure {
    /// A row for every observation that costs something to shuffle, a bar for every policy, the costliest first.
    ///
    /// Nil where nothing costs anything.
    public static func importance(
        _ all: [PermutationImportance], task: TaskDescription, name: String = "importance"
    ) -> Figure? {
        let words = TreeWords(task)
        let rows = task.observations.indices.compactMap { index -> (index: Int, drops: [Estimate])? in
            let drops = all.map { policy in
                policy.features.first { $0.name == task.observations[index].name }?.drop ?? .undefined
            }
            return drops.contains { $0.isDefined && $0.value != 0 } ? (index, drops) : nil
        }
        .sorted { a, b in
            func most(_ drops: [Estimate]) -> Double { drops.map(\.value).filter(\.isFinite).max() ?? 0 }
            return (most(b.drops), a.index) < (most(a.drops), b.index)
        }
        let shown = rows.prefix(12)
        guard !shown.isEmpty, let first = all.first else { return nil }
        var caption =
            "Fall of the mean return of \(NumberText.count(first.patients)) test patients when one observation is "
            + "replaced, at every decision, by its value at some other decision of some other patient, with 95 % "
            + "intervals over patients."
        if shown.count < rows.count { caption += " The \(shown.count) costliest of \(rows.count) observations." }
        let file = GnuplotText.fileName(name)
        let height = 130 + shown.count * max(34, 18 * all.count)
        var data = "policy,name,feature,drop,low,high,y,left,right,bottom,top\n"
        let thickness = 0.76 / Double(all.count)
        var ends = [0.0]
        for (row, item) in shown.enumerated() {
            for (index, drop) in item.drops.enumerated() where drop.isDefined {
                let top = 0.38 - Double(row) - Double(index) * thickness
                ends += [drop.value, drop.low, drop.high].filter(\.isFinite)
                data += CSV.line(
                    [
                        "\(index)", GnuplotText.datum(all[index].policy),
                        GnuplotText.datum(task.observations[item.index].name),
                    ]
                        + [
                            drop.value, drop.low, drop.high, top - thickness / 2, min(0, drop.value),
                            max(0, drop.value), top - thickness, top,
                        ].map(GnuplotText.number))
            }
        }
        let tics = shown.enumerated().map { row, item in
            "\(GnuplotText.quoted(words.name(item.index), limit: 40)) \(-row)"
        }
        let (least, most) = (ends.min() ?? 0, ends.max() ?? 1)
        let room = most > least ? 0.04 * (most - least) : 1
        var script = GnuplotText.preamble(name: file, caption: caption, width: 760, height: height)
        script += """
            set title 'What it costs to shuffle an observation' font ',13'
            set border 1
            set grid xtics noytics
            set xlabel 'fall of the mean return'
            set xrange [\(GnuplotText.number(least < 0 ? least - room : 0)):\(GnuplotText.number(most + room))]
            set xtics (\(GnuplotText.tics(least, most)))
            set yrange [\(GnuplotText.number(0.6 - Double(shown.count))):0.6]
            set ytics scale 0 (\(tics.joined(separator: ", ")))
            set key inside right bottom Left reverse noenhanced samplen 1.5 spacing 1.3
            set style fill solid 0.85 noborder
            set bars 0

            """
        // Bars differ in brightness too, so that colour is not the only sign.
        let colours = [Palette.series(2), Palette.series(4), Palette.series(5)]
        var parts: [String] = []
        for (index, policy) in all.enumerated() {
            let title = "\(policy.kind.rawValue) \(policy.policy), seed \(policy.seed)"
            parts.append(
                "'\(file).csv' skip 1 using ($1 == \(index) ? $4 : NaN):7:8:9:10:11 with boxxyerror "
                    + "linecolor rgb '\(colours[index % colours.count])' title \(GnuplotText.quoted(title, limit: 40))")
        }
        parts.append(
            "'\(file).csv' skip 1 using 4:7:5:6 with xerrorbars pointtype 7 pointsize 0.4 linewidth 1.4 "
                + "linecolor rgb '#222222' notitle")
        script += "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

// How policies adapt: mean return against the patients of another population who were learned from.

import Evaluation

extension Figure {
    /// A panel for every policy and population: carried over as a band, adapted and trained anew as points with intervals.
    public static func adaptation(
        name: String = "adaptation", title: String, _ result: AdaptationComparison
    ) -> Figure {
        let caption =
            "\(title). Mean return on test patients of the other population, with 95 % intervals, against the number of its "
            + "patients who were learned from. Grey: carried over unchanged; blue: trained on from there; orange: the same "
            + "learner trained anew with the same budget."
        let file = GnuplotText.fileName(name)
        let panels = result.trials
        let columns = panels.count == 4 ? 2 : max(1, min(3, panels.count))
        // One power of ten for all panels, so that they can be compared.
        let format = MetricFormat(.return, result.rows.filter { $0.metric == "return" }.map(\.estimate))
        func scaled(_ value: Double) -> String { GnuplotText.number(format.scale * value) }
        let axis = GnuplotText.quoted("mean return" + (format.unit.isEmpty ? "" : ", \(format.unit)"))
        let lines = max(1, (panels.count + columns - 1) / columns)
        let (width, height) = (max(440, 300 * columns), 70 + 240 * lines)
        var data = "panel,population,policy,way,place,patients,mean,low,high\n"
        var script = GnuplotText.preamble(name: file, caption: caption, width: width, height: height)
        func fromTop(_ pixels: Double) -> String { GnuplotText.number(1 - pixels / Double(height)) }
        script += """
            set multiplot
            set label 1 \(GnuplotText.quoted(title)) at screen 0.5,screen \(fromTop(18)) center font ',13'
            set label 2 '━ carried over' at screen 0.25,screen \(fromTop(42)) center font ',10' textcolor rgb '\(Palette.reference)'
            set label 3 '● adapted' at screen 0.5,screen \(fromTop(42)) center font ',10' textcolor rgb '\(Palette.series(0))'
            set label 4 '■ anew' at screen 0.72,screen \(fromTop(42)) center font ',10' textcolor rgb '\(Palette.series(1))'
            unset key
            set xtics font ',9'
            set ytics font ',9'
            is(panel, way) = strcol(1) eq panel && strcol(4) eq way ? 1 : NaN

            """
        for (index, panel) in panels.enumerated() {
            let (column, line) = (Double(index % columns), Double(index / columns))
            let cell = Double(width) / Double(columns)
            let counts = result.patients(panel.policy, in: panel.population)
            for way in AdaptationWay.allCases {
                for (place, count) in counts.enumerated() {
                    let row = result.row(
                        panel.policy, way, patients: way == .carriedOver ? 0 : count, "return", in: panel.population)
                    guard let row else { continue }
                    // Points beside each other, so that intervals do not hide each other.
                    let shift = way == .adapted ? -0.06 : way == .anew ? 0.06 : 0
                    data += CSV.line(
                        [
                            "\(index)", GnuplotText.datum(panel.population), GnuplotText.datum(panel.policy),
                            way.rawValue, GnuplotText.number(Double(place) + shift), "\(count)",
                        ] + [row.estimate.value, row.estimate.low, row.estimate.high].map(scaled))
                }
            }
            let tics = counts.enumerated().map { "\(GnuplotText.quoted("\($1)")) \($0)" }.joined(separator: ", ")
            func of(_ way: AdaptationWay, _ columns: String) -> String {
                "'\(file).csv' skip 1 using ($5 * is('\(index)', '\(way.rawValue)')):\(columns)"
            }
            let carried = result.row(panel.policy, .carriedOver, "return", in: panel.population)?.estimate
            let lower = scaled(carried.map { $0.hasInterval ? $0.low : $0.value } ?? .nan)
            let upper = scaled(carried.map { $0.hasInterval ? $0.high : $0.value } ?? .nan)
            let end = GnuplotText.number(Double(counts.count) - 0.6)
            script += """
                set lmargin at screen \(GnuplotText.number((column * cell + 66) / Double(width)))
                set rmargin at screen \(GnuplotText.number(((column + 1) * cell - 14) / Double(width)))
                set tmargin at screen \(fromTop(62 + line * 240 + 26))
                set bmargin at screen \(fromTop(62 + (line + 1) * 240 - 42))
                set label 5 \(GnuplotText.quoted("\(panel.policy) in \(panel.population)", limit: 34)) at graph 0,1.07 left font ',10'
                set xrange [-0.4:\(end)]
                set offsets 0, 0, graph 0.06, graph 0.06
                set xtics (\(tics))
                set xlabel 'patients learned from' font ',9' offset 0,0.6
                \(column == 0 ? "set ylabel \(axis) font ',9'" : "unset ylabel")
                set object 1 rectangle from -0.4,\(lower) to \(end),\(upper) behind fillstyle solid 0.25 noborder fillcolor rgb '#9a9a9a'
                plot \(scaled(carried?.value ?? .nan)) with lines linewidth 1.6 linecolor rgb '\(Palette.reference)', \\
                  \(of(.adapted, "7:8:9")) with yerrorbars pointtype 7 pointsize 0.9 linewidth 1.6 linecolor rgb '\(Palette.series(0))', \\
                  \(of(.adapted, "7")) with lines linewidth 1.2 linecolor rgb '\(Palette.series(0))', \\
                  \(of(.anew, "7:8:9")) with yerrorbars pointtype 5 pointsize 0.8 linewidth 1.6 linecolor rgb '\(Palette.series(1))', \\
                  \(of(.anew, "7")) with lines linewidth 1.2 linecolor rgb '\(Palette.series(1))'
                unset object 1

                """
            if index == 0 { script += "unset label 1\nunset label 2\nunset label 3\nunset label 4\n" }
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

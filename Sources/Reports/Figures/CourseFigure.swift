// One patient's course with and without treatment: what is seen at each decision, and the doses given.

import Evaluation

/// A number that is followed over a course.
public struct CoursePanel: Sendable, Equatable {
    public var name: String
    public var unit: String
    /// At the times of the treated and of the untreated course.
    public var treated: [Double]
    public var untreated: [Double]

    public init(name: String, unit: String, treated: [Double], untreated: [Double]) {
        self.name = name
        self.unit = unit
        self.treated = treated
        self.untreated = untreated
    }
}

/// A dose in the order given.
public struct CourseDose: Sendable, Equatable {
    public var name: String
    public var times: [Double]
    public var levels: [Double]

    public init(name: String, times: [Double], levels: [Double]) {
        self.name = name
        self.times = times
        self.levels = levels
    }
}

extension Figure {
    /// - Parameters:
    ///   - treated: what the treated course is called.
    ///   - times: when the panels' numbers were seen, for the treated and the untreated course.
    public static func course(
        name: String, title: String, timeUnit: String, treated: String, untreated: String, times: [Double],
        untreatedTimes: [Double], panels: [CoursePanel], doses: [CourseDose]
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let given = doses.filter { !$0.times.isEmpty }
        let caption =
            "\(title). Blue: \(treated); grey, dashed: \(untreated); "
            + "at the bottom the doses of the treated patient" + (given.isEmpty ? " (none was given)." : ".")
        let (columns, height) = (panels.count > 3 ? 2 : 1, 158.0)
        let lines = (panels.count + columns - 1) / columns
        let doseHeight = given.isEmpty ? 0 : 24 + 18 * Double(given.count)
        let width = columns == 1 ? 620 : 860
        let total = 58 + height * Double(lines) + doseHeight + 64
        var script = GnuplotText.preamble(name: file, caption: caption, width: width, height: Int(total))
        let end = max(times.last ?? 1, untreatedTimes.last ?? 1)
        let tics = GnuplotText.tics(0, end > 0 ? end : 1)
        // Times stand under the last panels only.
        let bareTics = GnuplotText.tickPlaces(0, end > 0 ? end : 1).map { "'' \($0)" }.joined(separator: ", ")
        func fromTop(_ pixels: Double) -> String { GnuplotText.number(1 - pixels / Double(Int(total))) }
        func place(_ column: Int, _ top: Double, _ bottom: Double) -> String {
            let (left, right) =
                columns == 1 ? (0.16, 0.96) : (column == 0 ? (0.11, 0.49) : (0.59, 0.97))
            return """
                set lmargin at screen \(left)
                set rmargin at screen \(right)
                set tmargin at screen \(fromTop(top))
                set bmargin at screen \(fromTop(bottom))

                """
        }
        script += """
            set multiplot
            set label 1 \(GnuplotText.quoted(title, limit: 90)) at screen 0.5,screen \(fromTop(18)) center font ',13'
            set label 2 \(GnuplotText.quoted("━ \(treated)", limit: 40)) at screen 0.48,screen \(fromTop(40)) right font ',10' textcolor rgb '#0072B2'
            set label 3 \(GnuplotText.quoted("╍ \(untreated)", limit: 40)) at screen 0.52,screen \(fromTop(40)) left font ',10' textcolor rgb '\(Palette.reference)'
            unset key
            set xrange [0:\(GnuplotText.number(end > 0 ? end : 1))]
            row(kind, value) = strcol(1) eq kind ? value : NaN

            """
        for (index, panel) in panels.enumerated() {
            let line = index / columns
            let isLast = index + columns >= panels.count
            let top = 58 + height * Double(line)
            script += place(index % columns, top + 26, top + height - 10)
            let label = panel.name + (panel.unit.isEmpty || panel.unit == "1" ? "" : " [\(panel.unit)]")
            script += "set label 4 \(GnuplotText.quoted(label, limit: 44)) at graph 0,1.09 left font ',10'\n"
            let showsTime = isLast && given.isEmpty
            script += showsTime ? "set xlabel 'time [\(GnuplotText.tame(timeUnit))]'\n" : "unset xlabel\n"
            script += "set xtics (\(showsTime ? tics : bareTics))\n"
            let all = (panel.treated + panel.untreated).filter(\.isFinite)
            let (low, high) = (all.min() ?? 0, all.max() ?? 1)
            let room = high > low ? 0.06 * (high - low) : max(1e-12, 0.1 * abs(high))
            let (bottom, ceiling) = (low >= 0 && low - room < 0 ? 0 : low - room, high + room)
            script += "set yrange [\(GnuplotText.number(bottom)):\(GnuplotText.number(ceiling))]\n"
            script += "set ytics (\(GnuplotText.tics(bottom, ceiling)))\n"
            let column = index + 4
            script +=
                "plot '\(file).csv' skip 1 using (row('untreated', $2)):\(column) with lines dashtype 2 linewidth 1.6 "
                + "linecolor rgb '\(Palette.reference)', \\\n  '' skip 1 using (row('treated', $2)):\(column) "
                + "with lines linewidth 2 linecolor rgb '\(Palette.series(0))'\n"
            if index == 0 { script += "unset label 1\nunset label 2\nunset label 3\n" }
        }
        if !given.isEmpty {
            let top = 58 + height * Double(lines)
            for column in 0..<columns {
                script += place(column, top + 20, top + doseHeight)
                script += "set xtics (\(tics))\n"
                script += "set label 4 'doses' at graph 0,screen \(fromTop(top + 8)) left font ',10'\n"
                script += doseRows(given, file: file, timeUnit: timeUnit, isNamed: column == 0 || columns == 1)
            }
        }
        script += "unset multiplot\n"
        return Figure(
            name: name, caption: caption, data: courseTable(times, untreatedTimes, panels, given),
            script: script + GnuplotText.ending)
    }

    /// A row of marks for each dose; the larger the mark, the larger the level.
    private static func doseRows(_ doses: [CourseDose], file: String, timeUnit: String, isNamed: Bool) -> String {
        let names = doses.enumerated().map { "\(GnuplotText.quoted($1.name, limit: 12)) \(-$0)" }
        var parts: [String] = []
        let shapes = [9, 5, 7, 13]
        for (index, dose) in doses.enumerated() {
            // Many marks are drawn small, so that each is one.
            let size = min(1, max(0.25, 30 / Double(dose.times.count)))
            parts.append(
                "'\(file).csv' skip 1 using (row('dose \(index)', $2)):(\(-index)):(\(GnuplotText.number(size)) * (0.5 + $3)) with points "
                    + "pointtype \(shapes[index % shapes.count]) pointsize variable "
                    + "linecolor rgb '\(Palette.series(index + 1))'")
        }
        return """
            set xlabel 'time [\(GnuplotText.tame(timeUnit))]'
            set yrange [\(GnuplotText.number(0.6 - Double(doses.count))):0.6]
            \(isNamed ? "set ytics (\(names.joined(separator: ", "))) scale 0 font ',9'" : "unset ytics")
            unset grid
            plot \(parts.joined(separator: ", \\\n  "))

            """
    }

    /// `row,time,level` and a column for each panel; the level is that of a dose, its share of the largest given.
    private static func courseTable(
        _ times: [Double], _ untreatedTimes: [Double], _ panels: [CoursePanel], _ doses: [CourseDose]
    ) -> String {
        var data = CSV.line(["row", "time", "level"] + panels.map { GnuplotText.datum($0.name) })
        for (kind, times, values) in [
            ("untreated", untreatedTimes, panels.map(\.untreated)), ("treated", times, panels.map(\.treated)),
        ] {
            for (row, time) in times.enumerated() {
                data += CSV.line(
                    [kind, GnuplotText.number(time), ""]
                        + values.map { $0.indices.contains(row) ? GnuplotText.number($0[row]) : "NaN" })
            }
        }
        for (index, dose) in doses.enumerated() {
            let most = dose.levels.max() ?? 1
            for (time, level) in zip(dose.times, dose.levels) {
                data += CSV.line(
                    ["dose \(index)", GnuplotText.number(time), GnuplotText.number(most > 0 ? level / most : 1)]
                        + panels.map { _ in "NaN" })
            }
        }
        return data
    }
}

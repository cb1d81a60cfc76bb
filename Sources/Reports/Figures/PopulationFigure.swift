// How policies carry over: the mean return of each in every population.

import Evaluation

extension Figure {
    /// A group of points for each population, one for each policy, with intervals.
    public static func populations(
        name: String = "populations", title: String, _ result: PopulationComparison
    ) -> Figure {
        let caption =
            "\(title). Mean return of every policy with its 95 % interval, at home and on the counterparts of the same "
            + "patients in other populations."
        let file = GnuplotText.fileName(name)
        var data = "series,policy,population,place,mean,low,high\n"
        let policies = result.policies
        let width = 0.7 / Double(max(1, policies.count - 1))
        for (series, policy) in policies.enumerated() {
            for (index, population) in result.populations.enumerated() {
                guard let row = result.row(policy.name, "return", in: population.name) else { continue }
                let place = Double(index) + width * (Double(series) - Double(policies.count - 1) / 2)
                data += CSV.line(
                    ["\(series)", GnuplotText.datum(policy.name), GnuplotText.datum(population.name)]
                        + [place, row.estimate.value, row.estimate.low, row.estimate.high].map(GnuplotText.number))
            }
        }
        var script = GnuplotText.preamble(name: file, caption: caption, width: 760, height: 420)
        let tics = result.populations.enumerated().map { "\(GnuplotText.quoted($1.name, limit: 24)) \($0)" }
        script += """
            set title \(GnuplotText.quoted(title)) font ',13'
            set ylabel 'mean return'
            set xtics (\(tics.joined(separator: ", ")))
            set xrange [-0.6:\(Double(result.populations.count) - 0.4)]
            set offsets 0, 0, graph 0.06, graph 0.06
            set key outside right top vertical Left reverse noenhanced samplen 2 spacing 1.2

            """
        let parts = policies.indices.map { series in
            "'\(file).csv' skip 1 using ($1 == \(series) ? $4 : NaN):5:6:7 with yerrorbars pointtype 7 pointsize 0.9 "
                + "linewidth 1.6 linecolor rgb '\(Palette.series(series))' "
                + "title \(GnuplotText.quoted(policies[series].name, limit: 28))"
        }
        script += parts.isEmpty ? "" : "plot " + parts.joined(separator: ", \\\n  ") + "\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }
}

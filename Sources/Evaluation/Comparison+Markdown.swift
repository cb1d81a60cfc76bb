// The comparison as a table in Markdown, for reports that are kept beside a study.

import Numerics

extension Comparison {
    /// A table of all policies: seeds, mean return, the further statistics of the return, every outcome; estimates with
    /// intervals. The sentences of the comparison follow as a list.
    public func markdown() -> String {
        let formats = formats()
        let statistics = statistics
        let statisticFormats = statistics.map { format(statistic: $0.name) }
        // A title that ends in its unit (`chemo doses`) says it once.
        func heading(_ title: String, _ unit: String) -> String {
            unit.isEmpty || title.hasSuffix(unit) ? title : "\(title), \(unit)"
        }
        let returnUnit = formats[0].unit
        let headings =
            ["policy", "seeds", heading("mean return", returnUnit)]
            + zip(statistics, statisticFormats).map { heading($0.title + " return", $1.unit) }
            + zip(metrics, formats).dropFirst().map { heading($0.title, $1.unit) }
        var text = Markdown.line(headings)
        text += Markdown.line(["---", "---:"] + Array(repeating: "---:", count: headings.count - 2))
        for kind in PolicyKind.allCases {
            let members = ordered(kind)
            guard !members.isEmpty else { continue }
            text += Markdown.line(["*\(kind.plural)*"] + Array(repeating: "", count: headings.count - 1))
            for (name, seeds) in members {
                let cells = zip(metrics, formats).map { metric, format in
                    estimate(name, metric.name).map(format.text) ?? "–"
                }
                let further = zip(statistics, statisticFormats).map { statistic, format in
                    self.statistic(name, statistic.name).map(format.text) ?? "–"
                }
                let title = selection.contains(name) ? "**\(name)**" : name
                text += Markdown.line(
                    [title, kind == .fixed ? "" : "\(seeds)", cells[0]] + further + cells.dropFirst())
            }
        }
        let percent = NumberText.fixed(100 * level, 0)
        text += "\n\(testPatients); \(percent) % intervals, seeds and patients resampled, crossed. "
        text += "Bold: the best of its kind on validation patients.\n"
        let sentences = rankingSentences()
        if !sentences.isEmpty { text += "\n" + sentences.map { "- \(NumberText.printable($0))\n" }.joined() }
        return text
    }
}

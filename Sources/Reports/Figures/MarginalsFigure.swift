// Fidelity of a cohort: every column of the source beside that of the synthetic patients, and how each protocol does.

import Evaluation
import Numerics

/// One column's distribution in two cohorts.
public struct MarginalPanel: Sendable, Equatable {
    public var name: String
    public var unit: String
    /// What the column is, in words.
    public var meaning: String
    /// Bounds of the bins, one more than bins; empty for a column of categories.
    public var edges: [Double]
    public var categories: [String]
    /// Share of the patients in each bin or category.
    public var source: [Double]
    public var synthetic: [Double]

    public init(
        name: String, unit: String = "", meaning: String = "", edges: [Double] = [], categories: [String] = [],
        source: [Double], synthetic: [Double]
    ) {
        self.name = name
        self.unit = unit
        self.meaning = meaning
        self.edges = edges
        self.categories = categories
        self.source = source
        self.synthetic = synthetic
    }

    var isBinned: Bool { edges.count == source.count + 1 }

    /// Whether its bins are equally wide in the logarithm.
    var isLogarithmic: Bool {
        guard isBinned, edges.count > 3, edges[0] > 0, let last = edges.last, last > 2 * edges[0] else { return false }
        let first = edges[1] / edges[0]
        return abs(edges[edges.count - 2] * first / last - 1) < 1e-6
    }
}

/// How often an event happens under one protocol in two cohorts, shares in [0, 1].
public struct RatePair: Sendable, Equatable {
    public var name: String
    public var source: Double
    public var synthetic: Double

    public init(name: String, source: Double, synthetic: Double) {
        self.name = name
        self.source = source
        self.synthetic = synthetic
    }
}

extension Figure {
    /// A panel a column: grey bars for the source, a line for the synthetic patients. The last panel, where there are
    /// rates, shows an event's share under every protocol.
    ///
    /// - Parameter event: what the rates are of, in words, such as `cured`.
    public static func marginals(
        name: String = "fidelity", title: String, panels: [MarginalPanel], rates: [RatePair] = [], event: String = ""
    ) -> Figure {
        let shown = panels.filter { !$0.source.isEmpty && $0.source.count == $0.synthetic.count }
        var caption =
            "\(title). Grey bars: source patients, blue line: synthetic patients; share of the patients per bin"
        caption +=
            shown.contains { $0.isLogarithmic } ? ", bins of equal width in the logarithm where the axis is." : "."
        if !rates.isEmpty {
            caption += " Last panel: share \(event) under each protocol, square: source, circle: synthetic."
        }
        let file = GnuplotText.fileName(name)
        let grid = PanelGrid(panels: shown.count, hasRates: !rates.isEmpty, rates: rates.count)
        var script = GnuplotText.preamble(name: file, caption: caption, width: grid.width, height: grid.height)
        script += """
            set multiplot
            set label 1 \(GnuplotText.quoted(title)) at screen 0.5,screen \(grid.fromTop(20)) center font ',13'
            set label 2 '■ source patients' at screen 0.36,screen \(grid.fromTop(42)) center font ',10' textcolor rgb '#8a8a8a'
            set label 3 '━ ● synthetic patients' at screen 0.62,screen \(grid.fromTop(42)) center font ',10' textcolor rgb '#0072B2'
            unset key
            set border 1 linewidth 0.8 linecolor rgb '#444444'
            unset grid
            unset ytics
            set style fill solid 1.0 noborder
            set xtics font ',8'
            pick(panel) = strcol(1) eq panel ? 1 : NaN

            """
        for (index, panel) in shown.enumerated() {
            script += marginal(panel, index, file: file, grid: grid)
            if index == 0 { script += "unset label 1\nunset label 2\nunset label 3\n" }
        }
        if !rates.isEmpty { script += ratePanel(rates, event: event, file: file, grid: grid) }
        script += "unset multiplot\n"
        return Figure(
            name: name, caption: caption, data: table(shown, rates), script: script + GnuplotText.ending)
    }

    private static func table(_ shown: [MarginalPanel], _ rates: [RatePair]) -> String {
        var data = "panel,column,place,source,synthetic,label\n"
        for (index, panel) in shown.enumerated() {
            for bin in panel.source.indices {
                // Categories are bins of width 1 around 1, 2, 3…
                let place = panel.isBinned ? panel.edges[bin] : Double(bin) + 0.5
                data += CSV.line([
                    "\(index)", GnuplotText.datum(panel.name), GnuplotText.number(place),
                    GnuplotText.number(100 * panel.source[bin]),
                    GnuplotText.number(100 * panel.synthetic[bin]),
                    panel.isBinned ? "" : GnuplotText.datum(panel.categories[bin]),
                ])
            }
            let end = panel.isBinned ? panel.edges[panel.source.count] : Double(panel.source.count) + 0.5
            data += CSV.line(["\(index)", GnuplotText.datum(panel.name), GnuplotText.number(end), "0.0", "0.0", ""])
        }
        for (row, rate) in rates.enumerated() {
            data += CSV.line([
                "rates", "rate", GnuplotText.number(Double(-row)), GnuplotText.number(100 * rate.source),
                GnuplotText.number(100 * rate.synthetic), GnuplotText.datum(rate.name),
            ])
        }
        return data
    }

    private static func marginal(_ panel: MarginalPanel, _ index: Int, file: String, grid: PanelGrid) -> String {
        var script = grid.margins(cell: index)
        let heading = panel.name + (panel.unit.isEmpty ? "" : " [\(panel.unit)]")
        script += "set label 4 \(GnuplotText.quoted(heading, limit: 28)) at graph 0,1.20 left font ',10'\n"
        let meaning = panel.meaning.count > 38 ? panel.meaning.prefix(37) + "…" : panel.meaning
        script += "set label 5 \(GnuplotText.quoted(String(meaning), limit: 40)) at graph 0,1.07 left font ',8' "
        script += "textcolor rgb '#555555'\n"
        let most = 1.08 * 100 * ((panel.source + panel.synthetic).max() ?? 1)
        script += "set yrange [0:\(GnuplotText.number(most > 0 ? most : 1))]\n"
        if panel.isBinned {
            let low = panel.edges[0]
            let high = panel.edges[panel.source.count]
            script += panel.isLogarithmic ? "set logscale x\n" : "unset logscale x\n"
            script += "set xrange [\(GnuplotText.number(low)):\(GnuplotText.number(high))]\n"
            let tics = panel.isLogarithmic ? GnuplotText.logarithmicTics(low, high) : GnuplotText.tics(low, high)
            script += "set xtics (\(tics)) norotate\n"
        } else {
            let many = panel.categories.count > 4 || panel.categories.contains { $0.count > 8 }
            script += "unset logscale x\n"
            script += "set xrange [0.4:\(GnuplotText.number(Double(panel.source.count) + 0.6))]\n"
            script +=
                "set xtics ("
                + panel.categories.enumerated().map { "\(GnuplotText.quoted($1, limit: 10)) \($0 + 1)" }
                .joined(separator: ", ") + ") \(many ? "rotate by -40" : "norotate")\n"
        }
        script +=
            "plot '\(file).csv' skip 1 using ($3 * pick('\(index)')):4 with fillsteps linecolor rgb '#c8c8c8', "
        script += "'' skip 1 using ($3 * pick('\(index)')):5 with steps linewidth 1.8 linecolor rgb '#0072B2'\n"
        return script
    }

    private static func ratePanel(_ rates: [RatePair], event: String, file: String, grid: PanelGrid) -> String {
        let rows = rates.enumerated().map { "\(GnuplotText.quoted($1.name, limit: 20)) \(-$0)" }
        return grid.rateMargins() + """
            unset label 5
            set label 4 \(GnuplotText.quoted("\(event) under each protocol [%]", limit: 50)) at graph 0,1.13 left font ',10'
            unset logscale x
            set xrange [-2:102]
            set xtics 0,20,100 norotate
            set yrange [\(GnuplotText.number(0.4 - Double(rates.count))):0.6]
            set ytics (\(rows.joined(separator: ", "))) scale 0 font ',9'
            set grid xtics noytics linetype 1 linewidth 0.5 linecolor rgb '#d8d8d8'
            plot '\(file).csv' skip 1 using ($4 * pick('rates')):3:($5 - $4):(0) with vectors nohead linewidth 1.5 linecolor rgb '#999999', \\
              '' skip 1 using ($4 * pick('rates')):3 with points pointtype 5 pointsize 1.1 linecolor rgb '#8a8a8a', \\
              '' skip 1 using ($5 * pick('rates')):3 with points pointtype 7 pointsize 0.7 linecolor rgb '#0072B2'

            """
    }
}

/// Where the panels of a figure stand: cells in rows, the rates in what is left of the last row or in one of their own.
private struct PanelGrid {
    let columns: Int
    let lines: Int
    /// Cells that the rates take, from the first to the last of the last line.
    let rateCells: Range<Int>
    let width: Int
    let height: Int

    private let head = 62.0
    private let cellWidth = 235.0
    private let cellHeight = 165.0

    init(panels: Int, hasRates: Bool, rates: Int) {
        columns = panels > 6 ? 4 : max(hasRates ? 2 : 1, min(3, panels))
        let used = panels % columns
        let needsLine = hasRates && (used == 0 || columns - used < 2)
        lines = max(1, (panels + columns - 1) / columns + (needsLine ? 1 : 0))
        rateCells = needsLine ? 0..<min(columns, 3) : used..<columns
        width = Int(cellWidth) * columns
        height = Int(head + cellHeight * Double(lines)) + (hasRates ? max(0, 16 * (rates - 8)) : 0)
    }

    func fromTop(_ pixels: Double) -> String { GnuplotText.number(1 - pixels / Double(height)) }

    func margins(cell: Int) -> String {
        let line = cell / columns
        return margins(
            left: (Double(cell % columns) + 0.06) * cellWidth, right: (Double(cell % columns) + 0.95) * cellWidth,
            top: head + Double(line) * cellHeight + 40, bottom: head + Double(line + 1) * cellHeight - 26)
    }

    /// The names of the protocols stand in the left of the first cell.
    func rateMargins() -> String {
        margins(
            left: (Double(rateCells.lowerBound) + 0.06) * cellWidth + 130,
            right: (Double(rateCells.upperBound) - 0.05) * cellWidth,
            top: head + Double(lines - 1) * cellHeight + 30, bottom: Double(height) - 26)
    }

    private func margins(left: Double, right: Double, top: Double, bottom: Double) -> String {
        """
        set lmargin at screen \(GnuplotText.number(left / Double(width)))
        set rmargin at screen \(GnuplotText.number(right / Double(width)))
        set tmargin at screen \(fromTop(top))
        set bmargin at screen \(fromTop(bottom))

        """
    }
}

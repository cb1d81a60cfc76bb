// Associations of all pairs of columns in two tables and their difference, as maps of coloured squares.

import Evaluation
import Numerics

/// How strongly two columns go together in both tables: Pearson's correlation of two numbers, Cramér's V otherwise.
public struct AssociationPair: Sendable, Equatable {
    public var first: String
    public var second: String
    /// NaN where it is not defined.
    public var real: Double
    public var synthetic: Double

    public init(first: String, second: String, real: Double, synthetic: Double) {
        self.first = first
        self.second = second
        self.real = real
        self.synthetic = synthetic
    }
}

extension Figure {
    /// Columns shown at most; of more the ones most associated with another.
    static let mostAssociated = 40

    /// Real table, synthetic table and their difference, side by side, each pair once.
    public static func associations(
        _ pairs: [AssociationPair], columns: [String], name: String = "fidelity_pairs"
    ) -> Figure {
        let file = GnuplotText.fileName(name)
        let shown = strongest(pairs, columns)
        let place = Dictionary(shown.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var caption =
            "How strongly two columns go together: Pearson's correlation of two numbers, Cramér's V otherwise; right, the "
            + "synthetic table minus the real one on a scale of its own."
        if shown.count < columns.count {
            caption += " The \(shown.count) of \(columns.count) columns that are most associated with another."
        }
        let count = max(2, shown.count)
        let cell = max(9.0, min(26, 250 / Double(count)))
        let letters = min(18, shown.map(\.count).max() ?? 4)
        let side = cell * Double(count - 1)
        let margin = 7.0 * Double(letters) + 14
        let gap = 64.0
        let width = Int(margin + 3 * side + 2 * gap + 70)
        let height = Int(60 + side + margin)
        var data = "row,column,first,second,real,synthetic,difference\n"
        for pair in pairs {
            guard let a = place[pair.first], let b = place[pair.second], a != b else { continue }
            let (x, y) = (min(a, b), max(a, b))
            data += CSV.line(
                ["\(y)", "\(x)", GnuplotText.datum(pair.first), GnuplotText.datum(pair.second)]
                    + [pair.real, pair.synthetic, pair.synthetic - pair.real].map(GnuplotText.number))
        }
        let most = pairs.map { abs($0.synthetic - $0.real) }.filter(\.isFinite).max() ?? 0
        let scale = most > 0.4 ? 1.0 : most > 0.2 ? 0.4 : 0.2
        func tics(_ names: some Sequence<(offset: Int, element: String)>, limit: Int) -> String {
            names.map { "\(GnuplotText.quoted($0.element, limit: limit)) \($0.offset)" }.joined(separator: ", ")
        }
        let rows = tics(shown.enumerated().dropFirst(), limit: 18)
        let below = tics(shown.enumerated().dropLast(), limit: 18)
        let font = cell < 12 ? 7 : cell < 16 ? 8 : 9
        var script = GnuplotText.preamble(name: file, caption: caption, width: width, height: height)
        script += """
            set multiplot
            set border 0
            unset grid
            unset key
            set tics scale 0
            set style fill solid 1.0 noborder
            # Blue, white, vermillion: apart for every colour vision.
            set palette defined (-1 '#0072B2', 0 '#f7f7f7', 1 '#D55E00')
            set xrange [-0.5:\(GnuplotText.number(Double(count) - 1.5))]
            set yrange [\(GnuplotText.number(Double(count) - 0.5)):0.5]
            set xtics (\(below)) rotate by 90 right font ',\(font)'
            set ytics (\(rows)) font ',\(font)'
            set tmargin at screen \(GnuplotText.number(1 - 44 / Double(height)))
            set bmargin at screen \(GnuplotText.number((margin + 8) / Double(height)))
            set cbtics font ',8' scale 0.4

            """
        for (panel, title) in ["real", "synthetic", "synthetic − real"].enumerated() {
            let left = margin + Double(panel) * (side + gap) - (panel == 1 ? gap / 2 : 0)
            let right = left + side
            let limit = panel == 2 ? scale : 1
            script += """
                set lmargin at screen \(GnuplotText.number(left / Double(width)))
                set rmargin at screen \(GnuplotText.number(right / Double(width)))
                set title '\(title)' font ',12'
                set cbrange [\(GnuplotText.number(-limit)):\(GnuplotText.number(limit))]
                set cbtics \(GnuplotText.number(limit / 2))
                \(panel == 0 || letters <= 9 ? "" : "unset ytics")
                \(panel == 0 ? "unset colorbox" : "set colorbox user origin screen \(GnuplotText.number((right + 10) / Double(width))),screen \(GnuplotText.number((margin + 8) / Double(height))) size screen \(GnuplotText.number(9 / Double(width))),screen \(GnuplotText.number(side / Double(height)))")
                plot '\(file).csv' skip 1 using 2:1:(0.48):(0.48):\(5 + panel) with boxxyerror linecolor palette

                """
        }
        script += "unset multiplot\n"
        return Figure(name: name, caption: caption, data: data, script: script + GnuplotText.ending)
    }

    private static func strongest(_ pairs: [AssociationPair], _ columns: [String]) -> [String] {
        guard columns.count > mostAssociated else { return columns }
        var strength: [String: Double] = [:]
        for pair in pairs {
            let most = max(pair.real.isFinite ? abs(pair.real) : 0, pair.synthetic.isFinite ? abs(pair.synthetic) : 0)
            for name in [pair.first, pair.second] { strength[name] = max(strength[name] ?? 0, most) }
        }
        let order = columns.indices.sorted {
            (strength[columns[$1]] ?? 0, $0) < (strength[columns[$0]] ?? 0, $1)
        }
        return order.prefix(mostAssociated).sorted().map { columns[$0] }
    }
}

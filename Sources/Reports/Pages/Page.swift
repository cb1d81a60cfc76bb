// A self-contained page: no scripts, no outside resources, readable on a screen and printed on A4.

import Evaluation

/// Pieces of HTML. What is called `html` is markup already; everything else is escaped here.
enum Page {
    /// A whole document.
    ///
    /// - Parameter style: the class of the body, `sheet` where the first page is a chart.
    static func document(title: String, style name: String = "report", body html: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Markup.escape(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body class="\(Markup.escape(name))">
        <main>
        \(html)
        </main>
        </body>
        </html>

        """
    }

    static func section(_ title: String, id: String, wide: Bool = false, _ html: String) -> String {
        html.isEmpty
            ? ""
            : "<section id=\"\(Markup.escape(id))\"\(wide ? " class=\"wide\"" : "")>\n"
                + "<h2>\(Markup.escape(title))</h2>\n\(html)</section>\n"
    }

    static func paragraph(_ text: String, style: String? = nil) -> String {
        guard !text.isEmpty else { return "" }
        return "<p\(style.map { " class=\"\($0)\"" } ?? "")>\(Markup.escape(text))</p>\n"
    }

    static func list(_ items: [String]) -> String {
        guard !items.isEmpty else { return "" }
        return "<ul>\n" + items.map { "<li>\(Markup.escape($0))</li>\n" }.joined() + "</ul>\n"
    }

    /// The banner that stands on every page.
    static var banner: String { banner(TreeSubject.disclaimer) }

    static func banner(_ text: String) -> String {
        "<p class=\"banner\" role=\"note\">\(Markup.escape(text))</p>\n"
    }

    /// A cell of a table.
    struct Cell {
        var html: String
        var isNumber = false
        var isHeading = false
        var columns = 1

        static func text(_ text: String) -> Cell { Cell(html: Markup.escape(text)) }
        static func heading(_ text: String) -> Cell { Cell(html: Markup.escape(text), isHeading: true) }
        static func number(_ text: String) -> Cell { Cell(html: Markup.escape(text), isNumber: true) }

        /// An estimate with its interval in smaller letters.
        static func estimate(_ estimate: String) -> Cell {
            guard let bracket = estimate.firstIndex(of: "[") else { return number(minus(estimate)) }
            let value = minus(String(estimate[..<bracket]))
            let interval = minus(String(estimate[bracket...]))
            return Cell(
                html: "\(Markup.escape(value))<span class=\"ci\">\(Markup.escape(interval))</span>", isNumber: true)
        }

        private static func minus(_ text: String) -> String {
            text.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "−")
        }

        fileprivate func markup(_ scope: String) -> String {
            let tag = isHeading ? "th" : "td"
            var attributes = isNumber ? " class=\"n\"" : ""
            if isHeading { attributes += " scope=\"\(scope)\"" }
            if columns > 1 { attributes += " colspan=\"\(columns)\"" }
            return "<\(tag)\(attributes)>\(html)</\(tag)>"
        }
    }

    /// A row; a group row is a heading over the rows beneath it.
    struct Row {
        var cells: [Cell]
        var style: String?

        init(_ cells: [Cell], style: String? = nil) {
            self.cells = cells
            self.style = style
        }
    }

    /// - Parameter headings: pairs of a name and a unit or remark beneath it.
    static func table(caption: String = "", headings: [(String, String)], numbersFrom: Int = 1, _ rows: [Row]) -> String
    {
        guard !rows.isEmpty else { return "" }
        var text = "<div class=\"scroll\"><table>\n"
        if !caption.isEmpty { text += "<caption>\(Markup.escape(caption))</caption>\n" }
        text += "<thead><tr>"
        for (index, heading) in headings.enumerated() {
            text += "<th scope=\"col\"\(index >= numbersFrom ? " class=\"n\"" : "")>\(Markup.escape(heading.0))"
            text += heading.1.isEmpty ? "</th>" : "<span class=\"unit\">\(Markup.escape(heading.1))</span></th>"
        }
        text += "</tr></thead>\n<tbody>\n"
        for row in rows {
            text += "<tr\(row.style.map { " class=\"\($0)\"" } ?? "")>"
            text += row.cells.map { $0.markup(row.style == "group" ? "rowgroup" : "row") }.joined() + "</tr>\n"
        }
        return text + "</tbody></table></div>\n"
    }

    /// Labelled facts.
    static func facts(_ facts: [Fact]) -> String {
        guard !facts.isEmpty else { return "" }
        var text = "<dl>\n"
        for fact in facts {
            text += "<dt>\(Markup.escape(fact.label))</dt><dd>\(Markup.escape(fact.value))</dd>\n"
        }
        return text + "</dl>\n"
    }

    private static let style = """
        :root { color-scheme: light; }
        * { box-sizing: border-box; }
        body { margin: 0; background: #eef0f2; color: #1b1f23;
          font: 15px/1.5 Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 32px 40px 64px; background: #fff; }
        h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; }
        h2 { font-size: 19px; margin: 40px 0 8px; padding-bottom: 4px; border-bottom: 2px solid #0063a0; }
        h3 { font-size: 16px; margin: 24px 0 6px; }
        p, ul, dl { max-width: 52em; margin: 8px 0; }
        .lead { font-size: 17px; color: #333; }
        .banner { display: inline-block; margin: 12px 0; padding: 6px 14px; border: 2px solid #b84f00;
          border-radius: 4px; background: #fff6ee; color: #8a3b00; font-weight: bold; max-width: none; }
        .note { color: #555; font-size: 13.5px; }
        figure { margin: 16px 0; }
        figure img { max-width: 100%; height: auto; }
        figcaption { color: #555; font-size: 13.5px; max-width: 60em; }
        .chart { overflow-x: auto; }
        .chart svg { display: block; max-width: 100%; height: auto; }
        .scroll { overflow-x: auto; margin: 12px 0; }
        table { border-collapse: collapse; font-size: 13.5px; line-height: 1.35; }
        caption { text-align: left; color: #555; padding: 4px 0; }
        th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; }
        thead th { border-bottom: 1.5px solid #1b1f23; vertical-align: bottom; }
        tbody tr { border-bottom: 1px solid #e2e5e8; }
        tbody th { font-weight: normal; }
        .n { text-align: right; }
        .unit { display: block; font-weight: normal; color: #666; font-size: 12px; }
        .ci { display: block; color: #666; font-size: 12px; white-space: nowrap; }
        tr.group th { font-weight: bold; padding-top: 14px; border-bottom: 1px solid #999; }
        .thin { display: block; color: #8a3b00; font-size: 12px; font-weight: bold; white-space: nowrap; }
        tr.weak { background: #fff6ee; }
        tr.chosen { background: #f0f6fb; }
        tr.chosen > th { font-weight: bold; }
        .swatch { display: inline-flex; vertical-align: middle; margin-right: 6px; }
        td ul { margin: 0; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; max-width: none; font-size: 13.5px; }
        dt { color: #555; }
        dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        nav ul { columns: 2; padding-left: 1.2em; max-width: 40em; }
        a { color: #0063a0; }
        td ul { list-style: none; padding-left: 0; }
        .sign { white-space: nowrap; }
        @page { size: A4; margin: 14mm 12mm; }
        @page chart { size: A4 landscape; margin: 9mm 10mm; }
        @media print {
          body { background: #fff; font-size: 10pt; }
          main { max-width: none; padding: 0; }
          h1 { font-size: 16pt; }
          h2 { break-after: avoid; margin-top: 18px; font-size: 12.5pt; }
          figure, tr, .banner { break-inside: avoid; }
          tr.group { break-after: avoid; }
          thead { display: table-header-group; }
          .lead { font-size: 10.5pt; }
          .scroll, .chart { overflow: visible; }
          table { font-size: 8.3pt; }
          th, td { padding: 3px 9px 3px 0; }
          .ci, .unit { font-size: 7.3pt; }
          td ul { white-space: nowrap; }
          nav { display: none; }
          .wide { page: chart; }
          .wide figure { margin: 4px 0; }
          .wide figcaption { font-size: 8pt; max-width: none; }
          .wide .chart svg { max-height: 165mm; width: auto; margin: 0 auto; }
          .sheet header { page: chart; position: relative; }
          .sheet .lead { margin: 0; font-size: 9pt; }
          .sheet .banner { position: absolute; right: 0; top: 0; margin: 0; font-size: 8.5pt; padding: 3px 8px; }
          .sheet .wide h2 { display: none; }
        }
        """
}

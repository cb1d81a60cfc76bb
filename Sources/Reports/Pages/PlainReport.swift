// A page of sections, each of words, facts, a table, a text as it is, and pictures: for runs that treat nobody.

import Evaluation

public struct PlainReport: Sendable {
    public struct Table: Sendable {
        public var caption: String
        public var headings: [String]
        /// So many cells of a row are names or words, the others numbers.
        public var names: Int
        public var rows: [[String]]

        public init(caption: String, headings: [String], names: Int = 2, rows: [[String]]) {
            self.caption = caption
            self.headings = headings
            self.names = names
            self.rows = rows
        }
    }
    public struct Section: Sendable {
        public var title: String
        public var part: ReportPart
        public var table: Table?
        /// Shown as it is, in letters of one width.
        public var text: String?

        public init(title: String, part: ReportPart, table: Table? = nil, text: String? = nil) {
            self.title = title
            self.part = part
            self.table = table
            self.text = text
        }
    }
    public var title: String
    public var question: String
    /// What stands above everything.
    public var banner: String
    public var sections: [Section]

    public init(
        title: String, question: String, banner: String = TreeSubject.disclaimer, sections: [Section]
    ) {
        self.title = title
        self.banner = banner
        self.question = question
        self.sections = sections
    }

    /// One self-contained page.
    public func html() -> String {
        var body =
            Page.banner(banner) + "<h1>\(Markup.escape(title))</h1>\n" + Page.paragraph(question, style: "question")
        for (index, section) in sections.enumerated() {
            var html = section.part.html
            if let table = section.table {
                html += Page.table(
                    caption: table.caption, headings: table.headings.map { ($0, "") }, numbersFrom: table.names,
                    table.rows.map { row in
                        Page.Row(
                            row.prefix(table.names).map(Page.Cell.heading)
                                + row.dropFirst(table.names).map(Page.Cell.estimate))
                    })
            }
            if let text = section.text {
                // Line by line: escaping leaves no line breaks in what it is given.
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                html += "<pre>" + lines.map { Markup.escape(String($0)) }.joined(separator: "\n") + "</pre>\n"
            }
            body += Page.section(section.title, id: "part-\(index + 1)", wide: section.table != nil, html)
        }
        return Page.document(title: title, body: body)
    }
}

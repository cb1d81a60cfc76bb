// Tables in Markdown, for reports that are kept beside a study.

enum Markdown {
    /// One row; a bar inside a cell would end it.
    static func line(_ cells: [String]) -> String {
        let safe = cells.map { NumberText.printable($0).split(separator: "|", omittingEmptySubsequences: false) }
        return "| " + safe.map { $0.joined(separator: "\\|") }.joined(separator: " | ") + " |\n"
    }
}

extension TextTable {
    /// The whole table; units stand behind the titles.
    public func markdown() -> String {
        var text = Markdown.line(columns.map { $0.title + ($0.unit.isEmpty ? "" : ", \($0.unit)") })
        text += Markdown.line(columns.map { $0.isNumber ? "---:" : "---" })
        for line in lines {
            switch line {
            case .group(let title):
                text += Markdown.line(["*\(title)*"] + Array(repeating: "", count: columns.count - 1))
            case .row(let cells): text += Markdown.line(cells)
            }
        }
        return text
    }
}

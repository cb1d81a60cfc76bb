// Rows of cells as aligned text.

/// Cells under headings; the first column to the left, the others to the right unless they are words.
struct AlignedText {
    var headings: [String]
    /// Columns of words.
    var words: Set<Int> = [0]
    var rows: [[String]] = []

    func text(indent: String = "") -> String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return words.contains(column) ? row[column] + space : space + row[column]
            }
            let line = indent + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

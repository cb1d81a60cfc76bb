// A table for the terminal: aligned columns, groups of rows, columns that do not fit continued beneath.

/// Rows of text under two-line headings.
public struct TextTable: Sendable, Equatable {
    public struct Column: Sendable, Equatable {
        public var title: String
        /// The second line of the heading: a unit.
        public var unit: String
        public var isNumber: Bool

        public init(_ title: String, unit: String = "", isNumber: Bool = true) {
            self.title = title
            self.unit = unit
            self.isNumber = isNumber
        }
    }

    /// The first column names the row and is repeated when columns are continued.
    public var columns: [Column]
    public private(set) var lines: [Line] = []

    public enum Line: Sendable, Equatable {
        case group(String)
        case row([String])
    }

    public init(_ columns: [Column]) { self.columns = columns }

    public mutating func add(group: String) { lines.append(.group(group)) }

    /// A row with a cell a column.
    public mutating func add(_ cells: [String]) { lines.append(.row(cells.map(NumberText.printable))) }

    /// - Parameter width: characters a line may have; columns beyond it go to a further block of lines.
    public func text(width: Int = 120) -> String {
        let widths = columns.indices.map { column in
            var widest = max(columns[column].title.count, columns[column].unit.count)
            for case .row(let cells) in lines where column < cells.count { widest = max(widest, cells[column].count) }
            return widest
        }
        var blocks: [[Int]] = []
        var block = [0]
        var used = widths.first ?? 0
        for column in columns.indices.dropFirst() {
            if block.count > 1, used + 2 + widths[column] > width {
                blocks.append(block)
                block = [0]
                used = widths[0]
            }
            block.append(column)
            used += 2 + widths[column]
        }
        blocks.append(block)
        return blocks.map { render($0, widths) }.joined(separator: "\n")
    }

    private func render(_ block: [Int], _ widths: [Int]) -> String {
        func line(_ cell: (Int) -> String) -> String {
            var text = block.map { column in
                let content = cell(column)
                let padding = String(repeating: " ", count: max(0, widths[column] - content.count))
                return columns[column].isNumber ? padding + content : content + padding
            }.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }
        var text = line { NumberText.printable(columns[$0].title) }
        if block.contains(where: { !columns[$0].unit.isEmpty }) {
            text += line { NumberText.printable(columns[$0].unit) }
        }
        let rule = block.map { widths[$0] }.reduce(0, +) + 2 * (block.count - 1)
        text += String(repeating: "─", count: rule) + "\n"
        for entry in lines {
            switch entry {
            case .group(let title): text += NumberText.printable(title) + "\n"
            case .row(let cells): text += line { $0 < cells.count ? cells[$0] : "" }
            }
        }
        return text
    }
}

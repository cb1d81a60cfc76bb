// Writes a table of patients as comma-separated text.

extension PatientTable {
    /// The header and a line a row; missing cells are empty, numbers read back exactly.
    public func csv() -> String {
        var text = columns.map { quoted($0.name) }.joined(separator: ",") + "\n"
        let names = columns.map { $0.categories.map(quoted) }
        text.reserveCapacity(rowCount * columns.count * 8)
        for row in 0..<rowCount {
            for (index, column) in columns.enumerated() {
                if index > 0 { text += "," }
                let value = column.values[row]
                guard !value.isNaN else {
                    // A line without a character would be no row.
                    if columns.count == 1 { text += "\"\"" }
                    continue
                }
                if !column.isNumeric {
                    text += names[index][Int(value)]
                } else if let cell = column.schema.censoring?.text(of: value) {
                    text += cell
                } else if value == value.rounded(), abs(value) < 0x1p53, column.decimals == 0 {
                    text += String(Int(value))
                } else {
                    text += "\(value)"
                }
            }
            text += "\n"
        }
        return text
    }
}

/// A cell as RFC 4180 wants it.
private func quoted(_ text: String) -> String {
    let special = text.utf8.contains { [0x2c, 0x22, 0x0a, 0x0d].contains($0) }
    let padded = text.first == " " || text.last == " "
    return special || padded ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
}

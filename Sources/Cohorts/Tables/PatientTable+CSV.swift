// Writes a table of patients as comma-separated text.

extension PatientTable {
    /// The header and a line a row; missing cells are empty, numbers read back exactly.
    public func csv() -> String {
        let lines = CSVLines(columns)
        var bytes = lines.header
        lines.append(self, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

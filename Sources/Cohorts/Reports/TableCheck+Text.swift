// The check of a table as JSON and in words.

import PositionedJSON

extension TableCheck {
    public func json() -> JSONValue {
        var value: JSONValue = [
            "format": 1, "source": .string(source), "rows": .integer(rows), "identifiers": .strings(identifiers),
            "ignored": .strings(ignored),
            "duplicates": [
                "dropped": .bool(dropped), "count": .integer(duplicates.count),
                "rows": .array(
                    duplicates.prefix(1000).map { ["line": .integer($0.line), "of_line": .integer($0.of)] }),
            ],
            "columns": .array(columns.map { $0.json() }),
            "findings": .array(
                findings.map { finding in
                    var value: JSONValue = [
                        "kind": .string(finding.kind.rawValue), "severity": finding.isNote ? "note" : "warning",
                        "message": .string(finding.message),
                    ]
                    if let column = finding.column { value["column"] = .string(column) }
                    if let remedy = finding.remedy { value["remedy"] = .string(remedy) }
                    return value
                }),
        ]
        if let visits { value["visits"] = visits.json() }
        return value
    }

    public func text() -> String {
        var parts: [String] = []
        var head = "\(source): \(rows) \(visits == nil ? "rows" : "visits"), \(columns.count) columns"
        if !identifiers.isEmpty { head += "; left out as identifiers: " + identifiers.joined(separator: ", ") }
        if !ignored.isEmpty { head += "; not in the schema: " + ignored.joined(separator: ", ") }
        parts.append(head)
        if let visits { parts.append(visits.text()) }
        var table = AlignedText(
            headings: ["column", "type", "missing", "distinct", "least", "median", "greatest", "recorded as"],
            words: [0, 1, 7])
        for column in columns {
            table.rows.append([
                column.name, column.type.rawValue, column.missing == 0 ? "" : percent(column.missingShare),
                "\(column.distinct)", column.shown(column.least), column.shown(column.median),
                column.shown(column.greatest), column.recordedAs,
            ])
        }
        parts.append(table.text())
        if findings.isEmpty {
            parts.append("Nothing stands out.")
        } else {
            parts.append(
                findings.filter { !$0.isNote }.map { $0.text("warning") }
                    .appending(findings.filter(\.isNote).map { $0.text("note") }).joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }
}

extension Array {
    fileprivate func appending(_ other: [Element]) -> [Element] { self + other }
}

extension TableFinding {
    fileprivate func text(_ word: String) -> String {
        "\(word): \(message)" + (remedy.map { "\n    \($0)" } ?? "")
    }
}

extension VisitProfile {
    fileprivate func text() -> String {
        func numbers(_ values: [Double]) -> String {
            "\(compact(values[0])) to \(compact(values[2])), median \(compact(values[1]))"
        }
        var text = "\(patients) patients with \(perPatient.isEmpty ? "no" : numbers(perPatient)) visits"
        if let intervals {
            text += "; from one to the next \(numbers(intervals))" + (isRegular ? ", always the same" : "")
        }
        text += "\nnever changing within a patient: \(baseline.isEmpty ? "none" : baseline.joined(separator: ", "))"
        text += "\nchanging: \(varying.isEmpty ? "none" : varying.joined(separator: ", "))"
        if reordered > 0 { text += "\nvisits of \(reordered) patients stood in another order than that of time" }
        return text
    }
}

extension ColumnProfile {
    /// A number with no more digits than the column has, or four.
    fileprivate func shown(_ value: Double?) -> String {
        guard let value else { return "" }
        if let cell = censored.first(where: { !$0.text.isEmpty && isCensored($0.text, value) }) { return cell.text }
        if let granularity, granularity.decimals <= 4 {
            return fixed(value, value == value.rounded() ? 0 : granularity.decimals)
        }
        return abs(value) >= 1e5 ? "\(value)" : fixed(value, 4)
    }

    private func isCensored(_ text: String, _ value: Double) -> Bool {
        guard let limit = Double(text.dropFirst()) else { return false }
        return text.hasPrefix("<") ? value == limit.nextDown : value == limit.nextUp
    }

    fileprivate var recordedAs: String {
        guard type.isNumeric else {
            let shown = categories.prefix(4).map { "\($0.name): \($0.count)" }.joined(separator: ", ")
            return categories.count > 4 ? shown + ", …" : shown
        }
        var parts: [String] = []
        if distinct > 1 { parts.append(granularity?.words ?? "measured finely") }
        if let unit { parts.append(unit) }
        for (text, count) in censored where count > 0 { parts.append("\(count) × \(text)") }
        if zeros > 0.15, distinct > 2 { parts.append("\(percent(zeros)) zeros") }
        return parts.joined(separator: ", ")
    }
}

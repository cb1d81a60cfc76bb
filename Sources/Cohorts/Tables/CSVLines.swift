// Rows as comma-separated text, fast enough for millions of them.

import Foundation

/// Writes the lines of tables that have the same columns.
///
/// Every number is written as the shortest text that reads back to it; where the column's decimals are known, from the
/// whole number it is a fraction of, which is faster. Whole numbers of columns without decimals have no point.
public struct CSVLines: Sendable {
    private let names: [[UInt8]]
    /// Of categorical columns, in UTF-8.
    private let categories: [[[UInt8]]]
    private let censored: [Censoring?]
    /// 10^decimals of columns that have decimals; 0 for others.
    private let scales: [Double]

    public init(_ columns: [TableColumn]) {
        names = columns.map { Array(CSVLines.quoted($0.name).utf8) }
        categories = columns.map { column in
            column.isNumeric ? [] : column.categories.map { Array(CSVLines.quoted($0).utf8) }
        }
        censored = columns.map(\.schema.censoring)
        scales = columns.map { column in
            guard let decimals = column.decimals, (0...6).contains(decimals) else { return 0 }
            return (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        }
    }

    /// The line of names.
    public var header: [UInt8] { Array(names.joined(separator: [0x2c])) + [0x0a] }

    /// Adds a line a row; missing cells are empty.
    public func append(_ table: PatientTable, to bytes: inout [UInt8]) {
        let width = table.columns.count
        bytes.reserveCapacity(bytes.count + table.rowCount * width * 8)
        for row in 0..<table.rowCount {
            for index in 0..<width {
                if index > 0 { bytes.append(0x2c) }
                let value = table.columns[index].values[row]
                guard !value.isNaN else {
                    // A line without a character would be no row.
                    if width == 1 { bytes.append(contentsOf: [0x22, 0x22]) }
                    continue
                }
                if !categories[index].isEmpty {
                    bytes.append(contentsOf: categories[index][Int(value)])
                } else if let cell = censored[index]?.text(of: value) {
                    bytes.append(contentsOf: cell.utf8)
                } else {
                    CSVLines.append(value, scale: scales[index], to: &bytes)
                }
            }
            bytes.append(0x0a)
        }
    }

    /// Adds a number.
    static func append(_ value: Double, scale: Double, to bytes: inout [UInt8]) {
        let scaled = (value * scale).rounded()
        // Below 2⁵³ both are exact, so that the quotient is what the decimal text reads back to. Below 1e-4 the shortest
        // text has an exponent.
        guard scale > 0, abs(scaled) < 0x1p53, scaled / scale == value, scale == 1 || abs(value) >= 1e-4 || value == 0
        else {
            bytes.append(contentsOf: value.description.utf8)
            return
        }
        var magnitude = UInt64(abs(scaled))
        var unit = UInt64(scale)
        if scaled < 0 || (scaled == 0 && scale > 1 && value.sign == .minus) { bytes.append(0x2d) }
        while unit > 10, magnitude % 10 == 0 {
            magnitude /= 10
            unit /= 10
        }
        appendDigits(magnitude / unit, to: &bytes)
        guard unit > 1 else { return }
        bytes.append(0x2e)
        var rest = magnitude % unit
        while unit > 1 {
            unit /= 10
            bytes.append(UInt8(0x30 + rest / unit))
            rest %= unit
        }
    }

    private static func appendDigits(_ number: UInt64, to bytes: inout [UInt8]) {
        if number >= 10 { appendDigits(number / 10, to: &bytes) }
        bytes.append(UInt8(0x30 + number % 10))
    }

    /// A cell as RFC 4180 wants it.
    static func quoted(_ text: String) -> String {
        let special = text.utf8.contains { [0x2c, 0x22, 0x0a, 0x0d].contains($0) }
        let padded = text.first == " " || text.last == " "
        return special || padded ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}

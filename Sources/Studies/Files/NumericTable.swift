// Comma-separated numbers under a header: cohorts, schedules, times, observations.

import Patients
import PositionedJSON

/// A table of numbers as read, with the place of every column.
public struct NumericTable: Sendable {
    public var names: [String]
    /// rows × names; an empty cell is NaN.
    public var rows: [[Double]]
    public let source: SourceText

    public func index(_ name: String) -> Int? { names.firstIndex(of: name) }
    public func column(_ name: String) -> [Double]? { index(name).map { index in rows.map { $0[index] } } }

    /// The place of a column's name.
    public func headerLocation(_ column: Int) -> SourceLocation {
        let line = source.line(1)
        var offset = 0
        for (index, cell) in line.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            if index == column { break }
            offset += cell.utf8.count + 1
        }
        return source.location(ofByte: offset)
    }

    /// Reads a table; every malformed cell is complained of.
    ///
    /// - Parameters:
    ///   - allowsEmpty: whether cells may be empty (missing).
    ///   - categories: by column, names that may stand for 0, 1, ….
    ///   - reading: which columns are wanted; the others may hold anything and are NaN.
    public static func read(
        _ source: SourceText, allowsEmpty: Bool = false, categories: [String: [String]] = [:],
        reading isWanted: @escaping (String) -> Bool = { _ in true }
    ) throws(Diagnostics) -> NumericTable {
        let complaints = Complaints()
        let table = source.bytes.withUnsafeBufferPointer { bytes in
            var reader = NumericTableReader(
                source: source, bytes: bytes, allowsEmpty: allowsEmpty, complaints: complaints, categories: categories,
                isWanted: isWanted)
            return reader.read()
        }
        try complaints.throwIfAny()
        return table
    }
}

/// One pass over the bytes of a table.
private struct NumericTableReader {
    let source: SourceText
    let bytes: UnsafeBufferPointer<UInt8>
    let allowsEmpty: Bool
    let complaints: Complaints
    let categories: [String: [String]]
    let isWanted: (String) -> Bool
    var position = 0

    /// The cells of the next line as byte ranges, without blanks around them; nil at the end.
    private mutating func line() -> [Range<Int>]? {
        while position < bytes.count {
            var cells: [Range<Int>] = []
            var start = position
            var isBlank = true
            while true {
                let atEnd = position == bytes.count
                let byte = atEnd ? 0x0A : bytes[position]
                if byte == 0x2C || byte == 0x0A {
                    cells.append(trimmed(start..<position))
                    start = position + 1
                } else if byte != 0x20, byte != 0x0D, byte != 0x09 {
                    isBlank = false
                }
                if !atEnd { position += 1 }
                if byte == 0x0A { break }
            }
            if !isBlank || cells.count > 1 { return cells }
        }
        return nil
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, isBlank(bytes[low]) { low += 1 }
        while high > low, isBlank(bytes[high - 1]) { high -= 1 }
        return low..<high
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    private func complain(_ offset: Int, _ message: String, remedy: String? = nil) {
        complaints.add(in: source, at: source.location(ofByte: offset), message, remedy: remedy)
    }

    mutating func read() -> NumericTable {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        guard let header = line() else {
            complain(0, "the file is empty", remedy: "a header with the columns' names is expected")
            return NumericTable(names: [], rows: [], source: source)
        }
        let names = header.map(text)
        for (index, name) in names.enumerated() {
            if name.isEmpty { complain(header[index].lowerBound, "a column without a name") }
            if names[..<index].contains(name), !name.isEmpty {
                complain(header[index].lowerBound, "the column \"\(name)\" stands twice")
            }
        }
        let wanted = names.map(isWanted)
        var rows: [[Double]] = []
        while let cells = line() {
            guard cells.count == names.count else {
                complain(
                    cells[0].lowerBound,
                    "\(cells.count) cell\(cells.count == 1 ? "" : "s") where the header has \(names.count) columns")
                if complaints.items.count > 100 { break }
                continue
            }
            rows.append(
                cells.enumerated().map { index, cell in
                    if !wanted[index] { return .nan }
                    if cell.isEmpty {
                        if !allowsEmpty { complain(cell.lowerBound, "\"\(names[index])\" has an empty cell") }
                        return .nan
                    }
                    let list = categories[names[index]]
                    if let category = list?.firstIndex(of: text(cell)) { return Double(category) }
                    guard let value = Double(text(cell)), value.isFinite else {
                        complain(
                            cell.lowerBound,
                            "\"\(names[index])\" holds \"\(text(cell).prefix(40))\", which is not a number",
                            remedy: list.map { "categories: " + $0.joined(separator: ", ") })
                        return .nan
                    }
                    if let list, value.rounded() != value || !list.indices.contains(Int(value)) {
                        complain(
                            cell.lowerBound, "there is no category \(text(cell)) of \"\(names[index])\"",
                            remedy: "categories: " + list.joined(separator: ", "))
                    }
                    return value
                })
            if complaints.items.count > 100 { break }
        }
        return NumericTable(names: names, rows: rows, source: source)
    }
}

/// Cohorts as files.
public enum CohortFile {
    /// Reads what `CohortTable.csv()` writes; the column `patient` is left out, and may be absent.
    public static func read(_ source: SourceText) throws(Diagnostics) -> CohortTable {
        let table = try NumericTable.read(source)
        let kept = table.names.indices.filter { table.names[$0] != "patient" }
        return CohortTable(
            names: kept.map { table.names[$0] }, rows: table.rows.map { row in kept.map { row[$0] } })
    }
}

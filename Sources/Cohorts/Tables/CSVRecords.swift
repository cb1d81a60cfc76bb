// Splits comma-separated text into records and fields (RFC 4180), knowing where each began.

import PositionedJSON

/// A field: its bytes in the window, and whether doubled quotes inside must be undone.
struct CSVField {
    var bytes: Range<Int>
    var hasDoubledQuotes = false
    /// Where the field, its quote included, begins.
    var start: Int
}

/// Goes through the records of a table, one at a time.
///
/// Accepts LF and CRLF; skips empty lines; a UTF-8 byte-order mark is passed over.
final class CSVRecords {
    /// More columns than this are taken for a file that is not a table.
    static let maximumColumns = 8192
    /// A longer row is taken for a quote that was never closed, bytes.
    static let maximumRecord = 16 << 20

    let source: TableBytes
    private var position: Int
    /// Where the present record begins and ends, and the line of its first byte.
    private var recordStart: Int
    private var recordEnd: Int
    private(set) var line = 1
    private var nextLine = 1

    init(_ source: TableBytes) {
        self.source = source
        let hasMark =
            source.count >= 3 && source.base[0] == 0xef && source.base[1] == 0xbb && source.base[2] == 0xbf
        position = hasMark ? 3 : 0
        recordStart = position
        recordEnd = position
    }

    enum Failure: Error {
        case unclosedQuote(at: Int)
        case textAfterQuote(at: Int)
        case quoteInField(at: Int)
        case loneReturn(at: Int)
        case tooManyColumns(at: Int)
        case recordTooLong(at: Int)
        case notText(at: Int)
        case unreadable(Diagnostics)
    }

    /// What became of an attempt to read a record from the bytes that are there.
    private enum Outcome {
        case record(end: Int, lines: Int)
        case blank(end: Int)
        case needsMore
        case failure(Failure)
    }

    /// The next record's fields, or false at the end of the text.
    func next(into fields: inout [CSVField]) throws(Failure) -> Bool {
        while true {
            recordStart = position
            recordEnd = position
            line = nextLine
            fields.removeAll(keepingCapacity: true)
            if position == source.count, source.isAtEnd { return false }
            let outcome = record(into: &fields)
            switch outcome {
            case .needsMore:
                recordEnd = source.count
                if let bad = source.badByte { throw .notText(at: bad) }
                guard source.count - recordStart <= CSVRecords.maximumRecord else {
                    throw .recordTooLong(at: recordStart)
                }
                do {
                    position = recordStart - (try source.more(keepingFrom: recordStart))
                } catch {
                    throw .unreadable(error)
                }
            case .blank(let end):
                position = end
                nextLine += 1
            case .record(let end, let lines):
                recordEnd = end
                if let bad = source.badByte, bad < end { throw .notText(at: bad) }
                position = end
                nextLine += lines
                return true
            case .failure(let failure):
                recordEnd = source.count
                if let bad = source.badByte { throw .notText(at: bad) }
                throw failure
            }
        }
    }

    /// Reads one record from the position on.
    private func record(into fields: inout [CSVField]) -> Outcome {
        let bytes = source.base
        let count = source.count
        let isAtEnd = source.isAtEnd
        var at = recordStart
        var lines = 1
        if at < count, bytes[at] == 0x0a { return .blank(end: at + 1) }
        while true {
            let start = at
            if at < count, bytes[at] == 0x22 {
                at += 1
                var doubled = false
                while true {
                    while at < count, bytes[at] != 0x22 {
                        if bytes[at] == 0x0a { lines += 1 }
                        at += 1
                    }
                    // The byte after a quote tells whether it is one of two.
                    if at + 1 >= count, !isAtEnd { return .needsMore }
                    guard at < count else { return .failure(.unclosedQuote(at: start)) }
                    guard at + 1 < count, bytes[at + 1] == 0x22 else { break }
                    doubled = true
                    at += 2
                }
                fields.append(CSVField(bytes: (start + 1)..<at, hasDoubledQuotes: doubled, start: start))
                at += 1
                if at < count, bytes[at] != 0x2c, bytes[at] != 0x0a, bytes[at] != 0x0d {
                    return .failure(.textAfterQuote(at: at))
                }
            } else {
                while at < count {
                    let byte = bytes[at]
                    if byte <= 0x2c {
                        if byte == 0x2c || byte == 0x0a || byte == 0x0d { break }
                        if byte == 0x22 { return .failure(.quoteInField(at: at)) }
                    }
                    at += 1
                }
                fields.append(CSVField(bytes: start..<at, start: start))
            }
            guard fields.count <= CSVRecords.maximumColumns else { return .failure(.tooManyColumns(at: start)) }
            guard at < count else { return isAtEnd ? .record(end: at, lines: lines) : .needsMore }
            let separator = bytes[at]
            at += 1
            if separator == 0x0a { return .record(end: at, lines: lines) }
            if separator == 0x0d {
                guard at < count || isAtEnd else { return .needsMore }
                guard at < count, bytes[at] == 0x0a else { return .failure(.loneReturn(at: at - 1)) }
                if at - 1 == recordStart { return .blank(end: at + 1) }
                return .record(end: at + 1, lines: lines)
            }
        }
    }

    /// Bytes of the file up to the end of the present record.
    var bytesRead: Int { source.before + recordEnd }

    /// A field's bytes without the spaces around them.
    @inline(__always)
    func trimmed(_ field: CSVField) -> UnsafeBufferPointer<UInt8> {
        var low = field.bytes.lowerBound
        var high = field.bytes.upperBound
        let bytes = source.base
        while low < high, bytes[low] == 0x20 || bytes[low] == 0x09 { low += 1 }
        while low < high, bytes[high - 1] == 0x20 || bytes[high - 1] == 0x09 { high -= 1 }
        return UnsafeBufferPointer(start: bytes + low, count: high - low)
    }

    /// A field's text, without the spaces around it.
    func text(_ field: CSVField) -> String {
        let text = String(decoding: trimmed(field), as: UTF8.self)
        return field.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text
    }

    /// A complaint about a byte of the present record.
    func diagnostic(_ offset: Int, _ message: String, remedy: String? = nil) -> Diagnostic {
        let base = source.base
        // The line around the place; of a very long one what a complaint may show.
        var start = recordStart
        var number = line
        var at = recordStart
        while at < min(offset, source.count) {
            if base[at] == 0x0a {
                start = at + 1
                number += 1
            }
            at += 1
        }
        let end = min(max(recordEnd, offset), source.count, offset + 400)
        let shown = max(start, offset - 400)
        var column = 1
        at = start
        while at < min(offset, source.count) {
            if base[at] & 0xc0 != 0x80 { column += 1 }
            at += 1
        }
        let text = SourceText(
            name: source.name, bytes: Array(UnsafeBufferPointer(start: base + shown, count: max(0, end - shown))))
        var diagnostic = Diagnostic(
            source: text, location: SourceLocation(line: 1, column: 1, offset: offset - shown),
            message: CSVRecords.printable(message), remedy: remedy.map(CSVRecords.printable))
        diagnostic.location = SourceLocation(line: number, column: column, offset: source.before + offset)
        return diagnostic
    }

    /// Text without control characters: a table must not be able to drive the terminal.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }) else {
            return text
        }
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            view.append(scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? "\u{FFFD}" : scalar)
        }
        return String(view)
    }

    /// A complaint about what stopped the reading.
    func diagnostic(_ failure: Failure) -> Diagnostics {
        let item: Diagnostic
        switch failure {
        case .unclosedQuote(let at):
            item = diagnostic(at, "this quoted cell never ends", remedy: "close it with a quote, or remove the quote")
        case .textAfterQuote(let at):
            item = diagnostic(
                at, "a quoted cell is followed by something other than a comma",
                remedy: "double the quotes inside a quoted cell")
        case .quoteInField(let at):
            item = diagnostic(
                at, "a quote in the middle of a cell", remedy: "quote the whole cell and double the quotes inside")
        case .loneReturn(let at):
            item = diagnostic(
                at, "a carriage return without a line feed",
                remedy: "old Macintosh line ends: `tr '\\r' '\\n' < TABLE.csv > NEW.csv` turns them into line feeds")
        case .tooManyColumns(let at):
            item = diagnostic(
                at, "more than \(CSVRecords.maximumColumns) columns",
                remedy: "patients are rows: transpose the table if they stand in columns, or keep the columns needed")
        case .recordTooLong(let at):
            item = diagnostic(
                at, "a row longer than \(CSVRecords.maximumRecord >> 20) MiB",
                remedy: "a quoted cell may never end, or the file may not be a table")
        case .notText(let at): item = notText(at)
        case .unreadable(let diagnostics): return diagnostics
        }
        return Diagnostics(items: [item])
    }

    private func notText(_ at: Int) -> Diagnostic {
        let base = source.base
        let byte = base[at]
        if source.before == 0, at < 2, source.count >= 2,
            (base[0], base[1]) == (0xff, 0xfe) || (base[0], base[1]) == (0xfe, 0xff)
        {
            return diagnostic(
                0, "the table is written in UTF-16",
                remedy: "save it as UTF-8: `iconv -f UTF-16 -t UTF-8 TABLE.csv > NEW.csv`")
        }
        if byte == 0 {
            // Every other byte of Latin text in UTF-16 is a NUL.
            let isWide = at + 2 < source.count && base[at + 1] != 0 && base[at + 2] == 0
            return diagnostic(
                at, "a NUL byte",
                remedy: isWide
                    ? "it seems to be UTF-16: `iconv -f UTF-16LE -t UTF-8 TABLE.csv > NEW.csv`"
                    : "save the table as UTF-8 text")
        }
        return diagnostic(
            at, "the byte 0x\(String(byte, radix: 16)) is not UTF-8",
            remedy: "save the table as UTF-8 text; if it is in Latin-1 or Windows-1252, "
                + "`iconv -f WINDOWS-1252 -t UTF-8 TABLE.csv > NEW.csv`")
    }
}

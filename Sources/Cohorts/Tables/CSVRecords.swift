// Splits comma-separated text into records and fields (RFC 4180), knowing where each began.

import PositionedJSON

/// A field: its bytes, and whether doubled quotes inside must be undone.
struct CSVField {
    var bytes: Range<Int>
    var hasDoubledQuotes = false
    /// Where the field, its quote included, begins.
    var start: Int
}

/// Goes through the records of a text, one at a time.
///
/// Accepts LF and CRLF; skips empty lines; a UTF-8 byte-order mark is passed over.
struct CSVRecords {
    /// More columns than this are taken for a file that is not a table.
    static let maximumColumns = 8192

    let source: SourceText
    private var position: Int

    init(_ source: SourceText) {
        self.source = source
        position = source.bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    enum Failure: Error {
        case unclosedQuote(at: Int)
        case textAfterQuote(at: Int)
        case quoteInField(at: Int)
        case loneReturn(at: Int)
        case tooManyColumns(at: Int)
    }

    /// The next record's fields, or false at the end of the text.
    mutating func next(into fields: inout [CSVField]) throws(Failure) -> Bool {
        fields.removeAll(keepingCapacity: true)
        let found = source.bytes.withUnsafeBufferPointer { bytes -> Result<Bool, Failure> in
            while position < bytes.count, bytes[position] == 0x0a || bytes[position] == 0x0d {
                if bytes[position] == 0x0d {
                    guard position + 1 < bytes.count, bytes[position + 1] == 0x0a else {
                        return .failure(.loneReturn(at: position))
                    }
                }
                position += 1
            }
            guard position < bytes.count else { return .success(false) }
            while true {
                if let failure = field(bytes, into: &fields) { return .failure(failure) }
                guard fields.count <= CSVRecords.maximumColumns else {
                    return .failure(.tooManyColumns(at: fields[fields.count - 1].start))
                }
                guard position < bytes.count else { return .success(true) }
                let separator = bytes[position]
                position += 1
                if separator == 0x0a { return .success(true) }
                if separator == 0x0d {
                    guard position < bytes.count, bytes[position] == 0x0a else {
                        return .failure(.loneReturn(at: position - 1))
                    }
                    position += 1
                    return .success(true)
                }
            }
        }
        return try found.get()
    }

    /// Reads one field; afterwards the position is at its separator or the end.
    private mutating func field(_ bytes: UnsafeBufferPointer<UInt8>, into fields: inout [CSVField]) -> Failure? {
        let start = position
        guard position < bytes.count, bytes[position] == 0x22 else {
            while position < bytes.count {
                let byte = bytes[position]
                if byte == 0x2c || byte == 0x0a || byte == 0x0d { break }
                if byte == 0x22 { return .quoteInField(at: position) }
                position += 1
            }
            fields.append(CSVField(bytes: start..<position, start: start))
            return nil
        }
        position += 1
        var doubled = false
        while position < bytes.count {
            guard bytes[position] == 0x22 else {
                position += 1
                continue
            }
            if position + 1 < bytes.count, bytes[position + 1] == 0x22 {
                doubled = true
                position += 2
                continue
            }
            fields.append(CSVField(bytes: (start + 1)..<position, hasDoubledQuotes: doubled, start: start))
            position += 1
            if position < bytes.count, ![0x2c, 0x0a, 0x0d].contains(bytes[position]) {
                return .textAfterQuote(at: position)
            }
            return nil
        }
        return .unclosedQuote(at: start)
    }

    /// A field's text, without the spaces around it.
    func text(_ field: CSVField) -> String {
        var range = field.bytes
        let bytes = source.bytes
        while let first = range.first, bytes[first] == 0x20 || bytes[first] == 0x09 {
            range = (first + 1)..<range.upperBound
        }
        while let last = range.last, bytes[last] == 0x20 || bytes[last] == 0x09 { range = range.lowerBound..<last }
        let text = String(decoding: bytes[range], as: UTF8.self)
        return field.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text
    }
}

/// The first byte that is not UTF-8 text, or a NUL; nil when all is well.
package func firstBadByte(_ bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBufferPointer { bytes in
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 {
                if byte == 0 { return index }
                index += 1
                continue
            }
            // Lead byte, number of continuation bytes, and the range of the first (Unicode 15, table 3-7).
            let length: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xbf
            switch byte {
            case 0xc2...0xdf: length = 1
            case 0xe0...0xef:
                length = 2
                if byte == 0xe0 { low = 0xa0 }
                if byte == 0xed { high = 0x9f }
            case 0xf0...0xf4:
                length = 3
                if byte == 0xf0 { low = 0x90 }
                if byte == 0xf4 { high = 0x8f }
            default: return index
            }
            guard index + length < bytes.count else { return index }
            for offset in 1...length {
                let next = bytes[index + offset]
                if next < low || next > high { return index }
                low = 0x80
                high = 0xbf
            }
            index += length + 1
        }
        return nil
    }
}

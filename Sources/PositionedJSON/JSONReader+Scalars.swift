// The tokens of JSON: strings with their escapes, numbers in Double's range, the three words.

extension JSONReader {
    // MARK: Words

    mutating func readWord() throws(StopReading) -> JSONNode.Value {
        let start = position
        var end = start
        while end < bytes.count, JSONReader.isWordByte(bytes[end]) { end += 1 }
        let word = String(decoding: bytes[start..<min(end, start + 40)], as: UTF8.self)
        position = end
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default:
            throw fail(at: start, "a value should stand here, not \(describe(start))", remedy: remedy(for: word, start))
        }
    }

    private func remedy(for word: String, _ start: Int) -> String? {
        switch word.lowercased() {
        case "true", "false", "null": return "JSON writes it \(word.lowercased())"
        case "none", "nil": return "JSON writes it null"
        case "nan", "inf", "infinity", "+inf", "+infinity": return "JSON has no such number"
        default: break
        }
        switch bytes[start] {
        case UInt8(ascii: "'"): return "JSON strings stand in double quotes"
        case UInt8(ascii: "/"), UInt8(ascii: "#"): return "JSON has no comments"
        case UInt8(ascii: "+"): return "JSON numbers have no plus sign"
        case UInt8(ascii: "."): return "a JSON number begins with a digit: 0\(word)"
        case UInt8(ascii: ","): return "remove one of the commas"
        default: return word.isEmpty ? nil : "text stands in double quotes: \"\(word)\""
        }
    }

    // MARK: Numbers

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    mutating func readNumber() throws(StopReading) -> JSONNode.Value {
        let start = position
        var cursor = start
        let count = bytes.count
        let negative = bytes[cursor] == UInt8(ascii: "-")
        if negative { cursor += 1 }
        var digits: UInt64 = 0
        var significant = 0
        func digit(_ at: Int) -> UInt64? {
            guard at < count else { return nil }
            let value = bytes[at] &- UInt8(ascii: "0")
            return value <= 9 ? UInt64(value) : nil
        }
        guard let first = digit(cursor) else {
            throw fail(
                at: start, "a digit should follow the minus sign", remedy: "JSON has no infinity and no expressions")
        }
        if first == 0, digit(cursor + 1) != nil {
            throw fail(at: start, "a number must not begin with a zero", remedy: "remove the leading zeros")
        }
        while let value = digit(cursor) {
            digits = digits &* 10 &+ value
            if significant > 0 || value > 0 { significant += 1 }
            cursor += 1
        }
        var exponent = 0
        if cursor < count, bytes[cursor] == UInt8(ascii: ".") {
            let point = cursor
            cursor += 1
            while let value = digit(cursor) {
                digits = digits &* 10 &+ value
                if significant > 0 || value > 0 { significant += 1 }
                exponent -= 1
                cursor += 1
            }
            if cursor == point + 1 { throw fail(at: cursor, "a digit should follow the decimal point") }
        }
        if cursor < count, bytes[cursor] | 0x20 == UInt8(ascii: "e") {
            cursor += 1
            var sign = 1
            if cursor < count, bytes[cursor] == UInt8(ascii: "+") || bytes[cursor] == UInt8(ascii: "-") {
                if bytes[cursor] == UInt8(ascii: "-") { sign = -1 }
                cursor += 1
            }
            guard digit(cursor) != nil else { throw fail(at: cursor, "a digit should follow the exponent's e") }
            var written = 0
            while let value = digit(cursor) {
                written = min(written * 10 + Int(value), 1_000_000)
                cursor += 1
            }
            exponent += sign * written
        }
        if cursor < count, JSONReader.isWordByte(bytes[cursor]) {
            throw fail(at: cursor, "unexpected \(describe(cursor)) in a number")
        }
        position = cursor
        let literal = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<cursor]), as: UTF8.self)
        // Exact: both factors are representable, so that one rounding remains (Clinger 1990).
        if significant <= 15, exponent >= -22, exponent <= 22 {
            let scale = JSONReader.powersOfTen[abs(exponent)]
            let magnitude = exponent < 0 ? Double(digits) / scale : Double(digits) * scale
            return .number(negative ? -magnitude : magnitude, literal: literal)
        }
        guard let value = Double(literal), value.isFinite, value != 0 || significant == 0 else {
            throw fail(
                at: start, "the number \(literal.prefix(40)) is outside the range of a double",
                remedy: "magnitudes from 5e-324 to 1.797e308 can be represented")
        }
        return .number(value, literal: literal)
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    // MARK: Strings

    mutating func readString() throws(StopReading) -> String {
        let quote = position
        var cursor = quote + 1
        while cursor < bytes.count {
            let byte = bytes[cursor]
            if byte == UInt8(ascii: "\"") {
                position = cursor + 1
                return String(decoding: UnsafeBufferPointer(rebasing: bytes[(quote + 1)..<cursor]), as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 || byte >= 0x80 { break }
            cursor += 1
        }
        return try readLongString(quote, from: cursor)
    }

    /// The rest of a string that holds an escape or a character beyond ASCII.
    private mutating func readLongString(_ quote: Int, from: Int) throws(StopReading) -> String {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: bytes[(quote + 1)..<from])
        var cursor = from
        while cursor < bytes.count {
            let byte = bytes[cursor]
            switch byte {
            case UInt8(ascii: "\""):
                position = cursor + 1
                return String(decoding: scratch, as: UTF8.self)
            case UInt8(ascii: "\\"):
                cursor = try readEscape(cursor)
            case 0..<0x20:
                let isLineEnd = byte == 0x0A || byte == 0x0D
                throw fail(
                    at: isLineEnd ? quote : cursor,
                    isLineEnd ? "the string is not closed on its line" : "a control character in a string",
                    remedy: isLineEnd
                        ? "close it with a double quote; a line break inside is written \\n"
                        : byte == 0x09
                            ? "a tab is written \\t"
                            : "it is written \\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))")
            case 0x80...:
                let width = JSONReader.sequenceWidth(bytes, cursor)
                guard width > 0 else {
                    throw fail(at: cursor, "a byte that is not UTF-8", remedy: "save the file in UTF-8")
                }
                scratch.append(contentsOf: bytes[cursor..<(cursor + width)])
                columnBase += width - 1
                cursor += width
            default:
                scratch.append(byte)
                cursor += 1
            }
        }
        throw failAtEnd("the closing quote of a string")
    }

    /// Appends what the escape at `start` stands for; returns the position behind it.
    private mutating func readEscape(_ start: Int) throws(StopReading) -> Int {
        guard start + 1 < bytes.count else { throw failAtEnd("the rest of an escape") }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): scratch.append(0x22)
        case UInt8(ascii: "\\"): scratch.append(0x5C)
        case UInt8(ascii: "/"): scratch.append(0x2F)
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"): return try readUnicodeEscape(start)
        default:
            throw fail(
                at: start, "an unknown escape in a string",
                remedy: "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX; a backslash itself is written \\\\")
        }
        return start + 2
    }

    private mutating func readUnicodeEscape(_ start: Int) throws(StopReading) -> Int {
        guard let unit = hexadecimal(start + 2) else {
            throw fail(at: start, "\\u must be followed by four hexadecimal digits")
        }
        var value = unit
        var end = start + 6
        if (0xD800..<0xDC00).contains(unit), end + 1 < bytes.count, bytes[end] == UInt8(ascii: "\\"),
            bytes[end + 1] == UInt8(ascii: "u"), let low = hexadecimal(end + 2), (0xDC00..<0xE000).contains(low)
        {
            value = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            end += 6
        }
        guard let scalar = UnicodeScalar(value) else {
            throw fail(at: start, "half of a surrogate pair", remedy: "write the character itself, in UTF-8")
        }
        scratch.append(contentsOf: UTF8.encode(scalar)!)
        return end
    }

    private func hexadecimal(_ start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<(start + 4)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    /// The length of the well-formed UTF-8 sequence at `start` (Unicode 15, table 3-7); 0 where there is none.
    static func sequenceWidth(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        let lead = bytes[start]
        let width = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
        guard width > 0, start + width <= bytes.count else { return 0 }
        let second = bytes[start + 1]
        let lowest: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
        let highest: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
        guard second >= lowest, second <= highest else { return 0 }
        for index in 2..<max(2, width) where bytes[start + index] & 0xC0 != 0x80 { return 0 }
        return width
    }
}

// Strict RFC 8259 to positioned values.

/// Parses JSON; a file with a mistake is refused whole, with the place of the mistake.
public enum JSONParser {
    /// - Parameter maximumDepth: how deep arrays and objects may nest; the parser recurses no deeper.
    /// - Throws: the first mistake of grammar, and every duplicate key before it.
    public static func parse(_ source: SourceText, maximumDepth: Int = 128) throws(Diagnostics) -> JSONNode {
        let (node, problems) = source.bytes.withUnsafeBufferPointer { bytes in
            var reader = JSONReader(source: source, bytes: bytes, maximumDepth: maximumDepth)
            return (reader.readFile(), reader.problems)
        }
        guard let node, problems.isEmpty else { throw Diagnostics(items: problems) }
        return node
    }

    /// Reads and parses a file.
    public static func parse(
        contentsOf path: String, maximumBytes: Int = 64 << 20, maximumDepth: Int = 128
    ) throws(Diagnostics) -> JSONNode {
        try parse(try SourceText(contentsOf: path, maximumBytes: maximumBytes), maximumDepth: maximumDepth)
    }
}

/// The mistake has been noted; parsing cannot go on.
struct StopReading: Error {}

/// The state of one pass over the bytes. Line and column are kept while going forward: line ends stand only between
/// tokens and characters of several bytes only in strings, so that both cost nothing elsewhere.
struct JSONReader {
    let source: SourceText
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    var position = 0
    var line = 1
    /// The byte at which column 1 would be, continuation bytes of the line so far taken off.
    var columnBase = 0
    var problems: [Diagnostic] = []
    /// The openings of the arrays and objects that are being read.
    var open: [SourceLocation] = []
    /// Reused for strings with escapes.
    var scratch: [UInt8] = []

    init(source: SourceText, bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.source = source
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    var here: SourceLocation {
        SourceLocation(line: line, column: position - columnBase + 1, offset: position)
    }

    /// Notes a mistake at a byte and stops.
    mutating func fail(at offset: Int, _ message: String, remedy: String? = nil) -> StopReading {
        problems.append(
            Diagnostic(source: source, location: source.location(ofByte: offset), message: message, remedy: remedy))
        return StopReading()
    }

    /// Notes that the file ends too early, pointing just behind its last visible character.
    mutating func failAtEnd(_ missing: String) -> StopReading {
        var end = bytes.count
        while end > 0, JSONReader.isSpace(bytes[end - 1]) { end -= 1 }
        var message = "the file ends where \(missing) should follow"
        if let opening = open.last {
            let kind = bytes[opening.offset] == UInt8(ascii: "[") ? "array" : "object"
            message += "; the \(kind) that begins at \(opening.line):\(opening.column) is not closed"
        }
        return fail(at: end, message, remedy: "the file may have been cut short")
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard JSONReader.isSpace(byte) else { return }
            position += 1
            if byte == 0x0A {
                line += 1
                columnBase = position
            }
        }
    }

    mutating func readFile() -> JSONNode? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {  // a byte order mark, which RFC 8259 allows to ignore
            position = 3
            columnBase = 3
        }
        skipSpace()
        guard position < bytes.count else {
            problems.append(
                Diagnostic(
                    source: source, location: .start, message: "the file is empty",
                    remedy: "a JSON value is expected, usually an object: { … }"))
            return nil
        }
        do throws(StopReading) {
            let node = try readValue()
            skipSpace()
            if position < bytes.count {
                throw fail(
                    at: position, "unexpected \(describe(position)) after the end of the JSON value",
                    remedy: "a file holds one value")
            }
            return node
        } catch {
            return nil
        }
    }

    mutating func readValue() throws(StopReading) -> JSONNode {
        let place = here
        switch bytes[position] {
        case UInt8(ascii: "{"): return node(.object(try readObject(place)), place)
        case UInt8(ascii: "["): return node(.array(try readArray(place)), place)
        case UInt8(ascii: "\""): return node(.string(try readString()), place)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return node(try readNumber(), place)
        default: return node(try readWord(), place)
        }
    }

    private func node(_ value: JSONNode.Value, _ place: SourceLocation) -> JSONNode {
        JSONNode(value: value, location: place, source: source)
    }

    private mutating func enter(_ place: SourceLocation) throws(StopReading) {
        guard open.count < maximumDepth else {
            throw fail(at: place.offset, "arrays and objects nest more than \(maximumDepth) deep")
        }
        open.append(place)
        position += 1
    }

    private mutating func readArray(_ place: SourceLocation) throws(StopReading) -> [JSONNode] {
        try enter(place)
        var items: [JSONNode] = []
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
            open.removeLast()
            return items
        }
        while true {
            guard position < bytes.count else { throw failAtEnd("a value") }
            if bytes[position] == UInt8(ascii: "]") {
                throw fail(at: position, "a value is missing after the comma", remedy: "remove the last comma")
            }
            items.append(try readValue())
            if try readSeparator(closing: UInt8(ascii: "]"), items: "values") { return items }
        }
    }

    private mutating func readObject(_ place: SourceLocation) throws(StopReading) -> [JSONMember] {
        try enter(place)
        var members: [JSONMember] = []
        var keys = KeyIndex()
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
            position += 1
            open.removeLast()
            return members
        }
        while true {
            guard position < bytes.count else { throw failAtEnd("a key") }
            let keyPlace = here
            guard bytes[position] == UInt8(ascii: "\"") else { throw failAtKey() }
            let key = try readString()
            if let earlier = keys.insert(key, members) {
                let first = members[earlier].keyLocation
                problems.append(
                    Diagnostic(
                        source: source, location: keyPlace,
                        message:
                            "the key \"\(key)\" stands twice in one object; first at \(first.line):\(first.column)",
                        remedy: "remove or rename one of the two"))
            }
            skipSpace()
            guard position < bytes.count else { throw failAtEnd("a colon and a value") }
            guard bytes[position] == UInt8(ascii: ":") else {
                throw fail(at: position, "a colon is missing after the key \"\(key)\"; found \(describe(position))")
            }
            position += 1
            skipSpace()
            guard position < bytes.count else { throw failAtEnd("a value") }
            members.append(JSONMember(key: key, keyLocation: keyPlace, node: try readValue()))
            if try readSeparator(closing: UInt8(ascii: "}"), items: "members") { return members }
        }
    }

    /// Reads a comma (false) or the closing bracket (true).
    private mutating func readSeparator(closing: UInt8, items: String) throws(StopReading) -> Bool {
        skipSpace()
        let bracket = Character(UnicodeScalar(closing))
        guard position < bytes.count else { throw failAtEnd("a comma or \"\(bracket)\"") }
        if bytes[position] == UInt8(ascii: ",") {
            position += 1
            skipSpace()
            return false
        }
        guard bytes[position] == closing else {
            throw fail(
                at: position, "a comma or \"\(bracket)\" should stand here, not \(describe(position))",
                remedy: "\(items) are separated by commas")
        }
        position += 1
        open.removeLast()
        return true
    }

    private mutating func failAtKey() -> StopReading {
        if bytes[position] == UInt8(ascii: "}") {
            return fail(at: position, "a member is missing after the comma", remedy: "remove the last comma")
        }
        return fail(
            at: position, "a key in double quotes should stand here, not \(describe(position))",
            remedy: "JSON has no comments, and its keys are quoted: \"name\": value")
    }

    /// What stands at a byte, for a message.
    func describe(_ offset: Int) -> String {
        guard offset < bytes.count else { return "the end of the file" }
        let byte = bytes[offset]
        if byte < 0x20 || byte == 0x7F { return "a control character" }
        var end = offset
        while end < bytes.count, end - offset < 24, JSONReader.isWordByte(bytes[end]) { end += 1 }
        if end == offset {
            guard byte >= 0x80 else { return "\"\(Character(UnicodeScalar(byte)))\"" }
            let rest = String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self)
            return "\"\(rest.unicodeScalars.first.map { String($0) } ?? "?")\""
        }
        return "\"\(String(decoding: bytes[offset..<end], as: UTF8.self))\""
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "+"):
            true
        default: false
        }
    }
}

/// Finds duplicate keys: by comparison in small objects, by a table in large ones.
private struct KeyIndex {
    private var table: [String: Int] = [:]
    private static let smallObject = 12

    /// The index of the earlier member of the same name, if there is one; `members` are those before this key.
    mutating func insert(_ key: String, _ members: [JSONMember]) -> Int? {
        if members.count < KeyIndex.smallObject { return members.firstIndex { $0.key == key } }
        if table.isEmpty {
            for (index, member) in members.enumerated() where table[member.key] == nil { table[member.key] = index }
        }
        if let earlier = table[key] { return earlier }
        table[key] = members.count
        return nil
    }
}

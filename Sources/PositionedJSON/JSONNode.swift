// A JSON value that knows where it stood.

/// A value with its place.
public struct JSONNode: Sendable {
    public enum Value: Sendable {
        case null
        case bool(Bool)
        /// The number and the literal as it was written.
        case number(Double, literal: String)
        case string(String)
        case array([JSONNode])
        case object([JSONMember])
    }

    public let value: Value
    /// The value's first character (the opening quote of a string, the bracket of an array).
    public let location: SourceLocation
    public let source: SourceText

    public init(value: Value, location: SourceLocation, source: SourceText) {
        self.value = value
        self.location = location
        self.source = source
    }

    /// The member of an object; nil where there is none or this is no object.
    public subscript(_ key: String) -> JSONNode? {
        guard case .object(let members) = value else { return nil }
        return members.first { $0.key == key }?.node
    }

    /// What it is, with its article: `a number`, `an object`.
    public var kindName: String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The place of a byte of a string's decoded content, so that a complaint about an expression points into the
    /// string. Escapes are accounted for; an offset past the end is the closing quote. Of any other kind of value,
    /// its own place.
    public func location(inString utf8Offset: Int) -> SourceLocation {
        guard case .string = value, location.offset < source.bytes.count,
            source.bytes[location.offset] == UInt8(ascii: "\"")
        else { return location }
        let bytes = source.bytes
        var position = location.offset + 1
        var column = location.column + 1
        var decoded = 0
        while decoded < utf8Offset, position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            var width = 1
            var produced = 1
            if bytes[position] == UInt8(ascii: "\\") {
                (width, produced) = JSONNode.escapeExtent(bytes, position)
            }
            if decoded + produced > utf8Offset, produced > 1 { break }
            decoded += produced
            for byte in bytes[position..<min(position + width, bytes.count)] where byte & 0xC0 != 0x80 { column += 1 }
            position += width
        }
        // Continuation bytes belong to the character before them.
        while position > location.offset + 1, position < bytes.count, bytes[position] & 0xC0 == 0x80 {
            position -= 1
            if bytes[position] & 0xC0 != 0x80 { column -= 1 }
        }
        return SourceLocation(line: location.line, column: column, offset: position)
    }

    /// The bytes an escape takes in the source, and the UTF-8 bytes it stands for.
    private static func escapeExtent(_ bytes: [UInt8], _ position: Int) -> (Int, Int) {
        guard position + 5 < bytes.count, bytes[position + 1] == UInt8(ascii: "u"),
            let unit = UInt32(String(decoding: bytes[(position + 2)..<(position + 6)], as: UTF8.self), radix: 16)
        else { return (2, 1) }
        if (0xD800..<0xDC00).contains(unit) { return (12, 4) }
        return (6, unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3)
    }
}

/// A member of an object.
public struct JSONMember: Sendable {
    public let key: String
    /// The opening quote of the key.
    public let keyLocation: SourceLocation
    public let node: JSONNode

    public init(key: String, keyLocation: SourceLocation, node: JSONNode) {
        self.key = key
        self.keyLocation = keyLocation
        self.node = node
    }
}

// The bytes of a JSON value: the same value always gives the same text.

extension JSONValue {
    /// - Parameter pretty: indented by two spaces, short arrays and objects on one line, long arrays of numbers
    ///   filled to the line's width, and a line end at the end; otherwise compact, on one line.
    public func text(pretty: Bool = true) -> String {
        var writer = JSONText()
        if pretty {
            writer.writePretty(self, indentation: 0, column: 0)
            writer.text += "\n"
        } else {
            writer.writeCompact(self)
        }
        return writer.text
    }
}

/// Builds the text of a value.
struct JSONText {
    var text = ""
    static let lineWidth = 110

    /// The shortest text that reads back to the same double; `null` if it is not finite.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// The text of a value without parts.
    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): number(value)
        case .string(let text): quoted(text)
        case .array(let items): items.isEmpty ? "[]" : nil
        case .object(let fields): fields.isEmpty ? "{}" : nil
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\u{00}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    mutating func writeCompact(_ value: JSONValue) {
        if let scalar = JSONText.scalar(value) {
            text += scalar
        } else if case .array(let items) = value {
            for (index, item) in items.enumerated() {
                text += index == 0 ? "[" : ","
                writeCompact(item)
            }
            text += "]"
        } else if case .object(let fields) = value {
            for (index, field) in fields.enumerated() {
                text += index == 0 ? "{" : ","
                text += JSONText.quoted(field.key) + ":"
                writeCompact(field.value)
            }
            text += "}"
        }
    }

    mutating func writePretty(_ value: JSONValue, indentation: Int, column: Int) {
        if let short = JSONText.oneLine(value, room: JSONText.lineWidth - column) {
            text += short
        } else if case .array(let items) = value {
            writeItems(items, indentation: indentation + 2)
            text += String(repeating: " ", count: indentation) + "]"
        } else if case .object(let fields) = value {
            let margin = String(repeating: " ", count: indentation + 2)
            text += "{\n"
            for (index, field) in fields.enumerated() {
                let key = margin + JSONText.quoted(field.key) + ": "
                text += key
                writePretty(field.value, indentation: indentation + 2, column: key.count)
                text += index + 1 < fields.count ? ",\n" : "\n"
            }
            text += String(repeating: " ", count: indentation) + "}"
        }
    }

    /// The items of an array that does not fit on a line: scalars fill lines, others take a line each.
    private mutating func writeItems(_ items: [JSONValue], indentation: Int) {
        let margin = String(repeating: " ", count: indentation)
        text += "[\n" + margin
        var column = indentation
        for (index, item) in items.enumerated() {
            let comma = index + 1 < items.count ? "," : ""
            if let scalar = JSONText.scalar(item) {
                let width = scalar.utf8.count
                if index > 0 {
                    if column + width + 2 > JSONText.lineWidth {
                        text += "\n" + margin
                        column = indentation
                    } else {
                        text += " "
                        column += 1
                    }
                }
                text += scalar + comma
                column += width + 1
            } else {
                if index > 0 { text += "\n" + margin }
                writePretty(item, indentation: indentation, column: indentation)
                text += comma
                column = JSONText.lineWidth
            }
        }
        text += "\n"
    }

    /// The value on one line, if it is no longer than `room`.
    private static func oneLine(_ value: JSONValue, room: Int) -> String? {
        if let scalar = scalar(value) { return scalar }
        guard room > 2 else { return nil }
        var line: String
        switch value {
        case .array(let items):
            line = "["
            for (index, item) in items.enumerated() {
                guard let part = oneLine(item, room: room - line.utf8.count) else { return nil }
                line += (index > 0 ? ", " : "") + part
                if line.utf8.count > room { return nil }
            }
            line += "]"
        case .object(let fields):
            line = "{ "
            for (index, field) in fields.enumerated() {
                guard let part = oneLine(field.value, room: room - line.utf8.count) else { return nil }
                line += (index > 0 ? ", " : "") + quoted(field.key) + ": " + part
                if line.utf8.count > room { return nil }
            }
            line += " }"
        default: return nil
        }
        return line.utf8.count <= room ? line : nil
    }
}

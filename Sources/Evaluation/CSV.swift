// Comma-separated values after RFC 4180.

/// Fields of comma-separated text.
public enum CSV {
    /// A field, quoted if it must be.
    public static func field(_ text: String) -> String {
        let special = text.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
        }
        guard special else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// A number in the shortest form that reads back exactly; nothing where it is not finite.
    public static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }

    /// A line with its end.
    public static func line(_ fields: [String]) -> String { fields.map(field).joined(separator: ",") + "\n" }
}

// Numbers as tables write them: read fast where they are plain, and explained where they are not.

/// A plain decimal number of at most 15 digits; nil where more care is needed.
///
/// Both factors are exact, so that one rounding remains and the result is the nearest double (Clinger, PLDI 1990).
@inline(__always)
func plainNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var at = 0
    let count = bytes.count
    let negative = count > 0 && bytes[0] == 0x2d
    if negative { at = 1 }
    guard count > at, count - at <= 16 else { return nil }
    var digits: UInt64 = 0
    var written = 0
    var decimals = 0
    var seenPoint = false
    while at < count {
        let value = bytes[at] &- 0x30
        if value <= 9 {
            digits = digits &* 10 &+ UInt64(value)
            written += 1
            if seenPoint { decimals += 1 }
        } else if bytes[at] == 0x2e, !seenPoint {
            seenPoint = true
        } else {
            return nil
        }
        at += 1
    }
    guard written > 0, written <= 15 else { return nil }
    let magnitude = decimals == 0 ? Double(digits) : Double(digits) / powersOfTen[decimals]
    return negative ? -magnitude : magnitude
}

private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]

/// What a cell that should hold a number holds instead.
enum NumberText {
    /// Words by which programs write that nothing was recorded.
    static let unknowns = [
        "na", "n/a", "nan", "null", "none", "nil", ".", "?", "-", "--", "missing", "unknown", "#n/a",
    ]

    /// A number that takes more care: with an exponent, or with more digits; neither hexadecimal nor `inf`.
    static func value(_ text: String) -> Double? {
        let isNumber = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x2b, 0x2d, 0x2e, 0x45, 0x65: true
            default: false
            }
        }
        guard isNumber, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// What to do about a text that is not a number.
    static func remedy(_ text: String) -> String? {
        let lowered = text.lowercased()
        if unknowns.contains(lowered) {
            return "leave the cell empty, or list \"\(text)\" under \"missing\" in the schema"
        }
        if ["inf", "+inf", "-inf", "infinity", "-infinity", "+infinity"].contains(lowered) {
            return "leave the cell empty, or write the limit of the method as \"<50\" or \">1000\""
        }
        if let first = text.first, "<>≤≥".contains(first), text.dropFirst().contains(where: \.isNumber) {
            let side = first == "<" || first == "≤" ? "below" : "above"
            return "if that is a limit of the method, write it \(side == "below" ? "<" : ">")LIMIT and declare "
                + "\"censored\": {\"\(side)\": LIMIT} in the schema"
        }
        if isDate(text) { return "write a time as the number of days since a start, such as the patient's first visit" }
        if text.contains(","), text.allSatisfy({ $0.isNumber || ".,-+ ".contains($0) }) {
            return "write decimals with a point and thousands without a separator (1234.5)"
        }
        if text.contains(where: { " '\u{00a0}\u{202f}_".contains($0) }),
            text.allSatisfy({ $0.isNumber || ".,-+ '\u{00a0}\u{202f}_".contains($0) })
        {
            return "write thousands without a separator (1234.5)"
        }
        if text.hasPrefix("−") || text.hasPrefix("–") { return "write the minus sign as a hyphen (-)" }
        if lowered.contains("e"), text.utf8.allSatisfy({ $0 < 0x3a || $0 | 0x20 == 0x65 }), let value = Double(text),
            !value.isFinite
        {
            return "its magnitude is beyond what a double holds, 1.8e308"
        }
        if lowered.hasPrefix("0x") { return "write it as a decimal number" }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return "its magnitude is beyond what a double holds, 1.8e308"
        }
        if let first = text.utf8.first, (0x30...0x39).contains(first) {
            return "write the number alone; its unit belongs in the schema"
        }
        return nil
    }

    /// 2024-01-31, 31/01/2024, 31.1.24.
    static func isDate(_ text: String) -> Bool {
        let parts = text.prefix(10).split(omittingEmptySubsequences: false) { "-/.".contains($0) }
        return parts.count == 3 && text.count >= 6
            && parts.allSatisfy { (1...4).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }
}

// Numbers for people: significant digits, decimals, thousands, powers of ten. No locale, the same bytes everywhere.

import Foundation

/// Numbers as text.
public enum NumberText {
    /// Fixed decimals; `–` for what is not defined. A zero never has a minus sign.
    public static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "–" }
        let text = String(format: "%.\(max(0, decimals))f", value)
        return text.hasPrefix("-") && !text.contains(where: { $0 >= "1" && $0 <= "9" })
            ? String(text.dropFirst()) : text
    }

    /// A number with so many significant digits, plain between 0.001 and 10⁶ and as `6.1e9` beyond.
    public static func significant(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "–" }
        if value == 0 { return "0" }
        let exponent = Int(log10(abs(value)).rounded(.down))
        if exponent < -3 || exponent >= 6 {
            let mantissa = trimmed(fixed(value / pow(10, Double(exponent)), digits - 1))
            return mantissa + "e\(exponent)"
        }
        return trimmed(fixed(value, max(0, digits - 1 - exponent)))
    }

    /// A share in [0, 1] as a percentage.
    public static func percent(_ share: Double, _ decimals: Int = 1) -> String {
        share.isFinite ? fixed(100 * share, decimals) + " %" : "–"
    }

    /// A probability as a percentage that is never 0 or 100 unless it is exactly that.
    public static func probability(_ value: Double) -> String {
        if value > 0, value < 0.001 { return "< 0.1 %" }
        if value < 1, value > 0.999 { return "> 99.9 %" }
        return percent(value)
    }

    /// A whole number with thin thousands: `12,345`.
    public static func count(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits = String(digits.dropLast(3))
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// `10⁹`
    public static func powerOfTen(_ exponent: Int) -> String {
        let raised = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let digits = String(exponent.magnitude).map { raised[$0.wholeNumberValue ?? 0] }
        return "10" + (exponent < 0 ? "⁻" : "") + String(digits)
    }

    /// Without trailing zeros after a decimal point.
    static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var result = Substring(text)
        while result.last == "0" { result = result.dropLast() }
        if result.last == "." { result = result.dropLast() }
        return String(result)
    }

    /// One printable line: control characters, line ends and direction marks, which could command a terminal or
    /// disguise a name, become `·`.
    public static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: result.append("·")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

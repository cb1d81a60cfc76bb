// A complaint about a file that points at its cause.

/// One complaint: where, what, and what to do about it.
public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var location: SourceLocation
    public var message: String
    /// What to do about it, such as `did you mean "seeds"?`.
    public var remedy: String?
    /// The source line, or the part of a long one around the place; empty where there is nothing to show.
    public var lineText: String
    /// How many characters of `lineText` stand before the place.
    public var caretOffset: Int

    public init(source: SourceText, location: SourceLocation, message: String, remedy: String? = nil) {
        file = source.name
        self.location = location
        self.message = message
        self.remedy = remedy
        (lineText, caretOffset) = Diagnostic.window(of: source, at: location)
    }

    /// How many bytes of a long line are shown before and after the place.
    private static let windowBefore = 60
    private static let windowAfter = 50

    /// The line of a place, cut to a window if long, made safe for a terminal, and the place's position in it.
    private static func window(of source: SourceText, at location: SourceLocation) -> (String, Int) {
        let whole = source.range(ofLine: location.line)
        let place = max(whole.lowerBound, min(location.offset, whole.upperBound))
        func onCharacter(_ offset: Int) -> Int {
            var offset = offset
            while offset > whole.lowerBound, offset < whole.upperBound, source.bytes[offset] & 0xC0 == 0x80 {
                offset -= 1
            }
            return offset
        }
        var start = whole.lowerBound
        if source.bytes[whole].starts(with: [0xEF, 0xBB, 0xBF]) { start += 3 }
        var end = whole.upperBound
        let cutsBefore = place - start > windowBefore + 10
        let cutsAfter = end - place > windowAfter + 10
        if cutsBefore { start = onCharacter(place - windowBefore) }
        if cutsAfter { end = onCharacter(place + windowAfter) }
        let before = printable(source.bytes[min(start, place)..<place])
        let after = printable(source.bytes[place..<end])
        let left = (cutsBefore ? "…" : "") + before
        return (left + after + (cutsAfter ? "…" : ""), left.unicodeScalars.count)
    }

    /// Text without control characters (tabs stay): a file must not be able to drive the terminal.
    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isControl = (scalar.value < 0x20 && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
            text.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(text)
    }

    /// `FILE:LINE:COLUMN: error: message`, the source line, a caret, the remedy.
    public var description: String {
        var text = "\(file):\(location.line):\(location.column): error: \(message)"
        if !lineText.allSatisfy({ $0 == " " || $0 == "\t" }) {
            var padding = ""
            for scalar in lineText.unicodeScalars.prefix(caretOffset) { padding += scalar == "\t" ? "\t" : " " }
            text += "\n    \(lineText)\n    \(padding)^"
        }
        if let remedy { text += "\n    \(remedy)" }
        return text
    }
}

/// Everything that is wrong with a file. The command line ends with exit code 65.
public struct Diagnostics: Error, Sendable, Equatable, CustomStringConvertible {
    public var items: [Diagnostic]

    public init(items: [Diagnostic]) { self.items = items }

    /// How many complaints are printed before the rest is only counted.
    private static let printed = 200

    public var description: String {
        var text = items.prefix(Diagnostics.printed).map(\.description).joined(separator: "\n")
        if items.count > Diagnostics.printed { text += "\n… and \(items.count - Diagnostics.printed) more" }
        return text
    }
}

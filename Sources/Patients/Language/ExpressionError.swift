// What can be wrong with an expression or a unit, and where in its text.

/// A mistake in an expression or unit of an environment file, placed by the UTF-8 offset in its text.
public struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Offset in bytes of UTF-8 from the start of the text.
    public var utf8Offset: Int
    public var message: String
    /// What to do about it, where that can be said.
    public var remedy: String?
    /// True where a name is at fault only because its own definition was; that definition has been complained of.
    public var isConsequence = false

    public init(utf8Offset: Int, message: String, remedy: String? = nil, isConsequence: Bool = false) {
        self.utf8Offset = utf8Offset
        self.message = message
        self.remedy = remedy
        self.isConsequence = isConsequence
    }

    public var description: String { "\(utf8Offset): \(message)" + (remedy.map { " (\($0))" } ?? "") }
}

/// Looks for the name that was meant.
enum Spelling {
    /// The closest of the known names, if it is close: at most two edits for names of five letters and more, one for
    /// shorter ones, or the same letters in another case.
    static func closest(to name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8.prefix(64))
        guard !wanted.isEmpty, name.utf8.count <= 64 else { return nil }
        var best: (distance: Int, name: String)?
        for candidate in known where candidate != name {
            if candidate.lowercased() == name.lowercased() { return candidate }
            let limit = min(wanted.count, candidate.utf8.count) >= 5 ? 2 : 1
            guard max(wanted.count, candidate.utf8.count) > 1 else { continue }
            guard abs(candidate.utf8.count - wanted.count) <= limit else { continue }
            let distance = editDistance(wanted, Array(candidate.utf8))
            if distance <= limit, best.map({ (distance, candidate) < ($0.distance, $0.name) }) ?? true {
                best = (distance, candidate)
            }
        }
        return best?.name
    }

    /// Levenshtein's distance with transpositions of neighbours counted as one edit.
    static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}

// The nearest known word to a misspelt one.

/// Suggestions for unknown names.
public enum DidYouMean {
    /// The candidate nearest to a word, if any is near enough to be what was meant; the first of equals.
    public static func closest(to word: String, among candidates: [String]) -> String? {
        let lowered = Array(word.lowercased().unicodeScalars)
        guard !lowered.isEmpty, lowered.count <= 64 else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in candidates where candidate != word {
            let other = Array(candidate.lowercased().unicodeScalars)
            // A third of the word may be wrong; of one or two letters none, or any name would do.
            let length = min(lowered.count, other.count)
            let limit = length < 3 ? 0 : length / 3
            guard abs(other.count - lowered.count) <= limit else { continue }
            let found = distance(lowered, other)
            if found <= limit, found < best?.distance ?? Int.max { best = (candidate, found) }
        }
        if best == nil, lowered.count >= 3 {  // `chemo` for `chemo_doses`
            let starting = candidates.filter { $0.lowercased().hasPrefix(word.lowercased()) && $0 != word }
            if starting.count == 1 { return starting[0] }
        }
        return best?.word
    }

    /// `did you mean "x"?`, or the known words, or nil where there are none.
    public static func remedy(for word: String, among candidates: [String], known: String) -> String? {
        if let closest = closest(to: word, among: candidates) { return "did you mean \"\(closest)\"?" }
        if candidates.isEmpty { return nil }
        return known + candidates.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// Insertions, deletions, substitutions and transpositions of neighbours (optimal string alignment).
    static func distance(_ a: [UnicodeScalar], _ b: [UnicodeScalar]) -> Int {
        var before = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        var current = previous
        for i in 0..<a.count {
            current[0] = i + 1
            for j in 0..<b.count {
                let substitution = previous[j] + (a[i] == b[j] ? 0 : 1)
                var cost = min(substitution, previous[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                current[j + 1] = cost
            }
            (before, previous, current) = (previous, current, before)
        }
        return previous[b.count]
    }
}

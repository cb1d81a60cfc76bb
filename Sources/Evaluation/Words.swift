// Names of files and formulas as people write them: spaces for underscores, abbreviations as their meaning spells them.

/// Names in words.
public enum Words {
    /// `til_infusions`, of which the meaning says "TIL infusions given", is `TIL infusions`.
    public static func title(_ name: String, meaning: String = "") -> String {
        let spelled = meaning.split { !($0.isLetter || $0.isNumber) }
            // A capital at the beginning alone is a sentence's, not an abbreviation's.
            .filter { word in word.dropFirst().contains(where: \.isUppercase) }
        return name.split(separator: "_").map { word in
            spelled.first { $0.lowercased() == word.lowercased() } ?? word
        }.joined(separator: " ")
    }

    /// A unit to print beside a title, empty where the title says it already: `chemo doses`, not `chemo doses [doses]`.
    public static func unit(_ unit: String, after title: String) -> String {
        let last = title.split(separator: " ").last.map { $0.lowercased() }
        return last == unit.lowercased() || last == "day" && unit == "d" ? "" : unit
    }
}

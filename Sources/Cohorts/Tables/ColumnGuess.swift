// What a column seems to be, from its cells alone.

/// The cells of one column, counted while a table is read without a schema.
struct ColumnGuess {
    /// Categories are listed up to this many.
    static let listed = 50
    /// Whole numbers of at most this many different values are taken for categories.
    static let mostCodes = 10

    let name: String
    private(set) var rows = 0
    private(set) var blanks = 0
    private var values: [Double] = []
    private var words: [String: Int] = [:]
    private var unknowns: Set<String> = []
    private var dates = 0
    private var texts = 0
    private var lowerLimits: Set<Double> = []
    private var upperLimits: Set<Double> = []
    private var censoredCells = 0

    init(name: String) { self.name = name }

    mutating func add(_ text: String) {
        rows += 1
        if text.isEmpty {
            blanks += 1
            return
        }
        if let value = NumberText.value(text) {
            values.append(value)
        } else if let sign = text.first, sign == "<" || sign == ">", let limit = Double(text.dropFirst()),
            limit.isFinite
        {
            if sign == "<" { lowerLimits.insert(limit) } else { upperLimits.insert(limit) }
            censoredCells += 1
        } else if NumberText.unknowns.contains(text.lowercased()) {
            unknowns.insert(text)
            return
        } else {
            if NumberText.isDate(text) { dates += 1 }
            texts += 1
        }
        if words.count <= ColumnBuilder.maximumCategories { words[canonicalCategory(text), default: 0] += 1 }
    }

    var missing: [String] { unknowns.sorted() }
    private var isNumeric: Bool { texts == 0 && !values.isEmpty }
    private var present: Int { values.count + texts + censoredCells }

    /// The column's schema, and what its owner should look at; no schema for what cannot be learned as it stands.
    func guess() -> (schema: ColumnSchema?, notes: [String]) {
        guard present > 0 else { return (nil, ["\"\(name)\" has no value; it is left out"]) }
        if texts == 0, censoredCells > 0 || isNumeric { return number() }
        if dates == texts, values.isEmpty {
            return (nil, ["\"\(name)\" holds dates; it is left out: write days since a start instead"])
        }
        return category()
    }

    private func number() -> (schema: ColumnSchema?, notes: [String]) {
        var notes: [String] = []
        let sorted = values.sorted()
        let isWhole = sorted.allSatisfy { $0 == $0.rounded() && abs($0) <= 0x1p53 }
        let distinct = sorted.isEmpty ? 0 : 1 + zip(sorted, sorted.dropFirst()).count { $0 != $1 }
        if isWhole, censoredCells == 0 {
            if distinct <= 2 || (distinct <= ColumnGuess.mostCodes && values.count >= 5 * distinct) {
                let codes = words.keys.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) }
                if distinct > 2 {
                    notes.append(
                        "\"\(name)\" has \(distinct) different whole numbers: taken for categories; \"ordinal\" if they are "
                            + "steps, \"integer\" if they are counts")
                }
                return (
                    ColumnSchema(name: name, type: .categorical, missing: missing, categories: codes), notes
                )
            }
            if let suspicion = LikelyIdentifier(name: name, type: .integer, hasRole: false, values: values),
                suspicion.isCertain
            {
                return (
                    ColumnSchema(name: name, type: .integer, missing: missing, role: .identifier),
                    [suspicion.message + ": taken for one"]
                )
            }
        }
        var limits = lowerLimits.union(upperLimits).sorted()
        if let first = sorted.first, let last = sorted.last { limits = (limits + [first, last]).sorted() }
        let range = limits[0]...limits[limits.count - 1]
        if let code = ColumnGuess.suspiciousCode(sorted) {
            notes.append("\"\(name)\" reaches \(compact(code)), far from the rest: a code for \"not recorded\"?")
        }
        if isWhole, sorted.first == 0, Double(sorted.count { $0 == 0 }) > 0.02 * Double(sorted.count) {
            let zeros = sorted.count { $0 == 0 }
            notes.append("\"\(name)\" has \(zeros) zeros: list 0 under \"missing\" if they mean \"not recorded\"")
        }
        if LikelyIdentifier.isName(name) {
            notes.append("\"\(name)\" is named like an identifier: give it that role if it is one")
        }
        let schema = ColumnSchema(
            name: name, type: isWhole ? .integer : .continuous, range: range, missing: missing,
            censoring: censoredCells == 0 ? nil : Censoring(below: lowerLimits.sorted(), above: upperLimits.sorted()))
        return (schema, notes)
    }

    private func category() -> (schema: ColumnSchema?, notes: [String]) {
        let isUnique = words.count == present || words.count > ColumnBuilder.maximumCategories
        if isUnique, present >= LikelyIdentifier.leastRows || LikelyIdentifier.isName(name) {
            return (
                ColumnSchema(name: name, type: .categorical, missing: missing, role: .identifier),
                ["\"\(name)\" has another text in almost every row: taken for an identifier"]
            )
        }
        if present >= LikelyIdentifier.leastRows, 2 * words.count > present {
            return (nil, ["\"\(name)\" seems to be free text; it is left out"])
        }
        var notes: [String] = []
        if let word = missing.first(where: { $0.count > 4 }) {
            notes.append("\"\(word)\" in \"\(name)\" is taken for a missing value; list it as a category if it is one")
        }
        if !values.isEmpty, values.count > texts {
            let odd = words.keys.filter { Double($0) == nil }.sorted().prefix(3).map { "\"\($0)\"" }
            notes.append(
                "\"\(name)\" holds numbers and words (\(odd.joined(separator: ", "))): taken for categories; list the words "
                    + "under \"missing\" and give it a numeric type if they are no values")
        }
        if LikelyIdentifier.isName(name) {
            notes.append("\"\(name)\" is named like an identifier: give it that role if it is one")
        }
        let schema = ColumnSchema(
            name: name, type: .categorical, missing: missing,
            categories: words.count <= ColumnGuess.listed ? words.keys.sorted() : nil)
        return (schema, notes)
    }

    /// A number such as −9 or 999 at the end of the others, farther from them than they are wide.
    private static func suspiciousCode(_ sorted: [Double]) -> Double? {
        guard let first = sorted.first, let last = sorted.last, first < last else { return nil }
        for (code, isLow) in [(first, true), (last, false)] {
            let names: [Double] = isLow ? [-1, -8, -9, -99, -999, -9999] : [99, 999, 9999, 99999]
            guard names.contains(code) else { continue }
            let rest = sorted.filter { $0 != code }
            guard let low = rest.first, let high = rest.last else { continue }
            if isLow ? code < 0 && low >= 0 : code - high > high - low { return code }
        }
        return nil
    }
}

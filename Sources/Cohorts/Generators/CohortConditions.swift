// Which patients are wanted: an interval for a number, a set for a category; read from text such as `age>60`.

import PositionedJSON

/// Conditions on a table's columns, all of which a patient must fulfil. A missing cell fulfils none.
///
/// Each is written `COLUMN OP VALUE`: `<`, `<=`, `>`, `>=` and `=` for numbers and for ordinal columns, `=` and `!=` with one
/// category or several (`arms=0|2`) for others.
public struct CohortConditions: Sendable, Equatable {
    enum Comparison: String, Sendable, CaseIterable {
        // The longer first, so that `<=` is not read as `<`.
        case notAbove = "<="
        case notBelow = ">="
        case not = "!="
        case below = "<"
        case above = ">"
        case equal = "="
    }

    struct Condition: Sendable, Equatable {
        var column: String
        var comparison: Comparison
        var values: [String]
        var source: SourceText
        var columnPlace: SourceLocation
        var valuePlace: SourceLocation

        static func == (first: Condition, second: Condition) -> Bool {
            (first.column, first.comparison, first.values) == (second.column, second.comparison, second.values)
        }
    }

    private(set) var items: [Condition] = []

    /// No condition.
    public init() {}

    public var isEmpty: Bool { items.isEmpty }

    /// Reads conditions of the command line.
    ///
    /// - Parameters:
    ///   - texts: a condition each.
    ///   - name: what complaints call their source, such as `--where`.
    public init(_ texts: [String], name: String) throws(Diagnostics) {
        let complaints = Complaints()
        for text in texts {
            let source = SourceText(name: name, text: text)
            read(text, source, complaints) { source.location(ofByte: $0) }
        }
        try complaints.throwIfAny()
    }

    /// Reads an array of conditions, `["age > 60", "gender = 0"]`.
    public init(_ node: JSONNode, complaints: Complaints) {
        guard case .array(let nodes) = node.value else {
            complaints.add(node, "conditions must be an array of strings such as \"age > 60\", not \(node.kindName)")
            return
        }
        for item in nodes {
            guard case .string(let text) = item.value else {
                complaints.add(item, "a condition must be a string such as \"age > 60\", not \(item.kindName)")
                continue
            }
            read(text, item.source, complaints) { item.location(inString: $0) }
        }
    }

    private mutating func read(
        _ text: String, _ source: SourceText, _ complaints: Complaints, place: (Int) -> SourceLocation
    ) {
        let bytes = Array(text.utf8)
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        func word(_ range: Range<Int>) -> (text: String, start: Int) {
            var low = range.lowerBound
            var high = range.upperBound
            while low < high, isSpace(bytes[low]) { low += 1 }
            while high > low, isSpace(bytes[high - 1]) { high -= 1 }
            return (String(decoding: bytes[low..<high], as: UTF8.self), low)
        }
        let operators = Set("<>=!".utf8)
        guard let at = bytes.firstIndex(where: { operators.contains($0) }) else {
            complaints.add(
                in: source, at: place(0), "this condition compares nothing",
                remedy: "write it as age>60, cd40<=200, gender=0 or arms=0|2")
            return
        }
        let rest = bytes[at...]
        guard let comparison = Comparison.allCases.first(where: { rest.starts(with: $0.rawValue.utf8) }) else {
            complaints.add(
                in: source, at: place(at), "\"!\" alone compares nothing",
                remedy: "\"is not\" is written !=")
            return
        }
        let column = word(0..<at)
        let start = at + comparison.rawValue.utf8.count
        if let second = bytes[start...].firstIndex(where: { operators.contains($0) }) {
            complaints.add(
                in: source, at: place(second), "a second comparison in one condition",
                remedy: "write age>=60 and age<70 as two conditions; \"equal\" is a single =")
            return
        }
        if column.text.isEmpty {
            complaints.add(in: source, at: place(0), "the condition names no column")
        }
        var values: [String] = []
        var first = start
        for end in bytes[start...].indices.filter({ bytes[$0] == 0x7c }) + [bytes.count] {
            let value = word(first..<end)
            if value.text.isEmpty {
                complaints.add(in: source, at: place(value.start), "the condition lacks a value here")
            }
            values.append(value.text)
            first = end + 1
        }
        guard !column.text.isEmpty, !values.contains("") else { return }
        items.append(
            Condition(
                column: column.text, comparison: comparison, values: values, source: source,
                columnPlace: place(column.start), valuePlace: place(word(start..<bytes.count).start)))
    }

    /// As they were meant, for reports.
    public var description: String {
        items.map { "\($0.column) \($0.comparison.rawValue) \($0.values.joined(separator: "|"))" }
            .joined(separator: ", ")
    }
}

/// What one column must be.
package enum ColumnRequirement: Sendable, Equatable {
    /// Between these, both included; nothing but values that the column's granularity allows lies at the ends.
    case interval(ClosedRange<Double>)
    /// Indices of the column's categories.
    case categories(Set<Int>)

    package func allows(_ value: Double) -> Bool {
        switch self {
        case .interval(let range): range.contains(value)
        case .categories(let set): Int(exactly: value).map(set.contains) ?? false
        }
    }
}

extension CohortConditions {
    /// A column's requirement and the last condition it comes from.
    struct Resolved: Sendable {
        var requirement: ColumnRequirement
        var condition: Condition
    }

    /// What every column must be, nil where anything goes.
    ///
    /// - Throws: `Diagnostics` for columns and categories there are none of, and for conditions that exclude each other.
    package func requirements(_ columns: [TableColumn]) throws(Diagnostics) -> [ColumnRequirement?] {
        let complaints = Complaints()
        let resolved = resolve(columns, complaints)
        try complaints.throwIfAny()
        return resolved.map { $0?.requirement }
    }

    func resolve(_ columns: [TableColumn], _ complaints: Complaints) -> [Resolved?] {
        var resolved = [Resolved?](repeating: nil, count: columns.count)
        for item in items {
            guard let number = columns.firstIndex(where: { $0.name == item.column }) else {
                complaints.add(
                    in: item.source, at: item.columnPlace, "there is no column \"\(item.column)\"",
                    remedy: DidYouMean.remedy(
                        for: item.column, among: columns.map(\.name), known: "the columns are "))
                continue
            }
            let column = columns[number]
            guard
                let requirement = column.isNumeric
                    ? item.interval(column, complaints) : item.categories(column, complaints)
            else { continue }
            var both = requirement
            if let before = resolved[number]?.requirement {
                guard let common = before.intersection(requirement) else {
                    complaints.add(
                        in: item.source, at: item.valuePlace,
                        "no value of \"\(column.name)\" fulfils all its conditions")
                    continue
                }
                both = common
            }
            resolved[number] = Resolved(requirement: both, condition: item)
        }
        return resolved
    }
}

extension ColumnRequirement {
    /// Both at once, or nil where nothing is both.
    func intersection(_ other: ColumnRequirement) -> ColumnRequirement? {
        switch (self, other) {
        case (.interval(let a), .interval(let b)):
            let low = max(a.lowerBound, b.lowerBound)
            let high = min(a.upperBound, b.upperBound)
            return low <= high ? .interval(low...high) : nil
        case (.categories(let a), .categories(let b)):
            let both = a.intersection(b)
            return both.isEmpty ? nil : .categories(both)
        default: return nil
        }
    }
}

extension CohortConditions.Condition {
    fileprivate func interval(_ column: TableColumn, _ complaints: Complaints) -> ColumnRequirement? {
        func complain(_ message: String, remedy: String? = nil) -> ColumnRequirement? {
            complaints.add(in: source, at: valuePlace, message, remedy: remedy)
            return nil
        }
        guard comparison != .not else {
            return complain(
                "the \(column.schema.type.rawValue) column \"\(column.name)\" is compared by <, <=, >, >= or =")
        }
        guard values.count == 1, let value = Double(values[0]), value.isFinite else {
            return complain(
                values.count == 1
                    ? "\"\(values[0])\" is not a number, as the column \"\(column.name)\" holds"
                    : "the column \"\(column.name)\" holds numbers and is compared with one")
        }
        // The nearest values of the column's granularity.
        let decimals = column.decimals ?? 0
        let unit = (0..<decimals).reduce(1.0) { unit, _ in unit * 10 }
        let multiple = Double(column.granularity?.multiple ?? 1)
        func atLeast(_ value: Double, open: Bool) -> Double {
            let steps = (value * unit / multiple).rounded(.down)
            guard column.granularity != nil, abs(steps) < 0x1p52 else { return open ? value.nextUp : value }
            let below = steps * multiple / unit
            return (open ? below > value : below >= value) ? below : (steps + 1) * multiple / unit
        }
        func atMost(_ value: Double, open: Bool) -> Double { -atLeast(-value, open: open) }
        let end = Double.greatestFiniteMagnitude
        switch comparison {
        case .below: return .interval(-end...max(-end, atMost(value, open: true)))
        case .notAbove: return .interval(-end...atMost(value, open: false))
        case .above: return .interval(min(end, atLeast(value, open: true))...end)
        case .notBelow: return .interval(atLeast(value, open: false)...end)
        default:
            let low = atLeast(value, open: false)
            guard low == value else {
                return complain("the column \"\(column.name)\" holds no number as fine as \(values[0])")
            }
            return .interval(value...value)
        }
    }

    fileprivate func categories(_ column: TableColumn, _ complaints: Complaints) -> ColumnRequirement? {
        var found: Set<Int> = []
        for value in values {
            guard let index = column.categories.firstIndex(of: canonicalCategory(value)) else {
                complaints.add(
                    in: source, at: valuePlace, "\"\(value)\" is not a category of the column \"\(column.name)\"",
                    remedy: DidYouMean.remedy(for: value, among: column.categories, known: "its categories are "))
                return nil
            }
            found.insert(index)
        }
        let all = Set(column.categories.indices)
        var allowed: Set<Int>
        switch comparison {
        case .equal: allowed = found
        case .not: allowed = all.subtracting(found)
        default:
            guard column.schema.type == .ordinal, let index = found.first, found.count == 1 else {
                complaints.add(
                    in: source, at: valuePlace, "the categories of \"\(column.name)\" have no order",
                    remedy: "compare it by = or !=, with several categories as a|b, or make it \"ordinal\"")
                return nil
            }
            allowed = all.filter { other in
                switch comparison {
                case .below: other < index
                case .notAbove: other <= index
                case .above: other > index
                default: other >= index
                }
            }
        }
        if allowed.isEmpty {
            complaints.add(in: source, at: valuePlace, "no category of \"\(column.name)\" fulfils this")
            return nil
        }
        return .categories(allowed)
    }
}

// What a table's columns mean: types, units, missing codes, limits, roles.

import PositionedJSON

/// How a column's values are to be understood.
public enum ColumnType: String, Sendable, CaseIterable {
    /// A measurement on a scale.
    case continuous
    /// A count or a whole number; stays whole.
    case integer
    /// Names without order.
    case categorical
    /// Names in the order of the schema's `categories`, or in numerical order.
    case ordinal

    public var isNumeric: Bool { self == .continuous || self == .integer }
}

/// What a column is for.
public enum ColumnRole: String, Sendable, CaseIterable {
    case baseline, treatment, outcome
    /// Names a patient; never reaches a generator or a measure.
    case identifier
}

/// One column of `COLUMNS.json`.
public struct ColumnSchema: Sendable, Equatable {
    public var name: String
    public var type: ColumnType
    public var unit: String?
    /// Values outside are errors.
    public var range: ClosedRange<Double>?
    /// Cells that mean "not recorded"; an empty cell always does.
    public var missing: [String]
    /// All permitted categories, or nil to take those of the table.
    public var categories: [String]?
    public var role: ColumnRole?
    /// Limits of the method, beyond which cells say `<50` or `>1000`.
    public var censoring: Censoring?
    /// Of a time to an event: the column that tells whether the event was seen (its second category) or the patient
    /// was lost sight of before.
    public var event: String?

    public init(
        name: String, type: ColumnType, unit: String? = nil, range: ClosedRange<Double>? = nil, missing: [String] = [],
        categories: [String]? = nil, role: ColumnRole? = nil, censoring: Censoring? = nil, event: String? = nil
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.range = range
        self.missing = missing
        self.categories = categories
        self.role = role
        self.censoring = censoring
        self.event = event
    }
}

/// What to do with rows that are the same in every cell.
public enum DuplicateRows: String, Sendable, CaseIterable {
    case keep, drop
}

/// The columns of a table, in the order in which the schema names them.
public struct TableSchema: Sendable, Equatable {
    public var columns: [ColumnSchema]
    /// The column that a risk model would predict, where there is one.
    public var target: String?
    /// Of a long table, a row per visit: the column that names the patient, and that of the visit's time. Neither ever
    /// reaches a generator.
    public var patient: String?
    public var time: String?
    public var duplicates: DuplicateRows

    public init(
        columns: [ColumnSchema], target: String? = nil, patient: String? = nil, time: String? = nil,
        duplicates: DuplicateRows = .keep
    ) {
        self.columns = columns
        self.target = target
        self.patient = patient
        self.time = time
        self.duplicates = duplicates
    }

    public func column(_ name: String) -> ColumnSchema? { columns.first { $0.name == name } }

    /// Whether a column names patients or visits, and so is no value to learn.
    func isIdentifier(_ column: ColumnSchema) -> Bool {
        column.role == .identifier || column.name == patient || column.name == time
    }

    /// The schema with these columns only, identifiers kept; the target stays if it is among them.
    ///
    /// - Throws: `CohortError` for a name that is no column to learn.
    public func selecting(_ names: [String]) throws(CohortError) -> TableSchema {
        let known = columns.filter { !isIdentifier($0) }.map(\.name)
        for name in names where !known.contains(name) {
            let hint = DidYouMean.remedy(for: name, among: known, known: "the columns are ").map { "; \($0)" } ?? ""
            throw CohortError("there is no column \"\(name)\" to learn in the schema\(hint)")
        }
        var selected = self
        selected.columns = columns.filter { isIdentifier($0) || names.contains($0.name) }
        for index in selected.columns.indices {
            if let event = selected.columns[index].event, !names.contains(event) { selected.columns[index].event = nil }
        }
        if let target, !names.contains(target) { selected.target = nil }
        return selected
    }
}

/// The text by which a category is known: a whole number written with decimals (`1.0`) is the number (`1`), so that
/// tables that passed through different programs agree.
func canonicalCategory(_ text: String) -> String {
    guard let point = text.firstIndex(of: "."), point != text.startIndex else { return text }
    let whole = text[..<point]
    let digits = whole.first == "-" ? whole.dropFirst() : whole
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return text }
    return text[text.index(after: point)...].allSatisfy { $0 == "0" } ? String(whole) : text
}

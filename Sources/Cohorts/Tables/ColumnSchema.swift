// What a table's columns mean: types, units, missing codes, roles.

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

    public init(
        name: String, type: ColumnType, unit: String? = nil, range: ClosedRange<Double>? = nil, missing: [String] = [],
        categories: [String]? = nil, role: ColumnRole? = nil
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.range = range
        self.missing = missing
        self.categories = categories
        self.role = role
    }
}

/// The columns of a table, in the order in which the schema names them.
public struct TableSchema: Sendable, Equatable {
    public var columns: [ColumnSchema]
    /// The column that a risk model would predict, where there is one.
    public var target: String?

    public init(columns: [ColumnSchema], target: String? = nil) {
        self.columns = columns
        self.target = target
    }

    public func column(_ name: String) -> ColumnSchema? { columns.first { $0.name == name } }
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

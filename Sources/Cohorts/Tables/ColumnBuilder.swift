// Turns the cells of one column into values, as they are read.

import PositionedJSON

/// A column while its table is read.
struct ColumnBuilder {
    struct Mistake {
        var message: String
        var remedy: String?
    }

    /// More categories than this are taken for a column that is not categorical.
    static let maximumCategories = 1000

    let schema: ColumnSchema
    /// The column's place among the fields of a record.
    let position: Int
    private let missing: Set<String>
    /// Missing codes as numbers, so that −9 and -9.0 agree.
    private let missingNumbers: Set<Double>
    private var values: [Double] = []
    private var categories: [String]
    private var numberOf: [String: Int]
    /// The categories are those of the schema, and no others.
    private let closed: Bool
    /// Their order is given, by the schema or by another table.
    private let ordered: Bool

    init(_ schema: ColumnSchema, position: Int, like: TableColumn?) {
        self.schema = schema
        self.position = position
        missing = Set(schema.missing)
        missingNumbers = schema.type.isNumeric ? Set(schema.missing.compactMap { Double($0) }) : []
        categories = schema.categories ?? like?.categories ?? []
        closed = schema.categories != nil
        ordered = closed || like != nil
        numberOf = [:]
        for (index, name) in categories.enumerated() where numberOf[name] == nil { numberOf[name] = index }
    }

    /// Takes one more cell.
    mutating func add(_ text: String) -> Mistake? {
        if text.isEmpty || missing.contains(text) {
            values.append(.nan)
            return nil
        }
        return schema.type.isNumeric ? addNumber(text) : addCategory(canonicalCategory(text))
    }

    private mutating func addNumber(_ text: String) -> Mistake? {
        values.append(.nan)
        guard text.utf8.allSatisfy(ColumnBuilder.isPartOfNumber), let value = Double(text), value.isFinite else {
            let unknown = ["na", "nan", "n/a", "null", "none", ".", "?", "missing"].contains(text.lowercased())
            return Mistake(
                message:
                    "\"\(text.prefix(40))\" in the \(schema.type.rawValue) column \"\(schema.name)\" is not a number",
                remedy: unknown ? "leave the cell empty, or list \"\(text)\" under \"missing\" in the schema" : nil)
        }
        if missingNumbers.contains(value) { return nil }
        if schema.type == .integer, value != value.rounded() || abs(value) > 0x1p53 {
            return Mistake(
                message: "\(text) in the integer column \"\(schema.name)\" is not a whole number",
                remedy: "make its type \"continuous\" if it may have decimals")
        }
        if let range = schema.range, !range.contains(value) {
            let unit = schema.unit.map { " \($0)" } ?? ""
            return Mistake(
                message:
                    "\(text) in the column \"\(schema.name)\" is outside \(range.lowerBound) to \(range.upperBound)\(unit)",
                remedy: "if it means \"not recorded\", list it under \"missing\" in the schema")
        }
        values[values.count - 1] = value
        return nil
    }

    /// Digits, signs, a point and an exponent: neither hexadecimal nor `inf`.
    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x2b, 0x2d, 0x2e, 0x45, 0x65: true
        default: false
        }
    }

    private mutating func addCategory(_ text: String) -> Mistake? {
        if let number = numberOf[text] {
            values.append(Double(number))
            return nil
        }
        values.append(.nan)
        if closed {
            return Mistake(
                message: "\"\(text.prefix(40))\" is not a category of the column \"\(schema.name)\"",
                remedy: DidYouMean.remedy(for: text, among: categories, known: "the schema lists "))
        }
        guard categories.count < ColumnBuilder.maximumCategories else {
            return Mistake(
                message: "more than \(ColumnBuilder.maximumCategories) categories in the column \"\(schema.name)\"",
                remedy: "give it the role \"identifier\", or a numeric type")
        }
        values[values.count - 1] = Double(categories.count)
        numberOf[text] = categories.count
        categories.append(text)
        return nil
    }

    /// The column, its categories in numerical or else alphabetical order where nobody gave one.
    func finished() -> TableColumn {
        guard !schema.type.isNumeric else {
            return TableColumn(
                schema: schema, values: values, decimals: schema.type == .integer ? 0 : decimalsOf(values))
        }
        guard !ordered else { return TableColumn(schema: schema, categories: categories, values: values) }
        let numbers = categories.compactMap { Double($0) }
        let numerical = numbers.count == categories.count
        let order = categories.indices.sorted { a, b in
            numerical && numbers[a] != numbers[b] ? numbers[a] < numbers[b] : categories[a] < categories[b]
        }
        var place = [Double](repeating: 0, count: order.count)
        for (rank, index) in order.enumerated() { place[index] = Double(rank) }
        return TableColumn(
            schema: schema, categories: order.map { categories[$0] },
            values: values.map { $0.isNaN ? .nan : place[Int($0)] })
    }
}

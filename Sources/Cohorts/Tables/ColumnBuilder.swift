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
    private let isNumeric: Bool
    private let isInteger: Bool
    /// Numbers that are within the range and the limits of the method.
    private let permitted: ClosedRange<Double>
    private let missing: Set<String>
    /// Missing codes as numbers, so that −9 and -9.0 agree.
    private let missingNumbers: [Double]
    private(set) var values: [Double] = []
    private var categories: [String]
    private var numberOf: [String: Int]
    /// Short cells met before and their values: most categories are a few bytes.
    private var knownCells: [(key: UInt64, value: Double)] = []
    /// The categories are those of the schema, and no others.
    private let closed: Bool
    /// Their order is given, by the schema or by another table.
    private let ordered: Bool

    init(_ schema: ColumnSchema, position: Int, like: TableColumn?) {
        self.schema = schema
        self.position = position
        isNumeric = schema.type.isNumeric
        isInteger = schema.type == .integer
        let bounds = schema.range ?? -.infinity ... .infinity
        let low = max(bounds.lowerBound, schema.censoring?.below.first ?? -.infinity)
        let high = min(bounds.upperBound, schema.censoring?.above.last ?? .infinity)
        permitted = low...max(low, high)
        missing = Set(schema.missing)
        missingNumbers = isNumeric ? schema.missing.compactMap { Double($0) } : []
        categories = schema.categories ?? like?.categories ?? []
        closed = schema.categories != nil
        ordered = closed || like != nil
        numberOf = [:]
        for (index, name) in categories.enumerated() where numberOf[name] == nil { numberOf[name] = index }
    }

    mutating func reserve(_ rows: Int) { values.reserveCapacity(rows) }

    /// Takes one more cell: its bytes without the spaces around them.
    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, hasDoubledQuotes: Bool) -> Mistake? {
        if bytes.isEmpty {
            values.append(.nan)
            return nil
        }
        if isNumeric {
            if let value = plainNumber(bytes) { return take(value, bytes) }
        } else if bytes.count < 8, !hasDoubledQuotes {
            var key = UInt64(bytes.count) << 56
            for (index, byte) in bytes.enumerated() { key |= UInt64(byte) << (8 * UInt64(index)) }
            if let known = knownCells.first(where: { $0.key == key }) {
                values.append(known.value)
                return nil
            }
            let mistake = add(String(decoding: bytes, as: UTF8.self))
            if mistake == nil, knownCells.count < 32 { knownCells.append((key, values[values.count - 1])) }
            return mistake
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return add(hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text)
    }

    private mutating func add(_ text: String) -> Mistake? {
        if missing.contains(text) {
            values.append(.nan)
            return nil
        }
        if !isNumeric { return addCategory(canonicalCategory(text)) }
        if let value = NumberText.value(text) { return take(value, text) }
        values.append(.nan)
        return censored(text)
            ?? Mistake(
                message: "\"\(shown(text))\" in the \(schema.type.rawValue) column \"\(schema.name)\" is not a number",
                remedy: NumberText.remedy(text))
    }

    private func shown(_ text: String) -> String { text.count > 40 ? text.prefix(40) + "…" : text }

    @inline(__always)
    private mutating func take(_ value: Double, _ bytes: UnsafeBufferPointer<UInt8>) -> Mistake? {
        if !missingNumbers.isEmpty, missingNumbers.contains(value) {
            values.append(.nan)
            return nil
        }
        if permitted.contains(value), !isInteger || (value == value.rounded() && abs(value) <= 0x1p53) {
            values.append(value)
            return nil
        }
        return take(value, String(decoding: bytes, as: UTF8.self))
    }

    /// A number, once more with all that may be wrong with it.
    private mutating func take(_ value: Double, _ text: String) -> Mistake? {
        values.append(.nan)
        if missing.contains(text) || missingNumbers.contains(value) { return nil }
        if schema.type == .integer, value != value.rounded() || abs(value) > 0x1p53 {
            return Mistake(
                message: "\(shown(text)) in the integer column \"\(schema.name)\" is not a whole number",
                remedy: "make its type \"continuous\" if it may have decimals")
        }
        let unit = schema.unit.map { " \($0)" } ?? ""
        if let range = schema.range, !range.contains(value) {
            return Mistake(
                message: "\(shown(text)) in the column \"\(schema.name)\" is outside "
                    + "\(range.lowerBound) to \(range.upperBound)\(unit)",
                remedy: "if it means \"not recorded\", list it under \"missing\" in the schema")
        }
        if let limit = schema.censoring?.below.first, value < limit {
            return Mistake(
                message: "\(shown(text)) in the column \"\(schema.name)\" is below the limit of detection, "
                    + "\(compact(limit))\(unit)",
                remedy: "write the cell <\(compact(limit)), or lower the limit in the schema")
        }
        if let limit = schema.censoring?.above.last, value > limit {
            return Mistake(
                message: "\(shown(text)) in the column \"\(schema.name)\" is above the upper limit of the method, "
                    + "\(compact(limit))\(unit)",
                remedy: "write the cell >\(compact(limit)), or raise the limit in the schema")
        }
        values[values.count - 1] = value
        return nil
    }

    /// A cell such as `<50`: nil where it was taken or is nothing of the kind with declared limits.
    private mutating func censored(_ text: String) -> Mistake?? {
        guard let found = schema.censoring?.value(of: text) else { return nil }
        switch found {
        case .success(let value):
            values[values.count - 1] = value
            return .some(nil)
        case .failure(let difference):
            let limits = difference.limits.map(compact).joined(separator: ", ")
            let side = difference.sign == "<" ? "below" : "above"
            return Mistake(
                message: "\"\(shown(text))\" in the column \"\(schema.name)\" is not "
                    + (limits.isEmpty ? "a limit of the schema" : "the schema's limit, \(difference.sign)\(limits)"),
                remedy: "\"\(side)\" may list several limits: {\"\(side)\": [20, 50]}")
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
                message: "\"\(shown(text))\" is not a category of the column \"\(schema.name)\"",
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
        guard !isNumeric else {
            let censored = schema.censoring?.values ?? []
            let granularity = Granularity(censored.isEmpty ? values : values.filter { !censored.contains($0) })
            return TableColumn(schema: schema, values: values, granularity: granularity)
        }
        guard !ordered else { return TableColumn(schema: schema, categories: categories, values: values) }
        let numbers = categories.compactMap { Double($0) }
        let numerical = numbers.count == categories.count
        let order = categories.indices.sorted { a, b in
            numerical && numbers[a] != numbers[b] ? numbers[a] < numbers[b] : categories[a] < categories[b]
        }
        if order.elementsEqual(categories.indices) {
            return TableColumn(schema: schema, categories: categories, values: values)
        }
        var place = [Double](repeating: 0, count: order.count)
        for (rank, index) in order.enumerated() { place[index] = Double(rank) }
        return TableColumn(
            schema: schema, categories: order.map { categories[$0] },
            values: values.map { $0.isNaN ? .nan : place[Int($0)] })
    }
}

// What a column of a table holds: how much is missing, how coarse it is, what is frequent in it.

import PositionedJSON

/// A column in a few numbers.
public struct ColumnProfile: Sendable, Equatable {
    public var name: String
    public var type: ColumnType
    public var role: ColumnRole?
    public var unit: String?
    /// Cells without a value, of all.
    public var missing: Int
    public var rows: Int
    /// Different values.
    public var distinct: Int
    /// Of numeric columns: least, median and greatest, cells beyond a limit included.
    public var least: Double?
    public var median: Double?
    public var greatest: Double?
    public var granularity: Granularity?
    /// Share of zeros among the numbers.
    public var zeros: Double
    /// Third standardised moment, of numeric columns that vary.
    public var skewness: Double?
    /// Cells such as `<50`, and how often.
    public var censored: [(text: String, count: Int)]
    /// Of categorical and ordinal columns, in order.
    public var categories: [(name: String, count: Int)]

    public var missingShare: Double { Double(missing) / Double(max(rows, 1)) }

    public static func == (a: ColumnProfile, b: ColumnProfile) -> Bool { a.json() == b.json() }

    public init(_ column: TableColumn) {
        name = column.name
        type = column.schema.type
        role = column.schema.role
        unit = column.schema.unit
        rows = column.values.count
        let sorted = column.values.filter { !$0.isNaN }.sorted()
        missing = rows - sorted.count
        distinct = sorted.isEmpty ? 0 : 1 + zip(sorted, sorted.dropFirst()).count { $0 != $1 }
        granularity = column.isNumeric ? column.granularity : nil
        censored = (column.schema.censoring?.values ?? []).compactMap { value in
            let count = QuantileMap.upperBound(sorted, value) - QuantileMap.lowerBound(sorted, value)
            return column.schema.censoring?.text(of: value).map { ($0, count) }
        }
        zeros = 0
        categories = []
        if column.isNumeric {
            least = sorted.first
            greatest = sorted.last
            median = sorted.isEmpty ? nil : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
            let none = QuantileMap.upperBound(sorted, 0) - QuantileMap.lowerBound(sorted, 0)
            zeros = Double(none) / Double(max(sorted.count, 1))
            skewness = distinct > 1 ? ColumnProfile.skewness(sorted) : nil
        } else {
            categories = column.categories.enumerated().map { index, name in
                let value = Double(index)
                return (name, QuantileMap.upperBound(sorted, value) - QuantileMap.lowerBound(sorted, value))
            }
        }
    }

    private static func skewness(_ values: [Double]) -> Double? {
        let count = Double(values.count)
        let mean = values.reduce(0) { $0 + $1 / count }
        var second = 0.0
        var third = 0.0
        for value in values {
            let difference = value - mean
            second += difference * difference / count
            third += difference * difference * difference / count
        }
        let skewness = third / (second * second.squareRoot())
        return skewness.isFinite ? skewness : nil
    }

    public func json() -> JSONValue {
        var value: JSONValue = [
            "name": .string(name), "type": .string(type.rawValue), "missing": .integer(missing),
            "missing_share": .number(missingShare), "distinct": .integer(distinct),
        ]
        if let role { value["role"] = .string(role.rawValue) }
        if let unit { value["unit"] = .string(unit) }
        if type.isNumeric {
            value["least"] = .optional(least)
            value["median"] = .optional(median)
            value["greatest"] = .optional(greatest)
            value["zeros"] = .number(zeros)
            value["skewness"] = .optional(skewness)
            value["decimals"] = granularity.map { .integer($0.decimals) } ?? .null
            value["multiple"] = granularity.map { .integer($0.multiple) } ?? .null
            if !censored.isEmpty {
                value["censored"] = .object(censored.map { JSONField($0.text, .integer($0.count)) })
            }
        } else {
            value["categories"] = .object(categories.map { JSONField($0.name, .integer($0.count)) })
        }
        return value
    }
}

// Reads COLUMNS.json, reporting every mistake at its place.

import PositionedJSON

extension TableSchema {
    /// Reads the schema of a table from a file.
    ///
    /// - Throws: `Diagnostics` for everything wrong with it.
    public static func read(path: String) throws -> TableSchema {
        try read(SourceText(contentsOf: path))
    }

    /// Reads `{"columns": {NAME: {"type": …, …}}, "target": NAME}`.
    public static func read(_ source: SourceText) throws -> TableSchema {
        let node = try JSONParser.parse(source)
        let complaints = Complaints()
        let schema = TableSchema(node, complaints: complaints)
        try complaints.throwIfAny()
        return schema
    }

    init(_ node: JSONNode, complaints: Complaints) {
        let reader = ObjectReader(node, what: "the schema", complaints: complaints)
        var columns: [ColumnSchema] = []
        if let list = reader.child("columns") {
            if case .object(let members) = list.value {
                if members.isEmpty { complaints.add(list, "\"columns\" names no column") }
                for member in members {
                    if let column = ColumnSchema(name: member.key, member.node, complaints: complaints) {
                        columns.append(column)
                    }
                }
            } else {
                complaints.add(list, "\"columns\" must be an object with a member per column, not \(list.kindName)")
            }
        }
        let target = reader.optionalString("target")
        if let target, let place = reader.optionalChild("target") {
            if let column = columns.first(where: { $0.name == target }) {
                if column.role == .identifier {
                    complaints.add(place, "the target \"\(target)\" is an identifier")
                }
            } else if reader.optionalChild("columns") != nil {
                complaints.add(
                    place, "the target \"\(target)\" is not among the columns",
                    remedy: DidYouMean.remedy(for: target, among: columns.map(\.name), known: "the columns are "))
            }
        }
        reader.finish()
        self.init(columns: columns, target: target)
    }
}

extension ColumnSchema {
    init?(name: String, _ node: JSONNode, complaints: Complaints) {
        let reader = ObjectReader(node, what: "the column \"\(name)\"", complaints: complaints)
        let type = reader.choice("type", of: ColumnType.allCases.map(\.rawValue)).flatMap(ColumnType.init(rawValue:))
        let unit = reader.optionalString("unit")
        var range: ClosedRange<Double>?
        if let place = reader.optionalChild("range"), let bounds = reader.optionalNumbers("range") {
            if bounds.count == 2, bounds[0] <= bounds[1] {
                range = bounds[0]...bounds[1]
            } else {
                complaints.add(place, "\"range\" must be [low, high] with low not above high")
            }
        }
        let missing = ColumnSchema.codes(reader, "missing")
        let categories = ColumnSchema.codes(reader, "categories")
        let role = reader.optionalChild("role").flatMap { _ in
            reader.choice("role", of: ColumnRole.allCases.map(\.rawValue), default: ColumnRole.baseline.rawValue)
        }
        if let type, type.isNumeric, categories != nil, let place = reader.optionalChild("categories") {
            complaints.add(
                place, "the \(type.rawValue) column \"\(name)\" cannot have categories",
                remedy: "make its type \"categorical\" or \"ordinal\", or leave \"categories\" out")
        }
        if let type, !type.isNumeric, let place = reader.optionalChild("range") {
            complaints.add(
                place, "the \(type.rawValue) column \"\(name)\" cannot have a range",
                remedy: "list its \"categories\" instead")
        }
        reader.finish()
        guard let type else { return nil }
        self.init(
            name: name, type: type, unit: unit, range: range, missing: missing ?? [],
            categories: categories?.map(canonicalCategory), role: role.flatMap(ColumnRole.init(rawValue:)))
    }

    /// A list of codes, written as strings or numbers.
    private static func codes(_ reader: ObjectReader, _ key: String) -> [String]? {
        guard let items = reader.optionalArray(key) else { return nil }
        var codes: [String] = []
        for item in items {
            let code: String
            switch item.value {
            case .string(let text): code = text
            case .number(_, let literal): code = literal
            default:
                reader.complaints.add(item, "\"\(key)\" holds strings or numbers, not \(item.kindName)")
                continue
            }
            if codes.contains(code) {
                reader.complaints.add(item, "\"\(code)\" is listed twice in \"\(key)\"")
            } else {
                codes.append(code)
            }
        }
        return codes
    }
}

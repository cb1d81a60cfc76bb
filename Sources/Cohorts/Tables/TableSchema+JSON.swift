// Reads COLUMNS.json, reporting every mistake at its place.

import PositionedJSON

extension TableSchema {
    /// Reads the schema of a table from a file.
    ///
    /// - Throws: `Diagnostics` for everything wrong with it.
    public static func read(path: String) throws -> TableSchema {
        try read(SourceText(contentsOf: path))
    }

    /// Reads `{"columns": {NAME: {"type": …, …}}, "target": NAME, "patient": NAME, "time": NAME, "duplicates": …}`.
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
        var places: [JSONNode] = []
        var wasRead = false
        if let list = reader.child("columns") {
            if case .object(let members) = list.value {
                if members.isEmpty { complaints.add(list, "\"columns\" names no column") }
                wasRead = true
                for member in members {
                    if let column = ColumnSchema(name: member.key, member.node, complaints: complaints) {
                        columns.append(column)
                        places.append(member.node)
                    } else {
                        wasRead = false
                    }
                }
            } else {
                complaints.add(list, "\"columns\" must be an object with a member per column, not \(list.kindName)")
            }
        }
        self.init(
            columns: columns, target: reader.optionalString("target"), patient: reader.optionalString("patient"),
            time: reader.optionalString("time"),
            duplicates: reader.choice("duplicates", of: DuplicateRows.allCases.map(\.rawValue), default: "keep")
                .flatMap(DuplicateRows.init(rawValue:)) ?? .keep)
        checkTarget(reader, wasRead: wasRead || !columns.isEmpty)
        checkVisits(reader)
        if wasRead { checkEvents(places, complaints) }
        reader.finish()
    }

    private func checkTarget(_ reader: ObjectReader, wasRead: Bool) {
        guard let target, let place = reader.optionalChild("target") else { return }
        if let column = column(target) {
            if isIdentifier(column) {
                let what = column.role == .identifier ? "an identifier" : "what tells visits apart"
                reader.complaints.add(
                    place, "the target \"\(target)\" is \(what)", remedy: "name the outcome that is to be predicted")
            }
        } else if reader.optionalChild("columns") != nil {
            reader.complaints.add(
                place, "the target \"\(target)\" is not among the columns",
                remedy: DidYouMean.remedy(for: target, among: columns.map(\.name), known: "the columns are "))
        }
    }

    private func checkVisits(_ reader: ObjectReader) {
        if let patient, let place = reader.optionalChild("patient") {
            if time == nil {
                reader.complaints.add(
                    place, "a table with a \"patient\" column has visits, and needs a \"time\" column",
                    remedy:
                        "add \"time\": NAME; or, with one row a patient, give \"\(patient)\" the role \"identifier\"")
            }
            if time == patient {
                reader.complaints.add(place, "\"patient\" and \"time\" name the same column \"\(patient)\"")
            }
            if let role = column(patient)?.role, role != .identifier {
                reader.complaints.add(
                    place, "the patient column \"\(patient)\" has the role \"\(role.rawValue)\"",
                    remedy: "its role can only be \"identifier\"")
            }
        }
        if let time, let place = reader.optionalChild("time") {
            if patient == nil {
                reader.complaints.add(
                    place, "a table with a \"time\" column has visits, and needs a \"patient\" column",
                    remedy: "add \"patient\": NAME; or leave \"time\" out where every patient has one row")
            }
            if let column = column(time), !column.type.isNumeric {
                reader.complaints.add(
                    place, "the time column \"\(time)\" is \(column.type.rawValue)",
                    remedy: "make its type \"continuous\" or \"integer\"")
            }
        }
    }

    /// An indicator must be there, and be of the kind that tells yes from no.
    private func checkEvents(_ places: [JSONNode], _ complaints: Complaints) {
        for (column, node) in zip(columns, places) {
            guard let event = column.event, let place = node["event"] else { continue }
            if event == column.name {
                complaints.add(place, "the column \"\(event)\" cannot be its own indicator")
            } else if let indicator = self.column(event) {
                if indicator.type == .continuous || isIdentifier(indicator) {
                    complaints.add(
                        place, "\"\(event)\" cannot tell whether the event of \"\(column.name)\" was seen",
                        remedy: "an indicator is categorical, with two categories, such as 0 and 1")
                }
            } else {
                complaints.add(
                    place, "the indicator \"\(event)\" of \"\(column.name)\" is not among the columns",
                    remedy: DidYouMean.remedy(for: event, among: columns.map(\.name), known: "the columns are "))
            }
        }
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
        let censoring = ColumnSchema.censoring(reader, name: name, range: range)
        let event = reader.optionalString("event")
        if let type, type.isNumeric, categories != nil, let place = reader.optionalChild("categories") {
            complaints.add(
                place, "the \(type.rawValue) column \"\(name)\" cannot have categories",
                remedy: "make its type \"categorical\" or \"ordinal\", or leave \"categories\" out")
        }
        if let type, !type.isNumeric {
            for (key, what, remedy) in [
                ("range", "a range", "list its \"categories\" instead"),
                ("censored", "limits of detection", "make its type \"continuous\" or \"integer\""),
                ("event", "an indicator of events", "only a time to an event has one"),
            ] {
                guard let place = reader.optionalChild(key) else { continue }
                complaints.add(
                    place, "the \(type.rawValue) column \"\(name)\" cannot have \(what)", remedy: remedy)
            }
        }
        reader.finish()
        guard let type else { return nil }
        self.init(
            name: name, type: type, unit: unit, range: range, missing: missing ?? [],
            categories: categories?.map(canonicalCategory), role: role.flatMap(ColumnRole.init(rawValue:)),
            censoring: type.isNumeric ? censoring : nil, event: type.isNumeric ? event : nil)
    }

    /// `"censored": {"below": 50, "above": [1000, 5000]}`.
    private static func censoring(_ reader: ObjectReader, name: String, range: ClosedRange<Double>?) -> Censoring? {
        guard let place = reader.optionalChild("censored"),
            let limits = reader.optionalObject("censored", what: "\"censored\" of the column \"\(name)\"")
        else { return nil }
        func list(_ key: String) -> [Double] {
            guard let node = limits.optionalChild(key) else { return [] }
            if case .array = node.value { return (limits.optionalNumbers(key) ?? []).sorted() }
            return limits.optionalNumber(key).map { [$0] } ?? []
        }
        let censoring = Censoring(below: list("below"), above: list("above"))
        if limits.optionalChild("below") == nil, limits.optionalChild("above") == nil {
            reader.complaints.add(
                place, "\"censored\" of the column \"\(name)\" has no limit",
                remedy: "write {\"below\": 50} for cells such as <50, {\"above\": 1000} for cells such as >1000")
        }
        if let low = censoring.below.last, let high = censoring.above.first, low >= high {
            reader.complaints.add(
                place,
                "the lower limit \(compact(low)) of the column \"\(name)\" is not below the upper one, "
                    + compact(high))
        }
        if let range, let outside = (censoring.below + censoring.above).first(where: { !range.contains($0) }) {
            reader.complaints.add(
                place, "the limit \(compact(outside)) of the column \"\(name)\" is outside its range",
                remedy: "widen \"range\" to hold it")
        }
        limits.finish()
        return censoring
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

// The encoding of a table as JSON, part of every generator's file.

import PositionedJSON

extension TableEncoding {
    func json() -> JSONValue { .array(plans.map { $0.json(columns[$0.column]) }) }

    /// Reads what `json` writes from the keys `columns` and `target`; complains and returns nil where it cannot.
    init?(_ reader: ObjectReader) {
        let before = reader.complaints.items.count
        let nodes = reader.array("columns") ?? []
        target = reader.optionalString("target")
        var columns: [TableColumn] = []
        var plans: [ColumnPlan] = []
        var choices = 0
        var scores = 0
        for (number, node) in nodes.enumerated() {
            guard
                let (column, plan) = ColumnPlan.read(
                    node, number: number, block: choices, slot: scores, complaints: reader.complaints)
            else { continue }
            if columns.contains(where: { $0.name == column.name }) {
                reader.complaints.add(node, "a second column named \"\(column.name)\"")
            }
            if plan.block != nil { choices += plan.states.count }
            if plan.slot != nil { scores += 1 }
            columns.append(column)
            plans.append(plan)
        }
        if let target, !columns.contains(where: { $0.name == target }), columns.count == nodes.count {
            reader.complaints.add(
                reader.optionalChild("target") ?? reader.node, "the target \"\(target)\" is not among the columns")
        }
        if nodes.isEmpty, let place = reader.optionalChild("columns"), reader.complaints.items.count == before {
            reader.complaints.add(place, "\"columns\" names no column")
        }
        guard reader.complaints.items.count == before else { return nil }
        self.columns = columns
        self.plans = plans
        self.scores = scores
        self.choices = choices
    }
}

extension ColumnPlan {
    func json(_ column: TableColumn) -> JSONValue {
        let schema = column.schema
        var value: JSONValue = ["name": .string(column.name), "type": .string(schema.type.rawValue)]
        if let unit = schema.unit { value["unit"] = .string(unit) }
        if let range = schema.range { value["range"] = .numbers([range.lowerBound, range.upperBound]) }
        if !schema.missing.isEmpty { value["missing"] = .strings(schema.missing) }
        if let role = schema.role { value["role"] = .string(role.rawValue) }
        if !column.isNumeric { value["categories"] = .strings(column.categories) }
        if let granularity {
            value["decimals"] = .integer(granularity.decimals)
            if granularity.multiple > 1 { value["multiple"] = .integer(granularity.multiple) }
        }
        if let limits = schema.censoring {
            value["censored"] = ["below": .numbers(limits.below), "above": .numbers(limits.above)]
        }
        if let event = schema.event { value["event"] = .string(event) }
        value["states"] = .array(
            zip(states, shares).map { state, share in
                switch state {
                case .score: ["state": "number", "share": .number(share)]
                case .missing: ["state": "missing", "share": .number(share)]
                case .value(let value):
                    column.isNumeric
                        ? ["value": .number(value), "share": .number(share)]
                        : ["category": .string(column.categories[Int(value)]), "share": .number(share)]
                }
            })
        if let quantiles { value["quantiles"] = .numbers(quantiles.sorted) }
        return value
    }

    /// Reads a column and its plan.
    ///
    /// - Parameters:
    ///   - block: offset of the block, should there be one.
    ///   - slot: number of the score, should there be one.
    static func read(
        _ node: JSONNode, number: Int, block: Int, slot: Int, complaints: Complaints
    ) -> (TableColumn, ColumnPlan)? {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the column", complaints: complaints)
        let name = reader.string("name")
        let type = reader.choice("type", of: ColumnType.allCases.map(\.rawValue)).flatMap(ColumnType.init(rawValue:))
        guard let name, let type else { return nil }
        var schema = ColumnSchema(name: name, type: type, unit: reader.optionalString("unit"))
        if let bounds = reader.optionalNumbers("range") {
            if bounds.count == 2, bounds[0] <= bounds[1] {
                schema.range = bounds[0]...bounds[1]
            } else {
                reader.complain("the range of \"\(name)\" must be [low, high]")
            }
        }
        schema.missing = reader.optionalStrings("missing") ?? []
        if reader.optionalChild("role") != nil {
            schema.role = reader.choice("role", of: ColumnRole.allCases.map(\.rawValue))
                .flatMap(ColumnRole.init(rawValue:))
        }
        var categories: [String] = []
        if !type.isNumeric {
            categories = reader.strings("categories") ?? []
            if Set(categories).count != categories.count {
                reader.complain("a category of \"\(name)\" is listed twice")
            }
            schema.categories = categories
        }
        var granularity: Granularity?
        if type.isNumeric {
            if let decimals = reader.optionalInteger("decimals", in: 0...6) {
                let multiple = reader.integer("multiple", default: 1, in: 1...Int(1) << 53)
                granularity = Granularity(decimals: decimals, multiple: multiple)
            }
            if let limits = reader.optionalObject("censored", what: "the limits") {
                schema.censoring = Censoring(
                    below: (limits.numbers("below") ?? []).sorted(), above: (limits.numbers("above") ?? []).sorted())
                limits.finish()
            }
            schema.event = reader.optionalString("event")
        }
        let read = readStates(reader, numeric: type.isNumeric, categories: categories)
        var quantiles: QuantileMap?
        if read.states.contains(.score), let values = reader.numbers("quantiles") {
            if values.isEmpty || !zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 }) {
                reader.complain("the quantiles of \"\(name)\" must ascend and not be empty")
            }
            quantiles = QuantileMap(sorted: values)
        }
        reader.finish()
        guard complaints.items.count == before else { return nil }
        return (
            TableColumn(schema: schema, categories: categories, values: [], granularity: granularity),
            ColumnPlan(
                column: number, states: read.states, shares: read.shares,
                block: read.states.count > 1 ? block : nil, slot: quantiles == nil ? nil : slot,
                quantiles: quantiles, granularity: granularity, censored: schema.censoring?.values ?? [])
        )
    }

    private static func readStates(
        _ reader: ObjectReader, numeric: Bool, categories: [String]
    ) -> (states: [CellState], shares: [Double]) {
        var states: [CellState] = []
        var shares: [Double] = []
        let complaints = reader.complaints
        for item in reader.array("states") ?? [] {
            let part = ObjectReader(item, what: "the state", complaints: complaints)
            let share = part.number("share", in: 0...1) ?? 0
            var state: CellState?
            if numeric, part.optionalChild("value") != nil {
                state = part.number("value").map { .value($0) }
            } else if !numeric, part.optionalChild("category") != nil {
                if let name = part.string("category") {
                    state = categories.firstIndex(of: name).map { .value(Double($0)) }
                    if state == nil { complaints.add(item, "\"\(name)\" is not among the column's categories") }
                }
            } else if let word = part.choice("state", of: numeric ? ["number", "missing"] : ["missing"]) {
                state = word == "number" ? .score : .missing
            }
            part.finish()
            guard let state else { continue }
            if states.contains(state) { complaints.add(item, "this state is listed twice") }
            if state == .score, !states.isEmpty { complaints.add(item, "the state \"number\" must come first") }
            states.append(state)
            shares.append(share)
        }
        if states.isEmpty {
            reader.complain("the column has no state")
        } else if abs(shares.reduce(0, +) - 1) > 1e-6 {
            reader.complain("the shares of a column's states must sum to 1")
        }
        return (states, shares)
    }
}

// The encoding of a table as JSON, part of every generator's file.

import PositionedJSON

extension TableEncoding {
    func json() -> JSONValue {
        .array(
            plans.map { plan in
                let column = columns[plan.column]
                var value: JSONValue = [
                    "name": .string(column.name), "type": .string(column.schema.type.rawValue),
                    "states": .array(
                        zip(plan.states, plan.shares).map { state, share in
                            let name: JSONValue =
                                switch state {
                                case .score: "number"
                                case .missing: "missing"
                                case .value(let value):
                                    column.isNumeric
                                        ? column.schema.censoring?.text(of: value).map { .string($0) } ?? .number(value)
                                        : .string(column.categories[Int(value)])
                                }
                            return ["state": name, "share": .number(share)]
                        }),
                ]
                if let granularity = plan.granularity {
                    value["decimals"] = .integer(granularity.decimals)
                    if granularity.multiple > 1 { value["multiple"] = .integer(granularity.multiple) }
                }
                if let quantiles = plan.quantiles { value["quantiles"] = .numbers(quantiles.sorted) }
                return value
            })
    }
}

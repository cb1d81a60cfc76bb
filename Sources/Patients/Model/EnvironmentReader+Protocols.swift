// The fixed protocols of an environment file: orders of doses, one action, or rules over what is seen.

import PositionedJSON

extension EnvironmentReader {
    mutating func readProtocols(_ file: ObjectReader) {
        for (name, node) in members(file, "protocols", what: "protocol", required: false) {
            let reader = ObjectReader(node, what: "protocol '\(name)'", complaints: complaints)
            var result = EnvironmentModel.TreatmentProtocol(
                name: name, meaning: reader.string("meaning", default: name), orders: [])
            if node["action"] != nil {
                let word = reader.choice("action", of: model.actions.map(\.name))
                if let action = model.actions.first(where: { $0.name == word }) {
                    result.orders = zip(action.doses, action.levels).map {
                        .init(dose: $0, level: $1, every: 1, from: 0)
                    }
                }
            } else if node["rules"] != nil {
                readChoices(reader, &result)
            } else {
                for order in reader.array("give") ?? [] {
                    if let found = readOrder(order) { result.orders.append(found) }
                }
            }
            model.protocols.append(result)
            reader.finish()
        }
    }

    /// `{"dose": NAME, "level": number, "every": time, "for": time, "from": time, "until": time}`; times are whole numbers of decision
    /// intervals.
    mutating func readOrder(_ node: JSONNode) -> EnvironmentModel.TreatmentProtocol.Order? {
        let reader = ObjectReader(node, what: "an order of doses", complaints: complaints)
        defer { reader.finish() }
        let dose = reader.child("dose").flatMap { doseIndex($0) }
        func decisions(_ key: String, _ time: Double) -> Int {
            let count = (time / model.decisionInterval).rounded()
            if abs(count * model.decisionInterval - time) > 1e-9 * max(1, time) {
                complaints.add(
                    node[key] ?? node,
                    "\(key) is \(shortNumber(time)), which is not a whole number of decision intervals "
                        + "(\(shortNumber(model.decisionInterval)) \(model.timeUnit))")
            }
            return Int(count)
        }
        let interval = model.decisionInterval
        let level = reader.number("level", default: 1, in: 1e-12...1e12)
        let every = reader.number("every", default: interval, in: interval...1e9)
        let length = reader.number("for", default: interval, in: interval...1e9)
        let from = reader.number("from", default: 0, in: 0...1e9)
        let until = reader.optionalNumber("until", in: 0...1e9)
        if length > every, let place = node["for"] {
            complaints.add(place, "\"for\" is longer than the cycle it is part of (\"every\")")
        }
        guard let dose else { return nil }
        if !model.actions.contains(where: { action in
            zip(action.doses, action.levels).contains { $0 == dose && abs($1 - level) <= 1e-9 * level }
        }) {
            complaints.add(node, "no action gives the dose '\(model.doses[dose].name)' at level \(shortNumber(level))")
        }
        return .init(
            dose: dose, level: level, every: max(1, decisions("every", every)), from: decisions("from", from),
            length: max(1, decisions("for", length)), until: until.map { decisions("until", $0) } ?? Int.max)
    }

    private mutating func readChoices(_ reader: ObjectReader, _ result: inout EnvironmentModel.TreatmentProtocol) {
        let table = ChoiceSymbols.table(model.observations)
        for node in reader.array("rules") ?? [] {
            let rule = ObjectReader(node, what: "a rule of \(reader.what)", complaints: complaints)
            var choice = EnvironmentModel.TreatmentProtocol.Choice(when: nil, text: "always")
            if node["when"] != nil { (choice.when, choice.text) = plain(rule, "when", table) }
            if node["dose"] != nil {
                choice.dose = rule.child("dose").flatMap { doseIndex($0) }
                (choice.level, choice.levelText) = plain(rule, "level", table)
            } else {
                let word = rule.choice("action", of: model.actions.map(\.name))
                choice.action = model.actions.firstIndex { $0.name == word }
            }
            rule.finish()
            result.choices.append(choice)
        }
    }

    /// An expression over what is seen, or a number.
    private func plain(_ reader: ObjectReader, _ key: String, _ table: SymbolTable) -> (Formula?, String) {
        if case .number(let value, let literal)? = reader.node[key]?.value {
            _ = reader.optionalChild(key)
            return (try? Formula(parsing: "\(value)"), literal)
        }
        let (formula, text) = formula(reader, key)
        guard let node = reader.node[key], formula != .nothing else { return (nil, text) }
        do {
            _ = try table.resolve(formula, expecting: .dimensionless, what: "\(reader.what): \(key)")
        } catch {
            complain(node, error)
        }
        return (formula, text)
    }
}

/// What the rules of a protocol may name: observations (slots 0, 1, …) and `decision`, the number of the decision
/// (the slot behind them), all plain numbers.
enum ChoiceSymbols {
    static func table(_ observations: [EnvironmentModel.Observation]) -> SymbolTable {
        var table = SymbolTable()
        for (index, observation) in observations.enumerated() {
            table.declare(observation.description.name, slot: index, unit: .dimensionless)
        }
        table.declare("decision", slot: observations.count, unit: .dimensionless)
        return table
    }
}

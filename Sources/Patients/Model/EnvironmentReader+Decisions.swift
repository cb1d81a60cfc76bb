// The part of an environment file that is about deciding: endings, rules, rewards, observations, outcomes, protocols.

import PositionedJSON

extension EnvironmentReader {
    mutating func readEndings(_ file: ObjectReader) {
        for node in file.optionalArray("endings") ?? [] {
            let reader = ObjectReader(node, what: "an ending", complaints: complaints)
            let name = reader.string("name") ?? ""
            let (when, text) = condition(reader, "when", level: .course)
            if let objection = SymbolTable.objection(toName: name) {
                complaints.add(node["name"] ?? node, "'\(name)' cannot be a name: \(objection)")
            } else if model.endings.contains(where: { $0.name == name }) {
                complaints.add(node["name"] ?? node, "there are two endings called '\(name)'")
            }
            model.endings.append(
                .init(
                    name: name, when: when, text: text, reward: reader.number("reward", default: 0, in: -1e12...1e12),
                    meaning: reader.string("meaning", default: name)))
            reader.finish()
        }
    }

    mutating func readRules(_ file: ObjectReader) {
        for node in file.optionalArray("forbid") ?? [] {
            let reader = ObjectReader(node, what: "a rule", complaints: complaints)
            let dose = reader.child("dose").flatMap { doseIndex($0) } ?? 0
            let (when, text) = condition(reader, "when", level: .decision)
            model.rules.append(
                .init(dose: dose, when: when, text: text, reason: reader.string("reason", default: text)))
            reader.finish()
        }
    }

    mutating func readReward(_ file: ObjectReader) {
        guard let reward = file.object("reward", what: "reward") else { return }
        model.discount = reward.number("discount", default: 1, in: 1e-6...1)
        for (name, node) in members(reward, "terms", what: "reward term", required: true) {
            let reader = ObjectReader(node, what: "reward term '\(name)'", complaints: complaints)
            let (expression, text) = expression(reader, "expression", unit: .dimensionless, level: .decision)
            model.rewardTerms.append(
                .init(name: name, expression: expression, text: text, meaning: reader.string("meaning", default: name)))
            reader.finish()
        }
        readRanking(reward)
        reward.finish()
    }

    /// `ranking` lists endings, best first; each must be worth more than the next, or the task rewards the wrong thing.
    mutating func readRanking(_ reward: ObjectReader) {
        let names = reward.optionalArray("ranking") ?? []
        var last: (name: String, reward: Double)?
        for node in names {
            guard case .string(let name) = node.value, let ending = model.endings.first(where: { $0.name == name })
            else {
                complaints.add(
                    node, "the ranking names what is not an ending",
                    remedy: "endings: " + model.endings.map(\.name).joined(separator: ", "))
                continue
            }
            if let last, ending.reward >= last.reward {
                complaints.add(node, "'\(name)' is ranked below '\(last.name)' but is not worth less")
            }
            last = (name, ending.reward)
            model.ranking.append(name)
        }
    }

    mutating func readObservations(_ file: ObjectReader) {
        guard let list = file.array("observations") else { return }
        if list.isEmpty { complaints.add(file.node["observations"] ?? file.node, "there must be an observation") }
        for node in list {
            let reader = ObjectReader(node, what: "an observation", complaints: complaints)
            let name = reader.string("name") ?? ""
            if model.observations.contains(where: { $0.description.name == name }) {
                complaints.add(node["name"] ?? node, "there are two observations called '\(name)'")
            }
            var changeOf: Int?
            var found: (Formula, String)?
            if let place = node["change_of"], let source = reader.optionalString("change_of") {
                changeOf = model.observations.firstIndex { $0.description.name == source && $0.expression != nil }
                if changeOf == nil {
                    complaints.add(
                        place, "there is no observation '\(source)' above this one",
                        remedy: "change_of names an observation that is listed earlier and has an expression")
                }
            } else {
                found = expression(reader, "expression", unit: nil, level: .decision)
            }
            var range = 0.0...1.0
            if let numbers = reader.optionalNumbers("range") {
                if numbers.count == 2, numbers[0] < numbers[1] {
                    range = numbers[0]...numbers[1]
                } else {
                    complaints.add(node["range"] ?? node, "a range is two numbers, the lower first")
                }
            }
            let step = node["step"] == nil ? nil : reader.number("step", in: 1e-300...1e300)
            model.observations.append(
                .init(
                    description: ObservationDescription(
                        name: name, unit: reader.string("unit", default: ""),
                        meaning: reader.string("meaning", default: name), range: range, clinicalStep: step),
                    expression: found?.0, text: found?.1 ?? "", changeOf: changeOf))
            reader.finish()
        }
    }

    mutating func readOutcomes(_ file: ObjectReader) {
        for node in file.optionalArray("outcomes") ?? [] {
            let reader = ObjectReader(node, what: "an outcome", complaints: complaints)
            let name = reader.string("name") ?? ""
            let (expression, text) = expression(reader, "expression", unit: nil, level: .outcome)
            let kind = reader.choice("kind", of: ["event", "quantity"], default: "quantity") ?? "quantity"
            let better = node["better"] == nil ? nil : reader.choice("better", of: ["higher", "lower"])
            if model.outcomes.contains(where: { $0.description.name == name }) {
                complaints.add(node["name"] ?? node, "there are two outcomes called '\(name)'")
            }
            model.outcomes.append(
                .init(
                    description: OutcomeDescription(
                        name: name, unit: reader.string("unit", default: ""),
                        meaning: reader.string("meaning", default: name), kind: kind == "event" ? .event : .quantity,
                        higherIsBetter: better.map { $0 == "higher" }),
                    expression: expression, text: text))
            reader.finish()
        }
    }

    mutating func readProtocols(_ file: ObjectReader) {
        for (name, node) in members(file, "protocols", what: "protocol", required: false) {
            let reader = ObjectReader(node, what: "protocol '\(name)'", complaints: complaints)
            let meaning = reader.string("meaning", default: name)
            var orders: [EnvironmentModel.TreatmentProtocol.Order] = []
            if node["action"] != nil {
                let action = reader.choice("action", of: model.actions.map(\.name))
                let doses = model.actions.first { $0.name == action }?.doses ?? []
                orders = doses.map { .init(dose: $0, every: 1, from: 0) }
            } else {
                for order in reader.array("give") ?? [] { if let found = readOrder(order) { orders.append(found) } }
            }
            model.protocols.append(.init(name: name, meaning: meaning, orders: orders))
            reader.finish()
        }
    }

    /// `{"dose": NAME, "every": time, "from": time}`; times are whole numbers of decision intervals.
    func readOrder(_ node: JSONNode) -> EnvironmentModel.TreatmentProtocol.Order? {
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
        let every = reader.number("every", in: model.decisionInterval...1e9) ?? model.decisionInterval
        let from = reader.number("from", default: 0, in: 0...1e9)
        guard let dose else { return nil }
        return .init(dose: dose, every: max(1, decisions("every", every)), from: decisions("from", from))
    }

    mutating func readPlausibility(_ file: ObjectReader) {
        guard let plausible = file.optionalObject("plausible", what: "plausible") else { return }
        let untreated = plausible.number("untreated_for", default: 0, in: 0...1e6)
        model.plausibility = .init(
            atStart: conditions(plausible, "at_start"), untreatedFor: untreated, after: conditions(plausible, "after"))
        plausible.finish()
    }

    mutating func conditions(_ reader: ObjectReader, _ key: String) -> [EnvironmentModel.Condition] {
        var list: [EnvironmentModel.Condition] = []
        for node in reader.optionalArray(key) ?? [] {
            let reader = ObjectReader(node, what: "a condition", complaints: complaints)
            let (when, text) = condition(reader, "when", level: .course)
            list.append(.init(when: when, text: text, meaning: reader.string("meaning", default: text)))
            reader.finish()
        }
        return list
    }
}

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
                    meaning: reader.string("meaning", default: name),
                    isCheckedAtDecisions: reader.choice(
                        "checked", of: ["always", "at_decisions"], default: "always") == "at_decisions",
                    replacesReward: reader.boolean("replaces_reward", default: false)))
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
            if node["categories_of"] != nil {
                readCategories(node)
                continue
            }
            let reader = ObjectReader(node, what: "an observation", complaints: complaints)
            let name = reader.string("name") ?? ""
            if model.observations.contains(where: { $0.description.name == name }) {
                complaints.add(node["name"] ?? node, "there are two observations called '\(name)'")
            }
            let changeOf = observationAbove(reader, "change_of")
            let delayOf = observationAbove(reader, "delay_of")
            let measuredOf = observationAbove(reader, "measured")
            var found: (Formula, String)?
            if ["change_of", "delay_of", "measured"].allSatisfy({ node[$0] == nil }) {
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
                    expression: found?.0, text: found?.1 ?? "", changeOf: changeOf, delayOf: delayOf,
                    delay: node["delay_of"] == nil ? 0 : reader.integer("by", in: 1...10_000) ?? 1,
                    measuredOf: measuredOf,
                    missing: found == nil ? 0 : reader.number("missing", default: 0, in: 0...1)))
            reader.finish()
        }
    }

    /// The index of the observation that a key names: one that is listed above and has an expression.
    func observationAbove(_ reader: ObjectReader, _ key: String) -> Int? {
        guard let place = reader.node[key], let source = reader.optionalString(key) else { return nil }
        if let index = model.observations.firstIndex(where: { $0.description.name == source && $0.expression != nil }) {
            return index
        }
        complaints.add(
            place, "there is no observation '\(source)' above this one",
            remedy: "\(key) names an observation that is listed earlier and has an expression")
        return nil
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
}

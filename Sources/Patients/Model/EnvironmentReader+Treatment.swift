// The part of an environment file that is about treating: decisions, doses, actions, fixed protocols.

import PositionedJSON

extension EnvironmentReader {
    /// Bounds on what a file may ask of the machine.
    static let maximumSteps = 10_000_000
    static let maximumActions = 1000
    static let maximumAdministrations = 10_000

    mutating func readDecisions(_ file: ObjectReader) {
        guard let decisions = file.object("decisions", what: "decisions") else { return }
        model.decisionInterval = decisions.number("interval", in: 1e-6...1e6) ?? 1
        model.decisionCount = decisions.integer("count", in: 1...100_000) ?? 1
        let end = decisions.choice("at_end", of: ["termination", "truncation"], default: "truncation")
        model.terminatesAtEnd = end == "termination"
        decisions.finish()
        guard model.step > 0 else { return }
        let steps = model.decisionInterval / model.step
        let place = decisions.node["interval"] ?? decisions.node
        if steps < 0.5 || abs(steps - steps.rounded()) > 1e-9 * steps {
            complaints.add(
                place,
                "the decision interval (\(shortNumber(model.decisionInterval)) \(model.timeUnit)) is not a whole number of "
                    + "steps (\(shortNumber(model.step)) \(model.timeUnit))")
        } else if steps * Double(model.decisionCount) > Double(EnvironmentReader.maximumSteps) {
            complaints.add(
                place,
                "an episode would have \(shortNumber(steps * Double(model.decisionCount))) steps; "
                    + "at most \(EnvironmentReader.maximumSteps) are allowed",
                remedy: "lengthen the step, or shorten the episode")
        }
    }

    mutating func readDoses(_ file: ObjectReader) {
        for (name, node) in members(file, "doses", what: "dose", required: true) {
            let reader = ObjectReader(node, what: "dose '\(name)'", complaints: complaints)
            let word = reader.choice("input", of: model.inputs.map(\.name))
            let input = model.inputs.firstIndex { $0.name == word } ?? 0
            let inputUnit = model.inputs.isEmpty ? .dimensionless : model.inputs[input].unit
            let isImpulse = node["amount"] != nil
            if isImpulse, let rate = node["rate"] {
                complaints.add(rate, "dose '\(name)' has both an amount (given at once) and a rate (over a time)")
                _ = reader.optionalChild("rate")
            }
            let unit = isImpulse ? inputUnit * model.timeUnitValue : inputUnit
            let size = size(reader, isImpulse ? "amount" : "rate", unit)
            var dose = EnvironmentModel.Dose(
                name: name, input: input, size: size.formula, sizeText: size.text, constantSize: size.constant,
                isImpulse: isImpulse, duration: 0, meaning: reader.string("meaning", default: ""))
            let interval = model.decisionInterval
            dose.at = reader.number("at", default: 0, in: 0...interval)
            dose.every = reader.number("every", default: 0, in: 0...interval)
            dose.times = reader.integer("times", default: 1, in: 1...EnvironmentReader.maximumAdministrations)
            if dose.times > 1, dose.every <= 0 {
                complaints.add(node["times"] ?? node, "what is given several times needs \"every\", the time between")
            }
            if !isImpulse {
                let rest = dose.times > 1 ? dose.every : interval - dose.at
                dose.duration = reader.number("duration", default: rest, in: 1e-9...interval)
            }
            dose.lag = model.inputs.isEmpty ? nil : model.inputs[input].lag
            let last = dose.at + Double(dose.times - 1) * dose.every
            if last + (isImpulse ? 0 : dose.duration) > interval * (1 + 1e-9) || (isImpulse && last >= interval) {
                complaints.add(
                    node,
                    "dose '\(name)' reaches beyond the decision interval (\(shortNumber(interval)) \(model.timeUnit))")
            }
            if dose.times > 1, dose.duration > dose.every * (1 + 1e-9) {
                complaints.add(node["duration"] ?? node, "an administration lasts longer than the time to the next")
            }
            if let objection = SymbolTable.objection(toName: name) {
                complaints.add(node, "'\(name)' cannot be a name: \(objection)")
            }
            model.doses.append(dose)
            reader.finish()
        }
    }

    /// A number not below 0, or an expression.
    private mutating func size(
        _ reader: ObjectReader, _ key: String, _ unit: PhysicalUnit
    ) -> (formula: Formula, text: String, constant: Double?) {
        guard case .string? = reader.node[key]?.value else {
            return (.nothing, "", reader.number(key, in: 0...1e300) ?? 0)
        }
        let (formula, text) = expression(reader, key, unit: unit, level: .decision)
        return (formula, text, nil)
    }

    // MARK: - actions

    mutating func readActions(_ file: ObjectReader) {
        guard let actions = file.array("actions") else { return }
        if actions.isEmpty { complaints.add(file.node["actions"] ?? file.node, "there must be at least one action") }
        for node in actions {
            let reader = ObjectReader(node, what: "an action", complaints: complaints)
            if node["levels"] != nil {
                readLadder(reader, node)
            } else {
                let (doses, levels) = doseLevels(reader)
                let name = reader.string("name") ?? ""
                add(
                    .init(name: name, doses: doses, levels: levels, meaning: reader.string("meaning", default: name)),
                    node["name"] ?? node)
            }
            reader.finish()
        }
        if model.actions.count > EnvironmentReader.maximumActions {
            complaints.add(
                file.node["actions"] ?? file.node,
                "\(model.actions.count) actions; an environment may have at most \(EnvironmentReader.maximumActions)")
        }
        if !model.actions.isEmpty, !model.actions.contains(where: { $0.doses.isEmpty }) {
            complaints.add(
                file.node["actions"] ?? file.node, "no action is without doses",
                remedy: "add one, such as {\"name\": \"none\", \"doses\": []}: rules may forbid every dose")
        }
    }

    private mutating func add(_ action: EnvironmentModel.Action, _ place: JSONNode) {
        if model.actions.contains(where: { $0.name == action.name }) {
            complaints.add(place, "there are two actions called '\(action.name)'")
        }
        model.actions.append(action)
    }

    /// One action for each level of a dose.
    private mutating func readLadder(_ reader: ObjectReader, _ node: JSONNode) {
        let pattern = reader.string("name") ?? ""
        let meaning = reader.string("meaning", default: pattern)
        let dose = reader.child("dose").flatMap { doseIndex($0) }
        var levels: [Double] = []
        if case .object? = node["levels"]?.value, let range = reader.object("levels", what: "levels") {
            let from = range.number("from", in: 0...1e12) ?? 0
            let to = range.number("to", in: 0...1e12) ?? 0
            let step = range.number("step", in: 1e-9...1e12) ?? 1
            range.finish()
            let count = ((to - from) / step).rounded()
            if count < 0 || abs(count * step - (to - from)) > 1e-9 * max(1, to) {
                complaints.add(
                    range.node,
                    "levels do not lead from \(shortNumber(from)) to \(shortNumber(to)) in steps of \(shortNumber(step))"
                )
            } else if count > Double(EnvironmentReader.maximumActions) {
                complaints.add(
                    range.node,
                    "\(shortNumber(count + 1)) levels; at most \(EnvironmentReader.maximumActions) are allowed")
            } else {
                // Rounded, so that 0.1 + 0.2 is 0.3 in names.
                levels = (0...Int(count)).map { ((from + Double($0) * step) * 1e9).rounded() / 1e9 }
            }
        } else {
            levels = reader.numbers("levels") ?? []
        }
        if let bad = levels.first(where: { $0 < 0 }) {
            complaints.add(node["levels"] ?? node, "a level cannot be below 0, as \(shortNumber(bad)) is")
        }
        if !pattern.contains("{level}"), let place = node["name"] {
            complaints.add(place, "the name of a ladder of actions contains {level}", remedy: "such as \"{level} mg\"")
            return
        }
        guard let dose else { return }
        for level in levels.prefix(EnvironmentReader.maximumActions + 1) {
            func text(_ pattern: String) -> String {
                pattern.split(separator: "{level}", omittingEmptySubsequences: false).joined(
                    separator: shortNumber(level))
            }
            add(
                .init(
                    name: text(pattern), doses: level > 0 ? [dose] : [], levels: level > 0 ? [level] : [],
                    meaning: text(meaning)), node["levels"] ?? node)
        }
    }

    /// The doses of an action: names, or objects with a level.
    private mutating func doseLevels(_ reader: ObjectReader) -> (doses: [Int], levels: [Double]) {
        var doses: [Int] = []
        var levels: [Double] = []
        for node in reader.array("doses") ?? [] {
            var level = 1.0
            var name: JSONNode? = node
            if case .object = node.value {
                let item = ObjectReader(node, what: "a dose of an action", complaints: complaints)
                name = item.child("dose")
                level = item.number("level", default: 1, in: 1e-12...1e12)
                item.finish()
            }
            guard let name, let dose = doseIndex(name) else { continue }
            if doses.contains(dose) {
                complaints.add(
                    node, "the dose '\(model.doses[dose].name)' is listed twice",
                    remedy: "for a larger dose give a level: {\"dose\": \"\(model.doses[dose].name)\", \"level\": 2}")
            }
            doses.append(dose)
            levels.append(level)
        }
        return (doses, levels)
    }

    func doseIndex(_ node: JSONNode) -> Int? {
        guard case .string(let name) = node.value else {
            complaints.add(node, "expected the name of a dose, not \(node.kindName)")
            return nil
        }
        if let index = model.doses.firstIndex(where: { $0.name == name }) { return index }
        complaints.add(
            node, "there is no dose '\(name)'", remedy: "doses: " + model.doses.map(\.name).joined(separator: ", "))
        return nil
    }
}

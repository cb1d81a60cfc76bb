// The part of an environment file that is about the course of a disease: states, inputs, definitions, chance, and how
// states change.

import PositionedJSON

extension EnvironmentReader {
    mutating func readStates(_ file: ObjectReader) {
        let list = members(file, "states", what: "state", required: true)
        if list.count > 100 {
            complaints.add(
                file.node["states"] ?? file.node, "\(list.count) states; an environment may have at most 100")
        }
        for (name, node) in list.prefix(100) {
            let reader = ObjectReader(node, what: "state '\(name)'", complaints: complaints)
            let (unit, text) = unit(reader)
            let (initial, expression, expressionText) = patientNumber(reader, "initial", unit)
            let isLog = reader.boolean("log", default: false)
            if isLog, let initial, initial <= 0, let place = node["initial"] {
                complaints.add(place, "'\(name)' is integrated in its logarithm and must start above 0")
            }
            declare(name, node, as: "a state")
            model.states.append(
                .init(
                    name: name, initial: initial ?? 1, unit: unit, unitText: text,
                    meaning: reader.string("meaning", default: ""), isLog: isLog,
                    negligible: reader.number("negligible", default: 1e-6, in: 1e-300...1e300),
                    variability: variability(reader, unit), rate: .nothing, rateText: "",
                    initialExpression: expression, initialText: expressionText,
                    column: reader.string("column", default: name), isSigned: reader.boolean("signed", default: false)))
            reader.finish()
        }
        for (index, state) in model.states.enumerated()
        where model.states.prefix(index).contains(where: { $0.column == state.column }) {
            complaints.add(file.node["states"] ?? file.node, "two states have the column '\(state.column)'")
        }
    }

    mutating func readInputs(_ file: ObjectReader) {
        for (name, node) in members(file, "inputs", what: "input", required: false) {
            let reader = ObjectReader(node, what: "input '\(name)'", complaints: complaints)
            let (unit, text) = unit(reader)
            declare(name, node, as: "an input")
            var input = EnvironmentModel.Input(
                name: name, unit: unit, unitText: text, meaning: reader.string("meaning", default: ""),
                column: reader.string("column", default: name))
            readLag(reader, &input)
            model.inputs.append(input)
            reader.finish()
        }
    }

    private mutating func readLag(_ reader: ObjectReader, _ input: inout EnvironmentModel.Input) {
        guard let place = reader.node["lag"] else { return }
        let (value, expression, text) = patientNumber(reader, "lag", model.timeUnitValue)
        guard let value else { return }
        if value < 0 { complaints.add(place, "a lag cannot be below 0, as \(shortNumber(value)) is") }
        input.lag = expression ?? (try? Formula(parsing: "\(value)[\(model.timeUnit)]"))
        input.lagText = expression == nil ? "\(shortNumber(value))" : text
    }

    mutating func readRandomNumbers(_ file: ObjectReader) {
        for (name, node) in members(file, "random", what: "random number", required: false) {
            let reader = ObjectReader(node, what: "random number '\(name)'", complaints: complaints)
            let (unit, text) = unit(reader)
            let meaning = reader.string("meaning", default: "")
            let choices = EnvironmentModel.RandomNumber.Redrawn.allCases.map(\.rawValue)
            let redrawn = reader.choice("redrawn", of: choices).flatMap(EnvironmentModel.RandomNumber.Redrawn.init)
            declare(name, node, as: "a random number")
            let distribution = distribution(reader, unit, hasNominal: false)?.distribution(nominal: 0) { _ in 0 }
            model.randoms.append(
                .init(
                    name: name, distribution: distribution ?? .constant(0), unit: unit, unitText: text,
                    meaning: meaning, redrawn: redrawn ?? .step))
        }
    }

    mutating func readDefinitions(_ file: ObjectReader) {
        for (name, node) in members(file, "definitions", what: "definition", required: false) {
            let reader = ObjectReader(node, what: "definition '\(name)'", complaints: complaints)
            let (unit, text) = unit(reader)
            declare(name, node, as: "a definition")
            let (formula, formulaText) = formula(reader, "expression")
            model.definitions.append(
                .init(
                    name: name, text: formulaText, expression: formula, unit: unit, unitText: text,
                    meaning: reader.string("meaning", default: ""), isOutput: reader.boolean("output", default: false),
                    column: reader.string("column", default: name)))
            reader.finish()
        }
    }

    /// Rates of what changes all the time; new values of what changes at steps. Every state is in exactly one place.
    mutating func readChanges(_ file: ObjectReader) {
        let places: [(key: String, change: EnvironmentModel.State.Change)] = [
            ("rates", .continuous), ("at_step_start", .stepStart), ("at_step_end", .stepEnd),
        ]
        if model.kind == .ode { _ = file.child("rates") }
        if model.kind == .map, let rates = file.optionalChild("rates") {
            complaints.add(
                rates, "a map has no rates", remedy: "leave \"kind\" out, or move them to \"at_step_end\"")
        }
        let readers = places.map { file.optionalObject($0.key, what: $0.key) }
        for index in model.states.indices {
            let state = model.states[index]
            let homes = places.indices.filter { readers[$0]?.node[state.name] != nil }
            guard let home = homes.first, let reader = readers[home] else {
                complaints.add(
                    readers[0]?.node ?? file.node, "nothing says how the state '\(state.name)' changes",
                    remedy: "give it a rate in \"rates\", or a new value in \"at_step_start\" or \"at_step_end\"")
                continue
            }
            for other in homes.dropFirst() {
                complaints.add(
                    readers[other]?.node[state.name] ?? file.node,
                    "'\(state.name)' is in \"\(places[home].key)\" already; a state changes in one way")
            }
            let change = places[home].change
            let unit = change == .continuous ? state.unit / model.timeUnitValue : state.unit
            (model.states[index].rate, model.states[index].rateText) = expression(
                reader, state.name, unit: unit, level: .course)
            model.states[index].change = change
            if change != .continuous, state.isLog {
                complaints.add(
                    reader.node[state.name] ?? reader.node,
                    "'\(state.name)' changes at steps only and cannot be integrated in its logarithm")
            }
        }
        for reader in readers {
            for state in model.states { _ = reader?.optionalChild(state.name) }
            reader?.finish()
        }
        if model.states.contains(where: \.isHeld) || file.node["step"] != nil {
            model.step = file.number("step", in: 1e-9...1e6) ?? 1
        }
        if model.step == 0 {
            for key in ["random"] where model.randoms.contains(where: { $0.redrawn == .step }) {
                complaints.add(file.node[key] ?? file.node, "numbers redrawn at every step need a \"step\"")
            }
        }
    }

    mutating func readEvents(_ file: ObjectReader) {
        for (name, node) in members(file, "events", what: "event", required: false) {
            let reader = ObjectReader(node, what: "event '\(name)'", complaints: complaints)
            let held = model.states.filter(\.isHeld)
            let word = reader.choice("state", of: held.map(\.name))
            let state = model.states.firstIndex { $0.name == word } ?? 0
            let event = EnvironmentModel.Event(
                name: name, state: state,
                amount: chance(reader, "amount", model.states.isEmpty ? .dimensionless : model.states[state].unit),
                time: chance(reader, "time", model.timeUnitValue),
                every: reader.optionalNumber("every", in: max(model.step, 1e-9)...1e9),
                probability: reader.number("probability", default: 1, in: 0...1),
                meaning: reader.string("meaning", default: name))
            declare(name, node, as: "an event")
            if let every = event.every, event.time.centre >= every {
                complaints.add(
                    node["time"] ?? node, "the event's time lies behind the end of its cycle (\(shortNumber(every)))")
            }
            model.events.append(event)
            reader.finish()
        }
    }

    /// A number, or an object with a distribution.
    private mutating func chance(_ reader: ObjectReader, _ key: String, _ unit: PhysicalUnit) -> Distribution {
        guard let node = reader.child(key) else { return .constant(0) }
        guard case .object = node.value else { return .constant(reader.number(key, in: -1e300...1e300) ?? 0) }
        let object = ObjectReader(node, what: "\"\(key)\" in \(reader.what)", complaints: complaints)
        return distribution(object, unit, hasNominal: false)?.distribution(nominal: 0) { _ in 0 } ?? .constant(0)
    }
}

// Reads `environment.json`: every name, unit and expression is checked and every mistake reported at once, with its
// place in the file.

import PositionedJSON

/// Turns an environment file into a model.
public struct EnvironmentReader {
    let complaints: Complaints
    var model = EnvironmentModel()
    /// Expressions whose names and units are still to be checked, once everything is declared.
    var pending: [PendingExpression] = []
    /// Names declared twice.
    var clashes: Set<String> = []
    /// Names taken so far, and by what.
    var taken: [String: String] = ["time": "the time"]

    /// The newest format of environment files that this version reads.
    public static let format = 1

    /// - Throws: `Diagnostics` with every mistake found.
    public static func read(_ source: SourceText, folder: String) throws(Diagnostics) -> EnvironmentModel {
        let node = try JSONParser.parse(source)
        let complaints = Complaints()
        var reader = EnvironmentReader(complaints: complaints)
        reader.model.folder = folder
        reader.readAll(ObjectReader(node, what: "the environment", complaints: complaints))
        try complaints.throwIfAny()
        return reader.model
    }

    mutating func readAll(_ file: ObjectReader) {
        if let format = file.integer("format", in: 1...1_000_000), format > EnvironmentReader.format {
            let node = file.node["format"] ?? file.node
            complaints.add(
                node, "format \(format) is newer than this version of lab reads (\(EnvironmentReader.format))",
                remedy: "install a newer version of lab")
        }
        model.name = file.string("name") ?? ""
        model.title = file.string("title", default: model.name)
        _ = file.choice("kind", of: ["ode"], default: "ode")
        model.source = file.string("source", default: "")
        model.limits = file.optionalStrings("limits") ?? []
        model.timeUnit = file.choice("time_unit", of: ["d", "h", "min"], default: "d") ?? "d"
        readParameters(file)
        readStates(file)
        readInputs(file)
        readDefinitions(file)
        readRates(file)
        readDecisions(file)
        readEndings(file)
        readRules(file)
        readReward(file)
        readObservations(file)
        readOutcomes(file)
        readProtocols(file)
        readPlausibility(file)
        checkExpressions(file)
        if let integration = file.optionalObject("integration", what: "integration") {
            model.tolerance = integration.number("tolerance", default: 1e-6, in: 1e-12...1e-2)
            integration.finish()
        }
        file.finish()
    }

    // MARK: - names and numbers

    /// The members of an object by name, each checked to be a name that an expression can spell and not yet taken.
    mutating func members(_ file: ObjectReader, _ key: String, what: String, required: Bool) -> [(String, JSONNode)] {
        guard let node = required ? file.child(key) : file.optionalChild(key) else { return [] }
        guard case .object(let list) = node.value else {
            complaints.add(node, "\(key) must be an object of \(what)s by name, not \(node.kindName)")
            return []
        }
        return list.map { ($0.key, $0.node) }
    }

    mutating func declare(_ name: String, _ node: JSONNode, as what: String) {
        if let objection = SymbolTable.objection(toName: name) {
            complaints.add(node, "'\(name)' cannot be a name: \(objection)")
        } else if let other = taken[name] {
            complaints.add(node, "the name '\(name)' is taken already by \(other)")
            clashes.insert(name)
        }
        taken[name] = what
    }

    func unit(_ reader: ObjectReader, _ key: String = "unit") -> (PhysicalUnit, String) {
        guard let text = reader.string(key) else { return (.dimensionless, "") }
        do {
            return (try PhysicalUnit(parsing: text), text)
        } catch {
            if let node = reader.node[key] { complain(node, error) }
            return (.dimensionless, text)
        }
    }

    /// Reports a mistake inside a string at its place.
    func complain(_ node: JSONNode, _ error: ExpressionError) {
        complaints.add(
            in: node.source, at: node.location(inString: error.utf8Offset), error.message, remedy: error.remedy)
    }

    // MARK: - the disease

    mutating func readParameters(_ file: ObjectReader) {
        for (name, node) in members(file, "parameters", what: "parameter", required: true) {
            let reader = ObjectReader(node, what: "parameter '\(name)'", complaints: complaints)
            let value = reader.number("value", in: -1e300...1e300) ?? 1
            let (unit, text) = unit(reader)
            declare(name, node, as: "a parameter")
            model.parameters.append(
                .init(
                    name: name, value: value, unit: unit, unitText: text,
                    meaning: reader.string("meaning", default: ""),
                    variability: variability(reader)))
            _ = reader.optionalString("source")
            reader.finish()
        }
    }

    mutating func readStates(_ file: ObjectReader) {
        let list = members(file, "states", what: "state", required: true)
        if list.count > 100 {
            complaints.add(
                file.node["states"] ?? file.node, "\(list.count) states; an environment may have at most 100")
        }
        for (name, node) in list.prefix(100) {
            let reader = ObjectReader(node, what: "state '\(name)'", complaints: complaints)
            let initial = reader.number("initial", in: -1e300...1e300) ?? 1
            let (unit, text) = unit(reader)
            let isLog = reader.boolean("log", default: false)
            if isLog, initial <= 0, let place = node["initial"] {
                complaints.add(place, "'\(name)' is integrated in its logarithm and must start above 0")
            }
            declare(name, node, as: "a state")
            model.states.append(
                .init(
                    name: name, initial: initial, unit: unit, unitText: text,
                    meaning: reader.string("meaning", default: ""), isLog: isLog,
                    negligible: reader.number("negligible", default: 1e-6, in: 1e-300...1e300),
                    variability: variability(reader), rate: .nothing, rateText: "",
                    column: reader.string("column", default: name)))
            reader.finish()
        }
    }

    mutating func readInputs(_ file: ObjectReader) {
        for (name, node) in members(file, "inputs", what: "input", required: false) {
            let reader = ObjectReader(node, what: "input '\(name)'", complaints: complaints)
            let (unit, text) = unit(reader)
            declare(name, node, as: "an input")
            model.inputs.append(
                .init(
                    name: name, unit: unit, unitText: text, meaning: reader.string("meaning", default: ""),
                    column: reader.string("column", default: name)))
            reader.finish()
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
                    meaning: reader.string("meaning", default: ""), column: name))
            reader.finish()
        }
    }

    mutating func readRates(_ file: ObjectReader) {
        guard let rates = file.object("rates", what: "rates") else { return }
        for index in model.states.indices {
            let state = model.states[index]
            (model.states[index].rate, model.states[index].rateText) = expression(
                rates, state.name, unit: state.unit / model.timeUnitValue, level: .course)
        }
        rates.finish()
    }

    // MARK: - treatment

    mutating func readDecisions(_ file: ObjectReader) {
        if let decisions = file.object("decisions", what: "decisions") {
            model.decisionInterval = decisions.number("interval", in: 1e-6...1e6) ?? 1
            model.decisionCount = decisions.integer("count", in: 1...100_000) ?? 1
            let end = decisions.choice("at_end", of: ["termination", "truncation"], default: "truncation")
            model.terminatesAtEnd = end == "termination"
            decisions.finish()
        }
        for (name, node) in members(file, "doses", what: "dose", required: true) {
            let reader = ObjectReader(node, what: "dose '\(name)'", complaints: complaints)
            let input = reader.choice("input", of: model.inputs.map(\.name))
            model.doses.append(
                .init(
                    name: name, input: model.inputs.firstIndex { $0.name == input } ?? 0,
                    size: .nothing, sizeText: "", constantSize: reader.number("rate", in: 0...1e300) ?? 0,
                    duration: reader.number("duration", in: 1e-9...model.decisionInterval) ?? model.decisionInterval,
                    meaning: reader.string("meaning", default: "")))
            if let objection = SymbolTable.objection(toName: name) {
                complaints.add(node, "'\(name)' cannot be a name: \(objection)")
            }
            reader.finish()
        }
        guard let actions = file.array("actions") else { return }
        if actions.isEmpty { complaints.add(file.node["actions"] ?? file.node, "there must be at least one action") }
        for node in actions {
            let reader = ObjectReader(node, what: "an action", complaints: complaints)
            let name = reader.string("name") ?? ""
            if model.actions.contains(where: { $0.name == name }), let place = node["name"] {
                complaints.add(place, "there are two actions called '\(name)'")
            }
            model.actions.append(
                .init(
                    name: name, doses: doseIndices(reader, "doses"), levels: [],
                    meaning: reader.string("meaning", default: name)))
            reader.finish()
        }
        if !model.actions.isEmpty, !model.actions.contains(where: { $0.doses.isEmpty }) {
            complaints.add(
                file.node["actions"] ?? file.node, "no action is without doses",
                remedy: "add one, such as {\"name\": \"none\", \"doses\": []}: rules may forbid every dose")
        }
    }

    func doseIndices(_ reader: ObjectReader, _ key: String) -> [Int] {
        var found: [Int] = []
        for node in reader.array(key) ?? [] {
            guard let dose = doseIndex(node) else { continue }
            if found.contains(dose) {
                complaints.add(
                    node, "the dose '\(model.doses[dose].name)' is listed twice",
                    remedy: "for a larger dose declare another with a higher rate")
            }
            found.append(dose)
        }
        return found
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

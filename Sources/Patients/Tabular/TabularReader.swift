// Reads an environment of kind "tabular": names and expressions from the file, numbers from the table beside it.

import PositionedJSON

/// One reading. Goes on after a mistake, so that every one is reported at once.
struct TabularReader: PartsReader {
    let file: ObjectReader
    let complaints: Complaints
    let folder: String
    var table: TransitionTable?
    var tablePath = ""
    var variables: [TabularModel.Variable] = []
    var definitions: [(definition: Definition, node: JSONNode)] = []
    var actions: [ActionDescription] = []
    var endings: [(ending: TabularModel.Ending, when: PlacedFormula)] = []
    var terms: [(term: TabularModel.RewardTerm, expression: PlacedFormula)] = []
    var observations: [(description: ObservationDescription, expression: PlacedFormula, hasRange: Bool)] = []
    var outcomes: [(description: OutcomeDescription, expression: PlacedFormula)] = []
    var protocols: [TabularModel.FixedProtocol] = []
    var inadmissible = TabularModel.Inadmissible.forbidden
    var timeUnit = "step"
    var interval = 1.0
    var horizon = 1
    var terminatesAtEnd = false
    var discount = 1.0
    var clashes: Set<String> = []
    var taken = ["state": "the number of the state", "time": "the time"]

    /// An expression with the place where it stands; nil where it could not be parsed.
    struct PlacedFormula {
        var formula: Formula?
        var text: String
        var node: JSONNode
        var what: String
    }

    init(_ file: ObjectReader, folder: String) {
        self.file = file
        complaints = file.complaints
        self.folder = folder
    }

    // MARK: - the parts of the file

    mutating func read() {
        timeUnit = file.choice("time_unit", of: ["d", "h", "min", "step"], default: "step") ?? "step"
        readTable()
        readVariables()
        readDefinitions()
        readActions()
        inadmissible =
            file.choice("inadmissible", of: TabularModel.Inadmissible.allCases.map(\.rawValue), default: "forbidden")
            .flatMap(TabularModel.Inadmissible.init) ?? .forbidden
        if let decisions = file.object("decisions", what: "decisions") {
            interval = decisions.number("interval", default: 1, in: 1e-6...1e6)
            horizon = decisions.integer("count", in: 1...100_000) ?? 1
            terminatesAtEnd =
                decisions.choice("at_end", of: ["termination", "truncation"], default: "truncation") == "termination"
            decisions.finish()
        }
        readEndings()
        if let reward = file.optionalObject("reward", what: "reward") {
            discount = reward.number("discount", default: 1, in: 1e-6...1)
            readTerms(reward)
            reward.finish()
        }
        readObservations()
        readOutcomes()
        readProtocols()
        file.finish()
    }

    private mutating func readTable() {
        guard let name = file.string("table"), let node = file.node["table"] else { return }
        if let objection = FolderFile.objection(toFile: name, in: folder) {
            complaints.add(node, objection, remedy: "name a file in the folder of this one, such as \"disease.table\"")
            return
        }
        tablePath = folder.isEmpty ? name : "\(folder)/\(name)"
        table = TableFile.read(tablePath, complaints: complaints)
    }

    private mutating func readVariables() {
        for (name, node) in members(file, "states", what: "variable", required: true) {
            let reader = ObjectReader(node, what: "the variable '\(name)'", complaints: complaints)
            declare(name, node, as: "a variable")
            let unitText = reader.string("unit", default: "1")
            variables.append(
                .init(
                    name: name, unit: unit(unitText, node["unit"]), unitText: unitText,
                    meaning: reader.string("meaning", default: name), levels: reader.optionalStrings("levels") ?? [],
                    isHidden: reader.boolean("hidden", default: false)))
            reader.finish()
            guard let table else { continue }
            guard let column = table.variableNames.firstIndex(of: name) else {
                complaints.add(
                    node, "the table has no variable '\(name)'",
                    remedy: DidYouMean.remedy(for: name, among: table.variableNames, known: "it has: "))
                continue
            }
            let count = Double(variables.last!.levels.count)
            if count > 0,
                let odd = table.variables[column].first(where: { $0 < 0 || $0 >= count || $0 != $0.rounded() })
            {
                complaints.add(
                    node["levels"] ?? node,
                    "'\(name)' is \(shortNumber(odd)) in the table, and has \(Int(count)) levels")
            }
        }
        if let table {
            let missing = table.variableNames.filter { name in !variables.contains { $0.name == name } }
            if !missing.isEmpty {
                complaints.add(
                    file.node["states"] ?? file.node,
                    "not described: " + missing.prefix(8).joined(separator: ", ") + (missing.count > 8 ? ", …" : ""),
                    remedy: "\"states\" names every variable of the table, with its meaning")
            }
        }
    }

    private mutating func readDefinitions() {
        for (name, node) in members(file, "definitions", what: "definition", required: false) {
            let reader = ObjectReader(node, what: "the definition '\(name)'", complaints: complaints)
            declare(name, node, as: "a definition")
            let expression = formula(reader, "expression")
            let declared = unit(reader.string("unit", default: "1"), node["unit"])
            _ = reader.optionalString("meaning")
            reader.finish()
            if let formula = expression?.formula, let place = expression?.node {
                definitions.append((Definition(name: name, formula: formula, unit: declared), place))
            }
        }
    }

    private mutating func readActions() {
        guard let list = file.array("actions"), let place = file.node["actions"] else { return }
        for node in list {
            let reader = ObjectReader(node, what: "an action", complaints: complaints)
            let name = reader.string("name") ?? ""
            if actions.contains(where: { $0.name == name }), let twice = node["name"] {
                complaints.add(twice, "there are two actions called '\(name)'")
            }
            actions.append(ActionDescription(name: name, meaning: reader.string("meaning", default: name)))
            reader.finish()
        }
        if let table, table.actions != actions.count {
            complaints.add(place, "\(actions.count) actions are named, and the table has \(table.actions)")
        }
    }

    private mutating func readEndings() {
        for node in file.optionalArray("endings") ?? [] {
            let reader = ObjectReader(node, what: "an ending", complaints: complaints)
            let name = reader.string("name") ?? ""
            if let objection = SymbolTable.objection(toName: name) {
                complaints.add(node["name"] ?? node, "'\(name)' cannot be a name: \(objection)")
            } else if endings.contains(where: { $0.ending.name == name }) {
                complaints.add(node["name"] ?? node, "there are two endings called '\(name)'")
            }
            let when = formula(reader, "when")
            let ending = TabularModel.Ending(
                name: name, meaning: reader.string("meaning", default: name), text: when?.text ?? "",
                reward: reader.number("reward", default: 0, in: -1e12...1e12))
            if let when { endings.append((ending, when)) }
            reader.finish()
        }
    }

    private mutating func readTerms(_ reward: ObjectReader) {
        for (name, node) in members(reward, "terms", what: "reward term", required: false) {
            let reader = ObjectReader(node, what: "the reward term '\(name)'", complaints: complaints)
            let expression = formula(reader, "expression")
            let term = TabularModel.RewardTerm(
                name: name, meaning: reader.string("meaning", default: name), text: expression?.text ?? "")
            if let expression { terms.append((term, expression)) }
            reader.finish()
        }
    }

    private mutating func readObservations() {
        guard let list = file.array("observations"), let place = file.node["observations"] else { return }
        if list.isEmpty { complaints.add(place, "there must be an observation") }
        for node in list {
            let reader = ObjectReader(node, what: "an observation", complaints: complaints)
            let name = reader.string("name") ?? ""
            if observations.contains(where: { $0.description.name == name }) {
                complaints.add(node["name"] ?? node, "there are two observations called '\(name)'")
            }
            let variable = variables.first { $0.name == name }
            // Without an expression an observation is the variable of its name.
            let expression =
                node["expression"] == nil
                ? node["name"].map { self.formula(name, $0, "an observation") } : formula(reader, "expression")
            var description = ObservationDescription(
                name: name,
                unit: reader.string("unit", default: variable.map { $0.unitText == "1" ? "" : $0.unitText } ?? ""),
                meaning: reader.string("meaning", default: variable?.meaning ?? name))
            var hasRange = false
            if let numbers = reader.optionalNumbers("range") {
                if numbers.count == 2, numbers[0] < numbers[1] {
                    description.range = numbers[0]...numbers[1]
                    hasRange = true
                } else {
                    complaints.add(node["range"] ?? node, "a range is two numbers, the lower first")
                }
            }
            if node["step"] != nil { description.clinicalStep = reader.number("step", in: 1e-300...1e300) }
            if let expression { observations.append((description, expression, hasRange)) }
            reader.finish()
        }
    }

    private mutating func readOutcomes() {
        for node in file.optionalArray("outcomes") ?? [] {
            let reader = ObjectReader(node, what: "an outcome", complaints: complaints)
            let name = reader.string("name") ?? ""
            if outcomes.contains(where: { $0.description.name == name }) {
                complaints.add(node["name"] ?? node, "there are two outcomes called '\(name)'")
            }
            let expression = formula(reader, "expression")
            let kind = reader.choice("kind", of: ["event", "quantity"], default: "quantity") ?? "quantity"
            let better = node["better"] == nil ? nil : reader.choice("better", of: ["higher", "lower"])
            let description = OutcomeDescription(
                name: name, unit: reader.string("unit", default: ""), meaning: reader.string("meaning", default: name),
                kind: kind == "event" ? .event : .quantity, higherIsBetter: better.map { $0 == "higher" })
            if let expression { outcomes.append((description, expression)) }
            reader.finish()
        }
    }

    private mutating func readProtocols() {
        for (name, node) in members(file, "protocols", what: "protocol", required: false) {
            let reader = ObjectReader(node, what: "the protocol '\(name)'", complaints: complaints)
            let meaning = reader.string("meaning", default: name)
            if node["action"] != nil {
                let action = reader.choice("action", of: actions.map(\.name))
                if let index = actions.firstIndex(where: { $0.name == action }) {
                    protocols.append(.init(name: name, meaning: meaning, rule: .action(index)))
                }
            } else if let policy = reader.string("table"), let table {
                if let index = table.policyNames.firstIndex(of: policy) {
                    protocols.append(.init(name: name, meaning: meaning, rule: .table(index)))
                } else {
                    complaints.add(
                        node["table"] ?? node, "the table has no policy '\(policy)'",
                        remedy: DidYouMean.remedy(for: policy, among: table.policyNames, known: "it has: "))
                }
            }
            reader.finish()
        }
    }

    // MARK: - expressions

    private func formula(_ reader: ObjectReader, _ key: String) -> PlacedFormula? {
        guard let text = reader.string(key), let node = reader.node[key] else { return nil }
        return formula(text, node, "\(reader.what): \(key)")
    }

    private func formula(_ text: String, _ node: JSONNode, _ what: String) -> PlacedFormula {
        PlacedFormula(formula: parsed(text, node), text: text, node: node, what: what)
    }
}

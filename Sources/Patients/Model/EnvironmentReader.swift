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
    /// Covariates and parameters read so far.
    var patient = PatientSymbols()

    /// The newest format of environment files that this version reads.
    public static let format = 1
    /// Most parameters, definitions, doses and the like.
    static let maximumMembers = 1000

    /// - Parameter variant: the variant to read, empty for the file as it stands.
    /// - Throws: `Diagnostics` with every mistake found.
    public static func read(
        _ source: SourceText, folder: String, variant: String = ""
    ) throws(Diagnostics) -> EnvironmentModel {
        var node = try JSONParser.parse(source)
        let complaints = Complaints()
        var reader = EnvironmentReader(complaints: complaints)
        reader.model.folder = folder
        if case .object = node.value { node = reader.applyVariant(node, variant) }
        reader.model.variant = variant
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
        _ = file.optionalChild("variants")
        let kinds = EnvironmentModel.Kind.allCases.map(\.rawValue)
        model.kind = EnvironmentModel.Kind(rawValue: file.choice("kind", of: kinds, default: "ode") ?? "ode") ?? .ode
        model.source = file.string("source", default: "")
        model.limits = file.optionalStrings("limits") ?? []
        if model.kind == .tabular { return readTabular(file) }
        model.timeUnit = file.choice("time_unit", of: ["d", "h", "min", "s"], default: "d") ?? "d"
        readCovariates(file)
        readParameters(file)
        readStates(file)
        readInputs(file)
        readRandomNumbers(file)
        readDefinitions(file)
        readChanges(file)
        readDecisions(file)
        readDoses(file)
        readActions(file)
        readEvents(file)
        readEndings(file)
        readRules(file)
        readReward(file)
        readObservations(file)
        readOutcomes(file)
        readProtocols(file)
        readCorrelations(file)
        readPlausibility(file)
        readSteadyStates(file)
        readConserved(file)
        checkExpressions(file)
        if let integration = file.optionalObject("integration", what: "integration") {
            let methods = EnvironmentModel.Method.allCases.map(\.rawValue)
            let method = integration.choice("method", of: methods, default: "stiff") ?? "stiff"
            model.method = EnvironmentModel.Method(rawValue: method) ?? .stiff
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
        guard list.count <= EnvironmentReader.maximumMembers else {
            complaints.add(
                node, "\(list.count) \(what)s; an environment may have at most \(EnvironmentReader.maximumMembers)")
            return list.prefix(EnvironmentReader.maximumMembers).map { ($0.key, $0.node) }
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
}

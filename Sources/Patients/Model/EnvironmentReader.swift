// Reads `environment.json`: every name, unit and expression is checked and every mistake reported at once, with its
// place in the file.

import PositionedJSON

/// Turns an environment file into a model.
public struct EnvironmentReader: PartsReader {
    let complaints: Complaints
    var model = EnvironmentModel()
    /// Expressions whose names and units are still to be checked, once everything is declared.
    var pending: [PendingExpression] = []
    var clashes: Set<String> = []
    var taken: [String: String] = ["time": "the time"]
    /// Covariates and parameters read so far.
    var patient = PatientSymbols()

    /// The newest format of environment files that this version reads.
    public static let format = 1

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
        readCalibrations(file)
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
}

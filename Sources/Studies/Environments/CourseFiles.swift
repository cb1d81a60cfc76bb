// The files of a single patient's course: parameters, schedule, times, and the course itself.

import Patients
import PositionedJSON

public enum CourseFiles {
    /// `{"d": 1.88, "T": 1e6, "CYP2C9": "*1/*2"}`: covariates, parameters and initial states by name; a name that is
    /// both is `initial.NAME`, a state may go by its column, and a category by its name or number.
    public static func patient(_ node: JSONNode, _ model: EnvironmentModel) throws(Diagnostics) -> [String: Double] {
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the patient", complaints: complaints)
        var values: [String: Double] = [:]
        let categories = model.categories
        for name in model.patientNames {
            if let list = categories[name] {
                values[name] = category(reader, name, list, complaints)
            } else if let value = reader.optionalNumber(name) {
                values[name] = value
            }
        }
        let known = Set(model.patientNames)
        for state in model.states where !known.contains(state.column) {
            guard let value = reader.optionalNumber(state.column) else { continue }
            let name = model.initialName(state.name)
            if values[name] != nil, let place = node[state.column] {
                complaints.add(place, "\"\(state.column)\" and \"\(name)\" are the same state")
            }
            values[name] = value
        }
        for state in model.states where state.isLog {
            let name = model.initialName(state.name)
            if let value = values[name], value <= 0, let place = node[name] {
                complaints.add(
                    place, "\"\(name)\" must be above 0", remedy: "it is integrated in its logarithm")
            }
        }
        reader.finish()
        try complaints.throwIfAny()
        return values
    }

    /// The number of a category that is given by its name or its number.
    private static func category(
        _ reader: ObjectReader, _ name: String, _ categories: [String], _ complaints: Complaints
    ) -> Double? {
        guard let node = reader.optionalChild(name) else { return nil }
        let remedy = "categories: " + categories.joined(separator: ", ")
        switch node.value {
        case .string(let text):
            if let index = categories.firstIndex(of: text) { return Double(index) }
            complaints.add(node, "\"\(text)\" is no category of \(name)", remedy: remedy)
            return nil
        case .number: break
        default:
            complaints.add(node, "\"\(name)\" is a category, by its name or its number", remedy: remedy)
            return nil
        }
        guard let value = reader.optionalNumber(name, in: 0...Double(categories.count - 1)) else { return nil }
        if value.rounded() != value { complaints.add(node, "there is no category \(value) of \(name)", remedy: remedy) }
        return value
    }

    /// A column `time` and one per dose input (by name or column), in the model's rate units; impulses are columns
    /// `NAME.impulse`.
    public static func schedule(
        _ source: SourceText, _ model: EnvironmentModel
    ) throws(Diagnostics) -> [CourseSimulator.Row] {
        let table = try NumericTable.read(source)
        let complaints = Complaints()
        // An input goes by its own name or by its column's.
        var inputs: [String: String] = [:]
        for input in model.inputs { inputs[input.column] = input.name }
        for input in model.inputs { inputs[input.name] = input.name }
        let known = model.inputs.map(\.column)
        let allowed = ["time"] + known + known.map { $0 + ".impulse" }
        /// The input that a column is about, and whether it holds impulses.
        func meaning(_ name: String) -> (input: String, isImpulse: Bool)? {
            if let input = inputs[name] { return (input, false) }
            guard name.hasSuffix(".impulse") else { return nil }
            return inputs[String(name.dropLast(".impulse".count))].map { ($0, true) }
        }
        var taken: Set<String> = []
        let meanings = table.names.enumerated().map { index, name -> (input: String, isImpulse: Bool)? in
            if name == "time" { return nil }
            guard let found = meaning(name) else {
                complaints.add(
                    in: source, at: table.headerLocation(index), "\(model.name) has no dose input \"\(name)\"",
                    remedy: DidYouMean.remedy(for: name, among: allowed, known: "columns: "))
                return nil
            }
            if !taken.insert("\(found)").inserted {
                complaints.add(
                    in: source, at: table.headerLocation(index), "\"\(name)\" is the input of another column too")
            }
            return found
        }
        let times = try ascendingTimes(table, complaints)
        try complaints.throwIfAny()
        return table.rows.indices.map { row in
            var rates: [String: Double] = [:]
            var impulses: [String: Double] = [:]
            for (index, meaning) in meanings.enumerated() {
                guard let meaning else { continue }
                if meaning.isImpulse {
                    impulses[meaning.input] = table.rows[row][index]
                } else {
                    rates[meaning.input] = table.rows[row][index]
                }
            }
            return CourseSimulator.Row(time: times[row], rates: rates, impulses: impulses)
        }
    }

    /// A column `time`; other columns are left alone, so that a reference trajectory can be named here.
    public static func times(_ source: SourceText) throws(Diagnostics) -> [Double] {
        let table = try NumericTable.read(source)
        let complaints = Complaints()
        let times = try ascendingTimes(table, complaints)
        try complaints.throwIfAny()
        return times
    }

    private static func ascendingTimes(
        _ table: NumericTable, _ complaints: Complaints
    ) throws(Diagnostics) -> [Double] {
        guard let times = table.column("time") else {
            complaints.add(in: table.source, at: .start, "there is no column \"time\"")
            throw complaints.sorted
        }
        for (index, pair) in zip(times, times.dropFirst()).enumerated() where pair.1 < pair.0 {
            complaints.add(
                in: table.source, at: .start, "times must not decrease: \(pair.1) follows \(pair.0) in row \(index + 2)"
            )
        }
        return times
    }

    /// What a simulation yields, in order: every state, then the definitions that are outputs.
    static func columns(_ model: EnvironmentModel) -> [(name: String, column: String)] {
        model.states.map { ($0.name, $0.column) }
            + model.definitions.filter(\.isOutput).map { ($0.name, $0.column) }
    }

    /// `time`, every state under its column's name and the outputs behind them, in the shortest form that reads back
    /// exactly (at most 17 digits).
    public static func csv(_ model: EnvironmentModel, _ times: [Double], _ states: [[Double]]) -> String {
        let width = states.first?.count ?? model.states.count
        var text = "time," + columns(model).prefix(width).map(\.column).joined(separator: ",") + "\n"
        for (time, row) in zip(times, states) {
            text += "\(time)"
            for value in row { text += ",\(value)" }
            text += "\n"
        }
        return text
    }
}

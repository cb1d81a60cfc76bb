// The files of a single patient's course: parameters, schedule, times, and the course itself.

import Patients
import PositionedJSON

public enum CourseFiles {
    /// `{"d": 1.88, "T": 1e6}`: parameters and initial states by name; a name that is both is `initial.NAME`.
    public static func patient(_ node: JSONNode, _ model: EnvironmentModel) throws(Diagnostics) -> [String: Double] {
        let complaints = Complaints()
        let reader = ObjectReader(node, what: "the patient", complaints: complaints)
        var values: [String: Double] = [:]
        for name in model.patientNames {
            if let value = reader.optionalNumber(name) { values[name] = value }
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

/// The patients of `lab env rollout`.
public enum RolloutPatients {
    /// The first `count` patients of a cohort's file, or as many drawn from the environment's own variability (the
    /// nominal patient where it declares none).
    public static func make(
        _ model: EnvironmentModel, source: SourceText?, count: Int, seed: UInt64
    ) throws -> CohortTable {
        guard let source else {
            return try model.variableNames.isEmpty
                ? model.nominalPopulation(count: count) : model.samplePopulation(count: count, seed: seed)
        }
        let cohort = try CohortFile.read(source)
        let known = model.patientNames
        let complaints = Complaints()
        let table = try NumericTable.read(source)
        for (index, name) in table.names.enumerated() where name != "patient" && !known.contains(name) {
            complaints.add(
                in: source, at: table.headerLocation(index),
                "\"\(name)\" is neither a parameter nor a state of \(model.name)",
                remedy: DidYouMean.remedy(for: name, among: known, known: "names: "))
        }
        if cohort.rows.count < count {
            complaints.add(
                in: source, at: .start,
                "the cohort has \(cohort.rows.count) patients, fewer than the \(count) asked for")
        }
        try complaints.throwIfAny()
        return CohortTable(names: cohort.names, rows: Array(cohort.rows.prefix(count)))
    }
}

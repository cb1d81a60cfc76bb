// The patients of `lab env rollout`: drawn by the environment, or those of a table of the user's.

import Patients
import PositionedJSON

public enum RolloutPatients {
    /// The first `count` patients of a cohort's file, or as many drawn from the environment's own variability (the
    /// nominal patient where it declares none).
    ///
    /// A table made for another program may hold more than the model asks for: columns that are neither a parameter nor
    /// a state are left out and named in `note`, unless they look like one misspelt or nothing else is there. Categories
    /// stand in the table by name or number.
    public static func make(
        _ model: EnvironmentModel, source: SourceText?, count: Int, seed: UInt64, note: (String) -> Void = { _ in }
    ) throws -> CohortTable {
        guard let source else {
            return try model.variableNames.isEmpty
                ? model.nominalPopulation(count: count) : model.samplePopulation(count: count, seed: seed)
        }
        let known = model.patientNames
        let wanted = Set(known)
        let table = try NumericTable.read(source, categories: model.categories, reading: { wanted.contains($0) })
        let complaints = Complaints()
        let used = table.names.indices.filter { wanted.contains(table.names[$0]) }
        var leftOut: [String] = []
        let missing = known.filter { !table.names.contains($0) }
        for (index, name) in table.names.enumerated() where name != "patient" && !wanted.contains(name) {
            if !used.isEmpty, DidYouMean.closest(to: name, among: missing) == nil {
                leftOut.append(name)
                continue
            }
            complaints.add(
                in: source, at: table.headerLocation(index),
                "\"\(name)\" is neither a parameter nor a state of \(model.name)",
                remedy: DidYouMean.remedy(for: name, among: known, known: "names: "))
        }
        if table.rows.count < count {
            complaints.add(
                in: source, at: .start,
                "the cohort has \(table.rows.count) patients, fewer than the \(count) asked for")
        }
        try complaints.throwIfAny()
        if !leftOut.isEmpty {
            note("left out, as neither parameter nor state of \(model.name): " + leftOut.joined(separator: ", "))
        }
        return CohortTable(
            names: used.map { table.names[$0] }, rows: table.rows.prefix(count).map { row in used.map { row[$0] } })
    }
}

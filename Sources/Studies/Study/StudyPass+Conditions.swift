// Reads a cohort's `where`: which patients are wanted, as `lab cohort generate --where` says it.

import Cohorts
import Patients
import PositionedJSON

extension StudyPass {
    /// `["age > 60", "gender = 0"]`, on the columns that the generator learns.
    func readConditions(_ node: JSONNode, _ source: TableSource?, _ configuration: inout VirtualCohortConfiguration) {
        let conditions = CohortConditions(node, complaints: complaints)
        configuration.conditions = conditions
        guard let model else { return }
        guard model.tabular == nil else {
            complaints.add(
                node, "patients of a tabular environment are drawn from its start distribution",
                remedy: "leave the conditions out")
            return
        }
        if !configuration.generator.isConditional {
            complaints.add(
                node, "\(configuration.generator.words) cannot be asked for patients of a kind",
                remedy: "\"generator\": { \"type\": \"cvae\" }")
        }
        // Of a table that need not be there the columns are not known.
        let columns =
            source?.table.columns
            ?? PatientTable(
                CohortTable(names: model.variableNames.map(\.name), rows: []), categories: model.categories
            ).columns
        guard !columns.isEmpty else { return }
        do { _ = try conditions.requirements(columns) } catch { complaints.add(error) }
    }
}

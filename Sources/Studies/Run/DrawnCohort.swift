// The cohort of a study on a tabular environment: start states drawn from the table's own distribution. There is
// nothing for a generator to learn.

import Cohorts
import Patients
import PositionedJSON

extension StudyStages {
    /// Patients for training, validation and test, each with chance of their own, and what the report says of them.
    func drawnCohort() throws -> [Artefact] {
        let model = study.environment.model
        func draw(_ purpose: String, _ count: Int) throws -> CohortTable {
            try model.samplePopulation(count: count, seed: study.seed("cohort.\(purpose)"))
        }
        let training = try draw("training", study.cohort.training)
        let validation = try draw("validation", study.cohort.validation)
        let test = try draw("test", study.cohort.test)
        let all = CohortTable(names: training.names, rows: training.rows + validation.rows + test.rows)
        let verdict =
            "Patients begin in states drawn from the environment's own start distribution; no generator stands between "
            + "the two. States are few, so that patients of different parts may begin alike; their chance differs."
        let generator: JSONValue = ["format": 1, "type": "start_distribution"]
        let fidelity: JSONValue = ["format": 1, "verdict": .string(verdict)]
        return [
            Artefact("cohort/patients.csv", all.csv()), Artefact(StudyStages.trainingPatients, training.csv()),
            Artefact(StudyStages.validationPatients, validation.csv()), Artefact(StudyStages.testPatients, test.csv()),
            Artefact("cohort/generator.json", generator), Artefact("cohort/fidelity.json", fidelity),
            Artefact("cohort/fidelity.txt", verdict + "\n"),
        ]
    }
}

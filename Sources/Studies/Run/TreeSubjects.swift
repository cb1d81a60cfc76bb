// Trees of a study with everything that their readers need.

import Evaluation
import Foundation
import PositionedJSON
import Reports
import Trees

/// Trees of a study as the exporters want them.
enum TreeSubjects {
    /// - Parameter json: reads a file of the run.
    static func make(
        name: String, seed: Int, study: Study, comparison: Comparison?, json: (String) throws -> JSONNode
    ) throws -> TreeSubject {
        let complaints = Complaints()
        let tree = DecisionTree(try json(StudyStages.treeFile(name, seed: seed)), complaints: complaints)
        let evidence = TreeEvidence(try json(StudyStages.evidenceFile(name, seed: seed)), complaints: complaints)
        try complaints.throwIfAny()
        guard let tree, let evidence else {
            throw StageError(message: "the tree \(name)/seed-\(seed) cannot be read")
        }
        let model = study.environment.model
        return TreeSubject(
            name: name, seed: UInt64(seed), study: study.title, tree: tree, task: model.task, evidence: evidence,
            comparison: comparison, cohort: cohortSentence(study), limits: model.limits,
            provenance: provenance(study))
    }

    /// A number of any size for people: `4.79 × 10⁶`.
    static func quantity(_ value: Double) -> String {
        guard value != 0, value.isFinite, abs(value) >= 1e5 || abs(value) < 1e-3 else {
            return NumberText.significant(value, 3)
        }
        let exponent = Int(log10(abs(value)).rounded(.down))
        let mantissa = NumberText.significant(value / pow(10, Double(exponent)), 3)
        return "\(mantissa) × \(NumberText.powerOfTen(exponent))"
    }

    /// Patients that a generator learned from.
    static func sourcePatients(_ study: Study) -> Int {
        if case .table(let source) = study.source { source.table.rowCount } else { study.sourcePatients }
    }

    static func cohortSentence(_ study: Study) -> String {
        let conditions = study.cohort.conditions
        return cohortWords(study)
            + (conditions.isEmpty ? "" : " Only patients with \(conditions.description) were asked for.")
    }

    private static func cohortWords(_ study: Study) -> String {
        let cohort = study.cohort
        let model = study.environment.model
        if case .table(let source) = study.source {
            return
                "Virtual patients of \(model.fullName): \(cohort.generator.words) learned the table \(source.written) and "
                + "generated \(NumberText.count(cohort.training)) patients for training, "
                + "\(NumberText.count(cohort.validation)) for validation and \(NumberText.count(cohort.test)) for "
                + "testing, none a copy of a real one; what the table does not tell of them was drawn by the environment, given "
                + "their covariates."
        }
        if model.tabular != nil {
            return "Virtual patients of \(model.fullName), drawn from its start distribution: "
                + "\(NumberText.count(cohort.training)) for training, \(NumberText.count(cohort.validation)) for "
                + "validation and \(NumberText.count(cohort.test)) for testing."
        }
        if model.variableNames.isEmpty {
            return "Patients of \(model.fullName), who do not differ at the start: "
                + "\(NumberText.count(cohort.training)) for training, \(NumberText.count(cohort.validation)) for validation "
                + "and \(NumberText.count(cohort.test)) for testing, each set with chance events of its own."
        }
        let kind = cohort.generator.words
        return "Virtual patients of \(model.fullName): \(kind) learned "
            + "\(NumberText.count(study.sourcePatients)) plausible source patients and generated "
            + "\(NumberText.count(cohort.training)) for training, \(NumberText.count(cohort.validation)) for validation "
            + "and \(NumberText.count(cohort.test)) for testing, no patient twice."
    }

    /// - Parameter isComplete: with the parts of the platform that bytes may depend on, and whole hashes.
    static func provenance(_ study: Study, isComplete: Bool = false) -> [Fact] {
        func hash(_ text: String) -> String { isComplete ? text : String(text.prefix(16)) }
        var facts = [
            Fact("study", study.name), Fact("seed of the study", "\(study.seed)"),
            Fact(
                "training seeds", study.seeds == 1 ? "1" : "1 to \(study.seeds), each derived from the study's seed"),
            Fact("study hash", hash(SHA256.hex(study.resolved.text(pretty: false)))),
            Fact("environment", study.environment.model.fullName),
            Fact("environment hash", hash(study.environment.hash)), Fact("program", "lab \(ProgramVersion.text)"),
        ]
        guard isComplete else { return facts }
        for field in StudyRunner.platform {
            let name = field.key == "blas_core" ? "OpenBLAS kernel" : field.key
            if case .string(let text) = field.value { facts.append(Fact(name, text)) }
        }
        return facts
    }
}

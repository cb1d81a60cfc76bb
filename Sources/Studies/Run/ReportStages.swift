// Stages that show: the figures, and the page that ties a run together.

import Evaluation
import Foundation
import Patients
import PositionedJSON
import Reports
import Trees

extension StudyStages {
    static let figureNames = ["learning_curves", "comparison", "fidelity"]

    /// Learning curves, the comparison and the cohort's fidelity: data, script and, where gnuplot is, pictures.
    func plots(inputs: [String]) -> Stage {
        let tool = GnuplotTool.version
        return Stage(
            "plots",
            configuration: [
                "title": .string(study.title), "gnuplot": tool.map { .string($0) } ?? .null,
                "agents": .strings(study.agents.map(\.name)),
            ],
            seed: study.seed, inputs: inputs
        ) { context in
            let comparison = try comparison(context)
            var references: [ReferenceLine] = []
            if let best = comparison.selection.fixed,
                let value = try validationReturn(of: best, context)
            {
                references.append(ReferenceLine(name: "protocol \(best)", value: value))
            }
            let figures = [
                Figure.learningCurves(
                    title: "Learning on \(study.environment.model.name)", series: try curves(context),
                    references: references),
                Figure.comparison(comparison, title: study.title),
                Figure.marginals(title: "Source and synthetic patients", panels: try marginals(context)),
            ]
            return try GnuplotTool.draw(figures, warn: context.warn)
        }
    }

    private func comparison(_ context: StageContext) throws -> Comparison {
        let complaints = Complaints()
        let comparison = Comparison(try context.json("evaluation/summary.json"), complaints: complaints)
        try complaints.throwIfAny()
        guard let comparison else { throw StageError(message: "there is no comparison") }
        return comparison
    }

    private func validationReturn(of policy: String, _ context: StageContext) throws -> Double? {
        guard case .array(let rows)? = try context.json(StudyStages.selectionFile)["policies"]?.value else {
            return nil
        }
        for row in rows {
            if case .string(policy)? = row["policy"]?.value, case .number(let value, _)? = row["mean_return"]?.value {
                return value
            }
        }
        return nil
    }

    private func curves(_ context: StageContext) throws -> [CurveSeries] {
        try study.agents.map { agent in
            CurveSeries(
                name: agent.name,
                runs: try study.seedNumbers.map { number in
                    let source = try context.source("agents/\(agent.name)/seed-\(number)/metrics.csv")
                    let table = try NumericTable.read(source, allowsEmpty: true)
                    return CurveRun(
                        decisions: table.column("decisions") ?? [], values: table.column("validation_return") ?? [])
                })
        }
    }

    private func marginals(_ context: StageContext) throws -> [MarginalPanel] {
        let complaints = Complaints()
        let node = try context.json("cohort/fidelity.json")
        guard case .array(let items)? = node["marginals"]?.value else { return [] }
        let panels = items.compactMap { item -> MarginalPanel? in
            let reader = ObjectReader(item, what: "a marginal", complaints: complaints)
            guard let column = reader.string("column"), let real = reader.numbers("real"),
                let synthetic = reader.numbers("synthetic")
            else { return nil }
            let hasUnit = if case .string? = item["unit"]?.value { true } else { false }
            return MarginalPanel(
                name: column, unit: hasUnit ? reader.string("unit", default: "") : "",
                edges: reader.optionalNumbers("edges") ?? [], categories: reader.optionalStrings("categories") ?? [],
                source: real, synthetic: synthetic)
        }
        try complaints.throwIfAny()
        return panels
    }

    /// `report.html`
    func report(inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "report",
            configuration: [
                "environment": environmentIdentity, "study": study.resolved, "version": .string(ProgramVersion.text),
            ],
            seed: study.seed, inputs: inputs
        ) { context in
            let model = study.environment.model
            let selection = try SelectionFile.read(try context.json(StudyStages.selectionFile))
            let comparison = try comparison(context)
            var trees: [TreeSubject] = []
            if let name = selection.best.tree {
                trees.append(
                    try TreeSubjects.make(
                        name: name, seed: selection.treeSeed ?? 1, study: study, comparison: comparison,
                        json: { try context.json($0) }))
            }
            let input = StudyReportInput(
                title: study.title, question: study.question,
                cohort: ReportPart(
                    paragraphs: [TreeSubjects.cohortSentence(study)] + (try verdict(context)),
                    facts: [
                        Fact("source patients", NumberText.count(study.sourcePatients)),
                        Fact("training patients", NumberText.count(study.cohort.training)),
                        Fact("validation patients", NumberText.count(study.cohort.validation)),
                        Fact("test patients", NumberText.count(study.cohort.test)),
                    ],
                    figures: [figure("fidelity", context)]),
                learning: ReportPart(
                    paragraphs: [
                        "Every learner was trained on \(study.seeds) seeds, on training patients only; of every training "
                            + "the policy that did best on validation patients was kept."
                    ],
                    facts: study.agents.map { Fact($0.name, learning($0)) },
                    figures: [figure("learning_curves", context)]),
                comparison: comparison, comparisonFigures: [figure("comparison", context)], trees: trees,
                protocols: protocols.map { item in
                    Fact(item.name, model.protocols.first { $0.name == item.name }?.meaning ?? "")
                },
                reproducibility: ReportPart(
                    paragraphs: [
                        "manifest.json in the same folder holds the study as it was run and the hash of every file; "
                            + "lab reproduce runs it again and compares every byte."
                    ], facts: TreeSubjects.provenance(study)),
                limits: model.limits)
            return [Artefact("report.html", StudyReport.html(input))]
        }
    }

    private func learning(_ agent: Study.Agent) -> String {
        var text = "\(agent.learner.name), \(NumberText.count(agent.learner.decisions)) decisions"
        if let tree = agent.tree { text += ", its states are the leaves of \(tree)" }
        return text
    }

    private func verdict(_ context: StageContext) throws -> [String] {
        guard case .string(let text)? = try context.json("cohort/fidelity.json")["verdict"]?.value else { return [] }
        return [text]
    }

    /// A picture of the plots stage, with the caption its script carries.
    private func figure(_ name: String, _ context: StageContext) -> ReportFigure {
        let script = (try? context.text("plots/\(name).gp")) ?? ""
        let caption =
            script.split(separator: "\n").first.map { $0.drop { $0 == "#" || $0 == " " } }.map(String.init) ?? name
        guard context.has("plots/\(name).svg"), let picture = try? context.source("plots/\(name).svg") else {
            return ReportFigure(caption: caption, picture: .absent("gnuplot was not there"))
        }
        return ReportFigure(caption: caption, picture: .svg(picture.bytes))
    }
}

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

    static func cohortSentence(_ study: Study) -> String {
        let cohort = study.cohort
        let kind = if case .vae = cohort.generator { "a variational autoencoder" } else { "a Gaussian copula" }
        return "Virtual patients of \(study.environment.model.name): \(kind) learned "
            + "\(NumberText.count(study.sourcePatients)) plausible source patients and generated "
            + "\(NumberText.count(cohort.training)) for training, \(NumberText.count(cohort.validation)) for validation "
            + "and \(NumberText.count(cohort.test)) for testing, no patient twice."
    }

    static func provenance(_ study: Study) -> [Fact] {
        [
            Fact("study", study.name), Fact("seed", "\(study.seed)"),
            Fact("study hash", String(SHA256.hex(study.resolved.text(pretty: false)).prefix(16))),
            Fact("environment hash", String(study.environment.hash.prefix(16))),
            Fact("program", "lab \(ProgramVersion.text)"),
        ]
    }
}

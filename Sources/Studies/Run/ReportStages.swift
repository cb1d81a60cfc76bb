// Stages that show: the figures, and the page that ties a run together.

import Distillation
import Evaluation
import Foundation
import Numerics
import Patients
import PositionedJSON
import Reports
import Trees

extension StudyStages {
    /// Learning curves, the comparison, the cohort's fidelity, frontiers and what trees rely on: data, script and, where
    /// gnuplot is, pictures.
    func plots(inputs: [String]) -> Stage {
        let tool = GnuplotTool.version
        return Stage(
            "plots",
            configuration: [
                "title": .string(study.title), "gnuplot": tool.map { .string($0) } ?? .null,
                "agents": .strings(study.agents.map(\.name)), "frontiers": .strings(frontiers.map(\.name)),
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
            var figures = [
                Figure.learningCurves(
                    title: "Learning on \(study.environment.model.fullName)", series: try curves(context),
                    references: references),
                Figure.comparison(comparison, title: study.title),
            ]
            if !frontiers.isEmpty {
                figures.append(
                    Figure.frontier(
                        title: "Return against leaves on \(study.environment.model.fullName)",
                        series: try frontierSeries(context), references: references))
            }
            let panels = try marginals(context)
            if !panels.isEmpty {
                figures.append(
                    Figure.marginals(
                        title: "Source and synthetic patients", panels: panels,
                        rates: try patientRates(context),
                        event: (study.environment.model.task.outcomes.first { $0.kind == .event }).map {
                            Metric($0).title
                        }
                            ?? ""))
            }
            let cohort = try fidelity(context)
            figures += [cohort.pairs, cohort.subgroups, cohort.recognition].compactMap { $0 }
            figures += try relianceFigures(context)
            if let check = try calibrationFigure(context) { figures.append(check) }
            if let elsewhere = try populationsFigure(context) { figures.append(elsewhere) }
            if let adapted = try adaptationFigure(context) { figures.append(adapted) }
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
        try study.agents.filter(\.learner.learns).map { agent in
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

    /// Trees of several sizes.
    private var frontiers: [Study.Tree] { study.trees.filter { $0.method is FrontierMethod } }

    private func frontierSeries(_ context: StageContext) throws -> [FrontierSeries] {
        try frontiers.map { tree in
            var leaves: [Double] = []
            let runs = try study.seedNumbers.map { number in
                let table = try NumericTable.read(
                    try context.source("trees/\(tree.name)/seed-\(number)/metrics.csv"), allowsEmpty: true)
                leaves = table.column("maximum_leaves") ?? []
                let (lows, highs) = (table.column("low") ?? [], table.column("high") ?? [])
                return FrontierSeries.Run(
                    values: (table.column("validation_return") ?? []).enumerated().map {
                        Estimate($1, low: lows[$0], high: highs[$0])
                    })
            }
            return FrontierSeries(name: tree.name, leaves: leaves, runs: runs)
        }
    }

    private func fidelity(_ context: StageContext) throws -> FidelityFigures {
        FidelityFigures(report: try context.json("cohort/fidelity.json"))
    }

    private func marginals(_ context: StageContext) throws -> [MarginalPanel] {
        try fidelity(context).marginals { words(ofColumn: $0) }
    }

    /// Of the generated patients beside the columns themselves, with the names of their files.
    private static let fidelityFigures = ["fidelity_pairs", "fidelity_subgroups", "fidelity_recognition"]

    /// How often the event happens under each protocol, in source and synthetic patients.
    private func patientRates(_ context: StageContext) throws -> [RatePair] {
        guard case .array(let items)? = try context.json("cohort/fidelity.json")["rates"]?.value else { return [] }
        return items.compactMap { item in
            guard case .string(let name)? = item["name"]?.value, case .number(let source, _)? = item["source"]?.value,
                case .number(let synthetic, _)? = item["synthetic"]?.value
            else { return nil }
            return RatePair(name: name, source: source, synthetic: synthetic)
        }
    }

    /// What the fidelity report found, in a line each.
    private func fidelityFacts(_ context: StageContext) throws -> [Fact] {
        let node = try context.json("cohort/fidelity.json")
        func number(_ node: JSONNode?) -> Double? {
            if case .number(let value, _)? = node?.value { value } else { nil }
        }
        var facts: [Fact] = []
        if let value = number(node["column_shapes"]) {
            facts.append(Fact("columns alike", "\(NumberText.percent(value)) (mean over columns; 100 % is identical)"))
        }
        if let value = number(node["pair_trends"]) ?? number(node["all_pair_trends"]) {
            facts.append(Fact("pairs of columns alike", "\(NumberText.percent(value)) (100 % is identical)"))
        }
        if let value = number(node["discriminator_auc"]) {
            facts.append(
                Fact("told apart by a classifier", "AUC \(NumberText.fixed(value, 2)) (0.5 is guessing, 1 is always)"))
        }
        if let copies = number(node["closest_record"]?["exact_copies"]) {
            facts.append(Fact("copies of source patients", NumberText.count(Int(copies))))
        }
        let gaps = try patientRates(context).map { abs($0.source - $0.synthetic) }
        if let worst = gaps.max(), let event = study.environment.model.task.outcomes.first(where: { $0.kind == .event })
        {
            facts.append(
                Fact(
                    "\(Metric(event).title) under a protocol",
                    "differs by at most \(NumberText.fixed(100 * worst, 1)) percentage points between source and "
                        + "synthetic patients"))
        }
        return facts
    }

    /// A unit with raised powers, `cell²/d²`; nothing for a number without one.
    private func printed(_ unit: String) -> String {
        unit == "1"
            ? ""
            : unit.split(separator: "^", omittingEmptySubsequences: false).enumerated().map { index, part in
                guard index > 0, let digit = part.first?.wholeNumberValue else { return (index > 0 ? "^" : "") + part }
                return String(NumberText.powerOfTen(digit).dropFirst(2)) + part.dropFirst()
            }.joined()
    }

    /// Unit and meaning of a column of the cohort: a parameter, or a state at the start, whose name may be `initial.T`.
    private func words(ofColumn column: String) -> (unit: String, meaning: String) {
        let model = study.environment.model
        if let found = model.parameters.first(where: { $0.name == column }) {
            return (printed(found.unitText), found.meaning)
        }
        let name = column.hasPrefix("initial.") ? String(column.dropFirst(8)) : column
        guard let state = model.states.first(where: { $0.name == name }) else { return ("", "") }
        return (printed(state.unitText), state.meaning + " at the start")
    }

    /// `report.html`
    func report(inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "report",
            configuration: [
                "environment": environmentIdentity, "study": study.resolved, "version": .string(ProgramVersion.text),
                "platform": .object(StudyRunner.platform),
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
                    paragraphs: [TreeSubjects.cohortSentence(study)] + (try verdict(context))
                        + (try calibrationWords(context)),
                    facts: [
                        Fact("source patients", NumberText.count(TreeSubjects.sourcePatients(study))),
                        Fact("training patients", NumberText.count(study.cohort.training)),
                        Fact("validation patients", NumberText.count(study.cohort.validation)),
                        Fact("test patients", NumberText.count(study.cohort.test)),
                    ] + (try fidelityFacts(context)),
                    figures: (study.environment.model.variableNames.isEmpty ? [] : [figure("fidelity", context)])
                        + StudyStages.fidelityFigures.filter { context.has("plots/\($0).gp") }.map {
                            figure($0, context)
                        }
                        + (context.has("plots/calibration.gp") ? [figure("calibration", context)] : [])),
                learning: ReportPart(
                    paragraphs: [
                        "Every learner was trained on \(study.seeds) seeds, on training patients only; of every training "
                            + "the policy that did best on validation patients was kept."
                    ],
                    facts: study.agents.map { Fact($0.name, learning($0)) },
                    figures: [figure("learning_curves", context)]),
                comparison: comparison,
                comparisonFigures: [figure("comparison", context)]
                    + (frontiers.isEmpty ? [] : [figure("frontier", context)]),
                populations: try populationsPart(context) { figure($0, context) },
                adaptation: try adaptationPart(context) { figure($0, context) }, trees: trees,
                stability: try stabilityPart(context) { figure($0, context) },
                importance: try importancePart(context) { figure($0, context) },
                protocols: protocols.map { item in
                    Fact(item.name, model.protocols.first { $0.name == item.name }?.meaning ?? "")
                },
                reproducibility: ReportPart(
                    paragraphs: [
                        "manifest.json in the same folder holds the study as it was run and the hash of every file. "
                            + "The command lab reproduce RUN, with the path of that folder, runs the study again and "
                            + "compares every file, byte by byte; the processor kernel has to be the same."
                    ], facts: TreeSubjects.provenance(study, isComplete: true)),
                limits: model.limits)
            return [Artefact("report.html", StudyReport.html(input))]
        }
    }

    private func learning(_ agent: Study.Agent) -> String {
        guard agent.learner.learns else {
            return "\(agent.learner.name), computed from the environment's model at every decision; nothing is learned"
        }
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

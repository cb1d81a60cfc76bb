// The stages of a study of risk: folds → figures of merit → models of all patients → pictures and the page.

import Cohorts
import Evaluation
import Foundation
import Numerics
import PositionedJSON
import Reports
import Trees

/// Makes the stages of a study of risk.
struct RiskStages: Sendable {
    let study: RiskStudy

    init(_ study: RiskStudy) { self.study = study }

    static let summaryFile = "evaluation/risk.json"

    private var configuration: RiskConfiguration { study.assessment.configuration }
    /// Everything that a result depends on, besides the seed.
    private var identity: JSONValue { ["table": .string(study.tableHash), "study": study.configuration] }

    func all() -> [Stage] {
        let folds = (0..<configuration.repeats).flatMap { division in
            (0..<configuration.folds).map { fold(division, $0) }
        }
        var stages = folds
        stages.append(evaluation(inputs: folds.map(\.name)))
        stages.append(models())
        stages.append(plots())
        stages.append(report(inputs: stages.map(\.name)))
        return stages
    }

    private func foldName(_ division: Int, _ fold: Int) -> String {
        "folds/division-\(division + 1)/fold-\(fold + 1)"
    }

    /// Generator and models of all folds but one, and what they predict for that one.
    private func fold(_ division: Int, _ fold: Int) -> Stage {
        let study = study
        let name = foldName(division, fold)
        return Stage(name, configuration: identity, seed: study.seed) { _ in
            let results = try study.assessment.run(division: division, fold: fold, seed: study.seed)
            var text = "patient,model,training,probability,outcome\n"
            for result in results {
                for prediction in result.predictions {
                    text += "\(prediction.patient),\(result.model),\(result.training.rawValue),"
                    text += "\(prediction.probability),\(study.assessment.labels[prediction.patient] ? 1 : 0)\n"
                }
            }
            return [Artefact("\(name)/predictions.csv", text)]
        }
    }

    /// Out-of-fold predictions by model and training, a set for each division.
    private func predictions(_ context: StageContext) throws -> [String: [RiskPredictions]] {
        let assessment = study.assessment
        var all: [String: [RiskPredictions]] = [:]
        for division in 0..<configuration.repeats {
            var probabilities: [String: [Double]] = [:]
            for fold in 0..<configuration.folds {
                let text = try context.text("\(foldName(division, fold))/predictions.csv")
                for line in text.split(separator: "\n").dropFirst() {
                    let cells = line.split(separator: ",", omittingEmptySubsequences: false)
                    guard cells.count == 5, let patient = Int(cells[0]), let value = Double(cells[3]) else {
                        throw StageError(message: "\(foldName(division, fold))/predictions.csv: \(line)")
                    }
                    probabilities[
                        "\(cells[1])/\(cells[2])", default: Array(repeating: .nan, count: assessment.labels.count)][
                            patient] = value
                }
            }
            let folds = assessment.folds(division: division, seed: study.seed)
            for (key, values) in probabilities {
                all[key, default: []].append(
                    RiskPredictions(probabilities: values, labels: assessment.labels, folds: folds))
            }
        }
        return all
    }

    private func evaluation(inputs: [String]) -> Stage {
        let study = study
        return Stage("evaluation/risk", configuration: identity, seed: study.seed, inputs: inputs) { context in
            let all = try predictions(context)
            let summary = RiskSummary(study.assessment, seed: study.seed) { model, training in
                all["\(model)/\(training.rawValue)"] ?? []
            }
            var curves = "model,training,false_positives,true_positives\n"
            for (model, _) in configuration.models {
                for training in RiskTraining.allCases {
                    for point in all["\(model)/\(training.rawValue)"]?.first?.curve() ?? [] {
                        curves += "\(model),\(training.rawValue),\(point.falsePositives),\(point.truePositives)\n"
                    }
                }
            }
            return [
                Artefact(RiskStages.summaryFile, summary.json()), Artefact("evaluation/risk.csv", summary.csv()),
                Artefact("evaluation/roc.csv", curves), Artefact("evaluation/risk.txt", summary.text()),
            ]
        }
    }

    /// The models of all real patients; trees as files and in words.
    private func models() -> Stage {
        let study = study
        return Stage("models", configuration: identity, seed: study.seed) { _ in
            try study.assessment.final().flatMap { name, model -> [Artefact] in
                guard let tree = model.tree else { return [] }
                return [
                    Artefact("models/\(name)/tree.json", tree.json()),
                    Artefact("models/\(name)/tree.txt", RiskTreeText.text(tree, study.assessment)),
                ]
            } + [Artefact("models/disclaimer.txt", TreeSubject.disclaimer + "\n")]
        }
    }

    private func summary(_ context: StageContext) throws -> RiskSummary {
        let complaints = Complaints()
        let summary = RiskSummary(try context.json(RiskStages.summaryFile), complaints: complaints)
        try complaints.throwIfAny()
        guard let summary else { throw StageError(message: "there is no risk assessment") }
        return summary
    }

    private func plots() -> Stage {
        let study = study
        return Stage(
            "plots",
            configuration: [
                "title": .string(study.title), "gnuplot": GnuplotTool.version.map { .string($0) } ?? .null,
            ],
            seed: study.seed, inputs: ["evaluation/risk"]
        ) { context in
            let summary = try summary(context)
            var points: [String: [(Double, Double)]] = [:]
            for line in try context.text("evaluation/roc.csv").split(separator: "\n").dropFirst() {
                let cells = line.split(separator: ",")
                guard cells.count == 4, let x = Double(cells[2]), let y = Double(cells[3]) else { continue }
                points["\(cells[0])/\(cells[1])", default: []].append((x, y))
            }
            let panels = summary.models.map { model in
                RiskCurvePanel(
                    title: model,
                    series: RiskTraining.allCases.map { training in
                        RiskCurvePanel.Series(
                            name: training.title,
                            area: summary.row(model, training, .auc)?.estimate ?? .undefined,
                            points: points["\(model)/\(training.rawValue)"] ?? [])
                    })
            }
            return try GnuplotTool.draw(
                [Figure.receiverOperatingCharacteristic(panels, title: study.title)], warn: context.warn)
        }
    }

    private func report(inputs: [String]) -> Stage {
        let study = study
        return Stage(
            "report",
            configuration: [
                "study": study.resolved, "version": .string(ProgramVersion.text),
                "platform": .object(StudyRunner.platform),
            ],
            seed: study.seed, inputs: inputs
        ) { context in
            let summary = try summary(context)
            let metrics: [RiskMetric] = [.auc, .accuracy, .recall, .specificity, .precision, .f1, .brier]
            let rows = summary.models.flatMap { model in
                RiskTraining.allCases.map { training in
                    [model, training.title]
                        + metrics.map { metric in
                            summary.row(model, training, metric).map { RiskStages.words($0.estimate) } ?? ""
                        }
                }
            }
            let trees = configuration.models.compactMap { name, _ in
                (try? context.text("models/\(name)/tree.txt")).map { (name, $0) }
            }
            let input = PlainReport(
                title: study.title, question: study.question,
                sections: [
                    .init(
                        title: "Patients",
                        part: ReportPart(
                            paragraphs: [
                                "\(NumberText.count(summary.patients)) patients of \(study.tableName), "
                                    + "\(NumberText.count(summary.events)) of them with the outcome "
                                    + "\(summary.target). Every model was tested on patients whom neither it nor the "
                                    + "generator had seen: \(summary.folds) folds, each outcome spread evenly."
                            ],
                            facts: study.leftOut.isEmpty
                                ? [] : [Fact("columns left out", study.leftOut.joined(separator: ", "))])),
                    .init(
                        title: "What synthetic patients do",
                        part: ReportPart(
                            paragraphs: summary.sentences,
                            figures: [
                                figure("roc", context, caption: "Receiver operating characteristic, by model")
                            ]),
                        table: .init(
                            caption: "On unseen real patients, with 95 % intervals over patients",
                            headings: ["model", "trained on"] + metrics.map(\.title), rows: rows)),
                ] + trees.map { .init(title: "\($0.0), made of all real patients", part: ReportPart(), text: $0.1) }
                    + [
                        .init(
                            title: "What must not be concluded",
                            part: ReportPart(paragraphs: [
                                "One table of one place and time. Intervals are over its patients; they say nothing of "
                                    + "other hospitals, and nothing of what treating by these predictions would do.",
                                "Settings were not tuned on the folds that judge. Probabilities of one half and more "
                                    + "count as the outcome in accuracy, recall, specificity, precision and F1.",
                            ])),
                        .init(
                            title: "Reproducibility",
                            part: ReportPart(
                                paragraphs: [
                                    "manifest.json in the same folder holds the study as it was run, the hash of the "
                                        + "table and of every file."
                                ],
                                facts: [
                                    Fact("study", study.name), Fact("seed", "\(study.seed)"),
                                    Fact("table", study.tableHash), Fact("program", ProgramVersion.text),
                                ])),
                    ])
            return [Artefact("report.html", input.html())]
        }
    }

    private static func words(_ estimate: Estimate) -> String {
        guard estimate.isDefined else { return "" }
        let value = NumberText.fixed(estimate.value, 3)
        return estimate.hasInterval
            ? "\(value) [\(NumberText.fixed(estimate.low, 3)), \(NumberText.fixed(estimate.high, 3))]" : value
    }

    private func figure(_ name: String, _ context: StageContext, caption: String) -> ReportFigure {
        guard context.has("plots/\(name).svg"), let picture = try? context.source("plots/\(name).svg") else {
            return ReportFigure(caption: caption, picture: .absent("gnuplot was not there"))
        }
        return ReportFigure(caption: caption, picture: .svg(picture.bytes))
    }
}

/// A risk tree in words.
enum RiskTreeText {
    static func text(_ tree: DecisionTree, _ assessment: RiskAssessment) -> String {
        let outcome = assessment.configuration.label
        var text =
            "The outcome is \(outcome.isEmpty ? assessment.configuration.target : outcome). \(TreeSubject.disclaimer)\n\n"
        var pending: [(node: Int, indent: Int, prefix: String)] = [(0, 0, "")]
        while let (node, indent, prefix) = pending.popLast() {
            if !prefix.isEmpty { text += String(repeating: "    ", count: indent - 1) + prefix + "\n" }
            switch tree.node(node) {
            case .leaf(let scores, let weight):
                text += String(repeating: "    ", count: indent)
                text += "→ \(NumberText.percent(scores[1], 0)) of \(NumberText.count(Int(weight.rounded()))) patients\n"
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                let name = tree.features[feature]
                // A feature of a category is 0 or 1.
                let isFlag = name.contains(" = ")
                let test = isFlag ? "not \(name)" : "\(name) ≤ \(NumberText.significant(threshold, 4))"
                pending.append((right, indent + 1, "otherwise"))
                pending.append((left, indent + 1, "if \(test)" + (missingGoesLeft ? " or not known" : "")))
            }
        }
        return text
    }
}

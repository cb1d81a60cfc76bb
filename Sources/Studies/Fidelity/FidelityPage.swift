// `lab cohort evaluate --html`: the fidelity report as one page with its figures.

import Cohorts
import Evaluation
import Foundation
import Numerics
import PositionedJSON
import Reports

/// A self-contained page about a synthetic cohort.
public enum FidelityPage {
    /// What the page says it was made from.
    public struct Sources: Sendable {
        public var real: String
        public var synthetic: String
        public var heldOut: String?
        public var seed: Int

        public init(real: String, synthetic: String, heldOut: String?, seed: Int) {
            self.real = real
            self.synthetic = synthetic
            self.heldOut = heldOut
            self.seed = seed
        }
    }

    /// The page, and what to tell the user where figures could not be drawn.
    public static func html(
        _ report: FidelityReport, _ sources: Sources, gnuplot: Gnuplot = Gnuplot()
    ) throws -> (html: String, warning: String?) {
        let json = report.json().text()
        let figures = FidelityFigures(
            report: try JSONParser.parse(SourceText(name: "fidelity", bytes: Array(json.utf8))))
        let folder = NSTemporaryDirectory() + "lab-fidelity-\(UUID().uuidString)"
        try Folders.make(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var warning: String?
        func drawn(_ figure: Figure?) throws -> [ReportFigure] {
            guard let figure else { return [] }
            let picture = try gnuplot.draw(figure, into: folder)
            warning = warning ?? picture.warning
            return [ReportFigure(picture, folder: folder)]
        }
        let panels = figures.marginals()
        let page = PlainReport(
            title: "How faithful the synthetic patients are",
            question: "\(NumberText.count(report.syntheticRows)) synthetic patients held against "
                + "\(NumberText.count(report.realRows)) real ones, whom the generator learned from.",
            banner: "Synthetic patients; not for clinical use.",
            sections: [
                .init(
                    title: "What they may be used for", part: ReportPart(paragraphs: [report.verdict]),
                    table: uses(report)),
                .init(title: "In numbers", part: ReportPart(facts: facts(report))),
                .init(
                    title: "Columns",
                    part: ReportPart(
                        figures: try drawn(
                            panels.isEmpty
                                ? nil : Figure.marginals(title: "Real and synthetic patients", panels: panels))),
                    table: columns(report)),
                .init(
                    title: "Pairs of columns", part: ReportPart(figures: try drawn(figures.pairs)), table: pairs(report)
                ),
                .init(
                    title: "Training on synthetic patients",
                    part: ReportPart(
                        paragraphs: report.utility == nil
                            ? ["The schema names no target of two classes, so no model was trained."]
                            : report.utility?.heldOut == true
                                ? []
                                : [
                                    "No held-out table was given: models of real patients are cross-validated, and those of "
                                        + "synthetic patients are tested on the patients the generator learned from, which "
                                        + "flatters them."
                                ], figures: try drawn(figures.training)), table: training(report)),
                .init(title: "Outcomes", part: ReportPart(), table: prevalence(report)),
                .init(
                    title: "Subgroups",
                    part: ReportPart(
                        paragraphs: (report.worstSubgroup.map { ["Worst: \($0)."] } ?? [
                            "No subgroup has 30 real patients."
                        ])
                            + (report.subgroups.columnsLeftOut > 0
                                ? [
                                    "The subgroups of \(report.subgroups.columnsLeftOut) further columns were not looked at."
                                ]
                                : []),
                        figures: try drawn(figures.subgroups)), table: subgroups(report)),
                .init(
                    title: "Whether real patients can be recognised",
                    part: ReportPart(
                        paragraphs: ["A cohort that keeps its distance from real rows is not thereby private."],
                        figures: try drawn(figures.recognition)), table: disclosure(report)),
                .init(
                    title: "How it was measured",
                    part: ReportPart(
                        paragraphs: [
                            "Column shapes: 1 − the Kolmogorov–Smirnov distance of numbers, 1 − the total variation "
                                + "distance of categories; pair trends over pairs that go together in the real table; both as "
                                + "SDMetrics 0.32 defines them. Boosted trees and logistic regression have scikit-learn's "
                                + "defaults. Intervals are 95 %: of areas by drawing test patients anew "
                                + "(1,000 times, the same for all models), of shares after Wilson, of their differences "
                                + "after Newcombe. They are over patients; they do not cover another training or another "
                                + "hospital."
                        ],
                        facts: [
                            Fact("real patients", sources.real), Fact("synthetic patients", sources.synthetic),
                            Fact("held-out patients", sources.heldOut ?? "none"), Fact("seed", "\(sources.seed)"),
                            Fact("program", ProgramVersion.text),
                        ])),
            ].filter { $0.table?.rows.isEmpty == false || $0.part != ReportPart() })
        return (page.html(), warning)
    }

    private static func words(_ estimate: Estimate, signed: Bool = false) -> String {
        guard estimate.isDefined else { return "–" }
        func number(_ value: Double) -> String {
            let text = NumberText.fixed(value, 3)
            return signed && value > 0 && text.contains { $0 >= "1" && $0 <= "9" } ? "+" + text : text
        }
        return estimate.hasInterval
            ? "\(number(estimate.value)) [\(number(estimate.low)), \(number(estimate.high))]" : number(estimate.value)
    }

    private static func uses(_ report: FidelityReport) -> PlainReport.Table {
        PlainReport.Table(
            caption: "", headings: ["use", "", "why"], names: 3,
            rows: report.uses.map { use in
                [use.use, use.judgement == .yes ? "yes" : use.judgement == .no ? "no" : "not shown", use.reason]
            })
    }

    private static func facts(_ report: FidelityReport) -> [Fact] {
        var facts = [
            Fact("quality", "\(NumberText.fixed(report.quality, 3)), the mean of the next two; 1 is best"),
            Fact(
                "column shapes", "\(NumberText.fixed(report.columnShapes, 3)), mean over \(report.shapes.count) columns"
            ),
            Fact(
                "pair trends",
                "\(NumberText.fixed(report.pairTrends ?? .nan, 3)), over \(report.pairs.count { $0.counts }) of "
                    + "\(report.pairs.count) pairs that go together in the real table"),
        ]
        if let told = report.discrimination {
            facts.append(
                Fact("told from real ones", "AUC \(words(told.area)) by boosted trees; 0.5 is guessing, 1 always"))
        }
        facts += [
            Fact(
                "closest real row",
                "median distance \(NumberText.fixed(report.closest.median, 2)); between real rows "
                    + NumberText.fixed(report.closest.realToRealMedian, 2)),
            Fact("exact copies", NumberText.percent(report.closest.exactCopies, 2) + " of synthetic rows"),
        ]
        if let membership = report.closest.membership {
            facts.append(Fact("membership inference", "AUC \(NumberText.fixed(membership, 3)); 0.5 is guessing"))
        }
        let lost = report.coverage.filter { !$0.lost.isEmpty }
        facts.append(
            Fact(
                "categories lost",
                lost.isEmpty
                    ? "none" : lost.map { "\($0.column): \($0.lost.joined(separator: ", "))" }.joined(separator: "; ")))
        return facts
    }

    private static func columns(_ report: FidelityReport) -> PlainReport.Table {
        let shifts = Dictionary(report.coverage.map { ($0.column, $0) }, uniquingKeysWith: { first, _ in first })
        return PlainReport.Table(
            caption: "The least faithful columns",
            headings: [
                "column", "measure", "score", "largest shift of a category", "missing, real", "missing, synthetic",
            ],
            rows: report.shapes.indices.sorted { (report.shapes[$0].score, $0) < (report.shapes[$1].score, $1) }.prefix(
                12
            )
            .map { index in
                let shape = report.shapes[index]
                return [
                    shape.column, shape.measure == "ks_complement" ? "1 − KS" : "1 − TVD",
                    NumberText.fixed(shape.score, 3),
                    shifts[shape.column].map { NumberText.percent($0.largestShift) } ?? "",
                    NumberText.percent(report.marginals[index].realMissing),
                    NumberText.percent(report.marginals[index].syntheticMissing),
                ]
            })
    }

    private static func pairs(_ report: FidelityReport) -> PlainReport.Table {
        let counted = report.pairs.filter { $0.counts && $0.score != nil }.sorted { ($0.score ?? 1) < ($1.score ?? 1) }
        return PlainReport.Table(
            caption: "The least faithful of the pairs that go together in the real table",
            headings: ["first", "second", "score", "real", "synthetic"],
            rows: counted.prefix(8).map { pair in
                [pair.first, pair.second]
                    + [pair.score, pair.realAssociation, pair.syntheticAssociation].map {
                        NumberText.fixed($0 ?? .nan, 3)
                    }
            })
    }

    private static func training(_ report: FidelityReport) -> PlainReport.Table? {
        report.utility.map { utility in
            PlainReport.Table(
                caption: "Area under the ROC curve for \(utility.target) = \(utility.event), "
                    + "\(NumberText.count(utility.testPatients)) test patients, \(NumberText.count(utility.testEvents)) with it",
                headings: ["model", "trained on synthetic", "trained on real", "difference"], names: 1,
                rows: utility.models.map {
                    [
                        $0.name.split(separator: "_").joined(separator: " "), words($0.synthetic), words($0.real),
                        words($0.difference, signed: true),
                    ]
                })
        }
    }

    private static func disclosure(_ report: FidelityReport) -> PlainReport.Table {
        func share(_ value: Double?, _ error: Double?) -> String {
            value.map {
                words(Estimate($0, low: max(0, $0 - 1.96 * (error ?? 0)), high: min(1, $0 + 1.96 * (error ?? 0))))
            }
                ?? "–"
        }
        return PlainReport.Table(
            caption:
                "Guessed right by who knows all else of a patient and has these synthetic ones; what is guessed of "
                + "learned patients better than of others betrays them",
            headings: ["column", "of learned patients", "of held-out patients", "without the table"], names: 1,
            rows: report.disclosure.sorted { ($0.learned - $0.guess, $0.column) > ($1.learned - $1.guess, $1.column) }
                .prefix(8).map {
                    [
                        $0.column, share($0.learned, $0.learnedError), share($0.heldOut, $0.heldOutError),
                        NumberText.fixed($0.guess, 3),
                    ]
                })
    }

    private static func prevalence(_ report: FidelityReport) -> PlainReport.Table {
        PlainReport.Table(
            caption: "Share of the patients in whom it is recorded",
            headings: ["outcome", "synthetic", "real", "difference"], names: 1,
            rows: report.prevalence.map {
                ["\($0.column) = \($0.event)", words($0.synthetic), words($0.real), words($0.difference, signed: true)]
            })
    }

    private static func subgroups(_ report: FidelityReport) -> PlainReport.Table {
        let event = report.utility.map { "\($0.target) = \($0.event)" }
        return PlainReport.Table(
            caption: "Beyond chance after correction for \(report.subgroups.comparisons) comparisons, at most ten",
            headings: ["subgroup", "least faithful", "real", "synthetic", "column shapes", "of chance"]
                + (event.map { ["\($0), synthetic", "real"] } ?? []),
            rows: report.subgroups.beyondChance.prefix(10).map { group in
                [
                    group.name, group.worstColumn ?? "", NumberText.count(group.realRows),
                    NumberText.count(group.syntheticRows), NumberText.fixed(group.shapes ?? .nan, 3),
                    NumberText.fixed(group.expectedShapes ?? .nan, 3),
                ]
                    + (event == nil
                        ? [] : [words(group.syntheticRate ?? .undefined), words(group.realRate ?? .undefined)])
            })
    }
}

// The report of a study: one self-contained page that ties the run directory together.

import Evaluation
import PositionedJSON
import Trees

/// A picture on the page.
public struct ReportFigure: Sendable, Equatable {
    public enum Picture: Sendable, Equatable {
        /// An SVG document, shown as an image so that nothing inside can act on the page.
        case svg([UInt8])
        case png([UInt8])
        /// Not drawn; the reason in words.
        case absent(String)
    }
    public var caption: String
    public var picture: Picture

    public init(caption: String, picture: Picture) {
        self.caption = caption
        self.picture = picture
    }

    /// The picture of a drawn figure, from the folder it was drawn in.
    public init(_ figure: DrawnFigure, folder: String) {
        caption = figure.caption
        let svg = "\(folder)/\(figure.name).svg"
        if figure.isDrawn, let source = try? SourceText(contentsOf: svg) {
            picture = .svg(source.bytes)
        } else {
            picture = .absent(figure.warning ?? "\(figure.name).svg is missing")
        }
    }
}

/// A table with its title.
public struct ReportTable: Sendable, Equatable {
    public var title: String
    public var table: TextTable

    public init(title: String, table: TextTable) {
        self.title = title
        self.table = table
    }

    var html: String {
        let rows = table.lines.map { line -> Page.Row in
            switch line {
            case .group(let title):
                let cell = Page.Cell(html: Markup.escape(title), isHeading: true, columns: table.columns.count)
                return Page.Row([cell], style: "group")
            case .row(let cells):
                return Page.Row(
                    cells.enumerated().map { index, text in
                        index == 0 ? .heading(text) : table.columns[index].isNumber ? .estimate(text) : .text(text)
                    })
            }
        }
        return Page.table(caption: title, headings: table.columns.map { ($0.title, $0.unit) }, rows)
    }
}

/// A part of the report in words, facts, tables and pictures, for what other modules know best.
public struct ReportPart: Sendable, Equatable {
    public var paragraphs: [String]
    public var facts: [Fact]
    public var figures: [ReportFigure]
    public var tables: [ReportTable]

    public init(
        paragraphs: [String] = [], facts: [Fact] = [], figures: [ReportFigure] = [], tables: [ReportTable] = []
    ) {
        self.paragraphs = paragraphs
        self.facts = facts
        self.figures = figures
        self.tables = tables
    }

    var html: String {
        paragraphs.map { Page.paragraph($0) }.joined() + Page.facts(facts)
            + figures.map(StudyReport.figure).joined() + tables.map(\.html).joined()
    }
}

/// Everything the page says.
public struct StudyReportInput: Sendable {
    public var title: String
    /// What the study asks, in a sentence or two.
    public var question: String
    /// How patients were made, how many, and what the fidelity report says; marginals as a figure.
    public var cohort: ReportPart
    /// What was trained, and the curves.
    public var learning: ReportPart
    public var comparison: Comparison
    /// The comparison's picture.
    public var comparisonFigures: [ReportFigure]
    /// How the policies carry over to other populations, and how they adapt to them.
    public var populations: ReportPart
    public var adaptation: ReportPart
    /// Trees to show in full, the chosen one first.
    public var trees: [TreeSubject]
    /// Whether other seeds make the same trees.
    public var stability: ReportPart
    /// What the chosen tree and its teacher rely on.
    public var importance: ReportPart
    /// The fixed protocols, in words.
    public var protocols: [Fact]
    /// Hashes, seeds, versions, the command that reproduces the run.
    public var reproducibility: ReportPart
    /// What the simulation leaves out.
    public var limits: [String]

    public init(
        title: String, question: String, cohort: ReportPart = ReportPart(), learning: ReportPart = ReportPart(),
        comparison: Comparison, comparisonFigures: [ReportFigure] = [], populations: ReportPart = ReportPart(),
        adaptation: ReportPart = ReportPart(), trees: [TreeSubject] = [],
        stability: ReportPart = ReportPart(), importance: ReportPart = ReportPart(), protocols: [Fact] = [],
        reproducibility: ReportPart = ReportPart(), limits: [String] = []
    ) {
        self.title = title
        self.question = question
        self.cohort = cohort
        self.learning = learning
        self.comparison = comparison
        self.comparisonFigures = comparisonFigures
        self.populations = populations
        self.adaptation = adaptation
        self.trees = trees
        self.stability = stability
        self.importance = importance
        self.protocols = protocols
        self.reproducibility = reproducibility
        self.limits = limits
    }
}

/// Writes `report.html`.
public enum StudyReport {
    public static func html(_ input: StudyReportInput) -> String {
        let compared = ComparisonSections(input.comparison)
        var sections: [(id: String, title: String, html: String)] = []
        func add(_ id: String, _ title: String, wide: Bool = false, _ html: String) {
            let markup = Page.section(title, id: id, wide: wide, html)
            if !markup.isEmpty { sections.append((id, title, markup)) }
        }
        add("result", "The result in brief", BriefSection(input.comparison).html)
        add("cohort", "Patients", input.cohort.html)
        add("learning", "Learning", input.learning.html)
        add(
            "comparison", "Policies on the same test patients",
            input.comparisonFigures.map(figure).joined() + compared.policyTable() + compared.note)
        add("differences", "Paired differences", compared.differenceTable())
        add("subgroups", "Subgroups", compared.subgroupTable())
        add("robustness", "Typical and worst-off patients", compared.robustTable())
        add("populations", "Other populations", input.populations.html)
        add("adaptation", "Adaptation to other populations", input.adaptation.html)
        for (index, subject) in input.trees.enumerated() {
            let tree = TreeSections(subject)
            add(
                "tree-\(index + 1)", "The tree \(subject.title)", wide: true,
                tree.chart(identifier: "chart-\(index + 1)"))
            add(
                "leaves-\(index + 1)", "The leaves of \(subject.title)",
                (index == 0 ? tree.actionTable() : "") + tree.leafTable() + "<h3>What the tree looks at</h3>\n"
                    + tree.inputTable())
        }
        add("stability", "Trees of other seeds", input.stability.html)
        add("importance", "What the tree relies on", input.importance.html)
        add("protocols", "Protocols compared with", Page.facts(input.protocols))
        add("limits", "What the simulation leaves out", Page.list(input.limits))
        add("reproducibility", "Reproducibility", input.reproducibility.html)
        var body = "<header><h1>\(Markup.escape(input.title))</h1>\n"
        body += Page.paragraph(input.question, style: "lead") + Page.banner
        body += "<nav aria-label=\"Contents\"><ul>\n"
        for section in sections {
            body += "<li><a href=\"#\(section.id)\">\(Markup.escape(section.title))</a></li>\n"
        }
        body += "</ul></nav></header>\n"
        return Page.document(title: input.title, body: body + sections.map(\.html).joined())
    }

    static func figure(_ figure: ReportFigure) -> String {
        let caption = Markup.escape(figure.caption)
        switch figure.picture {
        case .svg(let bytes): return image("image/svg+xml", bytes, caption)
        case .png(let bytes): return image("image/png", bytes, caption)
        case .absent(let reason): return Page.paragraph("\(figure.caption) — not drawn: \(reason)", style: "note")
        }
    }

    private static func image(_ type: String, _ bytes: [UInt8], _ caption: String) -> String {
        "<figure><img alt=\"\(caption)\" src=\"data:\(type);base64,\(Markup.base64(bytes))\">"
            + "<figcaption>\(caption)</figcaption></figure>\n"
    }
}

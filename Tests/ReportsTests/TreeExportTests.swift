// Exports of a tree: words, well-formedness, hostile names, the sentence that must stand on each.

import Evaluation
import Foundation
import Patients
import PositionedJSON
import Reports
import Testing
import Trees

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Whether a document is well-formed XML, and how many elements of each name it has.
final class ElementCounter: NSObject, XMLParserDelegate {
    private(set) var counts: [String: Int] = [:]
    private(set) var handlers = 0

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        counts[name, default: 0] += 1
        handlers += attributes.keys.count { $0.lowercased().hasPrefix("on") }
    }

    init?(_ bytes: [UInt8]) {
        super.init()
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }
}

@Suite struct TreeExportTests {
    private func text(_ format: String, _ subject: TreeSubject) throws -> String {
        String(decoding: try #require(Exporters.named(format)).write(subject), as: UTF8.self)
    }

    @Test func everyFormatSaysThatItIsASimulation() throws {
        let subject = try Specimen().subject
        #expect(Exporters.all.map(\.format) == ["html", "text", "json", "svg"])
        for exporter in Exporters.all {
            #expect(String(decoding: exporter.write(subject), as: UTF8.self).contains(TreeSubject.disclaimer))
            #expect(exporter.write(subject) == exporter.write(subject))
        }
        #expect(Exporters.named("docx") == nil)
    }

    @Test func textIsRulesInWords() throws {
        let rules = try text("text", Specimen().subject)
        #expect(
            rules.contains(
                """
                if tumour cells ≤ 2.51 × 10⁶
                    if TIL given: no
                        → chemo  (THIN EVIDENCE; 25 patients; 25.0 % of treatment time; cured 80.0 [60.0, 95.0] %; \
                teacher agrees 90 %; next best: none)
                    otherwise
                        → none
                """))
        #expect(rules.contains("if change ≤ −0.3 log10 cells"))
        #expect(rules.contains("  tumour cells (10,000 to 10⁹)"))
    }

    @Test func jsonHoldsTheTreeAndItsRules() throws {
        let json = try text("json", Specimen().subject)
        let node = try JSONParser.parse(SourceText(name: "tree.json", bytes: Array(json.utf8)))
        #expect(node["kind"]?.plain == "tree_export")
        #expect(node["tree"]?["nodes"] != nil)
        let complaints = Complaints()
        let evidence = try #require(node["evidence"])
        #expect(TreeEvidence(evidence, complaints: complaints)?.leaves.count == 4)
        #expect(json.contains("tumour cells ≤ 2.51 × 10⁶ and TIL given: yes"))
    }

    @Test func chartIsWellFormedAndHostileNamesStayText() throws {
        for mark in ["", Specimen.hostile] {
            let bytes = try SVGExporter().write(Specimen(mark).subject)
            let counter = try #require(ElementCounter(bytes), "the chart is not well-formed")
            #expect(counter.counts["script"] == nil)
            #expect(counter.counts["svg"] == 1)
            #expect(counter.handlers == 0)
            #expect(counter.counts["circle"] ?? 0 >= 4)
        }
        let plain = try #require(ElementCounter(SVGExporter().write(Specimen().subject)))
        let marked = try #require(
            ElementCounter(SVGExporter().write(Specimen(Specimen.hostile).subject)))
        #expect(plain.counts["g"] == marked.counts["g"])
    }

    @Test func sheetCannotBeInjected() throws {
        let page = try text("html", Specimen(Specimen.hostile).subject)
        #expect(!page.contains("<script"))
        #expect(!page.contains("onload='"))
        #expect(!page.contains("\u{1B}") && !page.contains("\u{202E}"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(page.contains("default-src 'none'"))
        // Nothing is fetched from outside.
        for reference in ["src=\"http", "href=\"http", "url(", "@import", "<link"] {
            #expect(!page.contains(reference))
        }
        let rules = try text("text", Specimen(Specimen.hostile).subject)
        #expect(!rules.contains("\u{1B}") && !rules.contains("\u{202E}"))
    }

    @Test func sheetIsWellFormedApartFromItsHead() throws {
        for mark in ["", Specimen.hostile] {
            let page = try text("html", Specimen(mark).subject)
            let start = try #require(page.range(of: "<main>")).lowerBound
            let end = try #require(page.range(of: "</main>")).upperBound
            #expect(ElementCounter(Array(page[start..<end].utf8)) != nil)
        }
    }

    @Test func leavesOfFewPatientsAreMarked() throws {
        var subject = try Specimen().subject
        var evidence = try #require(subject.evidence)
        for index in evidence.leaves.indices { evidence.leaves[index].patients = index == 0 ? 29 : 30 }
        subject.evidence = evidence
        func count(_ mark: String, in format: String) throws -> Int {
            try text(format, subject).components(separatedBy: mark).count - 1
        }
        #expect(try count("THIN EVIDENCE", in: "text") == 1)
        #expect(try count("\"thin_evidence\": true", in: "json") == 1)
        #expect(try count("thin evidence</text>", in: "svg") == 1)
        #expect(try count("stroke-dasharray", in: "svg") == 1)
        #expect(try count("<span class=\"thin\">thin evidence</span>", in: "html") == 1)
    }

    @Test func numbersReadAsPeopleWriteThem() throws {
        func rules(_ observation: ObservationDescription, _ threshold: Double) throws -> String {
            let task = TaskDescription(
                name: "toy", observations: [observation], actions: [ActionDescription(name: "a")], horizon: 1)
            let tree = try DecisionTree(
                features: [observation.name], actions: ["a", "b"],
                nodes: [
                    .split(feature: 0, threshold: threshold, missingGoesLeft: true, left: 1, right: 2),
                    .leaf(scores: [1, 0], weight: 1), .leaf(scores: [0, 1], weight: 1),
                ])
            return try text("text", TreeSubject(name: "t", study: "s", tree: tree, task: task))
        }
        let killers = ObservationDescription(name: "log10_nk", unit: "log10 cells", meaning: "natural-killer cells")
        #expect(try rules(killers, 3.3).contains("if natural-killer cells ≤ 1,995\n"))
        #expect(try rules(killers, 4.6).contains("≤ 39,800\n"))
        #expect(try rules(killers, 7.2).contains("≤ 1.58 × 10⁷\n"))
        let change = ObservationDescription(name: "tumour_change", unit: "log10 cells")
        #expect(try rules(change, -0.2).contains("if tumour change ≤ −37 %\n"))
        #expect(try rules(change, 0.3).contains("≤ +100 %\n"))
        #expect(try rules(change, 1).contains("≤ ×10\n"))
        #expect(try rules(change, 0).contains("≤ 0 %\n"))
        #expect(try rules(ObservationDescription(name: "day", unit: "d"), 35).contains("if day ≤ 35\n"))
    }

    @Test func treesWithoutEvidenceOrSplitsAreDrawn() throws {
        var subject = try Specimen().subject
        subject.evidence = nil
        subject.comparison = nil
        for exporter in Exporters.all { #expect(!exporter.write(subject).isEmpty) }
        #expect(ElementCounter(SVGExporter().write(subject)) != nil)
        subject.tree = .init(features: ["a"], actions: ["none", "chemo"], scores: [1, 0])
        #expect(ElementCounter(SVGExporter().write(subject)) != nil)
        #expect(try text("html", subject).contains("always"))
        #expect(try text("text", subject).contains("→ none"))
    }
}

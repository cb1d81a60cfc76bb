// The report of a study: whole, self-contained, well-formed, the same every time.

import Evaluation
import Foundation
import Reports
import Testing

@Suite struct StudyReportTests {
    private func report(_ mark: String = "") throws -> String {
        let specimen = try Specimen(mark)
        return StudyReport.html(
            StudyReportInput(
                title: "Study" + mark, question: "Does it work?" + mark,
                cohort: ReportPart(
                    paragraphs: ["40 patients" + mark], facts: [Fact("shapes" + mark, "0.9" + mark)],
                    figures: [
                        ReportFigure(caption: "Cohort" + mark, picture: .svg(Array("<svg/>".utf8))),
                        ReportFigure(caption: "Pixels", picture: .png([1, 2, 3, 4])),
                    ]),
                learning: ReportPart(figures: [
                    ReportFigure(caption: "Curves" + mark, picture: .absent("no gnuplot" + mark))
                ]),
                comparison: specimen.comparison, trees: [specimen.subject],
                protocols: [Fact("never" + mark, "no treatment" + mark)],
                reproducibility: ReportPart(facts: [Fact("hash", "abc" + mark)]), limits: ["toy" + mark]))
    }

    @Test func everySectionIsThere() throws {
        let page = try report()
        for heading in [
            "The result in brief", "Patients", "Learning", "Policies on the same test patients", "Paired differences",
            "Subgroups", "Typical and worst-off patients", "The tree viper, seed 2", "The leaves of viper, seed 2",
            "Protocols compared with", "What the simulation leaves out", "Reproducibility",
        ] {
            #expect(page.contains("<h2>\(heading)</h2>"), "\(heading) is missing")
        }
        #expect(page.contains(TreeSubject.disclaimer))
        #expect(page.contains("data:image/svg+xml;base64,PHN2Zy8+"))
        #expect(page.contains("data:image/png;base64,AQIDBA=="))
        #expect(page.contains("Curves — not drawn: no gnuplot"))
        #expect(page == (try report()))
    }

    @Test func hostileNamesStayText() throws {
        for mark in ["", Specimen.hostile] {
            let page = try report(mark)
            #expect(!page.contains("<script"))
            let start = try #require(page.range(of: "<main>")).lowerBound
            let end = try #require(page.range(of: "</main>")).upperBound
            let counter = try #require(ElementCounter(Array(page[start..<end].utf8)), "not well-formed")
            #expect(counter.handlers == 0)
            #expect(counter.counts["h2"] == 12)
        }
    }

    @Test func markupIsEscaped() {
        #expect(Markup.escape("<a href=\"x\">'&'</a>\u{7}") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;·")
    }
}

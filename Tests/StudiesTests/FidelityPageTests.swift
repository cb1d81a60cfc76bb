// The fidelity report as a page: complete in itself, and nothing that a table or schema says becomes markup.

import Cohorts
import Foundation
import Reports
import Studies
import TestSupport
import Testing

@Suite struct FidelityPageTests {
    private func evaluated(_ folder: String, name: String = "level") throws -> FidelityReport {
        let columns =
            "{ \"columns\": { \"age\": { \"type\": \"integer\", \"unit\": \"years<b>\" }, "
            + "\"\(name)\": { \"type\": \"continuous\" }, "
            + "\"died\": { \"type\": \"categorical\", \"role\": \"outcome\" } }, \"target\": \"died\" }"
        try columns.write(toFile: folder + "/columns.json", atomically: true, encoding: .utf8)
        for (table, shift) in [("real", 0), ("synthetic", 3)] {
            var text = "age,\"\(name)\",died\n"
            for row in 0..<120 {
                text += "\(40 + (row * 7 + shift) % 31),\(Double((row * 13 + shift) % 17) / 4),"
                text += (row + shift) % 3 == 0 ? "</script><script>alert(1)</script>\n" : "no\n"
            }
            try text.write(toFile: folder + "/\(table).csv", atomically: true, encoding: .utf8)
        }
        return try CohortCommands.evaluate(
            real: folder + "/real.csv", synthetic: folder + "/synthetic.csv", schema: folder + "/columns.json")
    }

    private let sources = FidelityPage.Sources(
        real: "<i>real.csv</i>", synthetic: "synthetic.csv", heldOut: nil, seed: 0)

    @Test func namesBecomeNoMarkupAndNoCommand() throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.path
        let hostile = "<img src=x onerror=alert(1)>'`touch \(folder)/pwned`; system 'touch \(folder)/pwned' #"
        let page = try FidelityPage.html(evaluated(folder, name: hostile), sources)
        for mark in ["<script", "<img src=x", "<i>", "<b>", "http://", "https://", "javascript:"] {
            #expect(!page.html.contains(mark), "\(mark)")
        }
        #expect(page.html.contains("&lt;img src=x onerror=alert(1)&gt;"))
        #expect(page.html.contains("Content-Security-Policy\" content=\"default-src 'none'"))
        #expect(!FileManager.default.fileExists(atPath: folder + "/pwned"))
        if Gnuplot.find() != nil {
            #expect(page.warning == nil)
            #expect(page.html.components(separatedBy: "<img alt=").count == 1 + 5)
        }
    }

    @Test func withoutGnuplotTablesAndANoteStay() throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.path
        let report = try evaluated(folder)
        let page = try FidelityPage.html(report, sources, gnuplot: Gnuplot(executable: nil))
        #expect(page.warning == Gnuplot.missing)
        #expect(!page.html.contains("<img"))
        #expect(page.html.contains("not drawn: gnuplot is not installed"))
        for text in ["Worst: ", "column shapes", "logistic regression", "No held-out table was given", "not shown"] {
            #expect(page.html.contains(text), "\(text)")
        }
    }

    @Test func visitsAreRefusedWithARemedy() throws {
        let visits = RepositoryFiles.path("Tests/Fixtures/Visits/visits.csv")
        let error = #expect(throws: CohortError.self) {
            try CohortCommands.evaluate(
                real: visits, synthetic: visits,
                schema: RepositoryFiles.path("Tests/Fixtures/Visits/visits.columns.json"))
        }
        #expect(error?.description.contains("one row a patient") == true)
    }
}

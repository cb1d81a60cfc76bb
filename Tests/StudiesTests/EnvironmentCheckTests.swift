// The trial of an environment: the shipped one passes, and one that rewards the wrong outcome is found out.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct EnvironmentCheckTests {
    private func check(_ edit: (String) -> String) throws -> EnvironmentCheck {
        let path = RepositoryFiles.path("Environments/immuno/environment.json")
        let text = edit(try String(contentsOfFile: path, encoding: .utf8))
        let source = SourceText(name: "environment.json", bytes: Array(text.utf8))
        return try EnvironmentCheck.run(EnvironmentReader.read(source, folder: "."))
    }

    @Test func aCureScoresAboveEveryProgression() throws {
        let check = try check { $0 }
        #expect(check.passed)
        #expect(check.findings.count == 1)
        #expect(check.text().contains("as the ranking demands"))
    }

    /// Chemotherapy so dear that a long cure costs more than dying early.
    @Test func aRewardForTheWrongOutcomeIsFound() throws {
        let check = try check { $0.replacingOccurrences(of: "-0.15 * given(chemo)", with: "-4 * given(chemo)") }
        #expect(!check.passed)
        #expect(check.problems.contains { $0.contains("the ranking of outcomes does not hold") })
    }
}

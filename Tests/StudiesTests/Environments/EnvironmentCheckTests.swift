// The check of environments: shipped ones pass, and in small broken ones each fault is found by the check meant for it.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct EnvironmentCheckTests {
    private func immuno(_ old: String = "", _ new: String = "") throws -> EnvironmentCheck {
        let path = RepositoryFiles.path("Environments/immuno/environment.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let edited = old.isEmpty ? text : text.replacingOccurrences(of: old, with: new)
        let source = SourceText(name: "environment.json", bytes: Array(edited.utf8))
        return try EnvironmentCheck.run(EnvironmentReader.read(source, folder: "."), effort: SmallEnvironment.effort)
    }

    @Test func aCureScoresAboveEveryProgression() throws {
        let check = try immuno()
        #expect(check.passed)
        #expect(check.finds("ranking", .fine, "as the ranking demands"))
        #expect(check.finds("stiffness", .fine, "the method stiff suits them"))
    }

    /// Chemotherapy so dear that a long cure costs more than dying early.
    @Test func aRewardForTheWrongOutcomeIsFound() throws {
        let check = try immuno("-0.15 * given(chemo)", "-4 * given(chemo)")
        #expect(check.finds("ranking", .problem, "the ranking of outcomes does not hold"))
    }

    @Test func theSmallEnvironmentPasses() throws {
        let check = try SmallEnvironment.check()
        #expect(check.passed, "\(check.problems)")
        #expect(check.finds("positivity", .fine, "2 states"))
        #expect(check.finds("actions", .fine, "drug"))
        #expect(check.finds("determinism", .fine))
        #expect(check.finds("stiffness", .note, "\"mild\""))
        #expect(check.text().hasSuffix("small: no problems, 1 note\n"))
        #expect(check.json(file: "x")["passed"] == .bool(true))
    }

    @Test func aNegativeStateIsFound() throws {
        let check = try SmallEnvironment.check([("v - k*C\"", "v - k*C - 0.01[mg/(L d)]\"")])
        #expect(check.finds("positivity", .problem, "C falls to -0.0", "patient"))
        #expect(!check.passed)
    }

    @Test func anUnreachableActionIsFound() throws {
        let check = try SmallEnvironment.check([("count(drug) >= 8", "count(drug) >= 0")])
        #expect(check.finds("actions", .problem, "drug is never allowed"))
        #expect(check.finds("protocols", .problem, "always does the same as none"))
    }

    @Test func observationsThatTellNothingAreNoted() throws {
        let constant = "{ \"name\": \"constant\", \"expression\": \"3\", \"unit\": \"\", \"range\": [0, 5] },"
        let copy = "{ \"name\": \"copy\", \"expression\": \"C\", \"unit\": \"mg/L\", \"range\": [0, 5] }"
        let check = try SmallEnvironment.check([
            ("\"observations\": [", "\"observations\": [\(constant)"),
            ("[0, 5], \"meaning\": \"drug\" }", "[0, 5], \"meaning\": \"drug\" }, \(copy)"),
            ("[0, 30]", "[0, 19]"),
        ])
        #expect(check.finds("observations", .note, "constant is always 3"))
        #expect(check.finds("observations", .note, "copy is always equal to drug"))
        #expect(check.finds("observations", .note, "marker lies outside its declared range 0 to 19"))
        #expect(check.passed)
    }

    @Test func rewardsThatTeachNothingAreNoted() throws {
        let check = try SmallEnvironment.check([
            ("-0.01 * M / 1[U/L]", "1"), ("-0.01 * given(drug)", "0"), ("\"reward\": -1", "\"reward\": 0"),
        ])
        #expect(check.finds("rewards", .note, "every reward is 1"))
    }

    /// The logarithm of a negative number, from the first infusion on.
    @Test func aCourseThatStopsIsFound() throws {
        let check = try SmallEnvironment.check([("v - k*C\"", "v - k*C * log(2 - C / half)\"")])
        #expect(check.finds("courses", .problem, "patient"))
    }

    /// The marker follows the drug within a thousandth of a second: an explicit method would need 86 million steps.
    @Test func aPoorMethodIsNoted() throws {
        var model = try SmallEnvironment.model([
            ("\"lost\": { \"value\": 0.1", "\"lost\": { \"value\": 1e4"),
            ("\"made\": { \"value\": 2,", "\"made\": { \"value\": 2e5,"),
        ])
        model.method = .mild
        let check = try EnvironmentCheck.run(model, effort: SmallEnvironment.effort)
        #expect(check.finds("stiffness", .note, "\"stiff\"", "is advised", "3030 steps"))
    }

    /// Without the drug the marker settles at made/lost = 20.
    @Test(arguments: [
        ("20", "true", CheckFinding.Verdict.fine, "stable: the largest real part of an eigenvalue is -0.1"),
        ("19", "true", .problem, "M changes by 0.1 U/L per d"),
        ("20", "false", .problem, "is declared unstable, but the largest real part of an eigenvalue is -0.1"),
    ])
    func steadyStatesAreLookedAt(value: String, stable: String, verdict: CheckFinding.Verdict, words: String) throws {
        let declared =
            "\"steady_states\": [{ \"name\": \"rest\", \"states\": { \"C\": 0, \"M\": \(value) }, \"stable\": \(stable) }],"
        let check = try SmallEnvironment.check([("\"rates\"", declared + "\"rates\"")])
        #expect(check.finds("steady states", verdict, words), "\(check.findings)")
    }

    /// Two compartments that exchange a substance, without and with a leak.
    @Test(arguments: [("", CheckFinding.Verdict.fine), (" - 0.001 * lost * X", .problem)])
    func conservedTotalsAreLookedAt(leak: String, verdict: CheckFinding.Verdict) throws {
        let check = try SmallEnvironment.check([
            (
                "\"states\": {",
                "\"states\": { \"X\": { \"initial\": 1, \"unit\": \"mg\" }, \"Y\": { \"initial\": 0, \"unit\": \"mg\" },"
            ),
            (
                "\"rates\": {",
                "\"conserved\": [{ \"expression\": \"X + Y\" }], \"rates\": { \"X\": \"lost*Y - lost*X\(leak)\", \"Y\": \"lost*X - lost*Y\","
            ),
        ])
        #expect(check.finds("conservation", verdict, "X + Y changes by"), "\(check.findings)")
    }

    @Test func theFolderIsLookedAt() throws {
        let folder = try TemporaryFolder()
        try folder.write(SmallEnvironment.text, to: "environment.json")
        func run() throws -> EnvironmentCheck {
            let loaded = try LoadedEnvironment(file: folder.path + "/environment.json")
            return try EnvironmentCheck.run(loaded.model, file: loaded.file, effort: SmallEnvironment.effort)
        }
        #expect(try run().finds("description", .problem, "there is no README.md"))
        try folder.write("# small", to: "README.md")
        let check = try run()
        #expect(check.finds("description", .problem, "no source"))
        #expect(check.finds("description", .problem, "limits"))
        #expect(check.finds("trajectories", .note, "no trajectories/index.json"))
        try folder.write("# small\nSource: none. Limits: a test.", to: "README.md")
        #expect(try run().finds("description", .fine))
    }
}

// Reference trajectories: those of a folder are met, one that is off by a thousandth is found, and none is read from
// outside the folder.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct TrajectoryCheckTests {
    /// C = v/k·(1 − exp(−k t)) under a constant infusion, M without the drug.
    private func folder(error: Double = 0, index: String? = nil) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(SmallEnvironment.text, to: "environment.json")
        try folder.write("Source: none. Limits: a test.", to: "README.md")
        var text = "day,C,other\n"
        for hour in stride(from: 0.0, through: 240, by: 24) {
            let t = hour / 24
            text += "\(hour),\(2 * (1 - exp(-0.5 * t)) * 1 * (1 + (t == 5 ? error : 0))),7\n"
        }
        try folder.write(text, to: "trajectories/constant.csv")
        let infusion = "\"schedule\": [{ \"time\": 0, \"v\": 1 }]"
        try folder.write(
            index ?? """
                { "format": 1, "trajectories": [
                  { "file": "constant.csv", \(infusion), "patient": { "k": 0.5 },
                    "time": { "column": "day", "times": 0.041666666666666664 },
                    "tolerance": { "*": { "relative": 1e-6, "absolute": 1e-9 } } } ] }
                """,
            to: "trajectories/index.json")
        return folder
    }

    private func check(_ folder: TemporaryFolder) throws -> EnvironmentCheck {
        let loaded = try LoadedEnvironment(file: folder.path + "/environment.json")
        return try EnvironmentCheck.run(loaded.model, file: loaded.file, effort: SmallEnvironment.effort)
    }

    @Test func aTrueTrajectoryIsMet() throws {
        let check = try check(folder())
        #expect(check.finds("trajectories", .fine, "constant.csv: 1 columns within tolerance"))
    }

    @Test func aThousandthIsFound() throws {
        let check = try check(folder(error: 1e-3))
        #expect(check.finds("trajectories", .problem, "constant.csv: C off", "at time 5", "998"))
        #expect(!check.passed)
    }

    @Test func theShippedTrajectoriesAreMet() throws {
        let file = RepositoryFiles.path("Environments/immuno/environment.json")
        let loaded = try LoadedEnvironment(file: file)
        let check = try EnvironmentCheck.run(loaded.model, file: file, effort: SmallEnvironment.effort)
        #expect(check.passed, "\(check.problems)")
        #expect(check.findings.count { $0.check == "trajectories" && $0.verdict == .fine } == 4)
    }

    /// An impulse every two days, written as a list and as a column, gives the same course.
    @Test func schedulesOfImpulsesUnfold() throws {
        let model = try SmallEnvironment.model()
        let source = SourceText(name: "s.csv", text: "time,v.impulse\n0,3\n2,3\n4,3\n")
        let times = [1.0, 3.0, 5.0]
        let course = try CourseSimulator.simulate(
            model, schedule: try CourseFiles.schedule(source, model), times: times)
        let half = exp(-0.5)
        let expected = [3 * half, 3 * (half + pow(half, 3)), 3 * (half + pow(half, 3) + pow(half, 5))]
        for (row, value) in zip(course, expected) { #expect(abs(row[0] - value) < 1e-8) }
        var text = "time,C\n"
        for (time, value) in zip(times, expected) { text += "\(time),\(value)\n" }
        let folder = try folder(
            index: """
                { "format": 1, "trajectories": [ { "file": "impulses.csv",
                  "schedule": [{ "time": 0, "v.impulse": 3, "every": 2, "until": 6 }] } ] }
                """)
        try folder.write(text, to: "trajectories/impulses.csv")
        #expect(try check(folder).finds("trajectories", .fine, "impulses.csv"))
    }

    @Test(arguments: [
        ("\"../../secret.csv\"", "lies outside the folder"), ("\"/etc/passwd\"", "lies outside the folder"),
        ("\"link.csv\"", "leads out of the folder"), ("\"missing.csv\"", "there is no file trajectories/missing.csv"),
    ])
    func filesStayInTheFolder(file: String, message: String) throws {
        let folder = try folder(
            index: "{ \"format\": 1, \"trajectories\": [ { \"file\": \(file), \"schedule\": \"columns\" } ] }")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/trajectories/link.csv", withDestinationPath: "/etc/hostname")
        let error = #expect(throws: Diagnostics.self) { try check(folder) }
        #expect(error?.items.first?.message.contains(message) ?? false, "\(String(describing: error))")
        #expect(error?.items.first?.file.hasSuffix("index.json") ?? false)
    }

    @Test func repetitionsAreBounded() throws {
        let folder = try folder(
            index: """
                { "format": 1, "trajectories": [ { "file": "constant.csv", "time": { "column": "day" },
                  "schedule": [{ "time": 0, "v.impulse": 3, "every": 1e-9 }] } ] }
                """)
        let error = #expect(throws: Diagnostics.self) { try check(folder) }
        #expect(error?.items.first?.message.contains("at most 1000000 rows") ?? false)
    }
}

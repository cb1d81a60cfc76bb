// `Environments/README.md` is true: its examples are read, and no key or function that the reader knows is missing.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct LanguagePageTests {
    private static let page =
        (try? String(contentsOfFile: RepositoryFiles.path("Environments/README.md"), encoding: .utf8)) ?? ""

    /// The JSON of the page, in order.
    private static let examples = page.components(separatedBy: "```json\n").dropFirst().map {
        $0.components(separatedBy: "```")[0]
    }

    /// The worked example passes its check; the others are changes to it, or an index of trajectories.
    @Test func examplesAreRead() throws {
        let example = try #require(Self.examples.first)
        let folder = try TemporaryFolder()
        try folder.write(example, to: "environment.json")
        let check = try EnvironmentCheck.run(
            LoadedEnvironment(file: folder.path + "/environment.json").model, effort: SmallEnvironment.effort)
        #expect(check.passed, "\(check.problems)")
        #expect(Self.examples.count >= 4)
        for change in Self.examples.dropFirst() where !change.contains("\"trajectories\"") {
            let file = example.replacingOccurrences(
                of: "\"time_unit\"", with: "\"variants\": { \"x\": { \"change\": \(change) } }, \"time_unit\"")
            try folder.write(file, to: "environment.json")
            let model = try LoadedEnvironment(file: folder.path + "/environment.json", variant: "x").model
            let changed = try EnvironmentCheck.run(model, effort: SmallEnvironment.effort)
            #expect(!changed.findings.contains { $0.check == "courses" }, "\(changed.problems)")
        }
    }

    /// The index of the page, with a trajectory in closed form.
    @Test func theIndexIsRead() throws {
        let folder = try TemporaryFolder()
        try folder.write(try #require(Self.examples.first), to: "environment.json")
        try folder.write("Source: none. Limits: all.", to: "README.md")
        try folder.write(try #require(Self.examples.last), to: "trajectories/index.json")
        var text = "hour,conc\n"
        for day in 0..<12 {
            let time = Double(day) + 0.5
            let amount = (0...min(day, 9)).map { 20 * exp(-0.5 * (time - Double($0))) }.reduce(0, +)
            text += "\(24 * time),\(amount / 50)\n"
        }
        try folder.write(text, to: "trajectories/daily.csv")
        let file = folder.path + "/environment.json"
        let check = try EnvironmentCheck.run(
            LoadedEnvironment(file: file).model, file: file, effort: SmallEnvironment.effort)
        #expect(check.finds("trajectories", .fine, "daily.csv"), "\(check.findings)")
    }

    @Test func everyKeyIsExplained() throws {
        var keys: Set<String> = []
        for folder in ["Sources/Patients/Model", "Sources/Patients/Tabular"] {
            let files = try FileManager.default.contentsOfDirectory(atPath: RepositoryFiles.path(folder))
            for file in files where file.contains("Reader") {
                let text = try String(contentsOfFile: RepositoryFiles.path("\(folder)/\(file)"), encoding: .utf8)
                for match in text.matches(of: /[a-z]\(\s*(?:[a-z]+, )?"([a-z_]+)"[,)]/) { keys.insert(String(match.1)) }
            }
        }
        #expect(keys.count > 80)
        let missing = keys.filter { !Self.page.contains("`\($0)`") && !Self.page.contains("\"\($0)\"") }
        #expect(missing.isEmpty, "\(missing.sorted())")
    }

    @Test func everyFunctionIsExplained() throws {
        let text = try String(
            contentsOfFile: RepositoryFiles.path("Sources/Patients/Language/Resolution.swift"), encoding: .utf8)
        let list = text.components(separatedBy: "enum Function")[1].components(separatedBy: "var ")[0]
        let names = list.matches(of: /\b([a-z]+[0-9]*)\b/).map { String($0.1) }.filter { !["case"].contains($0) }
        #expect(names.contains("exp") && names.contains("if"))
        for name in names where name.count > 1 {
            #expect(Self.page.contains("`\(name)`") || Self.page.contains("`\(name)("), "\(name)")
        }
    }
}

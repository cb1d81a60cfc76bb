// Environments made to break the program: each is refused or stopped within seconds, with a message that names the
// place in the file, or the patient, the time and the expression. The messages are kept beside the files.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct HostileEnvironmentTests {
    static let folder = RepositoryFiles.path("Tests/Fixtures/HostileEnvironments")

    /// What is said of a file: the mistakes of the file, or why its patients cannot be treated.
    private func said(_ source: SourceText) -> String {
        do {
            let model = try EnvironmentReader.read(source, folder: Self.folder)
            let cohort = try RolloutPatients.make(model, source: nil, count: 8, seed: 1)
            _ = try Rollout.run(try model.makeFactory(cohort: cohort), policy: RandomPolicy(seed: 1), seed: 1)
            return "nothing"
        } catch let error as Diagnostics {
            let first = error.items[0]
            return "\(first.location.line):\(first.location.column) \(first.message)"
                + (error.items.count > 1 ? " (and \(error.items.count - 1) more)" : "")
        } catch {
            // Where exactly a course stops is the integrator's business.
            return "\(error)".replacing(/-?\d+\.\d{2,}(e[+-]?\d+)?/, with: "#")
        }
    }

    /// Written anew where LAB_RECORD is set; read the difference before committing it.
    @Test func everyOneIsRefusedOrStopped() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".json") }
        #expect(files.count >= 25)
        var text = ""
        for file in files.sorted() {
            let source = try SourceText(contentsOf: "\(Self.folder)/\(file)")
            text += "\(file.dropLast(5)): \(said(SourceText(name: file, bytes: source.bytes)))\n"
        }
        let path = Self.folder + "/messages.txt"
        if ProcessInfo.processInfo.environment["LAB_RECORD"] != nil {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        for (found, expected) in zip(text.split(separator: "\n"), kept.split(separator: "\n")) {
            #expect(found == expected)
        }
        #expect(text.split(separator: "\n").count == kept.split(separator: "\n").count)
        #expect(!text.contains(": nothing\n"))
    }

    /// Too large to be kept as files.
    @Test(arguments: [
        ("states", "10002 states; an environment may have at most 1000"),
        ("parameters", "40004 parameters; an environment may have at most 1000"),
        ("deep", "nested deeper than 128"), ("long", "at most 4096 characters"),
        ("text", "larger than 4 MiB"),
    ])
    func theHugeIsRefused(kind: String, message: String) throws {
        let folder = try TemporaryFolder()
        var text = SmallEnvironment.text
        func many(_ count: Int, _ item: (Int) -> String) -> String { (0..<count).map(item).joined(separator: ", ") }
        switch kind {
        case "states":
            let list = many(10_000) { "\"s\($0)\": { \"initial\": 0, \"unit\": \"1\" }" }
            text = SmallEnvironment.edited([("\"states\": {", "\"states\": { \(list),")])
        case "parameters":
            let list = many(40_000) { "\"p\($0)\": { \"value\": 0, \"unit\": \"1\" }" }
            text = SmallEnvironment.edited([("\"parameters\": {", "\"parameters\": { \(list),")])
        case "deep":
            let (open, close) = (String(repeating: "(", count: 1500), String(repeating: ")", count: 1500))
            text = SmallEnvironment.edited([("v - k*C\"", "\(open)v - k*C\(close)\"")])
        case "long":
            text = SmallEnvironment.edited([("v - k*C\"", "v - k*C" + String(repeating: " - k*C", count: 1000) + "\"")])
        default:
            let long = String(repeating: "x", count: 4 << 20)
            text = SmallEnvironment.edited([("\"made for a test\"", "\"\(long)\"")])
        }
        try folder.write(text, to: "environment.json")
        let error = #expect(throws: Diagnostics.self) { try LoadedEnvironment(file: folder.path + "/environment.json") }
        #expect(error?.items.contains { $0.message.contains(message) } ?? false, "\(error?.items.first?.message ?? "")")
    }
}

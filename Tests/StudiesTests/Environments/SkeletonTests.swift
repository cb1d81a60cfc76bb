// A new environment passes its own check as it stands, and nothing that is there is written over.

import Foundation
import Patients
import PositionedJSON
import Studies
import Testing

@Suite struct SkeletonTests {
    @Test func aNewEnvironmentCanBeRead() throws {
        let folder = try TemporaryFolder()
        let place = try Skeleton.write(name: "asthma", in: folder.path)
        let loaded = try LoadedEnvironment(file: place + "/environment.json")
        #expect(loaded.model.name == "asthma")
        #expect(loaded.model.task.actions.map(\.name) == ["0 mg", "10 mg", "20 mg", "40 mg"])
        #expect(
            try LoadedEnvironment(file: place + "/environment.json", variant: "slow").model.fullName == "asthma@slow")
        #expect(Skeleton.nextSteps(place).contains("lab env check \(place)"))
    }

    @Test(arguments: ["", "slow"])
    func aNewEnvironmentPassesItsCheck(variant: String) throws {
        let folder = try TemporaryFolder()
        let file = try Skeleton.write(name: "asthma", in: folder.path) + "/environment.json"
        let model = try LoadedEnvironment(file: file, variant: variant).model
        var effort = SmallEnvironment.effort
        effort.randomPatients = 200
        let check = try EnvironmentCheck.run(model, file: file, effort: effort)
        #expect(check.passed && !check.findings.contains { $0.verdict == .note }, "\(check.findings)")
        #expect(variant == "slow" || check.finds("trajectories", .fine, "daily.csv"))
    }

    @Test func nothingIsWrittenOver() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", to: "asthma/README.md")
        #expect(throws: UsageError.self) { try Skeleton.write(name: "asthma", in: folder.path) }
        #expect(try folder.read("asthma/README.md") == "mine")
        #expect(!folder.exists("asthma/environment.json"))
    }

    @Test(arguments: ["", "Asthma", "a/b", "../a", "a b", "1a", "-a", String(repeating: "a", count: 100)])
    func oddNamesAreRefused(name: String) throws {
        let folder = try TemporaryFolder()
        #expect(throws: UsageError.self) { try Skeleton.write(name: name, in: folder.path) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}

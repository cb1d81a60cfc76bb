// Variants of an environment in commands and studies, and what is told of an environment.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct EnvironmentVariantTests {
    /// The small environment with a variant in which the drug stays twice as long.
    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let change =
            "\"variants\": { \"slow\": { \"meaning\": \"half as fast\", \"change\": { \"parameters\": { \"k\": { \"value\": 0.25 } } } } },"
        try folder.write(
            SmallEnvironment.edited([("\"parameters\": {\n", change + "\n\"parameters\": {\n")]),
            to: "small/environment.json")
        return folder
    }

    @Test func aVariantIsFoundByItsName() throws {
        let folder = try folder()
        let home = Home(path: RepositoryFiles.root.path)
        let written = folder.path + "/small@slow"
        let file = try #require(home.environmentFile(written))
        let slow = try LoadedEnvironment(file: file, named: written)
        let plain = try LoadedEnvironment(file: file, named: folder.path + "/small")
        #expect(slow.model.fullName == "small@slow")
        #expect(slow.model.task.name == "small@slow")
        #expect(slow.model.parameters[0].value == 0.25 && plain.model.parameters[0].value == 0.5)
        #expect(slow.model.parameters[0].variability != nil)
        #expect(slow.hash != plain.hash)
        #expect(EnvironmentText.listing([plain.model]).contains("@slow"))
        #expect(EnvironmentText.text(plain.model).contains("half as fast"))
        let error = #expect(throws: Diagnostics.self) { try LoadedEnvironment(file: file, named: written + "er") }
        #expect(error?.items.first?.message == "small has no variant 'slower'")
    }

    @Test func studiesNameVariants() throws {
        let folder = try folder()
        let text = """
            { "format": 1, "name": "s", "environment": "small@slow", "seed": 1, "seeds": 1,
              "cohort": { "source_patients": 200, "generator": { "type": "copula" }, "train": 60, "validation": 20, "test": 30 },
              "agents": { "grid": { "algorithm": "q_learning", "decisions": 1000, "grid": { "features": ["marker"] } } },
              "trees": {}, "evaluation": { "bootstrap": 20 } }
            """
        let node = try JSONParser.parse(SourceText(name: "s.json", text: text))
        let study = try StudyReader.read(
            node, folder: folder.path, home: Home(path: RepositoryFiles.root.path), quick: false, settings: [])
        #expect(study.environment.model.fullName == "small@slow")
    }
}

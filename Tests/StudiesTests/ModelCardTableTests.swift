// What the model cards say of tables of one's own, read from them and tried on tables made up.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct ModelCardTableTests {
    private let home = Home(path: RepositoryFiles.root.path)

    /// The tables that the model cards of tacrolimus and nsclc describe.
    @Test func tablesOfTheModelCards() throws {
        let folder = try TemporaryFolder()
        var text = "id,age,sex,height_cm,weight_kg,albumin_g_per_l,creatinine_umol_per_l,haematocrit,cyp3a5,cyp3a4\n"
        for row in 0..<40 {
            text += "p\(row),\(30 + row),\(["female", "male"][row % 2]),\(160 + row % 30),\(60 + row),"
            text += "\(38 + row % 8),\(90 + 3 * row),\(row == 7 ? "" : "0.3\(row % 10)"),"
            text += "\(["*3/*3", "*1 carrier"][row % 4 == 0 ? 1 : 0]),\(row == 9 ? "" : "*1/*1")\n"
        }
        try folder.write(text, to: "data/tacrolimus.csv")
        text = "stage,volume_cm3\n"
        for row in 0..<40 { text += "\(["I", "II", "IIIA", "IIIB", "IV"][row % 5]),\(2 + 3 * row % 50)\n" }
        try folder.write(text, to: "data/nsclc.csv")
        func patients(_ name: String, _ columns: String) throws -> (EnvironmentModel, TableSource) {
            let schema = RepositoryFiles.path("Experiments/data/\(name).columns.json")
            try folder.write(try String(contentsOfFile: schema, encoding: .utf8), to: "data/\(name).columns.json")
            try folder.write(
                """
                { "format": 1, "name": "s", "environment": "\(name)", "seed": 1, "seeds": 1,
                  "cohort": { "source": { "table": "data/\(name).csv", "schema": "data/\(name).columns.json",
                    "columns": \(columns) },
                    "generator": { "type": "copula" } },
                  "agents": { "ppo": { "algorithm": "ppo" } }, "evaluation": {} }
                """, to: "s.json")
            let study = try StudyReader.read(path: folder.path + "/s.json", home: home)
            guard case .table(let source) = study.source else { throw StageError(message: "the source is no table") }
            return (study.environment.model, source)
        }
        /// The part of a model card that is a study's source.
        func columns(of name: String) throws -> String {
            let card = try String(
                contentsOfFile: RepositoryFiles.path("Environments/\(name)/README.md"), encoding: .utf8)
            let start = try #require(card.range(of: "\"columns\": "))
            let end = try #require(card.range(of: "\n      } }", range: start.upperBound..<card.endIndex))
            return String(card[start.upperBound..<end.lowerBound]) + "\n}"
        }
        let (model, source) = try patients("tacrolimus", try columns(of: "tacrolimus"))
        let known = source.known(source.table)
        let drawn = try model.complete(known, seed: 1)
        #expect(drawn.isPlausible.allSatisfy { $0 })
        let names = drawn.table.names
        for (row, values) in drawn.table.rows.enumerated() {
            #expect(values.allSatisfy { $0.isFinite })
            let all = try model.completed(Dictionary(uniqueKeysWithValues: zip(names, values))).parameters
            func value(_ name: String) -> Double { all[model.parameters.firstIndex { $0.name == name }!] }
            // Weight and height of the table come back from the body surface that the model asks for.
            #expect(abs(value("weight") - Double(60 + row)) < 1e-9)
            let index = value("weight") / (value("height") / 100 * value("height") / 100)
            let lean = 9270 * value("weight") / (row % 2 == 0 ? 8780 + 244 * index : 6680 + 216 * index)
            #expect(abs(value("LBM") - lean) < 1e-9)
            #expect(value("CYP3A5") == (row % 4 == 0 ? 1 : 0))
        }
        let (lung, tumours) = try patients("nsclc", try columns(of: "nsclc"))
        let seen = tumours.known(tumours.table)
        #expect(seen.names == ["stage", "diameter_at_start"])
        let courses = try lung.complete(seen, seed: 1)
        let diameters = try #require(courses.table.column("diameter_at_start"))
        let volume = 0.5235987755982988 * pow(diameters[3], 3)
        #expect(abs(volume - 11) < 1e-9)
        let alpha = try #require(courses.table.column("alpha"))
        #expect(alpha.allSatisfy { $0 > 0 })
    }
}

// Studies whose patients come from a table: read with every mistake, run, and read back from the run.

import Foundation
import Patients
import PositionedJSON
import Studies
import TestSupport
import Testing

@Suite struct TableSourceTests {
    private let home = Home(path: RepositoryFiles.root.path)

    /// The small environment with a covariate that sets the marker, calibrated to a made-up trial.
    private func folder(rows: Int = 120) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let parts = """
            "covariates": {
              "dose_before": { "value": 1, "unit": "mg/L" },
              "sex": { "categories": ["female", "male"], "probabilities": [0.5, 0.5] }
            },
            "variants": { "slow": { "meaning": "half as fast", "change": { "parameters": { "made": { "value": 1 } } } } },
            "calibration": [{ "name": "trial", "at": 5, "inputs": { "v": 0.5 }, "expression": "M - initial(M)",
              "unit": "U/L", "mean": -5, "sd": 2.2, "source": "made up" }],
            "parameters": {

            """
        try folder.write(
            SmallEnvironment.edited([
                ("\"parameters\": {\n", parts),
                ("\"half\": { \"value\": 1,", "\"half\": { \"value\": \"dose_before * pick(sex, 1, 2)\","),
            ]), to: "small/environment.json")
        var text = "id,before,gender,later\n"
        for row in 0..<rows { text += "p\(row),\(500 + 7 * (row * 37 % 101)),\(row % 3 == 0 ? 1 : 0),\(row)\n" }
        try folder.write(text, to: "data/trial.csv")
        try folder.write(
            """
            { "columns": { "id": { "type": "categorical", "role": "identifier" },
              "before": { "type": "integer", "unit": "ug/L", "range": [0, 5000] },
              "gender": { "type": "categorical" }, "later": { "type": "integer", "role": "outcome" } } }
            """, to: "data/columns.json")
        return folder
    }

    private let text = """
        { "format": 1, "name": "s", "environment": "small", "seed": 1, "seeds": 1,
          "cohort": {
            "source": { "table": "data/trial.csv", "schema": "data/columns.json",
              "columns": { "dose_before": { "column": "before", "factor": 0.001 },
                "sex": { "column": "gender", "values": { "0": "female", "1": "male" } } } },
            "generator": { "type": "copula" }, "train": 60, "validation": 20, "test": 30 },
          "agents": { "grid": { "algorithm": "q_learning", "decisions": 1000, "grid": { "features": ["marker"] } } },
          "trees": {}, "evaluation": { "bootstrap": 20, "populations": {
            "heavier": { "meaning": "twice the dose before", "covariates": { "dose_before": { "scale": 2 } } },
            "unseen": { "observations": { "missing": { "marker": 0.5 } } },
            "other": { "environment": "small@slow" } } } }
        """

    /// The study with its environments where they are, so that a run finds them again.
    private func placed(_ study: String, _ folder: TemporaryFolder) -> String {
        study.replacingOccurrences(of: "\"small", with: "\"\(folder.path)/small")
    }

    private func messages(_ folder: TemporaryFolder, _ old: String, _ new: String, data: [String: String] = [:]) throws
        -> [String]
    {
        precondition(text.contains(old))
        try folder.write(placed(text.replacingOccurrences(of: old, with: new), folder), to: "s.json")
        do {
            var tables = StudyTables()
            tables.given = data
            _ = try StudyReader.readAny(path: folder.path + "/s.json", home: home, tables: tables)
            return []
        } catch {
            return error.items.map { $0.message + ($0.remedy.map { " (\($0))" } ?? "") }
        }
    }

    @Test func readsTheTable() throws {
        let folder = try folder()
        #expect(try messages(folder, "\"seed\": 1", "\"seed\": 1").isEmpty)
        let study = try StudyReader.read(path: folder.path + "/s.json", home: home)
        guard case .table(let source) = study.source else {
            Issue.record("the source is no table")
            return
        }
        #expect(source.table.columns.map(\.name) == ["before", "gender"])
        let known = source.known(source.table.rows([0, 1, 3]))
        #expect(known.names == ["dose_before", "sex"])
        #expect(known.rows[0] == [0.5, 1])
        #expect(abs(known.rows[1][0] - 0.759) < 1e-12 && known.rows[1][1] == 0 && known.rows[2][1] == 1)
        #expect(study.resolved["cohort"]?["source"]?["sha256"] == .string(source.hash))
        #expect(source.hash.count == 64)
    }

    @Test func everyMistakeHasItsRemedy() throws {
        let folder = try folder()
        let name = try messages(folder, "data/trial.csv", "trial")
        #expect(name == ["there is no table \"trial\" (give it with --data trial=PATH)"])
        #expect(
            try messages(folder, "data/trial.csv", "trial", data: ["trial": folder.path + "/data/trial.csv"]).isEmpty)
        #expect(try messages(folder, "data/trial.csv", "../trial.csv").count == 1)
        #expect(try messages(folder, "\"before\"", "\"befor\"").first?.hasPrefix("the schema has no column") == true)
        #expect(try messages(folder, "\"dose_before\"", "\"dose\"").first?.contains("neither a covariate") == true)
        #expect(try messages(folder, "\"female\"", "\"woman\"").first?.contains("is no category of") == true)
        #expect(
            try messages(folder, ", \"values\": { \"0\": \"female\", \"1\": \"male\" }", "").first?
                .contains("mean is not said") == true)
        #expect(try messages(folder, "\"cohort\": {", "\"cohort\": { \"source_patients\": 200,").count == 1)
        #expect(
            try messages(folder, "{ \"marker\": 0.5 }", "{ \"markr\": 0.5 }").first?.contains("no measurement") == true)
        #expect(try messages(folder, "\"small@slow\"", "\"immuno\"").first?.contains("has other observations") == true)
        #expect(try messages(folder, "\"small@slow\"", "\"small@slo\"").count == 1)
    }

    /// A covariate that no column holds is worked out from those that do.
    @Test func coversSeveralColumns() throws {
        let folder = try folder()
        let column = "{ \"column\": \"before\", \"factor\": 0.001 }"
        let formula = "{ \"expression\": \"if(gender == 1, 2, 1) * before / 1000\" }"
        #expect(try messages(folder, column, formula).isEmpty)
        let study = try StudyReader.read(path: folder.path + "/s.json", home: home)
        guard case .table(let source) = study.source else {
            Issue.record("the source is no table")
            return
        }
        var rows = source.table.rows([0, 1, 3])
        #expect(abs(source.known(rows).rows[0][0] - 1) < 1e-12 && abs(source.known(rows).rows[1][0] - 0.759) < 1e-12)
        rows.columns[1].values[0] = .nan
        #expect(source.known(rows).rows[0][0].isNaN)
        #expect(
            try messages(folder, column, "{ \"expression\": \"befor / 1000\" }")
                == ["the schema has no column \"befor\" (did you mean \"before\"?)"])
        #expect(try messages(folder, column, "{ \"expression\": \"before / \" }").count == 1)
        #expect(try messages(folder, column, "{ \"expression\": \"root(before)\" }").count == 1)
        let sex = "{ \"column\": \"gender\", \"values\": { \"0\": \"female\", \"1\": \"male\" } }"
        #expect(try messages(folder, sex, "{ \"expression\": \"before\" }").first?.contains("has categories") == true)
    }

    /// Patients of a kind come from a generator that can be asked for them.
    @Test func patientsOfAKind() throws {
        let folder = try folder()
        let copula = "\"generator\": { \"type\": \"copula\" }"
        func conditional(_ conditions: String) -> String {
            "\"generator\": { \"type\": \"cvae\", \"steps\": 60, \"prior_steps\": 60 }, \"where\": \(conditions)"
        }
        #expect(
            try messages(folder, copula, copula + ", \"where\": [\"before > 600\"]")
                == ["a Gaussian copula cannot be asked for patients of a kind (\"generator\": { \"type\": \"cvae\" })"])
        #expect(
            try messages(folder, copula, conditional("[\"befor > 600\"]"))
                == ["there is no column \"befor\" (did you mean \"before\"?)"])
        #expect(try messages(folder, copula, conditional("[\"gender = 7\", \"before >\"]")).count == 2)
        #expect(try messages(folder, copula, conditional("\"before > 600\"")).count == 1)
        #expect(
            try messages(folder, copula, conditional("[\"before > 2000\", \"before < 100\"]")).first?
                .contains("fulfils all its conditions") == true)
        #expect(try messages(folder, copula, conditional("[\"before > 600\", \"gender = 1\"]")).isEmpty)
        let study = try StudyReader.read(path: folder.path + "/s.json", home: home)
        _ = try StudyRunner.run(study, folder: folder.path + "/run", options: RunOptions(jobs: 2))
        let lines = try folder.read("run/cohort/columns.csv").split(separator: "\n").map { $0.split(separator: ",") }
        #expect(lines.count == 111 && lines[0] == ["before", "gender"])
        #expect(lines.dropFirst().allSatisfy { Int($0[0])! > 600 && $0[1] == "1" })
        #expect(try folder.read("run/report.html").contains("before &gt; 600, gender = 1"))
    }

    @Test func runsAndIsReadBack() throws {
        let folder = try folder()
        try folder.write(placed(text, folder), to: "s.json")
        let study = try StudyReader.read(path: folder.path + "/s.json", home: home)
        let run = folder.path + "/run"
        let result = try StudyRunner.run(study, folder: run, options: RunOptions(jobs: 2))
        // Nothing of the table is in the run but its hash and what the generator learned.
        #expect(!folder.exists("run/cohort/source.csv"))
        #expect(try folder.read("run/cohort/source.json").contains("\"rows\": 120"))
        let patients = try folder.read("run/cohort/test.csv").split(separator: "\n")
        #expect(patients[0] == "patient,dose_before,sex,k,M")
        #expect(patients.count == 31)
        #expect(try folder.read("run/cohort/calibration.txt").hasPrefix("Calibrated, not learned"))
        guard case .number(let share)? = result.manifest.calibration?["share_accepted"] else {
            Issue.record("the manifest does not tell the share accepted")
            return
        }
        #expect(share > 0 && share <= 1)
        #expect(folder.exists("run/plots/calibration.gp"))
        let elsewhere = try #require(try RunReader(folder: run).populations())
        #expect(elsewhere.populations.map(\.name) == ["home", "heavier", "unseen", "other"])
        #expect(elsewhere.policies.map(\.name) == ["grid", "none", "always"])
        // Untreated patients are alike at home and where the drug works less; where less marker is made they do better.
        #expect(try #require(elsewhere.row("none", "return", in: "heavier")?.difference).value == 0)
        #expect(try #require(elsewhere.row("none", "return", in: "other")?.difference).isAboveZero)
        #expect(try #require(elsewhere.row("always", "return", in: "heavier")?.difference).isBelowZero)
        #expect(try folder.read("run/evaluation/populations.csv").hasPrefix("population,policy,kind,metric,"))
        // The run can be read without its table, and made again with it.
        try FileManager.default.moveItem(atPath: folder.path + "/data", toPath: folder.path + "/elsewhere")
        #expect(try RunReader(folder: run).study(home: home).resolved == study.resolved)
        var tables = StudyTables()
        tables.given = ["data/trial.csv": folder.path + "/elsewhere/trial.csv"]
        let again = try Reproduction.reproduce(
            run: run, home: home, tables: tables, options: RunOptions(jobs: 2))
        #expect(again.isIdentical)
    }

    private static let iwpc: String? = {
        guard let folder = ProcessInfo.processInfo.environment["LAB_DATA"] else { return nil }
        let path = folder + "/iwpc.csv"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The consortium's table is its users' own; its patients become the environment's.
    @Test(.enabled(if: iwpc != nil, "LAB_DATA names no folder with iwpc.csv"))
    func theTableOfTheConsortium() throws {
        var tables = StudyTables()
        tables.given["iwpc"] = Self.iwpc
        let any = try StudyReader.readAny(
            path: RepositoryFiles.path("Experiments/warfarin-iwpc.json"), home: home, tables: tables)
        guard case .treatment(let study) = any else {
            Issue.record("nobody is treated")
            return
        }
        guard case .table(let source) = study.source else {
            Issue.record("the source is no table")
            return
        }
        #expect(source.table.rowCount == 5700)
        let model = study.environment.model
        let known = source.known(source.table)
        // 1,499 genotypes of VKORC1 are missing; of CYP2C9 144 are, and 17 have an allele that the model does not know.
        #expect(known.column("VKORC1")?.count { $0.isNaN } == 1499)
        #expect(known.column("CYP2C9")?.count { $0.isNaN } == 161)
        #expect(known.column("VKORC1")?.count { $0 == 2 } == 1485)
        let drawn = try model.complete(known, seed: 1)
        #expect(drawn.isPlausible.allSatisfy { $0 })
        #expect(drawn.table.rows.allSatisfy { $0.allSatisfy(\.isFinite) })
        let shares = try #require(drawn.table.column("VKORC1"))
        let column = try #require(known.column("VKORC1"))
        let unknown = column.indices.filter { column[$0].isNaN }
        let drawnAA = Double(unknown.count { shares[$0] == 2 }) / Double(unknown.count)
        // Drawn from the published frequency, 17.45 %.
        #expect(abs(drawnAA - 0.1745) < 0.035)
    }
}

// What `lab cohort check` and `lab cohort schema` say of tables.

import Foundation
import Numerics
import PositionedJSON
import Testing

import Cohorts

@Suite struct TableCheckTests {
    private func check(_ csv: String, _ columns: String) throws -> TableCheck {
        let schema = try schema(columns)
        let reading = try TableReader(schema: schema).read(SourceText(name: "t.csv", text: csv))
        return try TableCheck.measure(reading, schema: schema, source: "t.csv")
    }

    /// 60 rows of what goes wrong in one table.
    @Test func everyFindingHasItsKind() throws {
        var stream = RandomStream(seed: 3, purpose: "test.check")
        var csv = "id,dead,days,score,same,empty,gaps,rare,zeros,subject\n"
        var first = ""
        for row in 0..<60 {
            let dead = row % 3 == 0
            let line = [
                "\(row % 58)", dead ? "1" : "0", dead ? "\(10 + row)" : "\(400 + row)",
                "\((100 * stream.uniform()).rounded())",
                "7", "", row % 4 == 0 ? "\(row / 4)" : "", row == 5 ? "z" : row % 2 == 0 ? "x" : "y",
                row % 2 == 0 ? "0" : "\(row / 2).5", "\(row * row + 7)",
            ].joined(separator: ",")
            if row == 0 { first = line }
            csv += line + "\n"
        }
        csv += first + "\n"
        let check = try check(
            csv,
            """
            {"columns": {"id": {"type": "integer", "role": "identifier"}, "dead": {"type": "categorical"},
              "days": {"type": "integer", "unit": "days", "event": "dead"}, "score": {"type": "integer"},
              "same": {"type": "integer"}, "empty": {"type": "continuous"}, "gaps": {"type": "continuous"},
              "rare": {"type": "categorical"}, "zeros": {"type": "continuous"},
              "subject": {"type": "integer", "role": "baseline"}}, "target": "dead"}
            """)
        let kinds = check.findings.map { "\($0.kind.rawValue) \($0.column ?? "-") \($0.isNote ? "note" : "warning")" }
        #expect(
            kinds == [
                "duplicate - warning", "repeated_identifier - warning", "constant same warning",
                "all_missing empty warning", "missing gaps note", "rare_category rare note", "zeros zeros note",
                "identifier subject warning", "event days note", "leak days warning",
            ])
        #expect(check.duplicates.map(\.line) == [62])
        #expect(check.duplicates.map(\.of) == [2])
        #expect(check.findings[0].message.contains("the first on line 62, like line 2"))
        #expect(check.findings.allSatisfy { $0.remedy != nil || $0.isNote })
        #expect(check.columns.first { $0.name == "zeros" }?.granularity == Granularity(decimals: 1, multiple: 5))
        let text = check.text()
        #expect(text.contains("multiples of 0.5"))
        #expect(text.contains("days, 35") == false)
        #expect(check.json()["findings"] != nil)
        #expect(check.json()["duplicates"]?["count"] == .integer(1))
    }

    @Test func daysToTheEventAreTakenForALeak() throws {
        let path = ACTG175Tests.csv
        let check = try TableCommands.check(source: path, schema: ACTG175Tests.columns)
        #expect(check.duplicates.isEmpty)
        let leaks = check.findings.filter { $0.kind == .leak }
        #expect(leaks.map(\.column) == ["days"])
        #expect(leaks.allSatisfy { $0.isNote })
        #expect(!check.findings.contains { $0.kind == .identifier })
        #expect(check.rows == 2139)
    }

    // MARK: The guess

    @Test func aGuessIsASchemaThatReadsItsTable() throws {
        var csv = "\u{FEFF}mrn,age,sex,grade,rna,weight,note,visit date,blank,site,code\n"
        for row in 0..<40 {
            let rna = row % 5 == 0 ? "<50" : "\(60 + row * 7)"
            csv += "A\(row),\(30 + row % 23),\(row % 2 == 0 ? "f" : "m"),\(row % 4),\(rna),\(60.5 + Double(row % 17)),"
            csv += "\"text, \(row / 1)\",2024-01-\(10 + row % 20),,\(row == 3 ? "NA" : "s\(row % 3)"),"
            csv += "\(row == 9 ? "-9" : "\(row % 31)")\n"
        }
        let source = SourceText(name: "t.csv", text: csv)
        let guess = try SchemaGuess.read(source)
        let columns = guess.schema.columns
        #expect(columns.map(\.name) == ["mrn", "age", "sex", "grade", "rna", "weight", "note", "site", "code"])
        #expect(
            columns.map(\.type.rawValue) == [
                "categorical", "integer", "categorical", "categorical", "integer", "continuous", "categorical",
                "categorical",
                "integer",
            ])
        #expect(
            columns.map { $0.role == .identifier } == [
                true, false, false, false, false, false, true, false, false,
            ])
        #expect(columns[1].range == 30...52)
        #expect(columns[3].categories == ["0", "1", "2", "3"])
        #expect(columns[4].censoring == Censoring(below: [50]))
        #expect(columns[7].missing == ["NA"])
        #expect(guess.notes.contains { $0.hasPrefix("\"visit date\" holds dates") })
        #expect(guess.notes.contains { $0.hasPrefix("\"blank\" has no value") })
        #expect(guess.notes.contains { $0.hasPrefix("\"code\" reaches -9, far from the rest") })
        let written = try schema(guess.schema.json().text())
        #expect(written == guess.schema)
        let table = try TableReader(schema: written).read(source).table
        #expect(table.rowCount == 40)
        #expect(table.column("rna")?.values.count { $0 == 50.0.nextDown } == 8)
    }

    @Test func theTrialsGuessReadsTheTrial() throws {
        let guess = try SchemaGuess.read(path: ACTG175Tests.csv)
        #expect(guess.schema.column("pidnum")?.role == .identifier)
        #expect(guess.schema.column("cd40")?.type == .integer)
        #expect(guess.schema.column("wtkg")?.type == .continuous)
        #expect(guess.schema.column("arms")?.categories == ["0", "1", "2", "3"])
        let reading = try TableReader(schema: guess.schema).read(path: ACTG175Tests.csv)
        #expect(reading.table.rowCount == 2139)
        #expect(reading.ignored.isEmpty)
    }

    @Test(arguments: ["cleveland.csv", "pima.csv", "wdbc.csv", "iwpc.csv", "msk_tmb_2018.csv"])
    func borrowedTablesAreGuessedAndRead(name: String) throws {
        guard let path = dataFile(name) else { return }
        let guess = try SchemaGuess.read(path: path)
        let reading = try TableReader(schema: guess.schema).read(path: path)
        #expect(reading.table.rowCount == guess.rows)
        _ = try TableCheck.measure(reading, schema: guess.schema, source: name).text()
    }

    @Test(arguments: [
        ("", "1:1 the table is empty"), ("a,b\n", "2:1 the table has a header but no rows"),
        ("a;b\n1;2\n", "1:1 the cells are separated by semicolons, not by commas"),
        ("a,a\n1,2\n", "1:3 a second column named \"a\""),
        ("a,b\n1\n", "2:2 the row has 1 cell where the header has 2"),
        ("a,\n1,2\n", "1:3 column 2 has no name"), ("a,b\n1,\"2\n", "2:3 this quoted cell never ends"),
    ])
    func badTablesAreNotGuessed(csv: String, expected: String) throws {
        let error = try #require(throws: Diagnostics.self) { try SchemaGuess.read(SourceText(name: "t", text: csv)) }
        let item = error.items[0]
        #expect("\(item.location.line):\(item.location.column) \(item.message)" == expected)
    }

    @Test(arguments: [
        ("patient_id", true), ("SubjID", true), ("MRN", true), ("id", true), ("first.name", true), ("Record ID", true),
        ("gender", false), ("acid", false), ("steroid", false), ("drug_name", false), ("record", true), ("idh", false),
    ])
    func namesOfIdentifiers(name: String, isIdentifier: Bool) {
        let column = TableColumn(schema: ColumnSchema(name: name, type: .continuous), values: [1, 2, 2])
        #expect((LikelyIdentifier(column) != nil) == isIdentifier)
    }
}

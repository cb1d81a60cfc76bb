// What COLUMNS.json can say beyond types and ranges: limits of detection, events, visits, duplicates.

import Foundation
import Numerics
import PositionedJSON
import Testing

import Cohorts

@Suite struct TableSchemaTests {
    static let rna = #"{"columns": {"rna": {"type": "integer", "censored": {"below": [20, 50], "above": 100000}}}}"#

    @Test func cellsBeyondALimitKeepTheirOrderAndComeBack() throws {
        let read = try table("rna\n<50\n60\n<20\n50\n>100000\n\"\"\n", schema(Self.rna))
        let values = read.columns[0].values
        #expect(values[0] == 50.0.nextDown)
        #expect(values[2] < values[0] && values[0] < values[3] && values[3] < values[1] && values[1] < values[4])
        #expect(values[5].isNaN)
        #expect(read.columns[0].granularity == Granularity(decimals: 0))
        #expect(read.csv() == "rna\n<50\n60\n<20\n50\n>100000\n\"\"\n")
        #expect(try table(read.csv(), schema(Self.rna)).csv() == read.csv())
    }

    @Test func cellsThatContradictTheLimitsAreNamed() throws {
        let found = complaints("rna\n<40\n10\n200000\n>5\n< x\n", try schema(Self.rna))
        #expect(
            found == [
                "2:1 \"<40\" in the column \"rna\" is not the schema's limit, <20, 50",
                "3:1 10 in the column \"rna\" is below the limit of detection, 20",
                "4:1 200000 in the column \"rna\" is above the upper limit of the method, 100000",
                "5:1 \">5\" in the column \"rna\" is not the schema's limit, >100000",
                "6:1 \"< x\" in the integer column \"rna\" is not a number",
            ])
    }

    @Test func mistakesOfLimitsEventsAndVisitsAreReportedTogether() throws {
        let text = """
            {"columns": {
              "a": {"type": "continuous", "censored": {}},
              "b": {"type": "continuous", "range": [0, 10], "censored": {"below": 20}},
              "c": {"type": "categorical", "censored": {"below": 1}},
              "d": {"type": "integer", "event": "dead"},
              "e": {"type": "integer", "event": "e"},
              "f": {"type": "continuous", "censored": {"below": 5, "above": 4, "besides": 1}},
              "id": {"type": "integer", "role": "baseline"}},
             "patient": "id", "target": "id", "duplicates": "droop"}
            """
        do {
            _ = try schema(text)
            Issue.record("a bad schema was read")
        } catch let diagnostics as Diagnostics {
            #expect(
                diagnostics.items.map { "\($0.location.line) \($0.message)" } == [
                    "2 \"censored\" of the column \"a\" has no limit",
                    "3 the limit 20 of the column \"b\" is outside its range",
                    "4 the categorical column \"c\" cannot have limits of detection",
                    "5 the indicator \"dead\" of \"d\" is not among the columns",
                    "6 the column \"e\" cannot be its own indicator",
                    "7 the lower limit 5 of the column \"f\" is not below the upper one, 4",
                    "7 unknown key \"besides\" in \"censored\" of the column \"f\"",
                    "9 a table with a \"patient\" column has visits, and needs a \"time\" column",
                    "9 the patient column \"id\" has the role \"baseline\"",
                    "9 the target \"id\" is what tells visits apart",
                    "9 \"duplicates\" in the schema cannot be \"droop\"",
                ])
        }
    }

    @Test func duplicateRowsAreFoundAndDropped() throws {
        let csv = "id,x,g\n1,2,a\n2,2,a\n1,2,a\n\n1,2.0,a\n3,,b\n3,,b\n"
        let columns =
            #"{"columns": {"id": {"type": "integer", "role": "identifier"}, "x": {"type": "continuous"}, "#
            + #""g": {"type": "categorical"}}"#
        let source = SourceText(name: "t.csv", text: csv)
        let kept = try TableReader(schema: schema(columns + "}")).read(source)
        #expect(kept.table.rowCount == 6)
        #expect(kept.duplicates().map(\.line) == [4, 6, 8])
        #expect(kept.duplicates().map(\.of) == [2, 2, 7])
        #expect(kept.repeatedIdentifiers().map(\.line) == [4, 6, 8])
        let dropped = try TableReader(schema: schema(columns + #", "duplicates": "drop"}"#)).read(source)
        #expect(dropped.dropped == kept.duplicates())
        #expect(dropped.table.csv() == "x,g\n2,a\n2,a\n,b\n")
        #expect(dropped.lines == [2, 3, 7])
    }

    @Test func columnsCanBeSelected() throws {
        let all = try schema(
            #"{"columns": {"id": {"type": "integer", "role": "identifier"}, "a": {"type": "integer", "event": "b"}, "#
                + #""b": {"type": "categorical"}}, "target": "b"}"#)
        let one = try all.selecting(["a"])
        #expect(one.columns.map(\.name) == ["id", "a"])
        #expect(one.target == nil)
        #expect(one.columns[1].event == nil)
        #expect(throws: CohortError.self) { try all.selecting(["id"]) }
        #expect(throws: CohortError("there is no column \"bb\" to learn in the schema; the columns are \"a\", \"b\"")) {
            try all.selecting(["bb"])
        }
    }

    /// A column that names patients is refused before anything is learned from it.
    @Test func undeclaredIdentifiersAreRefused() throws {
        func refused(_ column: String, _ type: String, _ cell: (Int) -> String, role: String = "") throws -> [String] {
            let columns = try schema(#"{"columns": {"\#(column)": {"type": "\#(type)"\#(role)}}}"#)
            return complaints("\(column)\n" + (0..<30).map { cell($0) + "\n" }.joined(), columns)
        }
        #expect(
            try refused("who", "categorical") { "p\($0)" } == [
                "1:1 \"who\" has another category in every row, as an identifier has"
            ])
        #expect(
            try refused("row", "integer") { "\(100 + $0)" } == ["1:1 \"row\" counts the rows, as an identifier does"])
        #expect(
            try refused("patient_id", "integer") { "\($0 * $0)" } == [
                "1:1 \"patient_id\" has another number in every row, as an identifier does"
            ])
        let role = #", "role": "baseline""#
        #expect(try refused("row", "integer", { "\(100 + $0)" }, role: role) == [])
        #expect(try refused("cells", "integer") { "\($0 * $0)" } == [])
        #expect(try refused("x", "continuous") { "\($0).5" } == [])
    }
}

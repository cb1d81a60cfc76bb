// Reading tables and schemas, and what is said about bad ones.

import Foundation
import PositionedJSON
import Testing

import Cohorts

@Suite struct TableReaderTests {
    static let columns = """
        {"columns": {
          "id": {"type": "integer", "role": "identifier"},
          "age": {"type": "integer", "range": [0, 120], "unit": "years", "missing": [-9]},
          "weight": {"type": "continuous"},
          "arm": {"type": "categorical", "missing": ["?"]}},
         "target": "arm"}
        """

    @Test func readsTypesMissingCodesAndQuotes() throws {
        let csv = "\u{FEFF}id,age,weight,arm\r\n1,40,70.5,\"a, \"\"b\"\"\"\r\n2,-9,,?\r\n\r\n3,51.0,80,1.0\n"
        let table = try table(csv, schema(Self.columns))
        #expect(table.columns.map(\.name) == ["age", "weight", "arm"])
        #expect(table.columns[0].values[0] == 40)
        #expect(table.columns[0].values[1].isNaN)
        #expect(table.columns[0].values[2] == 51)
        #expect(table.columns[1].values[1].isNaN)
        #expect(table.columns[1].decimals == 1)
        #expect(table.columns[2].categories == ["1", "a, \"b\""])
        #expect(table.columns[2].values[1].isNaN)
        #expect(table.csv() == "age,weight,arm\n40,70.5,\"a, \"\"b\"\"\"\n,,\n51,80.0,1\n")
    }

    @Test func identifiersAndUnknownColumnsNeverEnter() throws {
        let source = SourceText(name: "t", bytes: Array("id,age,weight,arm,extra\n1,2,3,a,5\n".utf8))
        let reading = try TableReader(schema: schema(Self.columns)).read(source)
        #expect(reading.identifiers == ["id"])
        #expect(reading.ignored == ["extra"])
        #expect(reading.table.columns.map(\.name) == ["age", "weight", "arm"])
    }

    @Test func reportsEveryMistakeAtItsPlace() throws {
        let csv = "age,weight,arm\n40,7x,a\n41.5,70,a\n200,70,a\n1,2\n1,2,3,4\n5,NA,a\n"
        let found = complaints(csv, try schema(Self.columns))
        #expect(
            found == [
                "2:4 \"7x\" in the continuous column \"weight\" is not a number",
                "3:1 41.5 in the integer column \"age\" is not a whole number",
                "4:1 200 in the column \"age\" is outside 0.0 to 120.0 years",
                "5:4 the row has 2 cells where the header has 3",
                "6:7 the row has 4 cells where the header has 3",
                "7:3 \"NA\" in the continuous column \"weight\" is not a number",
            ])
    }

    @Test(arguments: [
        ("", "1:1 the table is empty"),
        ("age,weight,arm\n", "2:1 the table has a header but no rows"),
        ("age,weight\n1,2\n", "1:1 the column \"arm\" of the schema is missing"),
        ("age,age,weight,arm\n1,1,1,a\n", "1:5 a second column named \"age\""),
        ("age,weight,arm\n1,2,\"a\n", "2:5 this quoted cell never ends"),
        ("age,weight,arm\n1,2,\"a\"b\n", "2:8 a quoted cell is followed by something other than a comma"),
        ("age,weight,arm\n1,2,a\"b\n", "2:6 a quote in the middle of a cell"),
        ("age,weight,arm\r1,2,a\r", "1:15 a carriage return without a line feed"),
        ("age,weight,arm\n1,inf,a\n", "2:3 \"inf\" in the continuous column \"weight\" is not a number"),
        ("age,weight,arm\n1,0x10,a\n", "2:3 \"0x10\" in the continuous column \"weight\" is not a number"),
        ("age,weight,arm\n1,1e999,a\n", "2:3 \"1e999\" in the continuous column \"weight\" is not a number"),
    ])
    func badTables(csv: String, expected: String) throws {
        #expect(complaints(csv, try schema(Self.columns)).first == expected)
    }

    @Test func wrongEncodings() throws {
        let columns = try schema(Self.columns)
        var latin = Array("age,weight,arm\n1,2,".utf8)
        latin += [0xe9, 0x0a]
        #expect(complaints(latin, columns) == ["2:5 the byte 0xe9 is not UTF-8"])
        #expect(complaints([0xff, 0xfe, 0x61, 0x00], columns) == ["1:1 the table is written in UTF-16"])
        #expect(complaints(Array("age\0".utf8), columns) == ["1:4 a NUL byte"])
        #expect(firstBadByte(Array("añ€😀".utf8)) == nil)
        #expect(firstBadByte(Array("añ€😀".utf8.dropLast())) == 6)
    }

    @Test func aMillionColumnsAndMistakesAreBounded() throws {
        let columns = try schema(Self.columns)
        let wide = String(repeating: "x,", count: 100_000) + "x\n1\n"
        #expect(complaints(wide, columns).first?.contains("more than 8192 columns") == true)
        let wrong = "age,weight,arm\n" + String(repeating: "x,y,a\n", count: 10_000)
        #expect(complaints(wrong, columns).count < 60)
    }

    @Test func declaredCategoriesAreKept() throws {
        let columns = try schema(
            #"{"columns": {"grade": {"type": "ordinal", "categories": ["low", "mid", "high"]}}}"#)
        let read = try table("grade\nhigh\nlow\n", columns)
        #expect(read.columns[0].categories == ["low", "mid", "high"])
        #expect(read.columns[0].values == [2, 0])
        #expect(complaints("grade\nhihg\n", columns) == ["2:1 \"hihg\" is not a category of the column \"grade\""])
    }

    @Test func aSecondTableTakesTheFirstOnesNumbers() throws {
        let columns = try schema(#"{"columns": {"a": {"type": "categorical"}, "b": {"type": "continuous"}}}"#)
        let first = try table("a,b\ny,1\nx,2\n", columns)
        let second = SourceText(name: "s", bytes: Array("b,a\n1,w\n2,y\n".utf8))
        let read = try TableReader(schema: columns).read(second, like: first).table
        #expect(read.columns.map(\.name) == ["a", "b"])
        #expect(read.columns[0].categories == ["x", "y", "w"])
        #expect(read.columns[0].values == [2, 1])
    }

    @Test func schemaMistakesAreReportedTogether() throws {
        let text = """
            {"columns": {
              "a": {"type": "continous"},
              "b": {"type": "integer", "range": [3, 1], "categories": ["x"]},
              "c": {"type": "categorical", "range": [0, 1], "rle": "baseline"},
              "d": {"unit": "kg"}},
             "target": "e", "extra": 1}
            """
        do {
            _ = try schema(text)
            Issue.record("a bad schema was read")
        } catch let diagnostics as Diagnostics {
            let lines = diagnostics.items.map(\.location.line)
            #expect(lines == [2, 3, 3, 4, 4, 5, 6, 6])
            #expect(diagnostics.description.contains("columns.json:2:17: error:"))
            #expect(diagnostics.description.contains("did you mean \"continuous\""))
            #expect(diagnostics.description.contains("did you mean \"role\""))
        }
    }

    @Test(arguments: ["", "[]", "{}", #"{"columns": 3}"#, #"{"columns": {}}"#, #"{"columns": {"a": 1}}"#])
    func schemasOfTheWrongShape(text: String) {
        #expect(throws: Diagnostics.self) { try schema(text) }
    }
}

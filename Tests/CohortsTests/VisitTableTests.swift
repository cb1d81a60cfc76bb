// Long tables: a row for every visit.

import Foundation
import PositionedJSON
import Testing

import Cohorts

@Suite struct VisitTableTests {
    static let columns = """
        {"columns": {"sex": {"type": "categorical"}, "x": {"type": "continuous"}, "late": {"type": "integer"}},
         "patient": "who", "time": "day"}
        """

    static func read(_ csv: String, _ columns: String = columns) throws -> VisitTable {
        let reading = try TableReader(schema: schema(columns)).read(SourceText(name: "v.csv", text: csv))
        return try VisitTable(reading, source: "v.csv")
    }

    /// Interleaved, out of order, with gaps.
    @Test func visitsStandInTheOrderOfTime() throws {
        let table = try Self.read(
            "day,who,sex,x,late\n30,b,f,3,\n0,a,m,1,\n0,b,f,2,\n7.5,a,m,,4\n90,b,,5,\n-3,c,f,9,1\n")
        #expect(table.patients == ["b", "a", "c"])
        #expect(table.starts == [0, 3, 5, 6])
        #expect(table.times == [0, 30, 90, 0, 7.5, -3])
        #expect(table.timeGranularity?.decimals == 1)
        #expect(table.lines == [4, 2, 6, 3, 5, 7])
        #expect(table.columns.map(\.name) == ["sex", "x", "late"])
        #expect(table.columns[1].values[0..<3] == [2, 3, 5])
        // A missing cell is no change; a value met once is none either.
        #expect(table.baseline == [0, 2])
        #expect(table.varying == [1])
        #expect(table.reordered == 1)
        #expect(table.baselineTable().csv() == "sex,late\nf,\nm,4\nf,1\n")
        let other = table.selecting([2, 0])
        #expect(other.patients == ["c", "b"])
        #expect(other.starts == [0, 1, 4])
        #expect(other.times == [-3, 0, 30, 90])
        #expect(other.csv() == "who,day,sex,x,late\nc,-3.0,f,9,1\nb,0.0,f,2,\nb,30.0,f,3,\nb,90.0,,5,\n")
        let again = try Self.read(table.csv())
        #expect(again.times == table.times)
        #expect(again.reordered == 0)
    }

    @Test func twoVisitsAtOneTimeAreRefused() throws {
        let csv = "who,day,sex,x,late\na,0,f,1,1\nb,0,f,1,1\na,7,f,1,1\na,0.0,f,2,1\n"
        let error = try #require(throws: Diagnostics.self) { try Self.read(csv) }
        #expect(error.items.map(\.message) == ["a second visit of \"a\" at the time 0, as on line 2"])
        #expect(error.items[0].location.line == 5)
    }

    @Test func visitsWithoutPatientOrTimeAreRefused() throws {
        let found = complaints("who,day,sex,x,late\n,0,f,1,1\na,,f,1,1\na,x,f,1,1\n", try schema(Self.columns))
        #expect(
            found == [
                "2:1 a visit without a patient", "3:3 a visit without a time",
                "4:3 \"x\" in the continuous column \"day\" is not a number",
            ])
        #expect(complaints("sex,x,late\nf,1,1\n", try schema(Self.columns)).count == 2)
    }

    /// Neither names nor times are columns, whether or not the schema lists them.
    @Test func namesAndTimesNeverReachAGenerator() throws {
        let listed = """
            {"columns": {"who": {"type": "categorical"}, "day": {"type": "integer", "unit": "days"},
              "x": {"type": "continuous"}}, "patient": "who", "time": "day"}
            """
        let reading = try TableReader(schema: schema(listed)).read(
            SourceText(name: "v", text: "who,day,x\na,0,1\na,1,2\n"))
        #expect(reading.table.columns.map(\.name) == ["x"])
        #expect(reading.identifiers == ["who", "day"])
        #expect(complaints("who,day,x\na,0.5,1\n", try schema(listed)).count == 1)
    }

    @Test func aSimulatedStudyIsReadWhole() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Visits").path
        let schema = try TableSchema.read(path: folder + "/visits.columns.json")
        let table = try VisitTable.read(path: folder + "/visits.csv", schema: schema)
        #expect(table.patientCount == 60)
        #expect(table.visitCount == 437)
        #expect(table.baseline.map { table.columns[$0].name } == ["age", "sex", "arm"])
        for patient in 0..<60 {
            let times = table.visits(of: patient).map { table.times[$0] }
            #expect(times.first == 0)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        }
        let check = try TableCommands.check(source: folder + "/visits.csv", schema: folder + "/visits.columns.json")
        #expect(check.visits?.patients == 60)
        #expect(check.visits?.isRegular == false)
        #expect(check.text().contains("changing: bilirubin, albumin, platelets, stage"))
        // The guess finds the visits by itself.
        let guess = try SchemaGuess.read(path: folder + "/visits.csv")
        #expect(guess.schema.patient == "patient")
        #expect(guess.schema.time == "day")
        #expect(guess.schema.column("bilirubin")?.censoring == Censoring(below: [0.3]))
        // One row a patient is what other generators learn.
        let out = FileManager.default.temporaryDirectory.appendingPathComponent("lab-\(UUID().uuidString).csv").path
        #expect(throws: CohortError.self) {
            try CohortCommands.generate(
                source: folder + "/visits.csv", schema: folder + "/visits.columns.json", rows: 5, seed: 1,
                generator: .copula(CopulaConfiguration()), out: out)
        }
        #expect(table.baselineTable().rowCount == 60)
    }
}

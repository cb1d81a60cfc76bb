// Numbers as text: short, and read back exactly.

import Foundation
import Numerics
import Testing

import Cohorts

@Suite struct CSVLinesTests {
    func lines(_ values: [Double], decimals: Int?) -> [String] {
        PatientTable(columns: [
            TableColumn(schema: ColumnSchema(name: "x", type: .continuous), values: values, decimals: decimals)
        ]).csv().split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast().map(String.init)
    }

    @Test func asWritten() {
        #expect(
            lines([5, -0.05, 12.5, 1200, 0, .nan, -3], decimals: 2) == [
                "5.0", "-0.05", "12.5", "1200.0", "0.0", "\"\"", "-3.0",
            ])
        #expect(lines([1e300, 0.125, 7], decimals: 0) == ["1e+300", "0.125", "7"])
        #expect(lines([0.1, 1 / 3, 2, 1e-9], decimals: nil) == ["0.1", "0.3333333333333333", "2.0", "1e-09"])
    }

    @Test func everyNumberReadsBackExactly() {
        var stream = RandomStream(seed: 1, purpose: "test.csv")
        for decimals in 0...6 {
            let values = (0..<500).map { _ in
                Granularity(decimals: decimals).rounded((stream.uniform() - 0.5) * exp(20 * stream.uniform()))
            }
            #expect(lines(values, decimals: decimals).map { Double($0) } == values)
            for (text, value) in zip(lines(values, decimals: decimals), values) where decimals > 0 {
                #expect(text == value.description)
            }
        }
        let any = (0..<500).map { _ in Double(bitPattern: stream.nextBits()) }.filter(\.isFinite)
        #expect(lines(any, decimals: nil).map { Double($0) } == any)
        #expect(lines(any, decimals: 3).map { Double($0) } == any)
    }

    @Test func namesAndCategoriesAreQuoted() {
        let table = PatientTable(columns: [
            TableColumn(
                schema: ColumnSchema(name: "a,b", type: .categorical), categories: ["x \"y\"", " z", "é"],
                values: [0, 1, 2, .nan])
        ])
        #expect(table.csv() == "\"a,b\"\n\"x \"\"y\"\"\"\n\" z\"\né\n\"\"\n")
    }
}

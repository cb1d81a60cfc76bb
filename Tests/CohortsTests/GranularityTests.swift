// Columns that must come out of a generator as they went in: as coarse, as full of zeros, as incomplete, as censored.

import Foundation
import Numerics
import Testing

import Cohorts

@Suite struct GranularityTests {
    @Test func stepsAreFound() {
        func words(_ values: [Double]) -> String? { Granularity(values)?.words }
        let many = (1...40).map(Double.init)
        #expect(words(many) == "whole numbers")
        #expect(words(many.map { 2 * $0 }) == "multiples of 2")
        #expect(words(many.map { 10 * $0 } + [.nan, 0]) == "multiples of 10")
        #expect(words(many.map { $0 / 10 }) == "1 decimal")
        #expect(words(many.map { $0 / 2 }) == "multiples of 0.5")
        #expect(words(many.map { $0 / 4 }) == "multiples of 0.25")
        #expect(words(many.map { $0.squareRoot() }) == nil)
        // A few numbers share a divisor by chance, and one number is no scale.
        #expect(words([2, 4, 6]) == "whole numbers")
        #expect(words([Double](repeating: 30, count: 50)) == "whole numbers")
        #expect(Granularity(decimals: 1, multiple: 5).rounded(1.3) == 1.5)
        #expect(Granularity(decimals: 0, multiple: 5).rounded(-7.6) == -10)
    }

    /// Blood pressure to even numbers, whole years, a scale of tens, tenths; cells below a limit of 50; 40 % zeros; and a
    /// measurement that is more often missing in the old.
    static func recorded(rows: Int) -> PatientTable {
        var stream = RandomStream(seed: 8, purpose: "test.recorded")
        var values = [[Double]](repeating: [], count: 7)
        for _ in 0..<rows {
            let a = stream.normal()
            let b = stream.normal()
            let age = (55 + 12 * a).rounded()
            values[0].append(age)
            values[1].append(2 * ((130 + 15 * (0.6 * a + 0.8 * b)) / 2).rounded())
            values[2].append(min(100, 10 * ((80 + 12 * b) / 10).rounded()))
            values[3].append((10 * (5 + 1.5 * stream.normal())).rounded() / 10)
            let rna = exp(5 + 1.5 * b + 0.5 * stream.normal()).rounded()
            values[4].append(rna < 50 ? 50.0.nextDown : rna)
            values[5].append(stream.uniform() < (a > 0 ? 0.15 : 0.65) ? 0 : exp(3 + stream.normal()).rounded())
            values[6].append(stream.uniform() < (a > 0 ? 0.6 : 0.1) ? .nan : (100 * stream.uniform()).rounded())
        }
        let names = ["age", "pressure", "karnofsky", "potassium", "rna", "smoking", "ferritin"]
        return PatientTable(
            columns: zip(names, values).map { name, values in
                let schema = ColumnSchema(
                    name: name, type: name == "potassium" ? .continuous : .integer,
                    censoring: name == "rna" ? Censoring(below: [50]) : nil)
                return TableColumn(
                    schema: schema, values: values, granularity: Granularity(values.filter { $0 != 50.0.nextDown }))
            })
    }

    private func share(_ values: [Double], _ holds: (Double) -> Bool) -> Double {
        Double(values.count(where: holds)) / Double(values.count)
    }

    @Test(arguments: [
        GeneratorSpecification.vae(VAEConfiguration()), .copula(CopulaConfiguration()),
    ])
    func generatedColumnsAreAsRecorded(generator: GeneratorSpecification) throws {
        let real = Self.recorded(rows: 900)
        let sample = try generator.fit(real, seed: 1).sample(rows: 3000, seed: 2)
        for (column, source) in zip(sample.columns, real.columns) {
            let numbers = column.values.filter { !$0.isNaN && $0 != 50.0.nextDown }
            let granularity = try #require(source.granularity)
            #expect(numbers.allSatisfy { granularity.rounded($0) == $0 }, "\(column.name)")
        }
        #expect(real.columns.map { $0.granularity?.step } == [1, 2, 10, 0.1, 1, 1, 1])
        // Zero inflation, cells below the limit, missing cells: as frequent as before.
        let isCensored: (Double) -> Bool = { $0 == 50.0.nextDown }
        for (column, holds) in [(4, isCensored), (5, { $0 == 0 }), (6, \.isNaN)] as [(Int, (Double) -> Bool)] {
            let before = share(real.columns[column].values, holds)
            let after = share(sample.columns[column].values, holds)
            #expect(abs(before - after) < 0.05, "\(real.columns[column].name): \(before), then \(after)")
        }
        #expect(share(real.columns[5].values) { $0 == 0 } > 0.37)
        // Missing in the old: the pattern goes on with the other columns. (The copula orders missing cells above all
        // numbers and keeps less of it.)
        guard case .vae = generator else { return }
        func difference(_ table: PatientTable, _ column: Int, _ holds: (Double) -> Bool) -> Double {
            let old = (0..<table.rowCount).filter { table.columns[0].values[$0] > 55 }
            let young = (0..<table.rowCount).filter { table.columns[0].values[$0] < 55 }
            return share(old.map { table.columns[column].values[$0] }, holds)
                - share(young.map { table.columns[column].values[$0] }, holds)
        }
        // How much of it is kept is the generator's quality, measured elsewhere; it must not be lost.
        for (column, holds) in [(5, { $0 == 0 }), (6, \.isNaN)] as [(Int, (Double) -> Bool)] {
            let kept = difference(sample, column, holds) / difference(real, column, holds)
            #expect(kept > 0.4 && kept < 1.3, "\(real.columns[column].name) with age: \(kept)")
        }
        #expect(sample.csv().contains(",<50,"))
    }
}

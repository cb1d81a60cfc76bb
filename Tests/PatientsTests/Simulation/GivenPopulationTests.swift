// Patients of whom covariates are known: the rest is drawn given them, always the same, and what is correlated follows.

import Foundation
import Numerics
import Patients
import Testing

@Suite struct GivenPopulationTests {
    /// Two correlated numbers with means that follow a covariate, and one cut off.
    static let parts = """
        "covariates": {
          "age": { "value": 50, "unit": "year", "variability": { "distribution": "normal", "sigma": 10 } },
          "type": { "categories": ["a", "b"], "probabilities": [0.5, 0.5], "value": "a" }
        },
        "parameters": {
          "x": { "value": "0.1[1/year] * age", "unit": "1", "variability": { "distribution": "normal", "sigma": 2 } },
          "y": { "value": "pick(type, 10, 20)", "unit": "1", "variability": { "distribution": "log_normal", "sigma": 0.3 } },
          "z": { "value": 1, "unit": "1", "variability": { "distribution": "uniform", "low": 0, "high": 1 } }
        },
        "correlations": [{ "between": ["x", "y"], "value": 0.8 }],
        "plausible": { "at_start": [{ "when": "z > 0.25", "meaning": "not too small" }] },
        "states": { "S": { "initial": 1, "unit": "1", "meaning": "s" } },
        "rates": { "S": "0[1/h]" },
        "decisions": { "interval": 1, "count": 2 },
        "observations": [{ "name": "S", "expression": "S", "range": [0, 2] }]
        """

    static func known(_ count: Int) -> CohortTable {
        var rows: [[Double]] = []
        for patient in 0..<count {
            let type: Double = patient % 3 == 0 ? .nan : Double(patient % 2)
            rows.append([Double(30 + patient % 40), type])
        }
        return CohortTable(names: ["age", "type"], rows: rows)
    }

    /// The standard normal number behind a value of y.
    static func standardLog(_ value: Double, type: Double) -> Double {
        let median: Double = type == 0 ? 10 : 20
        return log(value / median) / 0.3
    }

    @Test func givesWhatIsKnownAndDrawsTheRest() throws {
        let model = try SmallDisease.read(Self.parts)
        let drawn = try model.complete(Self.known(3000), seed: 5)
        #expect(drawn.table.names == ["age", "type", "x", "y", "z"])
        #expect(drawn.isPlausible.allSatisfy { $0 })
        for (row, known) in zip(drawn.table.rows, Self.known(3000).rows) {
            #expect(row[0] == known[0])
            #expect(known[1].isNaN || row[1] == known[1])
            #expect(row[4] > 0.25)
        }
        // x given age: mean age / 10, sd 2; log y given type: correlated with x.
        let standard: [Double] = drawn.table.rows.map { ($0[2] - $0[0] / 10) / 2 }
        let logs: [Double] = drawn.table.rows.map { Self.standardLog($0[3], type: $0[1]) }
        #expect(abs(Statistics.mean(standard)) < 0.06)
        #expect(abs(Statistics.mean(logs)) < 0.06)
        let products: [Double] = zip(standard, logs).map { $0 * $1 }
        #expect(abs(Statistics.mean(products) - 0.8) < 0.06)
        // Types that are not known come in the environment's shares.
        let unknown = drawn.table.rows.indices.filter { $0 % 3 == 0 }.map { drawn.table.rows[$0][1] }
        #expect(abs(Statistics.mean(unknown) - 0.5) < 0.06)
    }

    /// What is known of a correlated number moves the other: E(z₂ | z₁) = ρ z₁, sd √(1 − ρ²).
    @Test func drawsGivenACorrelatedNumber() throws {
        let model = try SmallDisease.read(Self.parts)
        let known = CohortTable(names: ["x", "age"], rows: Array(repeating: [5 + 2 * 1.5, 50], count: 3000))
        let drawn = try model.complete(known, seed: 2)
        let place = try #require(drawn.table.names.firstIndex(of: "y"))
        let type = try #require(drawn.table.names.firstIndex(of: "type"))
        let logs: [Double] = drawn.table.rows.map { Self.standardLog($0[place], type: $0[type]) }
        let mean = Statistics.mean(logs)
        let squares: [Double] = logs.map { ($0 - mean) * ($0 - mean) }
        let deviation = Statistics.mean(squares).squareRoot()
        #expect(abs(mean - 1.2) < 0.04)
        #expect(abs(deviation - 0.6) < 0.03)
    }

    @Test func theSamePatientsHoweverManyAndHoweverMuchIsKnown() throws {
        let model = try SmallDisease.read(Self.parts)
        let many = try model.complete(Self.known(50), seed: 5).table
        let few = try model.complete(Self.known(10), seed: 5).table
        #expect(Array(many.rows.prefix(10)) == few.rows)
        // Numbered 10 to 19 on their own they are the same as among the fifty.
        let part = CohortTable(names: ["age", "type"], rows: Array(Self.known(50).rows[10..<20]))
        let own = try model.complete(part, numbers: Array(10..<20), seed: 5).table
        #expect(own.rows == Array(many.rows[10..<20]))
        #expect(try model.complete(Self.known(10), attempt: 1, seed: 5).table.rows != few.rows)
        // Of z the same draw, whatever else is known.
        let ages = CohortTable(names: ["age"], rows: Self.known(10).rows.map { [$0[0]] })
        #expect(try model.complete(ages, seed: 5).table.column("z") == few.column("z"))
    }

    @Test func whatIsKnownMayBeImplausible() throws {
        let model = try SmallDisease.read(Self.parts)
        let drawn = try model.complete(CohortTable(names: ["z"], rows: [[0.1], [0.9]]), seed: 1)
        #expect(drawn.isPlausible == [false, true])
        #expect(throws: SimulationError.self) {
            try model.complete(CohortTable(names: ["height"], rows: [[1]]), seed: 1)
        }
    }
}

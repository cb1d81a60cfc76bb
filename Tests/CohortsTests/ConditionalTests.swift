// Patients of a kind: all of them, only them, and distributed as such patients are.

import Cohorts
import Foundation
import Networks
import Numerics
import PositionedJSON
import Testing

@Suite struct ConditionalTests {
    static func conditions(_ texts: String...) throws -> CohortConditions {
        try CohortConditions(texts, name: "--where")
    }

    static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        return (
            mean,
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        )
    }

    /// x, y = 0.8 x + 0.6 e, w = −0.5 x + √0.75 e′: standard normal, all of them.
    static func gaussianTable(rows: Int) -> PatientTable {
        var stream = RandomStream(seed: 1, purpose: "test.gaussian")
        var columns: [[Double]] = [[], [], []]
        for _ in 0..<rows {
            let x = stream.normal()
            columns[0].append(x)
            columns[1].append(0.8 * x + 0.6 * stream.normal())
            columns[2].append(-0.5 * x + 0.75.squareRoot() * stream.normal())
        }
        return PatientTable(
            columns: zip(["x", "y", "w"], columns).map { name, values in
                TableColumn(schema: ColumnSchema(name: name, type: .continuous), values: values)
            })
    }

    @Test func conditionalMomentsOfAGaussianAreThoseOfItsClosedForm() throws {
        let generator = try ConditionalAutoencoder.fit(
            Self.gaussianTable(rows: 2000),
            configuration: ConditionalConfiguration(
                autoencoder: VAEConfiguration(
                    latent: 3, hidden: [32], steps: 3000, learningRate: 5e-3, beta: 0.3),
                priorSteps: 500), seed: 1)
        // The same as brute force gives: drawing without conditions, and keeping those with x > 1.
        let all = generator.sample(rows: 40000, seed: 3)
        let kept = all.rows((0..<40000).filter { all.columns[0].values[$0] > 1 })
        let drawn = try generator.sample(rows: 0..<8000, where: Self.conditions("x>1"), seed: 4)
        for (a, b) in zip(kept.columns, drawn.columns) {
            let (first, second) = (Self.moments(a.values), Self.moments(b.values))
            #expect(abs(first.mean - second.mean) < 0.05)
            #expect(abs(first.deviation - second.deviation) < 0.05)
        }
        // And as the closed form says, within what the autoencoder learned of the table.
        func sample(_ condition: String) throws -> [[Double]] {
            try generator.sample(rows: 0..<4000, where: Self.conditions(condition), seed: 5).columns.map(
                \.values)
        }
        // x > 1: with the reciprocal of Mills' ratio λ = φ(1)/Φ(−1) = 1.52514, E x = λ, var x = 1 + λ − λ² = 0.19907.
        let high = try sample("x>1")
        #expect(high[0].allSatisfy { $0 > 1 })
        #expect(abs(Self.moments(high[0]).mean - 1.525) < 0.08)
        #expect(abs(Self.moments(high[1]).mean - 0.8 * 1.525) < 0.13)
        #expect(abs(Self.moments(high[1]).deviation - (0.64 * 0.199 + 0.36).squareRoot()) < 0.07)
        #expect(abs(Self.moments(high[2]).mean + 0.5 * 1.525) < 0.13)
        // corr(y, w | x > 1) = −0.4 · 0.199 / (0.698 · 0.894) = −0.128, where it is −0.4 without a condition.
        #expect(abs(try #require(pearson(high[1], high[2])) + 0.128) < 0.09)
        // On the other side, of y, for x: E(x | y < −1) = −0.8 λ.
        let low = try sample("y<-1")
        #expect(low[1].allSatisfy { $0 < -1 })
        #expect(abs(Self.moments(low[0]).mean + 0.8 * 1.525) < 0.13)
        // A narrow interval: y given x = 2 is N(1.6, 0.36), of which two conditions make a truncated normal.
        let narrow = try generator.sample(
            rows: 0..<4000, where: Self.conditions("x>=1.8", "x<=2.2", "y<1.6"), seed: 5)
        #expect(abs(Self.moments(narrow.columns[1].values).mean - (1.56 - 0.6 * 0.798)) < 0.15)
    }

    /// Every kind of state under every kind of condition.
    @Test func everyPatientFulfilsTheConditions() throws {
        let table = VAETests.mixedTable(rows: 200)
        let generator = try ConditionalAutoencoder.fit(
            table,
            configuration: ConditionalConfiguration(
                autoencoder: VAEConfiguration(steps: 100, members: 2), priorSteps: 60), seed: 1)
        for texts in [
            ["x>7"], ["x=0"], ["x<=0"], ["x>0", "x<3"], ["y<0.1"], ["group=c"], ["group!=b", "y>2"],
            ["x>=4.01", "x<=4.02", "group=c"], ["y>0"], ["x>5", "y<0.7", "group=a"],
        ] {
            let conditions = try CohortConditions(texts, name: "--where")
            let required = try conditions.requirements(table.columns)
            let sample = try generator.sample(rows: 0..<700, where: conditions, seed: 2)
            for (column, requirement) in zip(sample.columns, required) {
                if let requirement { #expect(column.values.allSatisfy(requirement.allows), "\(texts)") }
            }
            // In parts, and from its file, the same patients.
            let back = try GeneratorFile.read(SourceText(name: "g.json", text: generator.json().text()))
            let part = try (back as? any ConditionalGenerator)?.sample(
                rows: 300..<310, where: conditions, seed: 2)
            #expect(part?.csv() == sample.rows(Array(300..<310)).csv())
        }
        for (text, words) in [
            ("x>1000", "they lie from"), ("group=d", "its categories are"), ("z>1", "no column"),
        ] {
            do {
                _ = try generator.sample(
                    rows: 0..<1, where: CohortConditions([text], name: "--where"), seed: 1)
                Issue.record("\(text) was taken")
            } catch { #expect("\(error)".contains(words), "\(error)") }
        }
        // Without conditions it is the autoencoder.
        #expect(
            try generator.sample(rows: 0..<50, where: CohortConditions(), seed: 2).csv()
                == generator.sample(rows: 50, seed: 2).csv())
    }

    @Test func aCategoryThatNobodyHadIsRefused() throws {
        var table = correlatedTable(rows: 60, seed: 1)
        table.columns[2].categories.append("d")
        let generator = try ConditionalAutoencoder.fit(
            table,
            configuration: ConditionalConfiguration(
                autoencoder: VAEConfiguration(steps: 20), priorSteps: 5), seed: 1)
        #expect(throws: Diagnostics.self) {
            try generator.sample(rows: 0..<1, where: Self.conditions("group=d"), seed: 1)
        }
    }

    @Test func gradientOfThePriorMatchesFiniteDifferences() {
        var stream = RandomStream(seed: 1, purpose: "test.prior")
        let prior = ConditionalPrior(inputs: 4, hidden: [6], latent: 2, components: 3, stream: &stream)
        let count = 20
        let inputs = FloatBuffer(count * 4)
        let codes = FloatBuffer(count * 2)
        for index in 0..<(count * 4) { inputs.start[index] = Float(stream.uniform(-1, 1)) }
        for index in 0..<(count * 2) { codes.start[index] = Float(stream.normal()) }
        func loss(_ gradient: Bool = false) -> Double {
            prior.loss(
                conditions: UnsafePointer(inputs.start), codes: UnsafePointer(codes.start), count: count,
                gradient: gradient)
        }
        prior.network.zeroGradients()
        _ = loss(true)
        let parameters = prior.network.parameters
        let gradients = Array(prior.network.gradients)
        for _ in 0..<8 {
            let direction = gradients.map { _ in Float(stream.normal()) }
            let before = Array(parameters)
            let step: Float = 5e-3
            func shifted(_ sign: Float) -> Double {
                for k in 0..<before.count { parameters[k] = before[k] + sign * step * direction[k] }
                defer { for k in 0..<before.count { parameters[k] = before[k] } }
                return loss()
            }
            let numeric =
                (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * Double(step))
            let exact = zip(gradients, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let size = gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(numeric - exact) < 2e-3 * max(size, abs(exact)))
        }
    }

    @Test func womenOfTheTrialAreLikeItsWomen() throws {
        let table = try ACTG175Tests.read()
        let generator = try ConditionalAutoencoder.fit(
            table,
            configuration: ConditionalConfiguration(
                autoencoder: VAEConfiguration(steps: 900), priorSteps: 700), seed: 1)
        let conditions = try Self.conditions("gender=0", "cd40<350")
        let required = try conditions.requirements(table.columns)
        let real = table.rows(
            (0..<table.rowCount).filter { row in
                zip(table.columns, required).allSatisfy { column, item in
                    item?.allows(column.values[row]) ?? true
                }
            })
        #expect(real.rowCount == 184)
        let sample = try generator.sample(rows: 0..<3000, where: conditions, seed: 1)
        for (column, other) in zip(real.columns, sample.columns) where column.isNumeric {
            let (a, b) = (Self.moments(column.values), Self.moments(other.values))
            // Within a third of a standard deviation, and most far nearer.
            #expect(abs(a.mean - b.mean) < 0.33 * a.deviation, "\(column.name) \(a) \(b)")
        }
        // Women differ from all: fewer used drugs, hardly any is homosexual, fewer are white.
        func share(_ table: PatientTable, _ name: String) -> Double {
            table.column(name).map { column in
                column.values.reduce(0) { $0 + (column.categories[Int($1)] == "1" ? 1 : 0) }
                    / Double(table.rowCount)
            } ?? .nan
        }
        for name in ["homo", "drugs", "race", "symptom", "str2", "cens", "treat"] {
            #expect(abs(share(real, name) - share(sample, name)) < 0.1, "\(name)")
        }
        #expect(share(table, "homo") > 0.6)
        #expect(share(sample, "homo") < 0.2)
    }
}

// The autoencoder: its gradient, what it learns, and that it learns the same thing twice.

import Cohorts
import Foundation
import Networks
import Numerics
import PositionedJSON
import Testing

@Suite struct VAETests {
    /// A table with every kind of state.
    static func mixedTable(rows: Int) -> PatientTable {
        var table = correlatedTable(rows: rows, seed: 9)
        var stream = RandomStream(seed: 9, purpose: "test.gaps")
        for row in 0..<rows {
            if stream.uniform() < 0.3 { table.columns[0].values[row] = 0 }
            if stream.uniform() < 0.1 { table.columns[1].values[row] = .nan }
        }
        return table
    }

    @Test func gradientMatchesFiniteDifferences() throws {
        let table = Self.mixedTable(rows: 24)
        let encoding = TableEncoding(table, spikeShare: 0.15)
        #expect(encoding.scores == 2)
        #expect(encoding.blocks.count == 3)
        let rows = encoding.encode(table, seed: 1)
        var stream = RandomStream(seed: 1, purpose: "test.weights")
        let objective = VAEObjective(
            encoding: encoding, latent: 3, hidden: [7, 5], activation: .tanh, stream: &stream)
        for k in 0..<objective.logSigma.count {
            objective.logSigma.start[k] = Float(stream.uniform(-0.7, 0.2))
        }
        let inputs = FloatBuffer(rows.inputs.count)
        let mask = FloatBuffer(rows.mask.count)
        let noise = FloatBuffer(rows.count * 3)
        _ = inputs.elements.update(fromContentsOf: rows.inputs)
        _ = mask.elements.update(fromContentsOf: rows.mask)
        for index in 0..<noise.count { noise.start[index] = Float(stream.normal()) }
        let beta: Float = 0.6
        rows.states.withUnsafeBufferPointer { states in
            guard let statesStart = states.baseAddress else { return }
            let batch = VAEObjective.Batch(
                inputs: UnsafePointer(inputs.start), mask: UnsafePointer(mask.start), states: statesStart,
                noise: UnsafePointer(noise.start), count: rows.count)
            func loss() -> Double {
                let loss = objective.evaluate(batch, beta: beta, gradient: false)
                return loss.reconstruction + Double(beta) * loss.divergence
            }
            objective.zeroGradients()
            _ = objective.evaluate(batch, beta: beta, gradient: true)
            // Along random directions, so that Float32's rounding is averaged over all parameters of a part.
            for (parameters, gradients) in [
                (objective.encoder.parameters, objective.encoder.gradients),
                (objective.decoder.parameters, objective.decoder.gradients),
                (objective.logSigma.elements, objective.logSigmaGradient.elements),
            ] {
                for _ in 0..<6 {
                    let direction = parameters.map { _ in Float(stream.normal()) }
                    let before = Array(parameters)
                    let step: Float = 2e-3
                    func shifted(_ sign: Float) -> Double {
                        for k in 0..<before.count { parameters[k] = before[k] + sign * step * direction[k] }
                        return loss()
                    }
                    // Fourth-order central difference.
                    let numeric =
                        (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * Double(step))
                    for k in 0..<before.count { parameters[k] = before[k] }
                    let exact = zip(gradients, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                    let size = gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                    #expect(abs(numeric - exact) < 2e-3 * max(size, abs(exact)))
                }
            }
        }
    }

    @Test func learnsACorrelationAndACategory() throws {
        let table = correlatedTable(rows: 1500, seed: 1)
        let generator = try VariationalAutoencoder.fit(
            table, configuration: VAEConfiguration(steps: 900), seed: 5)
        let sample = generator.sample(rows: 4000, seed: 6)
        let report = try FidelityReport.measure(real: table, synthetic: sample)
        #expect(report.columnShapes > 0.97)
        let logs = { (table: PatientTable) in table.columns[1].values.map { log($0) } }
        let real = try #require(pearson(table.columns[0].values, logs(table)))
        let synthetic = try #require(pearson(sample.columns[0].values, logs(sample)))
        #expect(abs(real - synthetic) < 0.06)
        #expect(real > 0.75)
        // The rare category keeps its share, and the common ones their link with x.
        #expect(report.coverage[0].lost.isEmpty)
        #expect(report.coverage[0].largestShift < 0.025)
        func highAmongB(_ table: PatientTable) -> Double {
            let rows = (0..<table.rowCount).filter { table.columns[2].values[$0] == 1 }
            return Double(rows.count { table.columns[0].values[$0] > 5 }) / Double(rows.count)
        }
        // Without the link the difference would be above 0.3.
        #expect(abs(highAmongB(table) - highAmongB(sample)) < 0.12)
        #expect(try #require(report.discriminator) < 0.6)
        #expect(report.closest.exactCopies == 0)
    }

    @Test func gapsAndSpikesComeBack() throws {
        let table = Self.mixedTable(rows: 600)
        let sample = try VariationalAutoencoder.fit(table, configuration: VAEConfiguration(), seed: 2)
            .sample(rows: 3000, seed: 1)
        func share(_ table: PatientTable, _ column: Int, _ test: (Double) -> Bool) -> Double {
            Double(table.columns[column].values.count(where: test)) / Double(table.rowCount)
        }
        #expect(abs(share(table, 0) { $0 == 0 } - share(sample, 0) { $0 == 0 }) < 0.03)
        #expect(abs(share(table, 1, \.isNaN) - share(sample, 1, \.isNaN)) < 0.03)
    }

    @Test func theSameSeedGivesTheSamePatients() throws {
        let table = Self.mixedTable(rows: 120)
        let configuration = VAEConfiguration(steps: 60)
        let first = try VariationalAutoencoder.fit(table, configuration: configuration, seed: 7)
        let second = try VariationalAutoencoder.fit(table, configuration: configuration, seed: 7)
        let other = try VariationalAutoencoder.fit(table, configuration: configuration, seed: 8)
        #expect(first.json().text() == second.json().text())
        #expect(first.sample(rows: 50, seed: 1).csv() == second.sample(rows: 50, seed: 1).csv())
        #expect(first.sample(rows: 50, seed: 1).csv() != first.sample(rows: 50, seed: 2).csv())
        #expect(first.json().text() != other.json().text())
        // A longer table begins with the shorter one.
        #expect(
            first.sample(rows: 1300, seed: 1).csv().hasPrefix(first.sample(rows: 50, seed: 1).csv()))
    }

    @Test func tablesTooSmallOrEmptyOfInformationAreRefused() throws {
        let one = correlatedTable(rows: 1, seed: 1)
        #expect(throws: CohortError.self) {
            try VariationalAutoencoder.fit(one, configuration: VAEConfiguration(), seed: 1)
        }
        let constant = PatientTable(
            columns: [
                TableColumn(
                    schema: ColumnSchema(name: "c", type: .integer), values: Array(repeating: 3, count: 50))
            ])
        #expect(throws: CohortError.self) {
            try VariationalAutoencoder.fit(constant, configuration: VAEConfiguration(), seed: 1)
        }
    }

    @Test func configurationIsReadAndChecked() throws {
        func read(_ text: String) throws -> GeneratorSpecification? {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "g.json", bytes: Array(text.utf8)))
            let reader = ObjectReader(node, what: "the generator", complaints: complaints)
            let specification = GeneratorSpecification.read(reader)
            reader.finish()
            try complaints.throwIfAny()
            return specification
        }
        #expect(try read("{}") == .vae(VAEConfiguration()))
        #expect(
            try read(#"{"generator": "vae", "latent": 6, "hidden": [32], "beta": 0.5}"#)
                == .vae(VAEConfiguration(latent: 6, hidden: [32], beta: 0.5)))
        #expect(try read(#"{"generator": "copula"}"#) == .copula(CopulaConfiguration()))
        #expect(throws: Diagnostics.self) { try read(#"{"generator": "gun"}"#) }
        #expect(throws: Diagnostics.self) { try read(#"{"latent": 0}"#) }
        #expect(throws: Diagnostics.self) { try read(#"{"hiden": [32]}"#) }
        #expect(throws: Diagnostics.self) { try read(#"{"generator": "copula", "latent": 3}"#) }
        #expect(
            throws: CohortError(
                "there is no generator \"gun\"; use \"vae\", \"cvae\", \"gan\", \"cgan\", \"copula\", \"rvae\"")
        ) {
            try GeneratorSpecification(kind: "gun")
        }
    }
}

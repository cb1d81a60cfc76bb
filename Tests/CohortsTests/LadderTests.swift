// Two levels of codes: the bound's gradient, what is learned, codes there and back, files, conditions.

import Cohorts
import Foundation
import Networks
import Numerics
import PositionedJSON
import Testing

@Suite struct LadderTests {
    @Test func gradientMatchesFiniteDifferences() {
        let encoding = TableEncoding(VAETests.mixedTable(rows: 24), spikeShare: 0.15)
        let rows = encoding.encode(VAETests.mixedTable(rows: 24), seed: 1)
        var stream = RandomStream(seed: 1, purpose: "test.weights")
        let objective = VAEObjective(
            encoding: encoding, latent: 3, upper: 2, hidden: [7, 5], activation: .tanh, stream: &stream)
        guard let top = objective.top else {
            Issue.record("there is no upper level")
            return
        }
        for k in 0..<objective.logSigma.count { objective.logSigma.start[k] = Float(stream.uniform(-0.7, 0.2)) }
        let inputs = FloatBuffer(rows.inputs.count)
        let mask = FloatBuffer(rows.mask.count)
        let noise = FloatBuffer(rows.count * 5)
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
            for (parameters, gradients) in [
                (objective.encoder.parameters, objective.encoder.gradients),
                (objective.decoder.parameters, objective.decoder.gradients),
                (top.parameters, top.gradients),
                (objective.logSigma.elements, objective.logSigmaGradient.elements),
            ] {
                let size = gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                #expect(size > 1e-3)
                for _ in 0..<6 {
                    let direction = parameters.map { _ in Float(stream.normal()) }
                    let before = Array(parameters)
                    let step: Float = 2e-3
                    func shifted(_ sign: Float) -> Double {
                        for k in 0..<before.count { parameters[k] = before[k] + sign * step * direction[k] }
                        return loss()
                    }
                    let numeric =
                        (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * Double(step))
                    for k in 0..<before.count { parameters[k] = before[k] }
                    let exact = zip(gradients, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                    #expect(abs(numeric - exact) < 2e-3 * max(size, abs(exact)))
                }
            }
        }
    }

    @Test func learnsATableAndGoesThereAndBack() throws {
        let table = correlatedTable(rows: 800, seed: 5)
        let generator = try VariationalAutoencoder.fit(
            table, configuration: VAEConfiguration(latents: [3, 2], steps: 1500, members: 1), seed: 3)
        #expect(generator.latent == 5)
        let sample = generator.sample(rows: 4000, seed: 6)
        func correlation(_ table: PatientTable) -> Double? {
            pearson(table.columns[0].values, table.columns[1].values.map { log($0) })
        }
        #expect(abs(try #require(correlation(table)) - #require(correlation(sample))) < 0.08)
        let codes = try generator.encode(table)
        #expect(codes.allSatisfy { $0.count == 5 })
        #expect(try generator.encode(table.rows([7])) == [codes[7]])
        let back = try generator.decode(codes)
        #expect(try #require(pearson(table.columns[0].values, back.columns[0].values)) > 0.9)
        let way = try generator.interpolate(table, from: 3, to: 9, steps: 3)
        #expect(way.rows([0, 2]).csv() == (try generator.decode([codes[3], codes[9]])).csv())
        // From its file, and in parts, the same patients.
        let read = try GeneratorFile.read(SourceText(name: "g.json", text: generator.json().text()))
        #expect(read.json().text() == generator.json().text())
        #expect(read.sample(rows: 700..<710, seed: 6).csv() == sample.rows(Array(700..<710)).csv())
        let damaged = generator.json().text().replacing("\"top\"", with: "\"tap\"")
        #expect(throws: Diagnostics.self) { try GeneratorFile.read(SourceText(name: "g.json", text: damaged)) }
    }

    @Test func conditionsAreFulfilled() throws {
        let table = correlatedTable(rows: 200, seed: 5)
        let generator = try ConditionalAutoencoder.fit(
            table,
            configuration: ConditionalConfiguration(
                autoencoder: VAEConfiguration(latents: [3, 2], steps: 100, members: 2), priorSteps: 40), seed: 1)
        let sample = try generator.sample(rows: 0..<300, where: ConditionalTests.conditions("x>6", "group=c"), seed: 1)
        #expect(sample.columns[0].values.allSatisfy { $0 > 6 })
        #expect(sample.columns[2].values.allSatisfy { $0 == 2 })
    }

    @Test func levelsAreReadAndChecked() throws {
        func read(_ text: String) throws -> VAEConfiguration {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "g.json", bytes: Array(text.utf8)))
            let reader = ObjectReader(node, what: "the generator", complaints: complaints)
            let configuration = VAEConfiguration(reader: reader)
            reader.finish()
            try complaints.throwIfAny()
            return configuration
        }
        #expect(try read(#"{"latents": [8, 2]}"#) == VAEConfiguration(latents: [8, 2]))
        for text in [#"{"latents": [8]}"#, #"{"latents": [8, 0]}"#, #"{"latents": [8, 2], "latent": 3}"#] {
            #expect(throws: Diagnostics.self) { try read(text) }
        }
    }
}

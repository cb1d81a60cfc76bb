// Differential privacy: every row's part is bounded, everything released is noised, and the account adds up.

import Cohorts
import Foundation
import Networks
import Numerics
import PositionedJSON
import Testing

@Suite struct PrivateGeneratorTests {
    /// A table whose schema declares everything.
    static func declared(rows: Int) -> PatientTable {
        var table = VAETests.mixedTable(rows: rows)
        table.columns[0].schema.range = -10...20
        table.columns[1].schema.range = 0...60
        table.columns[2].schema.categories = ["a", "b", "c"]
        return table
    }

    static let privacy = PrivacyConfiguration(epsilon: 3, delta: 1e-5, steps: 20)

    static func specifications() -> [GeneratorSpecification] {
        [
            .vae(VAEConfiguration(steps: 60, privacy: privacy)), .copula(CopulaConfiguration(privacy: privacy)),
            .cvae(
                ConditionalConfiguration(autoencoder: VAEConfiguration(steps: 60, privacy: privacy), priorSteps: 20)),
        ]
    }

    /// Norms without forming gradients are those of each row alone; what is added is the sum of the clipped ones.
    @Test func clippedGradientsAreThoseOfSingleRows() throws {
        let table = VAETests.mixedTable(rows: 17)
        let encoding = TableEncoding(table, spikeShare: 0.15)
        let rows = encoding.encode(table, seed: 1)
        var stream = RandomStream(seed: 2, purpose: "test.weights")
        let latent = 3
        let objective = VAEObjective(
            encoding: encoding, latent: latent, hidden: [7, 5], activation: .relu, targetWeight: 2, stream: &stream)
        for k in 0..<objective.logSigma.count { objective.logSigma.start[k] = Float(stream.uniform(-0.7, 0.2)) }
        let inputs = FloatBuffer(rows.inputs.count)
        let mask = FloatBuffer(rows.mask.count)
        let noise = FloatBuffer(rows.count * latent)
        _ = inputs.elements.update(fromContentsOf: rows.inputs)
        _ = mask.elements.update(fromContentsOf: rows.mask)
        for index in 0..<noise.count { noise.start[index] = Float(stream.normal()) }
        let blocks = encoding.blocks.count
        func gradient() -> [Float] {
            Array(objective.encoder.gradients) + Array(objective.decoder.gradients)
                + Array(objective.logSigmaGradient.elements)
        }
        rows.states.withUnsafeBufferPointer { states in
            func batch(_ start: Int, _ count: Int) -> VAEObjective.Batch {
                VAEObjective.Batch(
                    inputs: UnsafePointer(inputs.start + start * encoding.width),
                    mask: UnsafePointer(mask.start + start * encoding.scores),
                    states: states.baseAddress! + start * blocks,
                    noise: UnsafePointer(noise.start + start * latent), count: count)
            }
            let single = (0..<rows.count).map { row -> [Float] in
                objective.zeroGradients()
                _ = objective.evaluate(batch(row, 1), beta: 0.7, gradient: true)
                return gradient()
            }
            let lengths = single.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            let norms = FloatBuffer(rows.count)
            for clip in [Float(1e6), lengths.sorted()[8], 0.01] {
                objective.zeroGradients()
                _ = objective.addClipped(batch(0, rows.count), beta: 0.7, clip: clip, norms: norms.start)
                var expected = [Float](repeating: 0, count: single[0].count)
                for (row, own) in single.enumerated() {
                    #expect(abs(norms.start[row] - lengths[row]) < 1e-4 * lengths[row])
                    let factor = min(1, clip / lengths[row])
                    for k in own.indices { expected[k] += factor * own[k] }
                }
                let size = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let difference = zip(gradient(), expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
                #expect(difference < 1e-4 * size)
                // One row more or less moves the sum by no more than the clip.
                #expect(size <= Float(rows.count) * clip * 1.0001)
            }
        }
    }

    /// A row less takes one from one cell of every column, and the cells know nothing of the table.
    @Test func aRowCountsOnceInEveryColumn() throws {
        let table = Self.declared(rows: 60)
        for column in table.columns {
            let cells = try #require(ColumnCells(column.schema))
            let all = cells.counts(column.values)
            #expect(all.reduce(0, +) == 60)
            for row in [0, 7, 59] {
                var fewer = column.values
                fewer.remove(at: row)
                let difference = zip(all, cells.counts(fewer)).map { $0 - $1 }
                #expect(difference.filter { $0 != 0 } == [1])
            }
        }
        // Zero stands alone; the rest falls into bins in order, ends of the range included.
        let cells = try #require(ColumnCells(ColumnSchema(name: "n", type: .integer, range: 0...1000)))
        #expect(cells.cell(of: 0) == cells.edges.count - 1)
        #expect(cells.cell(of: .nan) == cells.count - 1)
        #expect(cells.cell(of: 1) == 0 || cells.edges[1] < 1)
        #expect(cells.cell(of: 1000) == cells.edges.count - 2)
        #expect(zip(1...999, 2...1000).allSatisfy { cells.cell(of: Double($0)) <= cells.cell(of: Double($1)) })
        #expect(ColumnCells(ColumnSchema(name: "n", type: .continuous)) == nil)
        #expect(ColumnCells(ColumnSchema(name: "n", type: .ordinal)) == nil)
    }

    @Test func countsAreSmoothedAndProjected() {
        let projected = NoisyHistogram.projected([5, -3, 2, 0.5], total: 6)
        #expect(abs(projected.reduce(0, +) - 6) < 1e-12)
        #expect(projected == [4.5, 0, 1.5, 0])
        // A smooth bell under noise as large as its height: most of the noise goes.
        var stream = RandomStream(seed: 4, purpose: "test.noise")
        let truth = (0..<64).map { 20 * exp(-pow((Double($0) - 30) / 9, 2)) }
        var before = 0.0
        var after = 0.0
        for _ in 0..<10 {
            let noisy = truth.map { $0 + 10 * stream.normal() }
            let smooth = NoisyHistogram.smoothed(noisy, variance: 100)
            before += zip(noisy, truth).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
            after += zip(smooth, truth).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
        }
        #expect(after < 0.3 * before)
    }

    /// What is stated is what the noise of all releases together amounts to, and never more than was asked.
    @Test func theAccountAddsUp() throws {
        let table = Self.declared(rows: 300)
        for specification in Self.specifications() {
            let statement = try #require(try specification.fit(table, seed: 1).privacy)
            var accountant = RenyiAccountant()
            for release in statement.releases {
                accountant.add(noise: release.noise, share: release.samplingRate, times: release.times)
            }
            #expect(accountant.epsilon(delta: 1e-5) == statement.epsilon)
            #expect(statement.epsilon <= 3 && statement.epsilon > 2.95)
            #expect(statement.releases.map(\.what).contains { $0.hasPrefix("histograms of 3") })
            #expect(statement.releases[1].sensitivity == 3.0.squareRoot())
            #expect(abs(statement.rows - 300) < 100)
        }
    }

    @Test func theSameSeedGivesTheSameBytes() throws {
        let table = Self.declared(rows: 300)
        for specification in Self.specifications() {
            let text = try specification.fit(table, seed: 1).json().text()
            #expect(try specification.fit(table, seed: 1).json().text() == text)
            #expect(try specification.fit(table, seed: 2).json().text() != text)
            let back = try GeneratorFileTests.read(text)
            #expect(back.json().text() == text)
            #expect(back.privacy != nil)
            // The number of rows is not in the file, nor any value that the schema does not allow for.
            #expect(!text.contains("\"training_rows\""))
            for column in back.sample(rows: 500, seed: 3).columns where column.isNumeric {
                let range = try #require(column.schema.range)
                #expect(column.values.allSatisfy { $0.isNaN || range.contains($0) })
            }
        }
    }

    /// With next to no noise the copula finds what is there, between numbers and categories too.
    @Test func littleNoiseFindsTheCorrelations() throws {
        var stream = RandomStream(seed: 5, purpose: "test.rows")
        var columns = [[Double]](repeating: [], count: 3)
        for _ in 0..<4000 {
            let a = stream.normal()
            let b = 0.6 * a + 0.8 * stream.normal()
            let c = -0.5 * a + 0.75.squareRoot() * stream.normal()
            columns[0].append(10 + 2 * a)
            columns[1].append(b > 0.8 ? 1 : 0)
            columns[2].append(c > 0.5 ? 2 : c > -0.5 ? 1 : 0)
        }
        let table = PatientTable(columns: [
            TableColumn(schema: ColumnSchema(name: "x", type: .continuous, range: 0...30), values: columns[0]),
            TableColumn(
                schema: ColumnSchema(name: "y", type: .categorical, categories: ["0", "1"]), categories: ["0", "1"],
                values: columns[1]),
            TableColumn(
                schema: ColumnSchema(name: "z", type: .ordinal, categories: ["0", "1", "2"]),
                categories: ["0", "1", "2"], values: columns[2]),
        ])
        let copula = try GaussianCopula.fit(
            table, configuration: CopulaConfiguration(privacy: PrivacyConfiguration(epsilon: 1000, delta: 1e-5)),
            seed: 1)
        // Clipping takes a little from each.
        #expect(abs(copula.correlation[1] - 0.6) < 0.12)
        #expect(abs(copula.correlation[2] + 0.5) < 0.12)
        #expect(abs(copula.correlation[5] + 0.3) < 0.12)
        let report = try FidelityReport.measure(real: table, synthetic: copula.sample(rows: 4000, seed: 2))
        #expect(report.columnShapes > 0.95)
    }

    @Test func undeclaredColumnsAreRefusedAtTheirPlace() throws {
        let text = """
            {"columns": {
              "age": {"type": "integer"},
              "sex": {"type": "categorical", "categories": ["0", "1"]},
              "stage": {"type": "ordinal"}}}
            """
        let source = SourceText(name: "columns.json", text: text)
        let schema = try TableSchema.read(source)
        do {
            try DeclaredColumns.check(source, columns: schema.columns)
            Issue.record("nothing was refused")
        } catch let diagnostics as Diagnostics {
            let message = diagnostics.description
            #expect(diagnostics.items.count == 2)
            #expect(message.contains("columns.json:2:10: error: the integer column \"age\" has no declared range"))
            #expect(message.contains("add \"range\": [LOW, HIGH] from what is possible, not from the table"))
            #expect(
                message.contains("columns.json:4:12: error: the ordinal column \"stage\" has no declared categories"))
        }
        let bare = VAETests.mixedTable(rows: 60)
        #expect(throws: CohortError.self) {
            try GeneratorSpecification.vae(VAEConfiguration(privacy: Self.privacy)).fit(bare, seed: 1)
        }
    }

    @Test func settingsAreRead() throws {
        func read(_ text: String) throws -> GeneratorSpecification? {
            let complaints = Complaints()
            let reader = ObjectReader(
                try JSONParser.parse(SourceText(name: "s.json", text: text)), what: "the generator",
                complaints: complaints)
            let specification = GeneratorSpecification.read(reader)
            reader.finish()
            try complaints.throwIfAny()
            return specification
        }
        let asked = try read(#"{"generator": "vae", "privacy": {"epsilon": 3, "delta": 1e-5}}"#)
        #expect(asked?.privacy == PrivacyConfiguration(epsilon: 3, delta: 1e-5))
        #expect(try asked == GeneratorSpecification(kind: "vae").with(epsilon: 3, delta: 1e-5))
        for wrong in [
            #"{"privacy": {"epsilon": 3}}"#, #"{"privacy": {"epsilon": -1, "delta": 1e-5}}"#,
            #"{"privacy": {"epsilon": 3, "delta": 1e-5, "histogram_share": 0.9, "correlation_share": 0.9}}"#,
        ] {
            #expect(throws: Diagnostics.self) { try read(wrong) }
        }
    }
}

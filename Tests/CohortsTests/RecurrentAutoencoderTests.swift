// Visits over time: the objective, what a known process keeps, stopping, files.

import Cohorts
import Foundation
import Numerics
import PositionedJSON
import Testing

@Suite struct RecurrentAutoencoderTests {
    static let quick = RecurrentConfiguration(latent: 4, encoder: 12, decoder: 16, hidden: 16, steps: 120)

    static func fixture() throws -> VisitTable {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Visits").path
        return try VisitTable.read(
            path: folder + "/visits.csv", schema: TableSchema.read(path: folder + "/visits.columns.json"))
    }

    static let fitted = Result { try RecurrentAutoencoder.fit(fixture(), configuration: quick, seed: 3) }

    /// Patients from columns given visit by visit; categories are named by their numbers.
    static func visits(
        _ patients: [[(time: Double, values: [Double])]], types: [ColumnType], decimals: Int? = nil
    ) throws -> VisitTable {
        var lines = ["who,day," + types.indices.map { "c\($0)" }.joined(separator: ",")]
        for (number, visits) in patients.enumerated() {
            for visit in visits {
                let cells = visit.values.map {
                    $0.isNaN ? "" : $0.formatted(.number.grouping(.never).precision(.fractionLength(0...6)))
                }
                lines.append("p\(number),\(visit.time)," + cells.joined(separator: ","))
            }
        }
        let columns = types.enumerated().map { "\"c\($0)\": {\"type\": \"\($1.rawValue)\"}" }.joined(separator: ", ")
        return try VisitTableTests.read(
            lines.joined(separator: "\n") + "\n", "{\"columns\": {\(columns)}, \"patient\": \"who\", \"time\": \"day\"}"
        )
    }

    @Test func gradientsMatchFiniteDifferences() throws {
        let table = try Self.fixture()
        let encoding = VisitEncoding(table, spikeShare: 0.15)
        let data = encoding.encode(table, seed: 1)
        var stream = RandomStream(seed: 2, purpose: "test.rvae")
        let objective = VisitObjective(
            encoding,
            configuration: RecurrentConfiguration(latent: 2, encoder: 3, decoder: 4, hidden: 5), stream: &stream)
        let batch = VisitBatch(shape: objective.shape)
        // Enough patients that lanes hold several.
        batch.fill(
            0..<30, from: data, clock: encoding.clock,
            dropout: (0.2, RandomStream(seed: 3, purpose: "test.dropout")))
        #expect(batch.lanes < 30)
        let noise = FloatBuffer(60)
        for index in 0..<60 { noise.start[index] = Float(stream.normal()) }
        func loss() -> Double {
            let loss = objective.evaluate(batch, data, noise: UnsafePointer(noise.start), beta: 0.7, gradient: false)
            return loss.reconstruction + 0.7 * loss.divergence
        }
        objective.zeroGradients()
        _ = objective.evaluate(batch, data, noise: UnsafePointer(noise.start), beta: 0.7, gradient: true)
        for (part, (values, gradients)) in objective.parameters.enumerated() {
            var norm = 0.0
            var error = 0.0
            for index in Swift.stride(from: 0, to: values.count, by: max(1, values.count / 25)) {
                let kept = values[index]
                let step: Float = 4e-3
                values[index] = kept + step
                let above = loss()
                values[index] = kept - step
                let slope = (above - loss()) / Double(2 * step)
                values[index] = kept
                norm += slope * slope
                error += (slope - Double(gradients[index])) * (slope - Double(gradients[index]))
            }
            #expect(norm > 1e-6, "part \(part) has no gradient")
            #expect(error < 4e-4 * norm + 1e-7, "part \(part): \(error) of \(norm)")
        }
    }

    /// x = b + e with b ~ N(0, 1) a patient's own and e first-order autoregressive, ρ = 0.6, of the same variance: the
    /// correlation of neighbours is (1 + 0.6)/2, and other columns go with it within a visit.
    @Test func aKnownProcessIsRecovered() throws {
        var stream = RandomStream(seed: 5, purpose: "test.process")
        let patients = (0..<300).map { _ -> [(time: Double, values: [Double])] in
            let own = stream.normal()
            var error = stream.normal()
            return (0..<(3 + stream.below(6))).map { visit in
                if visit > 0 { error = 0.6 * error + 0.8 * stream.normal() }
                let x = own + error
                let y = 0.5 * x + (0.75).squareRoot() * stream.normal() + 0.1 * Double(visit)
                return (Double(visit * 30), [x, y, stream.uniform() < 1 / (1 + exp(-2 * x)) ? 1 : 0])
            }
        }
        let table = try Self.visits(patients, types: [.continuous, .continuous, .categorical])
        let generator = try RecurrentAutoencoder.fit(
            table, configuration: RecurrentConfiguration(latent: 4, encoder: 16, decoder: 24, hidden: 32, steps: 250),
            seed: 1)
        let drawn = generator.visits(of: 0..<600, seed: 2)
        let first = drawn.columns[0].values
        let second = drawn.columns[1].values
        let neighbours = try #require(WithinPatient.autocorrelation(first, drawn.starts))
        #expect(abs(neighbours - 0.8) < 0.08)
        let between = try #require(WithinPatient.intraclass(first, drawn.starts))
        let realBetween = try #require(WithinPatient.intraclass(table.columns[0].values, table.starts))
        #expect(abs(between - realBetween) < 0.1)
        let together = try #require(pearson(first, second))
        let realTogether = try #require(pearson(table.columns[0].values, table.columns[1].values))
        #expect(abs(together - realTogether) < 0.1)
        // 0.1 a visit, every 30 days.
        let change = try #require(WithinPatient.change(second, drawn.times, drawn.starts))
        #expect(abs(change * 30 - 0.1) < 0.06)
        #expect(abs(Double(drawn.visitCount) / 600 - Double(table.visitCount) / 300) < 0.5)
        // Visits come every 30 days, as in the table.
        #expect(drawn.times.allSatisfy { $0.truncatingRemainder(dividingBy: 30) == 0 })
    }

    @Test func drawsAreAsRecorded() throws {
        let table = try Self.fixture()
        let generator = try Self.fitted.get()
        let drawn = generator.visits(of: 0..<200, seed: 4)
        #expect(drawn.columns.map(\.name) == table.columns.map(\.name))
        #expect(drawn.patientCount == 200)
        #expect(drawn.patients.first == "1" && drawn.patients.last == "200")
        for patient in 0..<200 {
            let rows = drawn.visits(of: patient)
            #expect(!rows.isEmpty)
            #expect(zip(rows.dropFirst(), rows).allSatisfy { drawn.times[$0] > drawn.times[$1] })
            for place in drawn.baseline {
                #expect(Set(rows.map { drawn.columns[place].values[$0] }.map(\.bitPattern)).count == 1)
            }
        }
        #expect(drawn.times.allSatisfy { $0 == $0.rounded() })
        #expect(drawn.baseline == table.baseline)
        for (column, real) in zip(drawn.columns, table.columns) where column.isNumeric {
            let seen = real.values.filter { !$0.isNaN }
            let low = try #require(seen.min())
            let high = try #require(seen.max())
            #expect(column.values.allSatisfy { $0.isNaN || (low...high).contains($0) })
            if real.decimals == 0 { #expect(column.values.allSatisfy { $0.isNaN || $0 == $0.rounded() }) }
        }
        // Platelets are missing in some visits, bilirubin never.
        #expect(drawn.columns.first { $0.name == "platelets" }?.values.contains(where: \.isNaN) == true)
        #expect(drawn.columns.first { $0.name == "bilirubin" }?.values.contains(where: \.isNaN) == false)
    }

    @Test func sameSeedSameBytesInAnyParts() throws {
        let generator = try Self.fitted.get()
        let again = try RecurrentAutoencoder.fit(Self.fixture(), configuration: Self.quick, seed: 3)
        #expect(again.json().text() == generator.json().text())
        let whole = generator.visits(of: 0..<600, seed: 8)
        let part = generator.visits(of: 301..<310, seed: 8)
        #expect(part.csv() == whole.selecting(301..<310).csv())
        #expect(generator.visits(of: 0..<5, seed: 9).csv() != generator.visits(of: 0..<5, seed: 8).csv())
        // As rows, patients have their numbers in any part.
        let rows = generator.sample(rows: 301..<303, seed: 8)
        #expect(Set(rows.columns[0].values) == [302, 303])
        #expect(rows.columns.map(\.name) == ["patient", "day"] + whole.columns.map(\.name))
        #expect(generator.columns.map(\.name) == rows.columns.map(\.name))
    }

    @Test func aFileDrawsTheSameBytes() throws {
        let generator = try Self.fitted.get()
        let text = generator.json().text()
        let back = try GeneratorFile.read(SourceText(name: "g.json", text: text))
        #expect(back.json().text() == text)
        #expect(back.sample(rows: 0..<50, seed: 1).csv() == generator.sample(rows: 0..<50, seed: 1).csv())
        for (old, new, said) in [
            ("\"span\":", "\"spam\":", "span"), ("\"latest\":", "\"late\":", "latest"),
            ("\"absorbing\":", "\"absorbed\":", "absorbing"), ("\"go_on\":", "\"goon\":", "go_on"),
            ("\"constants\":", "\"constant\":", "constant"), ("\"noise\": [", "\"noise\": [[2, 1], ", "noise"),
        ] {
            let changed = text.replacing(old, with: new, maxReplacements: 1)
            #expect(changed != text)
            let error = try #require(throws: Diagnostics.self) {
                try GeneratorFile.read(SourceText(name: "g.json", text: changed))
            }
            #expect(error.description.contains(said), "\(error.description)")
        }
    }

    /// Every column is constant within patients of one visit.
    @Test func patientsOfOneVisitEach() throws {
        var stream = RandomStream(seed: 1, purpose: "test.single")
        let patients = (0..<60).map { number in
            [(time: Double(number % 3), values: [stream.normal(), Double(number % 2)])]
        }
        let table = try Self.visits(patients, types: [.continuous, .categorical])
        let generator = try RecurrentAutoencoder.fit(table, configuration: Self.quick, seed: 1)
        let drawn = generator.visits(of: 0..<80, seed: 1)
        #expect(drawn.visitCount == 80)
        #expect(Set(drawn.times) == [0, 1, 2])
        let back = try GeneratorFile.read(SourceText(name: "g.json", text: generator.json().text()))
        #expect(back.sample(rows: 0..<9, seed: 1).csv() == generator.sample(rows: 0..<9, seed: 1).csv())
    }

    /// Death (c0 = 2) is always the last, being on the list (c0 = 1) is never left but for it, c1 never falls, and c2 is
    /// missing in half the visits.
    @Test func whatNeverHappensDoesNotHappen() throws {
        var stream = RandomStream(seed: 6, purpose: "test.rules")
        let patients = (0..<120).map { _ -> [(time: Double, values: [Double])] in
            var state = 0.0
            var total = 0.0
            var visits: [(time: Double, values: [Double])] = []
            while visits.count < 12, state < 2 {
                if !visits.isEmpty, stream.uniform() < 0.2 { state = stream.uniform() < 0.5 ? 2 : max(state, 1) }
                total += stream.uniform() * 4
                visits.append(
                    (
                        Double(visits.count) * 10 + Double(stream.below(3)),
                        [state, total.rounded(), stream.uniform() < 0.5 ? .nan : stream.normal()]
                    ))
            }
            return visits
        }
        let table = try Self.visits(patients, types: [.categorical, .integer, .continuous])
        let encoding = VisitEncoding(table, spikeShare: 0.15)
        let names = table.columns[0].categories
        let dead = Double(try #require(names.firstIndex(of: "2")))
        #expect(encoding.rules.terminal[0].count { $0 } == 1)
        #expect(encoding.rules.direction == [0, 1, 0])
        #expect(!encoding.rules.isEndTold)
        let generator = try RecurrentAutoencoder.fit(table, configuration: Self.quick, seed: 1)
        let drawn = generator.visits(of: 0..<300, seed: 1)
        var deaths = 0
        for patient in 0..<300 {
            let rows = drawn.visits(of: patient)
            let states = rows.map { drawn.columns[0].values[$0] }
            let totals = rows.map { drawn.columns[1].values[$0] }
            #expect(!states.dropLast().contains(dead))
            #expect(zip(totals.dropFirst(), totals).allSatisfy { $0 >= $1 })
            if states.last == dead { deaths += 1 }
        }
        let realDeaths = (0..<120).count { table.columns[0].values[table.starts[$0 + 1] - 1] == dead }
        #expect(abs(Double(deaths) / 300 - Double(realDeaths) / 120) < 0.2)
        let gaps = drawn.columns[2].values.count(where: \.isNaN)
        #expect(abs(Double(gaps) / Double(drawn.visitCount) - 0.5) < 0.12)
    }

    /// Nobody is seen after the time to the event.
    @Test func visitsEndWithTheFollowUp() throws {
        var stream = RandomStream(seed: 7, purpose: "test.horizon")
        var lines = ["who,day,until,dead,x"]
        for number in 0..<80 {
            let until = 100 + stream.below(900)
            for visit in 0...(until / 120) {
                lines.append("\(number)x,\(visit * 120),\(until),\(number % 3 == 0 ? 1 : 0),\(stream.below(50))")
            }
        }
        let table = try VisitTableTests.read(
            lines.joined(separator: "\n") + "\n",
            """
            {"columns": {"until": {"type": "integer", "event": "dead"}, "dead": {"type": "categorical"},
              "x": {"type": "integer"}}, "patient": "who", "time": "day"}
            """)
        #expect(VisitEncoding(table, spikeShare: 0.15).clock.horizon == 1)
        let generator = try RecurrentAutoencoder.fit(table, configuration: Self.quick, seed: 1)
        let drawn = generator.visits(of: 0..<100, seed: 1)
        let until = try #require(drawn.columns.first { $0.name == "until" }).values
        #expect(drawn.times.indices.allSatisfy { drawn.times[$0] <= until[$0] })
        let fidelity = try VisitFidelity.measure(real: table, synthetic: drawn)
        #expect(fidelity.events.map(\.column) == ["until"])
        #expect(try #require(fidelity.events.first).distance < 0.25)
    }

    @Test func whatCannotBeLearnedIsSaid() throws {
        func said(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "nothing"
            } catch { return "\(error)" }
        }
        let long = try Self.fixture()
        let few = long.selecting(0..<9)
        #expect(
            said { _ = try RecurrentAutoencoder.fit(few, configuration: Self.quick, seed: 1) }
                == "a recurrent autoencoder needs at least 10 patients, this table has 9")
        var bare = long
        bare.columns = []
        let nothing = VisitTable(
            columns: [], target: nil, patients: long.patients, starts: long.starts, times: long.times,
            timeGranularity: nil, patientColumn: "patient", timeColumn: "day", baseline: [])
        #expect(
            said { _ = try RecurrentAutoencoder.fit(nothing, configuration: Self.quick, seed: 1) }
                == "the table has visits and nothing that was measured at them: there is nothing to learn")
        #expect(
            said { _ = try GeneratorSpecification(kind: "copula").fit(long, seed: 1) }
                == "this table has a row for every visit, and a Gaussian copula learns one row a patient; use \"rvae\", or "
                + "leave \"patient\" and \"time\" out of the schema of a table with one row a patient")
        #expect(
            said { _ = try GeneratorSpecification(kind: "rvae").fit(correlatedTable(rows: 20, seed: 1), seed: 1) }
                == "\"rvae\" learns visits over time, and this table has one row a patient; use \"vae\", or name the "
                + "\"patient\" and \"time\" columns of a table of visits in its schema")
    }

    @Test func settingsAreReadAndChecked() throws {
        func read(_ text: String, visits: Bool = true) throws -> GeneratorSpecification? {
            let complaints = Complaints()
            let node = try JSONParser.parse(SourceText(name: "g.json", text: text))
            let reader = ObjectReader(node, what: "the generator", complaints: complaints)
            let specification = GeneratorSpecification.read(reader, visits: visits)
            reader.finish()
            try complaints.throwIfAny()
            return specification
        }
        #expect(
            try read(#"{"generator": "rvae", "latent": 6, "decoder": 32, "input_dropout": 0.2}"#)
                == .rvae(RecurrentConfiguration(latent: 6, decoder: 32, inputDropout: 0.2)))
        for (text, place) in [
            (#"{"generator": "rvae", "latent": 0}"#, 32), (#"{"generator": "rvae", "input_dropout": 1}"#, 39),
            (#"{"generator": "rvae", "hidden": [32]}"#, 32), (#"{"generator": "rvae", "decoders": 8}"#, 23),
        ] {
            let error = try #require(throws: Diagnostics.self) { try read(text) }
            #expect(error.items.count == 1)
            #expect(error.items[0].location.line == 1 && abs(error.items[0].location.column - place) <= 1, "\(error)")
        }
        #expect(throws: Diagnostics.self) { try read(#"{"generator": "rvae"}"#, visits: false) }
    }
}

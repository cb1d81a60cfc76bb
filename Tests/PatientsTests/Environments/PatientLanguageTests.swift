// What an environment file says of patients and treatment: covariates, derived and correlated parameters, ladders of
// levels, rules, variants; and where it is wrong.

import Foundation
import Patients
import PositionedJSON
import Testing

@Suite struct PatientLanguageTests {
    private static let text = #"""
        {
          "format": 1, "name": "anticoagulant", "time_unit": "h",
          "covariates": {
            "age": { "value": 70, "unit": "1", "variability": { "distribution": "normal", "mean": 67, "sigma": 13, "low": 18, "high": 100, "round": 1 } },
            "gene": { "categories": ["*1/*1", "*1/*3", "*3/*3"], "probabilities": [0.7, 0.2, 0.1], "value": "*1/*1" }
          },
          "parameters": {
            "CL0": { "value": 0.3, "unit": "L/h" },
            "CL": { "value": "CL0 * (1 - pick(gene, 0, 0.4, 0.8)) * (1 - 0.01*(age - 70))", "unit": "L/h",
                    "variability": { "distribution": "log_normal", "cv": 0.3 } },
            "V": { "value": 14, "unit": "L", "variability": { "distribution": "log_normal", "median": 14, "sigma": 0.25 } },
            "k": { "value": "CL / V", "unit": "1/h" },
            "lag": { "value": 0.4, "unit": "h" }
          },
          "correlations": [ { "between": ["CL", "V"], "value": 0.6 } ],
          "states": { "A": { "initial": "2[mg/L] * V", "unit": "mg", "column": "y0" } },
          "inputs": { "dose": { "unit": "mg/h", "lag": "lag" } },
          "definitions": { "C": { "expression": "A / V", "unit": "mg/L", "output": true, "column": "conc" } },
          "rates": { "A": "-k*A + dose" },
          "decisions": { "interval": 24, "count": 10 },
          "doses": { "oral": { "input": "dose", "amount": 1, "every": 12, "times": 2 } },
          "actions": [ { "name": "{level} mg", "dose": "oral", "levels": { "from": 0, "to": 2, "step": 0.1 }, "meaning": "{level} mg twice a day" } ],
          "reward": { "terms": { "level": { "expression": "-abs(C / 1[mg/L] - 2)" } } },
          "observations": [
            { "name": "conc", "expression": "C", "unit": "mg/L", "missing": 0.25 },
            { "name": "conc_before", "delay_of": "conc", "by": 2 },
            { "name": "conc_seen", "measured": "conc" }
          ],
          "protocols": {
            "low": { "give": [ { "dose": "oral", "level": 0.3, "every": 48, "for": 24, "from": 24, "until": 120 } ] },
            "titrate": { "rules": [ { "when": "conc > 3 and decision > 0", "action": "0 mg" }, { "dose": "oral", "level": "2 - conc/3" } ] }
          },
          "plausible": { "at_start": [ { "when": "CL > 0.02[L/h] and C > 1[mg/L]" } ] },
          "steady_states": [ { "name": "empty", "states": { "A": 0 }, "stable": true } ],
          "variants": {
            "as-published": { "meaning": "the same", "change": {} },
            "fast": { "meaning": "faster clearance", "change": { "parameters": { "CL0": { "value": 3 }, "lag": null }, "inputs": { "dose": { "lag": null } } } }
          }
        }
        """#

    private static func read(_ changes: [(String, String)] = [], variant: String = "") throws -> EnvironmentModel {
        var text = text
        for (find, replacement) in changes {
            #expect(text.contains(find))
            text = text.replacing(find, with: replacement)
        }
        return try EnvironmentReader.read(
            SourceText(name: "environment.json", bytes: Array(text.utf8)), folder: ".", variant: variant)
    }

    @Test func everyPartIsRead() throws {
        let model = try PatientLanguageTests.read()
        #expect(model.parameters.map(\.isCovariate) == [true, true, false, false, false, false, false])
        #expect(model.parameters[1].categories == ["*1/*1", "*1/*3", "*3/*3"])
        #expect(abs(model.parameters[3].value - 0.3) < 1e-15)
        #expect(model.states[0].initial == 28)
        #expect(model.states[0].column == "y0")
        #expect(model.definitions[0].isOutput && model.definitions[0].column == "conc")
        #expect(model.actions.count == 21)
        #expect(model.actions[0].name == "0 mg" && model.actions[0].doses.isEmpty)
        #expect(model.actions[3].name == "0.3 mg" && model.actions[3].levels == [0.3])
        #expect(model.actions[3].meaning == "0.3 mg twice a day")
        let dose = model.doses[0]
        #expect(dose.isImpulse && dose.times == 2 && dose.every == 12 && dose.lag != nil && dose.constantSize == 1)
        let order = model.protocols[0].orders[0]
        #expect(order.level == 0.3 && order.every == 2 && order.length == 1 && order.from == 1 && order.until == 5)
        let choices = model.protocols[1].choices
        #expect(choices.count == 2 && choices[0].action == 0 && choices[1].when == nil && choices[1].dose == 0)
        #expect(model.observations[1].delayOf == 0 && model.observations[1].delay == 2)
        #expect(model.observations[2].measuredOf == 0 && model.observations[0].missing == 0.25)
        #expect(model.variants.map(\.name) == ["as-published", "fast"])
        #expect(model.steadyStates[0].isStable == true)
    }

    @Test func whatFollowsFromCovariatesIsWorkedOut() throws {
        let model = try PatientLanguageTests.read()
        let (parameters, states) = try model.completed(["gene": 1, "age": 80, "V": 10])
        #expect(abs(parameters[3] - 0.3 * 0.6 * 0.9) < 1e-15)
        #expect(abs(parameters[5] - 0.0162) < 1e-15)
        #expect(states == [20])
        // What is given stands, whatever it would otherwise follow from.
        #expect(try model.completed(["CL": 1]).parameters[5] == 1.0 / 14)
    }

    @Test func aVariantIsTheFileWithChanges() throws {
        let same = try PatientLanguageTests.read(variant: "as-published")
        #expect(same.fullName == "anticoagulant@as-published")
        #expect(same.parameters.count == 7)
        let fast = try PatientLanguageTests.read(variant: "fast")
        #expect(fast.parameters.count == 6)
        #expect(abs(fast.parameters[3].value - 3) < 1e-14)
        #expect(fast.doses[0].lag == nil)
        #expect(throws: Diagnostics.self) { try PatientLanguageTests.read(variant: "fsat") }
    }

    @Test func patientsFollowTheirDistributions() throws {
        let model = try PatientLanguageTests.read()
        let table = try model.samplePopulation(count: 20_000, seed: 7)
        #expect(table.names == ["age", "gene", "CL", "V"])
        let age = try #require(table.column("age"))
        #expect(age.allSatisfy { $0 >= 18 && $0 <= 100 && $0 == $0.rounded() })
        #expect(abs(mean(age) - 67) < 0.5)
        let gene = try #require(table.column("gene"))
        #expect(abs(mean(gene.map { $0 == 2 ? 1 : 0 }) - 0.1) < 0.01)
        // The logarithms of CL (without what the covariates make of it) and V are normal and correlated.
        let nominal = zip(age, gene).map { 0.3 * (1 - 0.4 * $1) * (1 - 0.01 * ($0 - 70)) }
        let cl = zip(try #require(table.column("CL")), nominal).map { log($0 / $1) }
        let v = try #require(table.column("V")).map { log($0 / 14) }
        #expect(abs(deviation(cl) - log(1 + 0.09).squareRoot()) < 0.01)
        #expect(abs(deviation(v) - 0.25) < 0.01)
        #expect(abs(mean(zip(cl, v).map { $0 * $1 }) / (deviation(cl) * deviation(v)) - 0.6) < 0.03)
        // The first patients are the same however many are drawn.
        #expect(try model.samplePopulation(count: 3, seed: 7).rows == Array(table.rows.prefix(3)))
    }

    @Test func whoIsNotPlausibleIsDrawnAgain() throws {
        let model = try PatientLanguageTests.read([("CL > 0.02[L/h] and C > 1[mg/L]", "CL > 0.3[L/h]")])
        let table = try model.samplePopulation(count: 500, seed: 7)
        #expect(try #require(table.column("CL")).allSatisfy { $0 > 0.3 })
        let impossible = try PatientLanguageTests.read([("CL > 0.02[L/h] and C > 1[mg/L]", "CL > 300[L/h]")])
        #expect(throws: SimulationError.self) { try impossible.samplePopulation(count: 1, seed: 7) }
    }

    /// A mistake, and what is said of it.
    static let mistakes: [(find: String, replacement: String, expected: String)] = [
        ("pick(gene, 0, 0.4, 0.8)", "pick(gene, 0, 0.4)", "has 3 categories, and this gives 2 values"),
        ("pick(gene, 0, 0.4, 0.8)", "pick(age, 0, 0.4)", "takes a covariate with categories first"),
        ("\"value\": \"CL / V\"", "\"value\": \"CL / W\"", "nothing is called 'W'"),
        ("\"value\": \"CL / V\"", "\"value\": \"V / CL\"", "is to be in 1/h"),
        ("\"value\": \"CL / V\"", "\"value\": \"CL / (V - V)\"", "this is inf"),
        ("[0.7, 0.2, 0.1]", "[0.7, 0.2, 0.2]", "sum to 1"),
        ("\"value\": \"*1/*1\"", "\"value\": \"*1/*2\"", "cannot be \"*1/*2\""),
        ("\"low\": 18, \"high\": 100", "\"low\": 118, \"high\": 100", "is not below high"),
        ("\"between\": [\"CL\", \"V\"]", "\"between\": [\"CL\", \"age0\"]", "'age0' has no normal or log-normal"),
        ("\"initial\": \"2[mg/L] * V\"", "\"initial\": \"2 * V\"", "is to be in mg"),
        ("\"every\": 12, \"times\": 2", "\"every\": 12, \"times\": 3", "beyond the decision interval"),
        ("\"every\": 12, \"times\": 2", "\"times\": 2", "needs \"every\""),
        ("\"times\": 2", "\"times\": 1000000000", "from 1 to 10000"),
        ("\"lag\": \"lag\"", "\"lag\": -1", "a lag cannot be below 0"),
        ("\"name\": \"{level} mg\"", "\"name\": \"mg\"", "contains {level}"),
        ("\"step\": 0.1 }", "\"step\": 0.3 }", "do not lead from 0 to 2"),
        ("\"step\": 0.1 }", "\"step\": 1e-7 }", "at most 1000 are allowed"),
        ("\"level\": 0.3,", "\"level\": 0.35,", "no action gives the dose 'oral' at level 0.35"),
        ("\"when\": \"conc > 3 and decision > 0\"", "\"when\": \"C > 3\"", "nothing is called 'C'"),
        ("\"delay_of\": \"conc\"", "\"delay_of\": \"blood\"", "no observation 'blood' above this one"),
        ("\"name\": \"conc_seen\", \"measured\": \"conc\"", "\"categories_of\": \"age\"", "\"gene\""),
        ("\"rates\": {", "\"rates\": { \"B\": \"1\",", "unknown key \"B\""),
        ("\"expression\": \"C\"", "\"expression\": \"C / 1[mg/mL]\"", "multiplied by 0.001"),
        ("\"interval\": 24", "\"interval\": 1e-9", "must be from"),
        ("\"change\": {}", "\"change\": { \"name\": \"x\" }", "a variant cannot change \"name\""),
        ("\"states\": { \"A\": 0 }", "\"states\": { \"B\": 0 }", "unknown key \"B\""),
    ]

    @Test(arguments: mistakes.indices)
    func mistakesAreNamed(_ index: Int) throws {
        let mistake = PatientLanguageTests.mistakes[index]
        do {
            _ = try PatientLanguageTests.read([(mistake.find, mistake.replacement)])
            Issue.record("read without complaint: \(mistake.replacement)")
        } catch let error as Diagnostics {
            let messages = error.items.map { "\($0.message) (\($0.remedy ?? ""))" }
            #expect(messages.contains { $0.contains(mistake.expected) }, "\(messages)")
        }
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private func deviation(_ values: [Double]) -> Double {
        let centre = mean(values)
        return mean(values.map { ($0 - centre) * ($0 - centre) }).squareRoot()
    }

    @Test func aCovariateWithoutOrderIsShownAsOneObservationACategory() throws {
        let model = try PatientLanguageTests.read([
            (#"{ "name": "conc_seen", "measured": "conc" }"#, #"{ "categories_of": "gene", "meaning": "CYP2C9" }"#)
        ])
        #expect(
            model.observations.map(\.description.name) == ["conc", "conc_before", "gene_1_1", "gene_1_3", "gene_3_3"])
        #expect(model.observations[3].description.meaning == "CYP2C9: *1/*3")
        // What a batch shows is the patient's own category, and it alone.
        let factory = try TreatmentFactory(model, cohort: try model.samplePopulation(count: 64, seed: 5))
        let batch = try factory.makeBatch(slots: 64, seed: 5)
        for slot in 0..<64 { try batch.start(slot: slot, patient: slot, episode: 0) }
        var seen = Set<Int>()
        for slot in 0..<64 {
            let row = (0..<3).map { batch.observations[slot * 5 + 2 + $0] }
            #expect(row.reduce(0, +) == 1)
            seen.insert(row.firstIndex(of: 1) ?? -1)
        }
        #expect(seen == [0, 1, 2])
    }
}

// How complaints look, and that all of them come at once.

import PositionedJSON
import Testing

@Suite struct DiagnosticTests {
    @Test func layout() {
        let found = complaints("{\n\t\"sëed\": 01\n}")
        #expect(
            found.map(\.description) == [
                """
                f.json:2:10: error: a number must not begin with a zero
                    \t"sëed": 01
                    \t        ^
                    remove the leading zeros
                """
            ])
    }

    @Test func longLinesAreWindowed() throws {
        let filler = String(repeating: "1, ", count: 5000)
        let found = try #require(complaints("[\(filler)oops, \(filler)2]").first)
        #expect(found.location.column == 15_002)
        let lines = found.description.split(separator: "\n")
        #expect(lines[1].count < 130)
        let indentation = lines[2].count - 1
        #expect(lines[1].dropFirst(indentation).hasPrefix("oops"))
        #expect(lines[1].hasSuffix("…"))
    }

    @Test func terminalIsSafe() {
        let found = complaints("[\"\u{1B}[31m\"]")
        #expect(found.count == 1)
        #expect(!found[0].description.contains("\u{1B}"))
    }

    @Test func readerReportsEverythingInOrder() throws {
        let text = """
            {
              "title": 7,
              "seeds": -3,
              "sedes": 5,
              "rate": 1.5,
              "method": "vipr",
              "layers": [64, "x", null],
              "on": "yes",
              "inner": [],
              "whole": 2.5
            }
            """
        let collected = Complaints()
        let reader = ObjectReader(try parse(text), what: "the study", complaints: collected)
        #expect(reader.string("title") == nil)
        #expect(reader.integer("seeds", in: 1...1000) == nil)
        #expect(reader.number("rate", in: 0...1) == nil)
        #expect(reader.choice("method", of: ["viper", "refine"]) == nil)
        #expect(reader.numbers("layers") == nil)
        #expect(reader.boolean("on") == nil)
        #expect(reader.object("inner", what: "the inner part") == nil)
        #expect(reader.integer("whole", default: 4) == 4)
        #expect(reader.string("name") == nil)
        #expect(reader.optionalString("question") == nil)
        reader.finish()
        do {
            try collected.throwIfAny()
            Issue.record("nothing was thrown")
        } catch {
            let messages = error.items.map { "\($0.location.line):\($0.location.column) \($0.message)" }
            #expect(
                messages == [
                    "1:1 the study lacks \"name\"",
                    "2:12 \"title\" in the study must be a string, not a number",
                    "3:12 \"seeds\" in the study must be from 1 to 1000, not -3",
                    "4:3 unknown key \"sedes\" in the study",
                    "5:11 \"rate\" in the study must be from 0 to 1, not 1.5",
                    "6:13 \"method\" in the study cannot be \"vipr\"",
                    "7:18 every item of \"layers\" in the study must be a number, not a string",
                    "7:23 every item of \"layers\" in the study must be a number, not null",
                    "8:9 \"on\" in the study must be true or false, not a string",
                    "9:12 the inner part must be an object, not an array",
                    "10:12 \"whole\" in the study must be a whole number, not 2.5",
                ])
            #expect(error.items[3].remedy == "did you mean \"seeds\"?")
            #expect(error.items[5].remedy == "did you mean \"viper\"?")
        }
    }

    @Test func nonObjectIsOneComplaint() throws {
        let collected = Complaints()
        let reader = ObjectReader(try parse("[1]"), what: "the study", complaints: collected)
        _ = reader.string("name")
        _ = reader.integer("seed")
        reader.finish()
        #expect(collected.items.map(\.message) == ["the study must be an object, not an array"])
    }

    @Test func bounds() throws {
        let node = try parse("{\"a\": 0, \"b\": 3e0, \"c\": 9007199254740993, \"d\": 1e300}")
        let collected = Complaints()
        let reader = ObjectReader(node, what: "it", complaints: collected)
        #expect(reader.number("a", in: .positive) == nil)
        #expect(reader.number("a", in: .notNegative) == 0)
        #expect(reader.integer("b") == 3)
        #expect(reader.integer("c") == 9_007_199_254_740_993)
        #expect(reader.integer("d") == nil)
        reader.finish()
        #expect(
            collected.items.map(\.message) == [
                "\"a\" in it must be above 0, not 0", "\"d\" in it must be a whole number, not 1e300",
            ])
    }

    @Test(arguments: [
        ("seds", "seeds"), ("SEEDS", "seeds"), ("bootsrtap", "bootstrap"), ("xyzzy", nil), ("", nil),
        ("chemo", "chemo_doses"), ("see", "seed"),
    ])
    func didYouMean(_ word: String, _ expected: String?) {
        let known = ["seed", "seeds", "bootstrap", "environment", "chemo_doses"]
        #expect(DidYouMean.closest(to: word, among: known) == expected)
    }
}

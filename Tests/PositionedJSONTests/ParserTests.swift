// What is JSON and what is not, and where a mistake is said to be.

import PositionedJSON
import Testing

/// Parses a text; the complaints if it is refused.
func complaints(_ text: String, maximumDepth: Int = 128) -> [Diagnostic] {
    complaints(bytes: Array(text.utf8), maximumDepth: maximumDepth)
}

func complaints(bytes: [UInt8], maximumDepth: Int = 128) -> [Diagnostic] {
    do {
        _ = try JSONParser.parse(SourceText(name: "f.json", bytes: bytes), maximumDepth: maximumDepth)
        return []
    } catch {
        return error.items
    }
}

func parse(_ text: String) throws -> JSONNode {
    try JSONParser.parse(SourceText(name: "f.json", text: text))
}

@Suite struct ParserTests {
    @Test(arguments: [
        "null", " true ", "false\n", "0", "-0", "1.5e+3", "1E-2", "\"\"", "\"\\u00e9\\ud83d\\ude00\\/\\b\"", "[]", "{}",
        "[1,[2,{\"a\":[]}]]", "{\"\":0,\"a\":{\"\":1}}", "\u{FEFF}{}", "[1\r\n,\t2]", "\"\u{7F}é😀\"", "0e999999",
        "5e-324",
    ])
    func accepted(_ text: String) {
        #expect(complaints(text).isEmpty)
    }

    @Test(arguments: [
        ("[1,]", 4), ("{\"a\":1,}", 8), ("[1 2]", 4), ("{\"a\" 1}", 6), ("{a:1}", 2), ("{'a':1}", 2), ("[01]", 2),
        ("[-]", 2), ("[1.]", 4), ("[.5]", 2), ("[+1]", 2), ("[1e]", 4), ("[NaN]", 2), ("[-Infinity]", 2),
        ("[1e400]", 2),
        ("[1e-400]", 2), ("[0x1]", 3), ("[tru]", 2), ("[True]", 2), ("[\"a\tb\"]", 4), ("[\"a\nb\"]", 2),
        ("[\"\\x\"]", 3), ("[\"\\u12g4\"]", 3), ("[\"\\ud800\"]", 3), ("[\"\\udc00\\ud800\"]", 3), ("[1]]", 4),
        ("{} x", 4), ("// c\n1", 1), ("[,1]", 2), ("{,}", 2), ("[1}", 3), ("{\"a\":1]", 7), ("]", 1), ("\u{0C}1", 1),
        ("[1\u{A0}]", 3), ("{\"a\":}", 6), ("{1:2}", 2), ("[1e5.2]", 5),
    ])
    func refused(_ text: String, _ column: Int) {
        let found = complaints(text)
        #expect(found.count == 1)
        #expect(found.first?.location.line == 1)
        #expect(found.first?.location.column == column)
    }

    @Test(arguments: ["", " ", "\n\n", "\u{FEFF}"])
    func emptyFile(_ text: String) {
        let found = complaints(text)
        #expect(found.map(\.location) == [.start])
        #expect(found.first?.description.hasPrefix("f.json:1:1: error: the file is empty") == true)
    }

    /// Every proper prefix of an object is refused, at its end (or before, where a word or number is cut).
    @Test func truncated() {
        let text = "{\"a\": [1, 2.5e1, true], \"b\": {\"c\": \"d\\u00e9é\"}}"
        let bytes = Array(text.utf8)
        for length in 1..<bytes.count {
            let found = complaints(bytes: Array(bytes[..<length]))
            #expect(found.count == 1, "prefix of \(length) bytes")
            #expect((found.first?.location.offset ?? -1) <= length)
        }
        let cut = complaints("{\"a\": [1,\n  2\n\n")
        #expect(cut.first.map { [$0.location.line, $0.location.column] } == [2, 4])
        #expect(cut.first?.message.contains("the array that begins at 1:7 is not closed") == true)
    }

    @Test func brokenUTF8() {
        for bad: [UInt8] in [
            [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3], [0xE2, 0x82],
        ] {
            let found = complaints(bytes: Array("[\"é".utf8) + bad + Array("\"]".utf8))
            #expect(found.map(\.location.column) == [4])
        }
        #expect(complaints(bytes: [0x5B, 0xFF, 0x5D]).map(\.location.column) == [2])
    }

    @Test func duplicateKeysAllReported() {
        let found = complaints("{\"a\": 1, \"a\": 2,\n \"b\": {\"c\": 0, \"\\u0063\": 1}, \"a\": 3}")
        #expect(found.map { [$0.location.line, $0.location.column] } == [[1, 10], [2, 16], [2, 30]])
        #expect(found[0].message == "the key \"a\" stands twice in one object; first at 1:2")
        let many = (0..<500).map { "\"k\($0)\": 0" }.joined(separator: ",")
        #expect(complaints("{\(many)}").isEmpty)
        #expect(complaints("{\(many),\"k3\":1,\"k499\":1}").count == 2)
    }

    @Test func depth() {
        let nested = complaints(String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000))
        #expect(nested.map(\.location.column) == [129])
        #expect(nested.first?.message == "arrays and objects nest more than 128 deep")
        #expect(complaints(String(repeating: "{\"a\":", count: 100_000)).map(\.location.column) == [128 * 5 + 1])
        let limit = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(complaints(limit).isEmpty)
    }

    @Test func values() throws {
        let node = try parse("{\"s\": \"a\\n\\u00e9\\ud83d\\ude00\", \"n\": -12.5e-1, \"t\": true, \"l\": [null]}")
        guard case .string(let text)? = node["s"]?.value, case .number(let number, let literal)? = node["n"]?.value,
            case .array(let items)? = node["l"]?.value
        else {
            Issue.record("wrong kinds")
            return
        }
        #expect(text == "a\né😀")
        #expect(number == -1.25)
        #expect(literal == "-12.5e-1")
        #expect(items.map(\.kindName) == ["null"])
        #expect(node["absent"] == nil)
    }

    /// The fast path and the slow one agree with the standard library's correctly rounded conversion.
    @Test func numbersAreCorrectlyRounded() throws {
        var state: UInt64 = 1
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let digits = String(state >> (state % 60))
            let literal = "\(digits).\(state % 1000)e\(Int(state >> 40 % 60) % 30 - 15)"
            guard case .number(let value, _) = try parse(literal).value else { continue }
            #expect(value == Double(literal))
        }
    }

    @Test func positions() throws {
        let node = try parse("{\n  \"é😀\": [\"ü\", 7],\r\n\t\"b\": {\"c\": \"x\"} }")
        guard case .object(let members) = node.value, case .array(let items) = members[0].node.value else {
            Issue.record("wrong kinds")
            return
        }
        func place(_ location: PositionedJSON.SourceLocation) -> [Int] { [location.line, location.column] }
        #expect(place(members[0].keyLocation) == [2, 3])
        #expect(place(members[0].node.location) == [2, 9])
        #expect(place(items[0].location) == [2, 10])
        #expect(place(items[1].location) == [2, 15])
        #expect(place(members[1].keyLocation) == [3, 2])
        #expect(place(members[1].node["c"]!.location) == [3, 13])
        for location in [members[0].keyLocation, items[1].location, members[1].node["c"]!.location] {
            #expect(node.source.location(ofByte: location.offset) == location)
        }
    }

    @Test func placesInsideStrings() throws {
        // decoded: a " é € 😀 b ; the second é is written as itself
        let node = try parse("  \"a\\\"\\u00e9é\\ud83d\\ude00b\"")
        #expect(node.location.column == 3)
        let columns = [0, 1, 2, 4, 6, 10, 11, 99].map { node.location(inString: $0).column }
        #expect(columns == [4, 5, 7, 13, 14, 26, 27, 27])
        #expect(node.location(inString: 5).column == 13)  // within the two bytes of é
        #expect(try parse("[1]").location(inString: 3).column == 1)
    }

    @Test func missingFileIsPositioned() {
        #expect(throws: Diagnostics.self) { _ = try SourceText(contentsOf: "/nowhere/at-all.json") }
        #expect(throws: Diagnostics.self) { _ = try SourceText(contentsOf: "/") }
        do {
            _ = try SourceText(contentsOf: "/nowhere/at-all.json")
        } catch {
            #expect(error.description.hasPrefix("/nowhere/at-all.json:1:1: error: cannot read the file: "))
        }
    }
}

// JSON that is written reads back the same, in the same bytes every time; files are whole or absent.

import Foundation
import PositionedJSON
import Testing

@Suite struct WritingTests {
    @Test func doublesRoundTrip() throws {
        var state: UInt64 = 7
        var values: [Double] = [
            0, -0.0, 1, 1e22, 1e23, 1e-7, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 0.1, 1 / 3,
            123456789.123456789, 0x1p53 + 2,
        ]
        while values.count < 20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state ^ state >> 29)
            if value.isFinite { values.append(value) }
        }
        for pretty in [true, false] {
            let node = try parse(JSONValue.numbers(values).text(pretty: pretty))
            guard case .array(let items) = node.value else { return }
            let back = items.map { item -> UInt64 in
                if case .number(let value, _) = item.value { value.bitPattern } else { 0 }
            }
            #expect(back == values.map(\.bitPattern))
            #expect(node.plain.text(pretty: pretty) == JSONValue.numbers(values).text(pretty: pretty))
        }
        #expect(JSONValue.numbers([.nan, .infinity]).text(pretty: false) == "[null,null]")
    }

    @Test func layout() {
        let value: JSONValue = [
            "format": 1, "name": "immuno", "on": true, "none": nil, "rate": 0.5, "list": [1, 2, "é\n\u{01}\"\\"],
            "empty": [:], "wide": .numbers((0..<40).map(Double.init)),
            "nested": [["name": "a", "value": .string(String(repeating: "x", count: 100))], ["name": "b"]],
        ]
        #expect(
            value.text() == """
                {
                  "format": 1,
                  "name": "immuno",
                  "on": true,
                  "none": null,
                  "rate": 0.5,
                  "list": [1, 2, "é\\n\\u0001\\"\\\\"],
                  "empty": {},
                  "wide": [
                    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                    29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39
                  ],
                  "nested": [
                    {
                      "name": "a",
                      "value": "\(String(repeating: "x", count: 100))"
                    },
                    { "name": "b" }
                  ]
                }

                """)
    }

    @Test func fieldsByName() {
        var value: JSONValue = ["a": 1, "b": 2]
        value["b"] = "two"
        value["c"] = [3]
        value["a"] = nil as JSONValue?
        #expect(value == ["b": "two", "c": [3]])
        #expect(value["b"] == "two")
        #expect(value["z"] == nil)
    }

    @Test func atomicFile() throws {
        let folder = NSTemporaryDirectory() + "positioned json \(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/é a.json"
        try AtomicFile.write("first", to: path)
        try AtomicFile.write(String(repeating: "second", count: 100_000), to: path)
        #expect(try SourceText(contentsOf: path).bytes.count == 600_000)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["é a.json"])
        #expect(throws: Diagnostics.self) { _ = try SourceText(contentsOf: path, maximumBytes: 1000) }
        #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder + "/missing/a") }
        // A folder in the way: the write fails and leaves no temporary file behind.
        try FileManager.default.createDirectory(atPath: folder + "/d/e", withIntermediateDirectories: true)
        #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder + "/d") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["d", "é a.json"])
    }
}

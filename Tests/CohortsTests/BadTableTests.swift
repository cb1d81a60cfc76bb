// Tables that are wrong in every way met in practice: each is refused with a place and a remedy, or read rightly; none
// ends the program. The messages are kept in Fixtures/BadTables.

import Foundation
import Numerics
import PositionedJSON
import Testing

import Cohorts

@Suite struct BadTableTests {
    static let columns = """
        {"columns": {
          "age": {"type": "integer", "range": [0, 120], "unit": "years", "missing": [-9]},
          "weight": {"type": "continuous"},
          "rna": {"type": "continuous", "censored": {"below": 50}},
          "arm": {"type": "categorical"}}}
        """
    static let header = "age,weight,rna,arm\n"

    static func utf16(_ text: String, mark: Bool) -> [UInt8] {
        (mark ? [0xff, 0xfe] : []) + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }

    /// Names and bytes; what they are is in the name.
    static var tables: [(name: String, bytes: [UInt8])] {
        func cells(_ line: String) -> [UInt8] { Array((header + line + "\n").utf8) }
        let good = header + "40,70,60,a\n"
        return [
            ("zero bytes", []), ("only line ends", Array("\n\r\n\n".utf8)), ("only a mark", [0xef, 0xbb, 0xbf]),
            ("header only", Array(header.utf8)), ("header only without a line end", Array(header.dropLast().utf8)),
            ("one row", Array(good.utf8)), ("UTF-8 mark", [0xef, 0xbb, 0xbf] + Array(good.utf8)),
            ("CRLF", Array(good.replacing("\n", with: "\r\n").utf8)),
            ("CR", Array(good.replacing("\n", with: "\r").utf8)),
            ("spaces around cells", cells(" 40 ,\t70, 60 , a ")),
            ("UTF-16 with a mark", utf16(good, mark: true)), ("UTF-16 without", utf16(good, mark: false)),
            ("Latin-1", cells("40,70,60,caf").dropLast() + [0xe9, 0x0a]), ("NUL in a cell", cells("40,7\0,60,a")),
            ("UTF-8 cut short", cells("40,70,60,caf").dropLast() + [0xc3]),
            ("semicolons", Array(good.replacing(",", with: ";").utf8)),
            ("tabs", Array(good.replacing(",", with: "\t").utf8)),
            ("bars", Array(good.replacing(",", with: "|").utf8)),
            ("too few cells", cells("40,70,60")), ("too many cells", cells("40,70,60,a,b")),
            ("comma as the decimal point", cells("40,\"70,5\",60,a")),
            ("thousands", cells("40,\"1,234.5\",60,a\n40,1 234,60,a\n40,1'234,60,a\n40,1_234,60,a")),
            ("not numbers", cells("40,NaN,inf,a\n40,-Infinity,NA,a\n40,1e400,?,a\n40,70kg,<40,a\n40,−5,<50,a")),
            ("dates and hexadecimal", cells("40,2024-01-31,60,a\n40,0x1F,60,a\n40,31/01/2024,60,a")),
            ("not whole, and outside", cells("40.5,70,60,a\n1e3,70,60,a\n1e30,70,60,a")),
            ("a number of many digits", cells("40,0.1234567890123456789012,6e1,a")),
            ("quote never closed", cells("40,70,60,\"a")), ("quote inside", cells("40,70,60,a\"b")),
            ("text after a quote", cells("40,70,60,\"a\"b")), ("line ends inside a cell", cells("40,70,60,\"a\nb\"")),
            ("a mistake after a cell of two lines", cells("40,70,60,\"a\nb\"\n40,x,60,a")),
            ("duplicate names", Array("age,weight,rna,arm,age\n1,2,3,a,5\n".utf8)),
            ("empty names", Array("age,weight,rna,arm,,\n1,2,3,a,5,6\n".utf8)),
            ("columns that are not there", Array("Age,weihgt,arm\n1,2,a\n".utf8)),
            ("all missing", cells(",,,\n-9,,,")), ("constant", cells("40,70,60,a\n40,70,60,a\n40,70,60,a")),
            ("a huge cell", cells("40,70,60,\(String(repeating: "x", count: 300_000))")),
            ("a huge number", cells("40,\(String(repeating: "9", count: 300_000)),60,a")),
            ("a million columns", Array((String(repeating: "c,", count: 1_000_000) + "c\n").utf8)),
            ("control characters", cells("40,\u{1b}[31m,60,a")),
        ]
    }

    static func said(_ bytes: [UInt8]) throws -> String {
        do {
            let reading = try TableReader(schema: schema(columns)).read(SourceText(name: "t.csv", bytes: bytes))
            var text = reading.table.csv()
            if text.count > 300 { text = text.prefix(100) + "… \(text.count) characters" }
            return "read as\n" + text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        } catch let error as Diagnostics {
            return error.items.map { item in
                let shown = item.description.split(separator: "\n", omittingEmptySubsequences: false)
                return shown.joined(separator: "\n")
            }.joined(separator: "\n")
        }
    }

    /// Written anew where LAB_RECORD is set; read the difference before committing it.
    @Test func everyOneIsReadRightlyOrRefusedWithARemedy() throws {
        var text = ""
        for (name, bytes) in Self.tables { text += "\(name): " + (try Self.said(bytes)) + "\n\n" }
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/BadTables/messages.txt").path
        if ProcessInfo.processInfo.environment["LAB_RECORD"] != nil {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let found = text.components(separatedBy: "\n\n")
        let kept = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n\n")
        #expect(found.count == kept.count)
        for (found, kept) in zip(found, kept) { #expect(found == kept) }
    }

    /// Bytes changed, put in, taken out and doubled: read or refused, and what is said points into the table. The same by
    /// file, whose windows cut it elsewhere, as from memory.
    @Test func changedBytesNeverEndTheProgram() throws {
        var stream = RandomStream(seed: 11, purpose: "test.bytes")
        let seeds = Self.tables.map(\.bytes).filter { $0.count > 10 && $0.count < 400 }
        let reader = TableReader(schema: try schema(Self.columns))
        let special = Array("\",\n\r;\t<>-.e0 9\0".utf8) + [0xff, 0xc3, 0xe9, 0xef]
        var refused = 0
        for _ in 0..<3000 {
            var bytes = seeds[stream.below(seeds.count)]
            for _ in 0...stream.below(4) {
                let at = stream.below(bytes.count)
                let byte = stream.uniform() < 0.7 ? special[stream.below(special.count)] : UInt8(stream.below(256))
                switch stream.below(4) {
                case 0: bytes[at] = byte
                case 1: bytes.insert(byte, at: at)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + stream.below(3)))
                default: bytes.insert(contentsOf: bytes[at...].prefix(1 + stream.below(20)), at: at)
                }
                if bytes.isEmpty { bytes = [0x2c] }
            }
            do {
                let source = SourceText(name: "t.csv", bytes: bytes)
                let reading = try reader.read(source)
                // What was read, written and read again is the same, but for missing rows of one column.
                #expect(
                    try reader.read(SourceText(name: "u", text: reading.table.csv())).table.csv() == reading.table.csv()
                )
            } catch let error as Diagnostics {
                refused += 1
                #expect(!error.items.isEmpty)
                for item in error.items {
                    #expect((0...bytes.count).contains(item.location.offset))
                    #expect(item.location.line >= 1 && item.location.column >= 1)
                }
                _ = error.description
            }
        }
        #expect(refused > 500)
    }

    /// Longer than two windows of a mebibyte, with cells that both cut and a mistake at the end.
    @Test func filesLongerThanTheWindowAreReadAsTheyAre() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("lab-\(UUID().uuidString).csv").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var text = Self.header
        for row in 0..<60_000 { text += "\(row % 100),\(Double(row) / 8),<50,\"é\(row % 3),\n\"\n" }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(text.utf8.count > 1 << 20)
        let reader = TableReader(schema: try schema(Self.columns))
        let byFile = try reader.read(path: path)
        #expect(byFile.table.rowCount == 60_000)
        #expect(byFile.lines[59_999] == 2 + 2 * 59_999)
        #expect(byFile.table.columns[1].values == (0..<60_000).map { Double($0) / 8 })
        let fromMemory = try reader.read(SourceText(name: "t", text: text))
        #expect(zip(byFile.table.columns, fromMemory.table.columns).allSatisfy { $0.values == $1.values })
        try (text + "1,2,x,a\n").write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(throws: Diagnostics.self) { try reader.read(path: path) }
        #expect(error.items[0].location == SourceLocation(line: 120_002, column: 5, offset: text.utf8.count + 4))
        #expect(error.items[0].lineText == "1,2,x,a")
    }

    @Test func whatIsNoFileIsNamed() throws {
        let reader = TableReader(schema: try schema(Self.columns))
        let folder = try #require(throws: Diagnostics.self) { try reader.read(path: "/") }
        #expect(folder.items[0].message == "cannot read the file: it is a folder")
        let nothing = try #require(throws: Diagnostics.self) { try reader.read(path: "/nowhere.csv") }
        #expect(nothing.items[0].message == "cannot read the file: No such file or directory")
        // A device without end, and one without bytes.
        let zeros = try #require(throws: Diagnostics.self) { try reader.read(path: "/dev/zero") }
        #expect(zeros.items[0].message == "a NUL byte")
        let null = try #require(throws: Diagnostics.self) { try reader.read(path: "/dev/null") }
        #expect(null.items[0].message == "the table is empty")
    }
}

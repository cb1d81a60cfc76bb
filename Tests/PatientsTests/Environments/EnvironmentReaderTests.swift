// What is said of environment files with mistakes: every mistake, in its place, with a remedy; never a crash.

import Foundation
import Numerics
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct EnvironmentReaderTests {
    private static func original() throws -> String {
        try String(contentsOfFile: RepositoryFiles.path("Environments/immuno/environment.json"), encoding: .utf8)
    }

    /// The complaints about a text, each as `LINE:COLUMN: message`.
    private static func complaints(_ text: String) -> [String] {
        let source = SourceText(name: "environment.json", bytes: Array(text.utf8))
        do {
            _ = try EnvironmentReader.read(source, folder: ".")
            return []
        } catch {
            return error.items.map { "\($0.location.line):\($0.location.column): \($0.message)" }
        }
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        var what: String
        var find: String
        var replacement: String
        /// What one of the complaints must contain, and how many there are.
        var expected: String
        var count = 1
        var testDescription: String { what }
    }

    static let mistakes: [Mistake] = [
        Mistake(
            what: "unknown name in a rate", find: "\"C\": \"alpha - beta*C - K_C*kill*C\"",
            replacement: "\"C\": \"alpha - betta*C - K_C*kill*C\"", expected: "betta"),
        Mistake(
            what: "wrong unit in a rate", find: "\"M\": \"-gamma*M + vM\"", replacement: "\"M\": \"-gamma*M + vI\"",
            expected: "IU/"),
        Mistake(
            what: "rate in the wrong unit", find: "\"I\": \"-mu_I*I + vI\"", replacement: "\"I\": \"I\"",
            expected: "IU/L"),
        Mistake(
            what: "power of a unit", find: "(T / L)^l", replacement: "T^l", expected: "written out"),
        Mistake(
            what: "unknown field", find: "\"time_unit\": \"d\"", replacement: "\"time_unt\": \"d\"",
            expected: "time_unt"),
        Mistake(
            what: "wrong type", find: "\"count\": 24", replacement: "\"count\": \"24\"", expected: "count"),
        Mistake(what: "negative count", find: "\"count\": 24", replacement: "\"count\": -24", expected: "-24"),
        Mistake(
            what: "unknown unit", find: "\"unit\": \"1/cell\"", replacement: "\"unit\": \"1/cel\"", expected: "cel",
            count: 2),
        Mistake(
            what: "unknown dose in an action", find: "\"doses\": [\"chemo\"]", replacement: "\"doses\": [\"chema\"]",
            expected: "chema"),
        Mistake(
            what: "a dose twice in an action", find: "\"doses\": [\"chemo\"]",
            replacement: "\"doses\": [\"chemo\", \"chemo\"]", expected: "twice"),
        Mistake(
            what: "unknown dose in a call", find: "count(TIL) >= 1", replacement: "count(TILL) >= 1", expected: "TILL"),
        Mistake(
            what: "a name taken twice", find: "\"kill\": {", replacement: "\"gamma\": {", expected: "gamma", count: 5),
        Mistake(
            what: "ranking not kept", find: "\"reward\": 10,", replacement: "\"reward\": -20,", expected: "progressed"),
        Mistake(
            what: "protocol off the grid", find: "\"every\": 10 }] },\n    \"TIL\"",
            replacement: "\"every\": 7 }] },\n    \"TIL\"", expected: "whole number of decision intervals"),
        Mistake(
            what: "newer format", find: "\"format\": 1", replacement: "\"format\": 2", expected: "newer"),
        Mistake(
            what: "a definition by itself", find: "\"1 - exp(-M / 1[mg/L])\"", replacement: "\"1 - kill\"",
            expected: "defined by itself"),
        Mistake(
            what: "a log state that starts at 0", find: "\"T\": { \"initial\": 2e7",
            replacement: "\"T\": { \"initial\": 0",
            expected: "above 0"),
        Mistake(
            what: "duplicate key", find: "\"name\": \"immuno\",", replacement: "\"name\": \"immuno\", \"name\": \"x\",",
            expected: "name"),
    ]

    @Test(arguments: mistakes) func reportsTheMistakeWhereItIs(mistake: Mistake) throws {
        let original = try Self.original()
        let range = try #require(original.range(of: mistake.find), "the test's text is not in the file any more")
        let text = original.replacingCharacters(in: range, with: mistake.replacement)
        let found = Self.complaints(text)
        #expect(found.contains { $0.contains(mistake.expected) }, "\(found)")
        #expect(found.count == mistake.count, "\(found)")
        // The complaint is on the line where the text was changed.
        let line = original[..<range.lowerBound].count { $0 == "\n" } + 1
        let last = line + mistake.replacement.count { $0 == "\n" }
        let places = found.compactMap { Int($0.prefix { $0 != ":" }) }
        #expect(places.contains { (line...last).contains($0) || mistake.what == "ranking not kept" }, "\(found)")
    }

    @Test func reportsAllMistakesAtOnce() throws {
        var text = try Self.original()
        for mistake in Self.mistakes.prefix(4) {
            text = text.replacingOccurrences(of: mistake.find, with: mistake.replacement)
        }
        #expect(Self.complaints(text).count == 4)
    }

    @Test func survivesHostileFiles() throws {
        let original = try Self.original()
        #expect(Self.complaints("").first?.hasPrefix("1:1:") == true)
        #expect(!Self.complaints(String(repeating: "[", count: 100_000)).isEmpty)
        #expect(!Self.complaints("[]").isEmpty)
        #expect(!Self.complaints("{}").isEmpty)
        let bytes = Array(original.utf8)
        for end in stride(from: 0, to: bytes.count - 2, by: 97) {
            let source = SourceText(name: "cut", bytes: Array(bytes[..<end]))
            #expect(throws: Diagnostics.self) { try EnvironmentReader.read(source, folder: ".") }
        }
        var stream = RandomStream(seed: 4, purpose: "test.mutation")
        for _ in 0..<300 {
            var mutated = bytes
            for _ in 0..<(1 + stream.below(4)) { mutated[stream.below(mutated.count)] = UInt8(stream.below(256)) }
            // Either it is still a file or it is refused with places; nothing else may happen.
            _ = try? EnvironmentReader.read(SourceText(name: "mutated", bytes: mutated), folder: ".")
        }
    }

    @Test func theShippedFileHasNoMistakes() throws {
        #expect(Self.complaints(try Self.original()).isEmpty)
    }
}

// Tabular environments with mistakes: each told clearly and in its place, none a crash or a flood of memory.

import Foundation
import Patients
import PositionedJSON
import TestSupport
import Testing

@Suite struct TabularReaderTests {
    @Test func theSoundOneIsRead() throws {
        let model = try SmallTable.withFolder { try SmallTable.read($0) }
        let tabular = try #require(model.tabular)
        #expect(tabular.rewardOfState == [0, -0.01, -1.02, 0.97])
        #expect(tabular.endingOfState == [-1, -1, 0, 1])
        #expect(tabular.observations == [0, 0, 1, 2, 2, 4, 3, 6])
        #expect(tabular.allowed(0) == [0, 1] && tabular.allowed(1) == [1])
        #expect(tabular.probabilities(.table(0), state: 0) == [0.25, 0.75])
        #expect(tabular.probabilities(.table(0), state: 1) == [0, 1])
        #expect(model.task.actions.map(\.name) == ["wait", "treat"])
        #expect(model.protocols.map(\.name) == ["doctor", "treat"])
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var table: @Sendable () -> SmallTable
        var expected: String

        init(_ description: String, _ expected: String, _ change: @escaping @Sendable (inout SmallTable) -> Void) {
            testDescription = description
            self.expected = expected
            table = {
                var table = SmallTable()
                change(&table)
                return table
            }
        }
    }

    static let mistakes: [Mistake] = [
        Mistake("a negative probability", "-0.25 is not a probability") {
            $0.rows[1] = [(0, 1), (1, -0.25), (2, 0.25)]
        },
        Mistake("a probability of 0", "0.0 is not a probability") { $0.rows[1] = [(0, 0.75), (1, 0.25), (2, 0)] },
        Mistake("NaN", "nan is not a probability") { $0.rows[1][0].1 = .nan },
        Mistake("a row that does not sum to 1", "row 1 sum to 0.75") { $0.rows[1][0].1 = 0.25 },
        Mistake("targets that do not ascend", "does not ascend") { $0.rows[1][1].0 = 0 },
        Mistake("a state that is not there", "leads to state 7") { $0.rows[1][2].0 = 7 },
        Mistake("an action that is not there", "leads to action 2") { $0.rows[3][1].0 = 2 },
        Mistake("a row that is not there", "names row 4") { $0.outcomes[0] = 4 },
        Mistake("a variable that is infinite", "variable severity of state 2") { $0.variables[0][2] = .infinity },
        Mistake("ten thousand states", "10000 states; it may have 1 to 4096") { $0.header[1] = 10_000 },
        Mistake("absurd numbers", "4294967295 actions") { $0.header[2] = .max },
        Mistake("no entries", "0 entries") { $0.header[4] = 0 },
        Mistake("more entries than there are", "cut short") { $0.header[4] = 1_000_000 },
        Mistake("a newer version", "version 2") { $0.header[0] = 2 },
        Mistake("another kind of file", "does not begin with LABTABLE") { $0.spoil = { $0[0] = 0 } },
        Mistake("a truncated file", "cut short") { $0.spoil = { $0.removeLast(20) } },
        Mistake("only a header", "LABTABLE") { $0.spoil = { $0.removeLast($0.count - 30) } },
        Mistake("an empty file", "LABTABLE") { $0.spoil = { $0 = [] } },
        Mistake("something added", "added") { $0.spoil = { $0 += [0] } },
        Mistake("a flipped bit", "checksum") { $0.spoil = { $0[$0.count - 30] ^= 4 } },
        Mistake("a name twice", "stands twice") { $0.names = ["severity", "severity", "doctor"] },
        Mistake("a state without actions", "state 1 is no ending and has no admissible action") {
            $0.outcomes[3] = .max
        },
        Mistake("a start in an ending", "patients start in it") { $0.rows[0] = [(0, 0.5), (2, 0.5)] },
    ]

    @Test(arguments: mistakes)
    func mistakesInTheTable(_ mistake: Mistake) throws {
        let complaints = try SmallTable.complaints(mistake.table())
        #expect(complaints.count == 1, "\(complaints)")
        #expect(complaints.first?.contains(mistake.expected) == true, "\(complaints)")
    }

    /// Every prefix of a sound file is refused in words.
    @Test func truncationAnywhere() throws {
        let whole = SmallTable().bytes()
        for length in stride(from: 0, to: whole.count, by: 7) {
            var table = SmallTable()
            table.spoil = { $0.removeLast($0.count - length) }
            #expect(try SmallTable.complaints(table).count == 1)
        }
    }

    /// (what stands in the file, what is put there, what must be complained of)
    static let texts: [(String, String, String)] = [
        ("small.table", "../small.table", "must lie inside"), ("small.table", "/etc/passwd", "must lie inside"),
        ("small.table", "a/../../x", "must lie inside"), ("small.table", "other.table", "there is no file"),
        ("small.table", ".", "environment's folder"),
        ("\"severity\": {", "\"severty\": {", "has no variable 'severty'"),
        ("state == 2", "stat == 2", "stat"), ("state == 2", "state == 9", "no state meets"),
        ("state == 2", "time > 2", "only to outcomes"), ("ended(cured)", "ended(healed)", "name of an ending"),
        ("\"twice\" }", "\"secret\" }", "hidden"),
        ("\"expression\": \"2*severity\"", "\"expression\": \"2*twice\"", "defined by itself"),
        ("-0.01*severity", "log(severity - 1)", "not a finite number in state 0"),
        ("\"table\": \"doctor\"", "\"table\": \"nurse\"", "has no policy 'nurse'"),
        ("\"action\": \"treat\"", "\"action\": \"cut\"", "cut"),
        (", { \"name\": \"treat\" }", "", "1 actions are named"),
        ("\"kind\"", "\"knd\"", "knd"), ("\"count\": 10", "\"count\": 0", "count"),
        ("{ \"meaning\": \"how ill\" }", "{ \"levels\": [\"a\", \"b\"] }", "has 2 levels"),
    ]

    @Test(arguments: texts)
    func mistakesInTheFile(find: String, replacement: String, expected: String) throws {
        let text = SmallTable.environment
        let place = try #require(text.range(of: find))
        let complaints = try SmallTable.complaints(
            environment: text.replacingCharacters(in: place, with: replacement))
        #expect(complaints.contains { $0.hasPrefix("environment.json:") && $0.contains(expected) }, "\(complaints)")
    }

    @Test func linksThatLeaveTheFolder() throws {
        let complaints = try SmallTable.complaints(nil) { folder in
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/small.table", withDestinationPath: "/proc/self/environ")
        }
        #expect(complaints.count == 1 && complaints[0].contains("leads out of"), "\(complaints)")
        let missing = try SmallTable.complaints(nil)
        #expect(missing.count == 1 && missing[0].contains("there is no file"), "\(missing)")
        let folder = try SmallTable.complaints(nil) {
            try FileManager.default.createDirectory(atPath: $0 + "/small.table", withIntermediateDirectories: false)
        }
        #expect(folder.count == 1 && folder[0].contains("is not a file"), "\(folder)")
    }
}

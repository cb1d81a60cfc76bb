// A small tabular environment in a temporary folder, whole or spoilt in one way.

import Foundation
import Patients
import PositionedJSON

/// A table file as bytes, with the parts that tests exchange.
struct SmallTable {
    /// Rows of (target, probability); the first is the start.
    var rows: [[(UInt16, Double)]] = [
        [(0, 0.75), (1, 0.25)], [(0, 0.5), (1, 0.25), (2, 0.25)], [(1, 0.5), (3, 0.5)], [(0, 0.25), (1, 0.75)],
    ]
    /// Two actions in the four states; in state 1 only the second is admissible.
    var outcomes: [UInt32] = [1, 2, .max, 1, .max, .max, .max, .max]
    var policies: [[UInt32]] = [[3, 3, .max, .max]]
    var variables: [[Double]] = [[0, 1, 2, 3], [1, 0, 0, 1]]
    var names = ["severity", "secret", "doctor"]
    var header: [UInt32] = [1, 4, 2, 4, 9, 2, 1, 0]
    /// Exchanged after the checksum has been computed.
    var spoil: ((inout [UInt8]) -> Void)?

    func bytes() -> [UInt8] {
        var bytes = Array("LABTABLE".utf8)
        func append<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
        }
        header.forEach { append($0) }
        for name in names {
            bytes.append(UInt8(name.utf8.count))
            bytes += Array(name.utf8)
        }
        var end: UInt32 = 0
        for row in rows {
            end += UInt32(row.count)
            append(end)
        }
        for entry in rows.joined() { append(entry.0) }
        for entry in rows.joined() { append(entry.1.bitPattern) }
        outcomes.forEach { append($0) }
        policies.joined().forEach { append($0) }
        variables.joined().forEach { append($0.bitPattern) }
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
        }
        append(~crc)
        spoil?(&bytes)
        return bytes
    }

    static let environment = """
        {
          "format": 1, "name": "small", "kind": "tabular", "table": "small.table",
          "states": { "severity": { "meaning": "how ill" }, "secret": { "hidden": true } },
          "definitions": { "twice": { "expression": "2*severity" } },
          "actions": [{ "name": "wait" }, { "name": "treat" }],
          "decisions": { "count": 10 },
          "endings": [
            { "name": "died", "when": "state == 2", "reward": -1 },
            { "name": "cured", "when": "state == 3", "reward": 1 }
          ],
          "reward": { "discount": 0.9, "terms": { "burden": { "expression": "-0.01*severity" } } },
          "observations": [{ "name": "severity", "range": [0, 3] }, { "name": "double", "expression": "twice" }],
          "outcomes": [
            { "name": "cured", "expression": "ended(cured)", "kind": "event" },
            { "name": "at_first", "expression": "initial(secret)" },
            { "name": "days", "expression": "time_of(cured)" }
          ],
          "protocols": { "doctor": { "table": "doctor" }, "treat": { "action": "treat" } }
        }
        """

    /// Writes the environment to a new folder, calls `body` with it, and removes it.
    static func withFolder<Result>(
        _ table: SmallTable? = SmallTable(), environment: String = environment, _ body: (String) throws -> Result
    ) throws -> Result {
        let folder = NSTemporaryDirectory() + "small-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        if let table { try Data(table.bytes()).write(to: URL(fileURLWithPath: folder + "/small.table")) }
        try Data(environment.utf8).write(to: URL(fileURLWithPath: folder + "/environment.json"))
        return try body(folder)
    }

    static func read(_ folder: String) throws(Diagnostics) -> EnvironmentModel {
        try EnvironmentReader.read(try SourceText(contentsOf: folder + "/environment.json"), folder: folder)
    }

    /// What is complained of, each as `FILE:LINE:COLUMN: message` with the file's name alone.
    static func complaints(
        _ table: SmallTable? = SmallTable(), environment: String = environment,
        prepare: (String) throws -> Void = { _ in }
    ) throws -> [String] {
        try withFolder(table, environment: environment) { folder in
            try prepare(folder)
            do {
                _ = try read(folder)
                return []
            } catch let error as Diagnostics {
                return error.items.map {
                    "\(($0.file as NSString).lastPathComponent):\($0.location.line):\($0.location.column): \($0.message)"
                }
            }
        }
    }
}

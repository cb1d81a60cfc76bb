// What is remembered of a finished stage: its key and the hashes of what it made.

import Foundation
import PositionedJSON

struct StageRecord: Equatable {
    var key: String
    /// The build that made it (`ProgramVersion.identity`).
    var program: String
    /// Path relative to the run directory, and SHA-256, by path.
    var artefacts: [String: String]

    static let folder = ".stages"

    static func relativePath(_ stage: String) -> String { "\(folder)/\(stage)/stage.json" }
    static func path(_ stage: String, in run: String) -> String { "\(run)/\(relativePath(stage))" }

    func write(_ stage: String, in run: String) throws {
        let value: JSONValue = [
            "format": 1, "stage": .string(stage), "key": .string(key),
            "program": .string(program),
            "artefacts": .object(
                artefacts.sorted { $0.key < $1.key }.map { JSONField($0.key, .string($0.value)) }),
        ]
        let path = StageRecord.path(stage, in: run)
        try Folders.makeParent(of: path)
        try AtomicFile.write(value.text(), to: path)
    }

    /// The record, if there is a readable one.
    static func read(_ stage: String, in run: String) -> StageRecord? {
        guard let node = try? JSONParser.parse(contentsOf: path(stage, in: run)),
            case .string(let key)? = node["key"]?.value,
            case .string(let program)? = node["program"]?.value,
            case .object(let members)? = node["artefacts"]?.value
        else { return nil }
        var artefacts: [String: String] = [:]
        for member in members {
            guard case .string(let hash) = member.node.value else { return nil }
            artefacts[member.key] = hash
        }
        return StageRecord(key: key, program: program, artefacts: artefacts)
    }

    /// Artefacts that are not there, or not with the content that was recorded.
    func damaged(in run: String) -> [String] {
        artefacts.keys.sorted().filter { path in
            guard let text = try? SourceText(contentsOf: "\(run)/\(path)", maximumBytes: .max >> 1) else { return true }
            return SHA256.hex(text.bytes) != artefacts[path]
        }
    }

    /// The names of all stages that have a record.
    static func names(in run: String) -> [String] {
        let root = "\(run)/\(folder)"
        guard let walker = FileManager.default.enumerator(atPath: root) else { return [] }
        return walker.compactMap { $0 as? String }.filter { $0.hasSuffix("/stage.json") }
            .map { String($0.dropLast("/stage.json".count)) }.sorted()
    }

    /// Removes a stage that is no longer part of the study, with what it made.
    static func remove(_ stage: String, in run: String, keeping: Set<String>) {
        for path in read(stage, in: run)?.artefacts.keys.sorted() ?? [] where !keeping.contains(path) {
            try? FileManager.default.removeItem(atPath: "\(run)/\(path)")
            Folders.removeIfEmpty(parentOf: path, upTo: run)
        }
        try? FileManager.default.removeItem(atPath: path(stage, in: run))
        Folders.removeIfEmpty(parentOf: "\(folder)/\(stage)/stage.json", upTo: run)
    }
}

/// Folders made and removed along the way.
enum Folders {
    static func makeParent(of path: String) throws {
        guard let slash = path.lastIndex(of: "/") else { return }
        try make(String(path[..<slash]))
    }

    static func make(_ path: String) throws {
        guard !path.isEmpty else { return }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileError(operation: "create the folder", path: path, reason: error.localizedDescription)
        }
    }

    /// Removes the emptied folders above a path, as far up as the run directory.
    static func removeIfEmpty(parentOf path: String, upTo run: String) {
        var parts = path.split(separator: "/").dropLast()
        while !parts.isEmpty, rmdir("\(run)/\(parts.joined(separator: "/"))") == 0 { parts = parts.dropLast() }
    }
}

// Finds environments by name in the folder that holds them, or by the path of a folder or file.

import Foundation
import PositionedJSON

/// The folder `Environments/`.
public struct EnvironmentLibrary: Sendable {
    public let folder: String

    public init(folder: String) { self.folder = folder }

    public enum Failure: Error, CustomStringConvertible {
        case unknown(name: String, known: [String], folder: String)

        public var description: String {
            switch self {
            case .unknown(let name, let known, let folder):
                let close = known.filter { $0.lowercased().hasPrefix(name.lowercased().prefix(3)) }
                let hint = close.isEmpty ? "known: " + known.joined(separator: ", ") : "did you mean \(close[0])?"
                return "there is no environment '\(name)' in \(folder); \(hint)"
            }
        }
    }

    /// Names of the folders that hold an `environment.json`, sorted.
    public var names: [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return entries.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/environment.json") }.sorted()
    }

    /// The environment of a name, or of a path to a folder with an `environment.json`; either may end in `@VARIANT`.
    ///
    /// - Throws: `Failure` for an unknown name; `Diagnostics` for a file with mistakes.
    public func load(_ name: String) throws -> EnvironmentModel {
        let place = try find(name)
        let source = try SourceText(contentsOf: "\(place)/environment.json", maximumBytes: 4 << 20)
        return try EnvironmentReader.read(source, folder: place, variant: EnvironmentLibrary.parts(of: name).variant)
    }

    /// A name and the variant behind its last `@`, if there is one.
    public static func parts(of name: String) -> (base: String, variant: String) {
        guard let at = name.lastIndex(of: "@"), !name[at...].contains("/") else { return (name, "") }
        return (String(name[..<at]), String(name[name.index(after: at)...]))
    }

    /// The folder of an environment, whatever its variant.
    public func find(_ fullName: String) throws -> String {
        let name = EnvironmentLibrary.parts(of: fullName).base
        if name.contains("/") || name == "." || name == ".." {
            var path = name.hasSuffix("/environment.json") ? String(name.dropLast("/environment.json".count)) : name
            while path.count > 1, path.hasSuffix("/") { path.removeLast() }
            if FileManager.default.fileExists(atPath: "\(path)/environment.json") { return path }
        } else if names.contains(name) {
            return "\(folder)/\(name)"
        } else if FileManager.default.fileExists(atPath: "\(name)/environment.json") {
            return name
        }
        throw Failure.unknown(name: name, known: names, folder: folder)
    }
}

// Tables that a study may read: files under its own folder, and those that the user names with --data.

import Foundation
import PositionedJSON

/// The user's own tables, `--data NAME=PATH`: the only files outside its folder that a study can read.
public struct StudyTables: Sendable, Equatable {
    /// Paths by name.
    public var given: [String: String] = [:]
    /// Whether the table of a study's patients must be there: not for reading a finished run.
    public var isNeeded = true

    public init() {}

    /// - Parameter settings: `NAME=PATH`.
    /// - Throws: `Diagnostics` with every one that is not so, or names a file that is not there.
    public init(_ settings: [String]) throws(Diagnostics) {
        let complaints = Complaints()
        for setting in settings {
            let source = SourceText(name: "--data", text: setting)
            guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex,
                setting.index(after: equals) < setting.endIndex
            else {
                complaints.add(
                    in: source, at: .start, "a table is named NAME=PATH", remedy: "such as cleveland=data/cleveland.csv"
                )
                continue
            }
            let path = String(setting[setting.index(after: equals)...])
            guard let found = PathLookup.find(path) else {
                complaints.add(
                    in: source, at: .start, "there is no file \"\(path)\"",
                    remedy: PathLookup.hint(for: path).map { "did you mean \($0)?" })
                continue
            }
            given[String(setting[..<equals])] = found
        }
        try complaints.throwIfAny()
    }

    /// The file that a study names: a name given with `--data`, else a file under the study's folder or, for studies
    /// that come with the program, under its `Experiments`.
    ///
    /// - Parameter node: the text that names it.
    public func path(_ node: JSONNode, folder: String, home: Home, complaints: Complaints) -> String? {
        guard case .string(let name) = node.value else {
            complaints.add(node, "a table is named by a text, not by \(node.kindName)")
            return nil
        }
        if let path = given[name] { return path }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !name.hasPrefix("/"), !parts.contains("..") else {
            complaints.add(
                node, "\"\(name)\" is not in the study's folder",
                remedy: "put the table beside the study, or name it with --data NAME=PATH")
            return nil
        }
        for place in [folder, PathLookup.join(home.path, "Experiments")] {
            guard let found = PathLookup.find(PathLookup.join(place, name)) else { continue }
            guard StudyTables.isInside(found, place) else {
                complaints.add(node, "\"\(name)\" is a link that leads out of the study's folder")
                return nil
            }
            return found
        }
        complaints.add(
            node, "there is no table \"\(name)\"",
            remedy: parts.count == 1 && !name.contains(".")
                ? "give it with --data \(name)=PATH" : "put it in the study's folder")
        return nil
    }

    /// Whether a file, links followed, lies in a folder.
    private static func isInside(_ file: String, _ folder: String) -> Bool {
        let place = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
        let root = URL(fileURLWithPath: folder.isEmpty ? "." : folder).resolvingSymlinksInPath().path
        return place.hasPrefix(root.hasSuffix("/") ? root : root + "/")
    }
}

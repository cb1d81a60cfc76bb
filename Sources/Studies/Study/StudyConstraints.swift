// Files that a study names (constraints of trees, schemas of tables): read where they are named, so that the study as it
// is run holds what it was run with.

import Foundation
import PositionedJSON

enum StudyConstraints {
    /// A study in which the content of every tree's constraints file and of a table's schema stands in the place of its
    /// name.
    ///
    /// - Parameter folder: the study's, outside of which no file is read.
    static func inlined(_ study: JSONNode, folder: String, _ complaints: Complaints) -> JSONNode {
        let study = replacing("cohort", in: study) { cohort in
            replacing("source", in: cohort) { source in
                replacing("schema", in: source) { content($0, folder, "a schema", complaints) }
            }
        }
        return replacing("trees", in: study) { trees in
            guard case .object(let members) = trees.value else { return trees }
            return members.reduce(trees) { trees, member in
                replacing(member.key, in: trees) { tree in
                    replacing("constraints", in: tree) { content($0, folder, "a constraints file", complaints) }
                }
            }
        }
    }

    private static func replacing(_ key: String, in node: JSONNode, _ body: (JSONNode) -> JSONNode) -> JSONNode {
        guard case .object(var members) = node.value, let index = members.firstIndex(where: { $0.key == key }) else {
            return node
        }
        members[index] = JSONMember(
            key: key, keyLocation: members[index].keyLocation, node: body(members[index].node))
        return JSONNode(value: .object(members), location: node.location, source: node.source)
    }

    private static func content(
        _ node: JSONNode, _ folder: String, _ what: String, _ complaints: Complaints
    ) -> JSONNode {
        guard case .string(let name) = node.value else { return node }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !name.hasPrefix("/"), !parts.contains("..") else {
            complaints.add(
                node, "\"\(name)\" is not in the study's folder", remedy: "\(what) stands beside the study")
            return node
        }
        guard let path = PathLookup.find(PathLookup.join(folder, name)) else {
            complaints.add(
                node, "there is no file \"\(name)\" in the study's folder",
                remedy: PathLookup.hint(for: PathLookup.join(folder, name)).map { "did you mean \($0)?" })
            return node
        }
        do {
            return try JSONParser.parse(contentsOf: path)
        } catch {
            complaints.add(error)
            return node
        }
    }
}

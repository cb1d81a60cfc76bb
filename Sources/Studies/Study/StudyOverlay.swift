// A study with changes laid over it: its own quick form, and values set on the command line. Places stay, so that a
// complaint about a changed value points at the change.

import PositionedJSON

public enum StudyOverlay {
    /// `over` laid on `base`: objects are merged member by member, everything else is replaced.
    public static func merge(_ base: JSONNode, _ over: JSONNode) -> JSONNode {
        guard case .object(var members) = base.value, case .object(let changes) = over.value else { return over }
        for change in changes {
            if let index = members.firstIndex(where: { $0.key == change.key }) {
                members[index] = JSONMember(
                    key: change.key, keyLocation: members[index].keyLocation,
                    node: merge(members[index].node, change.node))
            } else {
                members.append(change)
            }
        }
        return JSONNode(value: .object(members), location: base.location, source: base.source)
    }

    /// The study with a member removed.
    public static func removing(_ key: String, from node: JSONNode) -> JSONNode {
        guard case .object(let members) = node.value else { return node }
        return JSONNode(
            value: .object(members.filter { $0.key != key }), location: node.location, source: node.source)
    }

    /// Applies `path=value`, such as `evaluation.bootstrap=500` or `trees.viper.criterion=gini`: the value is JSON, or
    /// else a string. Numbers in the path index arrays.
    public static func set(_ assignment: String, in study: JSONNode, complaints: Complaints) -> JSONNode {
        let source = SourceText(name: "--set", text: assignment)
        guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
            complaints.add(
                in: source, at: .start, "a setting is written PATH=VALUE", remedy: "such as evaluation.bootstrap=500")
            return study
        }
        let path = assignment[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let start = assignment.utf8.distance(from: assignment.startIndex, to: equals) + 1
        let value = valueNode(source, start)
        return replace(study, path[...], value, source, complaints)
    }

    private static func replace(
        _ node: JSONNode, _ path: ArraySlice<String>, _ value: JSONNode, _ source: SourceText, _ complaints: Complaints
    ) -> JSONNode {
        guard let key = path.first else { return value }
        let rest = path.dropFirst()
        switch node.value {
        case .object(var members):
            if let index = members.firstIndex(where: { $0.key == key }) {
                let inner = replace(members[index].node, rest, value, source, complaints)
                // A key's place is in the text its value stands in.
                let stays = inner.source === members[index].node.source
                members[index] = JSONMember(
                    key: key, keyLocation: stays ? members[index].keyLocation : .start, node: inner)
                return JSONNode(value: .object(members), location: node.location, source: node.source)
            }
            let empty = JSONNode(value: .object([]), location: .start, source: source)
            let inner = replace(empty, rest, value, source, complaints)
            members.append(JSONMember(key: key, keyLocation: .start, node: inner))
            return JSONNode(value: .object(members), location: node.location, source: node.source)
        case .array(var items):
            guard let index = Int(key), items.indices.contains(index) else {
                complaints.add(
                    in: source, at: .start, "\"\(key)\" does not index an array of \(items.count) items",
                    remedy: "items are counted from 0")
                return node
            }
            items[index] = replace(items[index], rest, value, source, complaints)
            return JSONNode(value: .array(items), location: node.location, source: node.source)
        default:
            complaints.add(
                in: source, at: .start, "there is nothing below \(node.kindName), so \"\(key)\" cannot be set")
            return node
        }
    }

    /// What stands behind the equals sign, placed where it stands.
    private static func valueNode(_ source: SourceText, _ start: Int) -> JSONNode {
        let padded = [UInt8](repeating: 0x20, count: start) + source.bytes[start...]
        if let parsed = try? JSONParser.parse(SourceText(name: source.name, bytes: padded)) {
            return moved(parsed, to: source)
        }
        let text = String(decoding: source.bytes[start...], as: UTF8.self)
        return JSONNode(value: .string(text), location: source.location(ofByte: start), source: source)
    }

    private static func moved(_ node: JSONNode, to source: SourceText) -> JSONNode {
        let value: JSONNode.Value
        switch node.value {
        case .array(let items): value = .array(items.map { moved($0, to: source) })
        case .object(let members):
            value = .object(
                members.map {
                    JSONMember(key: $0.key, keyLocation: $0.keyLocation, node: moved($0.node, to: source))
                })
        default: value = node.value
        }
        return JSONNode(value: value, location: node.location, source: source)
    }
}

// Variants of an environment: the same file with some members changed.

import PositionedJSON

enum EnvironmentVariants {
    /// The file with a variant's changes merged in: objects member by member, null removes, all else replaces. Places
    /// stay those of the text, so that complaints point at the change where the change is at fault.
    static func merge(_ base: JSONNode, _ change: JSONNode) -> JSONNode {
        guard case .object(let members) = base.value, case .object(let changes) = change.value else { return change }
        var merged = members
        for member in changes {
            let index = merged.firstIndex { $0.key == member.key }
            if case .null = member.node.value {
                if let index { merged.remove(at: index) }
            } else if let index {
                merged[index] = JSONMember(
                    key: member.key, keyLocation: member.keyLocation, node: merge(merged[index].node, member.node))
            } else {
                merged.append(member)
            }
        }
        return JSONNode(value: .object(merged), location: base.location, source: base.source)
    }
}

extension EnvironmentReader {
    /// Reads the list of variants and applies the one asked for.
    ///
    /// - Returns: the file as it is to be read.
    mutating func applyVariant(_ node: JSONNode, _ variant: String) -> JSONNode {
        var result = node
        var found = variant.isEmpty
        for (name, member) in members(
            ObjectReader(node, what: "the environment", complaints: Complaints()), "variants", what: "variant",
            required: false)
        {
            let reader = ObjectReader(member, what: "variant '\(name)'", complaints: complaints)
            let meaning = reader.string("meaning", default: "")
            let change = reader.child("change")
            reader.finish()
            if name.isEmpty || !name.utf8.allSatisfy({ isPlain($0) }) {
                complaints.add(member, "a variant's name is made of letters, digits, - and _, not \"\(name)\"")
            }
            model.variants.append((name, meaning))
            guard let change else { continue }
            guard case .object(let changes) = change.value else {
                complaints.add(change, "\"change\" in variant '\(name)' must be an object, not \(change.kindName)")
                continue
            }
            for forbidden in changes where ["format", "name", "variants"].contains(forbidden.key) {
                complaints.add(
                    in: change.source, at: forbidden.keyLocation, "a variant cannot change \"\(forbidden.key)\"")
            }
            if name == variant {
                found = true
                result = EnvironmentVariants.merge(node, change)
            }
        }
        if !found {
            let known = model.variants.map(\.name)
            let name = if case .string(let text)? = node["name"]?.value { text } else { "the environment" }
            complaints.add(
                node["variants"] ?? node, "\(name) has no variant '\(variant)'",
                remedy: known.isEmpty
                    ? "it has no variants" : DidYouMean.remedy(for: variant, among: known, known: "variants: "))
        }
        return result
    }

    private func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

// Ensembles as files. They are large, so that a tree is one line of text and not an object per node.

import PositionedJSON

extension ExtraTrees {
    /// `{"features": 6, "trees": ["3:2.45 =1.5 0:7 =2 =3", …]}`: the nodes of a tree in preorder, `feature:threshold` for
    /// a split and `=value` for a leaf. A value of at most the threshold goes left. Reads back to the same bits.
    public func json() -> JSONValue {
        ["features": .integer(columns), "trees": .strings((0..<trees).map(text))]
    }

    private func text(ofTree tree: Int) -> String {
        var text = ""
        for index in roots[tree]..<roots[tree + 1] {
            let node = nodes[index]
            if index > roots[tree] { text += " " }
            if node.isLeaf {
                text += "=\(ExtraTrees.short(values[leafStarts[tree] + node.number]))"
            } else {
                text += "\(node.feature):\(ExtraTrees.short(node.threshold))"
            }
        }
        return text
    }

    private static func short(_ value: Float) -> String {
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Reads what `json` writes, for rows of `columns` numbers; complains and returns nil where it cannot.
    public init?(_ node: JSONNode, columns: Int, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the ensemble", complaints: complaints)
        let features = reader.integer("features", in: 1...FeatureRows.mostColumns)
        let trees = reader.array("trees")
        reader.finish()
        guard let features, let trees else { return nil }
        if features != columns {
            complaints.add(
                reader.node["features"] ?? node, "the ensemble reads \(features) features, but there are \(columns)")
        }
        if trees.isEmpty { complaints.add(reader.node["trees"] ?? node, "an ensemble needs at least one tree") }
        self.init(columns: features)
        for tree in trees {
            guard case .string(let text) = tree.value else {
                complaints.add(tree, "a tree must be a string, not \(tree.kindName)")
                continue
            }
            if let problem = append(text) { complaints.add(tree, problem) }
        }
        guard complaints.items.count == before else { return nil }
    }

    /// Appends the tree that a text describes; what is wrong with it otherwise.
    private mutating func append(_ text: String) -> String? {
        var nodes: [Node] = []
        var values: [Float] = []
        // Splits whose right child is still to come; the left child of the last node is next.
        var pending: [Int] = []
        var complete = false
        for token in text.utf8.split(separator: UInt8(ascii: " ")) {
            let word = String(Substring(token))
            if complete { return "the tree goes on with \"\(word)\" after its last leaf" }
            if nodes.count >= Node.largestNumber { return "a tree of more than \(Node.largestNumber) nodes" }
            if word.hasPrefix("=") {
                guard let value = Float(word.dropFirst()), value.isFinite else {
                    return "\"\(word)\" is not a leaf such as =1.5"
                }
                nodes.append(.leaf(values.count))
                values.append(value)
                if let split = pending.popLast() {
                    nodes[split].link |= UInt32(nodes.count - split) << 8
                } else {
                    complete = true
                }
            } else {
                let parts = word.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, let feature = Int(parts[0]), let threshold = Float(parts[1]),
                    threshold.isFinite
                else { return "\"\(word)\" is neither a split such as 3:2.45 nor a leaf such as =1.5" }
                guard (0..<columns).contains(feature) else { return "there is no feature \(feature)" }
                pending.append(nodes.count)
                nodes.append(.split(feature: feature, threshold: threshold))
            }
        }
        guard complete else { return "the tree ends before its last leaf" }
        nodes.withUnsafeBufferPointer { nodes in
            values.withUnsafeBufferPointer { values in append(nodes: nodes, values: values) }
        }
        return nil
    }
}

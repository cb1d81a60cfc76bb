// Trees as files: a policy file of kind `tree`, written in preorder and read with a place for every complaint.

import PositionedJSON

extension DecisionTree {
    /// The version of the tree file that this program writes and the newest it reads.
    public static let formatVersion = 1

    /// `{"format": 1, "kind": "tree", "observations": […], "actions": […], "nodes": […]}`, a node being
    /// `{"observation", "threshold", "missing": "left" | "right", "left", "right", "gain"}` or
    /// `{"action", "scores", "weight"}`, with `"abstain": PROTOCOL` where the leaf abstains. A value of at most the threshold goes left.
    public func json() -> JSONValue {
        let nodes = (0..<nodeCount).map { number -> JSONValue in
            switch node(number) {
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                return [
                    "observation": .string(features[feature]), "threshold": .number(threshold),
                    "missing": missingGoesLeft ? "left" : "right", "left": .integer(left), "right": .integer(right),
                    "gain": .number(gain(of: number)),
                ]
            case .leaf(let scores, let weight):
                let fields = [
                    JSONField("action", .string(actions[action(atLeaf: number)])),
                    JSONField("scores", .numbers(scores)),
                    JSONField("weight", .number(weight)),
                ]
                return .object(fields + (abstentions[number].map { [JSONField("abstain", .string($0))] } ?? []))
            }
        }
        return [
            "format": .integer(DecisionTree.formatVersion), "kind": "tree", "observations": .strings(features),
            "actions": .strings(actions), "nodes": .array(nodes),
        ]
    }

    /// Reads what `json()` writes. Everything wrong is complained of, with its place; nil if anything was.
    public init?(_ node: JSONNode, complaints: Complaints) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "a tree", complaints: complaints)
        let format = reader.integer("format", in: 1...Int.max)
        if let format, format > DecisionTree.formatVersion {
            complaints.add(
                reader.child("format") ?? node, "this tree has format \(format), newer than this program reads",
                remedy: "it reads formats up to \(DecisionTree.formatVersion); update the program")
            return nil
        }
        _ = reader.choice("kind", of: ["tree"])
        let features = reader.strings("observations")
        let actions = reader.strings("actions")
        let items = reader.array("nodes")
        reader.finish()
        guard let features, let actions, let items else { return nil }
        for (key, names) in [("observations", features), ("actions", actions)] where Set(names).count < names.count {
            complaints.add(reader.child(key) ?? node, "a name stands twice in \"\(key)\"")
        }
        guard complaints.items.count == before else { return nil }

        let numbers = Dictionary(uniqueKeysWithValues: features.enumerated().map { ($1, $0) })
        var nodes: [Node] = []
        var gains: [Double] = []
        var abstentions: [Int: String] = [:]
        for item in items {
            if case .string(let name)? = item["abstain"]?.value { abstentions[nodes.count] = name }
            let (read, gain) = DecisionTree.readNode(item, features: features, numbers: numbers, actions, complaints)
            nodes.append(read)
            gains.append(gain)
        }
        guard complaints.items.count == before else { return nil }
        for problem in TreeError.all(features: features, actions: actions, nodes: nodes) {
            complaints.add(problem.node.map { items[$0] } ?? reader.child("nodes") ?? node, problem.message)
        }
        guard complaints.items.count == before else { return nil }
        self.init(features: features, actions: actions, valid: nodes, gains: gains, abstentions: abstentions) { $0 }
        // The name is for people; it must not say anything but what the scores say.
        for (item, read) in zip(items, nodes) {
            guard case .leaf(let scores, _) = read, let name = item["action"] else { continue }
            let best = actions[Int(DecisionTree.ranking(of: scores)[0])]
            if case .string(best) = name.value { continue }
            complaints.add(
                name, "the leaf's scores choose \"\(best)\"", remedy: "write \"\(best)\" or change the scores")
        }
        if complaints.items.count > before { return nil }
    }

    private static func readNode(
        _ item: JSONNode, features: [String], numbers: [String: Int], _ actions: [String], _ complaints: Complaints
    ) -> (Node, gain: Double) {
        if item["scores"] != nil || item["action"] != nil {
            let reader = ObjectReader(item, what: "a leaf", complaints: complaints)
            if item["action"] != nil { _ = reader.choice("action", of: actions) }
            _ = reader.optionalString("abstain")
            let scores = reader.numbers("scores") ?? []
            let weight = reader.number("weight", default: 0, in: .notNegative)
            reader.finish()
            return (.leaf(scores: scores, weight: weight), 0)
        }
        let reader = ObjectReader(item, what: "a split", complaints: complaints)
        let feature = reader.choice("observation", of: features).flatMap { numbers[$0] } ?? 0
        let threshold = reader.number("threshold") ?? 0
        let missing = reader.choice("missing", of: ["left", "right"], default: "right")
        let left = reader.integer("left") ?? 0
        let right = reader.integer("right") ?? 0
        let gain = reader.number("gain", default: 0)
        reader.finish()
        let split = Node.split(
            feature: feature, threshold: threshold, missingGoesLeft: missing == "left", left: left, right: right)
        return (split, gain)
    }
}

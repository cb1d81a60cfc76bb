// Constraints as a file.

import PositionedJSON
import Trees

extension TreeConstraints {
    /// Reads
    ///
    ///     {"format": 1, "kind": "tree_constraints",
    ///      "locked": [{"node": 3}, {"when": [CONDITION, …], "subtree": true}],
    ///      "forbidden_splits": [{"observation": NAME, "above": 5, "at_most": 6}],
    ///      "forbidden": [{"action": NAME, "when": [CONDITION, …], "reason": …}],
    ///      "mandatory": [{"action": NAME, "when": [CONDITION, …], "reason": …}]}
    ///
    /// with conditions `{"observation": NAME, "above": 5, "at_most": 6, "or_missing": true}`: `above` < value ≤ `at_most`,
    /// either of which may be left out; a missing value meets a condition only with `or_missing`. Complains of everything
    /// that is wrong; nil if anything was.
    ///
    /// - Parameter hasNumbers: whether a node may be locked by its number, which means something for one tree only.
    public init?(
        _ node: JSONNode, features: [String], actions: [String], hasNumbers: Bool = true, complaints: Complaints
    ) {
        let before = complaints.items.count
        let reader = ObjectReader(node, what: "the constraints", complaints: complaints)
        if let format = reader.integer("format", in: 1...Int.max), format > TreeConstraints.format {
            complaints.add(
                reader.node["format"] ?? node,
                "these constraints have format \(format), but this program reads formats up to \(TreeConstraints.format)",
                remedy: "use a newer version of the program")
            return nil
        }
        _ = reader.choice("kind", of: ["tree_constraints"])
        for item in reader.optionalArray("locked") ?? [] {
            let part = ObjectReader(item, what: "a locked node", complaints: complaints)
            let number = part.optionalInteger("node", in: 0...Int.max)
            let region = part.node["when"] == nil ? nil : TreeConstraints.region(part, features, complaints)
            let includesSubtree = part.boolean("subtree", default: false)
            if part.node["node"] == nil, part.node["when"] == nil {
                _ = part.optionalChild("when")
                complaints.add(
                    item, "a locked node is named by \"node\" or by \"when\"",
                    remedy: "such as { \"node\": 0 } for the root or { \"when\": [] }, which is the root too")
            }
            if number != nil, region != nil {
                complaints.add(item, "a locked node is named by \"node\" or by \"when\", not by both")
            }
            if let number, !hasNumbers, let place = part.node["node"] {
                complaints.add(
                    place, "node \(number) is another one in the tree of every seed", remedy: "name it by \"when\"")
            }
            _ = part.optionalChild("when")
            part.finish()
            if let number {
                locks.append(Lock(target: .number(number), includesSubtree: includesSubtree, place: item))
            } else if let region {
                locks.append(Lock(target: .region(region), includesSubtree: includesSubtree, place: item))
            }
        }
        for item in reader.optionalArray("forbidden_splits") ?? [] {
            let part = ObjectReader(item, what: "a forbidden split", complaints: complaints)
            if let condition = TreeConstraints.condition(part, features, complaints) {
                forbiddenSplits.append(
                    ForbiddenSplit(feature: condition.feature, above: condition.low, atMost: condition.high))
            }
            _ = part.optionalString("reason")
            part.finish()
        }
        for (key, what, isMandatory) in [
            ("forbidden", "a forbidden action", false), ("mandatory", "a mandatory action", true),
        ] {
            for item in reader.optionalArray(key) ?? [] {
                let part = ObjectReader(item, what: what, complaints: complaints)
                let action = part.choice("action", of: actions).flatMap { actions.firstIndex(of: $0) }
                let region = TreeConstraints.region(part, features, complaints)
                _ = part.optionalString("reason")
                part.finish()
                if let action, let region {
                    doses.append(DoseRule(isMandatory: isMandatory, action: action, region: region, place: item))
                }
            }
        }
        reader.finish()
        TreeConstraints.checkContradictions(doses, actions, complaints)
        guard complaints.items.count == before else { return nil }
    }

    private static func region(_ reader: ObjectReader, _ features: [String], _ complaints: Complaints) -> Region? {
        guard let items = reader.array("when") else { return nil }
        var conditions: [LeafRule.Condition] = []
        var isComplete = true
        for item in items {
            let part = ObjectReader(item, what: "a condition", complaints: complaints)
            if var condition = condition(part, features, complaints) {
                condition.missingMeets = part.boolean("or_missing", default: false)
                if conditions.contains(where: { $0.feature == condition.feature }) {
                    complaints.add(
                        item, "there are two conditions on \"\(features[condition.feature])\"",
                        remedy: "write both bounds in one")
                }
                conditions.append(condition)
            } else {
                _ = part.optionalChild("or_missing")
                isComplete = false
            }
            part.finish()
        }
        return isComplete ? Region(conditions) : nil
    }

    /// Observation and bounds.
    private static func condition(
        _ reader: ObjectReader, _ features: [String], _ complaints: Complaints
    ) -> LeafRule.Condition? {
        let feature = reader.choice("observation", of: features).flatMap { features.firstIndex(of: $0) }
        let above = reader.optionalNumber("above")
        let atMost = reader.optionalNumber("at_most")
        if let above, let atMost, above >= atMost, let place = reader.node["at_most"] {
            complaints.add(place, "nothing lies above \(above) and is at most \(atMost)")
        }
        return feature.map { LeafRule.Condition(feature: $0, low: above, high: atMost, missingMeets: false) }
    }

    /// No observation may have an action both mandatory and forbidden, two mandatory ones, or none that is permitted.
    private static func checkContradictions(_ doses: [DoseRule], _ actions: [String], _ complaints: Complaints) {
        for (index, rule) in doses.enumerated() {
            for other in doses[..<index] where rule.region.meets(other.region) {
                let isSame = rule.action == other.action
                if rule.isMandatory && other.isMandatory && !isSame {
                    complaints.add(
                        rule.place,
                        "\(actions[rule.action]) and \(actions[other.action]) are both mandatory where their conditions "
                            + "meet")
                } else if rule.isMandatory != other.isMandatory && isSame {
                    complaints.add(
                        rule.place,
                        "\(actions[rule.action]) is both mandatory and forbidden where the conditions meet")
                }
            }
        }
        let always = Set(doses.filter { !$0.isMandatory && $0.region.conditions.isEmpty }.map(\.action))
        if let last = doses.last(where: { !$0.isMandatory }), always.count == actions.count {
            complaints.add(last.place, "every action is forbidden")
        }
    }
}

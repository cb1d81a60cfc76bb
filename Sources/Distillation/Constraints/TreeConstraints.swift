// What a clinician demands of a tree: nodes that stay, splits that must not be, actions that must or must not be taken.

import PositionedJSON
import Trees

/// The content of a constraints file.
public struct TreeConstraints: Sendable {
    /// The newest format that this version reads.
    public static let format = 1

    /// A node that stays as it is, with the splits that lead to it.
    public struct Lock: Sendable {
        public enum Target: Sendable, Equatable {
            /// By its number in the tree to which the constraints are applied.
            case number(Int)
            /// By what comes to it.
            case region(Region)
        }
        public var target: Target
        /// Whether everything below it stays too.
        public var includesSubtree: Bool
        let place: JSONNode
    }

    /// Thresholds of an observation that no split may have: `above` < threshold ≤ `atMost`.
    public struct ForbiddenSplit: Sendable, Equatable {
        public var feature: Int
        public var above: Double?
        public var atMost: Double?

        func forbids(feature: Int, threshold: Double) -> Bool {
            feature == self.feature && above.map { threshold > $0 } ?? true && atMost.map { threshold <= $0 } ?? true
        }
    }

    /// An action that must, or must not, be taken wherever an observation lies in a region.
    public struct DoseRule: Sendable {
        public var isMandatory: Bool
        public var action: Int
        public var region: Region
        let place: JSONNode
    }

    public var locks: [Lock] = []
    public var forbiddenSplits: [ForbiddenSplit] = []
    public var doses: [DoseRule] = []

    /// Whether nothing is demanded.
    public var isEmpty: Bool { locks.isEmpty && forbiddenSplits.isEmpty && doses.isEmpty }
}

/// Constraints that hold for the tree they are applied to.
public struct BoundConstraints: Sendable {
    public let constraints: TreeConstraints
    let locked: [LockedNode]

    /// Finds the locked nodes in a tree.
    ///
    /// - Throws: `Diagnostics` where a lock fits no node, or what is locked breaks another constraint.
    public init(_ constraints: TreeConstraints, tree: DecisionTree) throws(Diagnostics) {
        self.constraints = constraints
        let complaints = Complaints()
        var locked: [LockedNode] = []
        for lock in constraints.locks {
            let found: Int?
            switch lock.target {
            case .number(let number):
                found = number < tree.nodeCount ? number : nil
                if found == nil {
                    complaints.add(
                        lock.place, "the tree has no node \(number)",
                        remedy: "its nodes are numbered from 0, the root, to \(tree.nodeCount - 1)")
                }
            case .region(let region):
                found = (0..<tree.nodeCount).first { tree.region(of: $0).isNearly(region) }
                if found == nil {
                    complaints.add(
                        lock.place, "no node of the tree is reached under exactly these conditions",
                        remedy: "name all conditions on the way, or the node's number")
                }
            }
            guard let found else { continue }
            let nodes = lock.includesSubtree ? Array(tree.subtree(of: found)) : [found]
            for node in nodes {
                let item = LockedNode(node, of: tree)
                locked.append(item)
                BoundConstraints.check(item, constraints, tree, lock, complaints)
            }
        }
        try complaints.throwIfAny()
        self.locked = locked
    }

    /// What is locked must itself obey.
    private static func check(
        _ item: LockedNode, _ constraints: TreeConstraints, _ tree: DecisionTree, _ lock: TreeConstraints.Lock,
        _ complaints: Complaints
    ) {
        var tests = item.way.map { ($0.feature, $0.threshold) }
        if case .test(let feature, let threshold, _) = item.content { tests.append((feature, threshold)) }
        for (feature, threshold) in tests
        where constraints.forbids(feature: feature, threshold: threshold) {
            complaints.add(
                lock.place,
                "what is locked asks for \(tree.features[feature]) at \(threshold), which no split may do",
                remedy: "lock another node, or permit the split")
        }
        if case .leaf(let ranking) = item.content,
            let rule = constraints.broken(by: ranking, in: Region(item.way))
        {
            let action = tree.actions[rule.action]
            complaints.add(
                lock.place,
                rule.isMandatory
                    ? "the locked leaf does not give \(action) where it is mandatory"
                    : "the locked leaf gives \(action) where it is forbidden",
                remedy: "lock a node above it, or change the conditions")
        }
    }

    /// Whether a tree obeys.
    public func permits(_ tree: DecisionTree) -> Bool {
        for node in 0..<tree.nodeCount {
            switch tree.node(node) {
            case .split(let feature, let threshold, _, _, _):
                if constraints.forbids(feature: feature, threshold: threshold) { return false }
            case .leaf:
                guard !constraints.doses.isEmpty else { continue }
                if constraints.broken(by: tree.ranking(ofLeaf: node), in: tree.region(of: node)) != nil { return false }
            }
        }
        return hasLocked(tree)
    }

    /// Whether everything locked is in a tree.
    func hasLocked(_ tree: DecisionTree) -> Bool { locked.allSatisfy { $0.isIn(tree) } }

    /// Whether a threshold must stay: it is part of what is locked, or bounds where an action is forbidden or mandatory.
    func isFixed(feature: Int, threshold: Double) -> Bool {
        constraints.doses.contains { $0.region.hasBoundary(feature: feature, threshold: threshold) }
            || locked.contains { item in
                if case .test(feature, threshold, _) = item.content { return true }
                return item.way.contains { $0.feature == feature && $0.threshold == threshold }
            }
    }
}

/// A node as it must stay: the way to it, and what it asks or does.
struct LockedNode: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case test(feature: Int, threshold: Double, missingGoesLeft: Bool)
        /// Actions from best to worst.
        case leaf(ranking: [Int])
    }
    var way: [PathStep]
    var content: Content

    init(_ node: Int, of tree: DecisionTree) {
        way = tree.way(to: node)
        content = LockedNode.content(node, of: tree)
    }

    private static func content(_ node: Int, of tree: DecisionTree) -> Content {
        switch tree.node(node) {
        case .split(let feature, let threshold, let missingGoesLeft, _, _):
            .test(feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft)
        case .leaf: .leaf(ranking: tree.ranking(ofLeaf: node))
        }
    }

    func isIn(_ tree: DecisionTree) -> Bool {
        var node = 0
        for step in way {
            guard case .split(step.feature, step.threshold, step.missingGoesLeft, let left, let right) = tree.node(node)
            else { return false }
            node = step.goesLeft ? left : right
        }
        return LockedNode.content(node, of: tree) == content
    }
}

extension TreeConstraints {
    /// Whether no split may ask for a feature at a threshold. What bounds a dose rule may always be asked for.
    func forbids(feature: Int, threshold: Double) -> Bool {
        forbiddenSplits.contains { $0.forbids(feature: feature, threshold: threshold) }
            && !doses.contains { $0.region.hasBoundary(feature: feature, threshold: threshold) }
    }

    /// The rules that say something of a leaf.
    func rules(for box: Region) -> [DoseRule] { doses.filter { $0.region.meets(box) } }

    /// A rule that a leaf with these actions, best first, breaks somewhere in its box.
    ///
    /// A mandatory action comes first; behind a forbidden one come only others that are forbidden there as well, so that
    /// it is taken only where the environment's own rules leave nothing else.
    func broken(by ranking: [Int], in box: Region) -> DoseRule? {
        let rules = rules(for: box)
        return rules.first { rule in
            if rule.isMandatory { return ranking.first != rule.action }
            let behind = ranking.drop { $0 != rule.action }.dropFirst()
            return behind.contains { other in
                !rules.contains { $0.action == other && !$0.isMandatory && $0.region.covers(rule.region, within: box) }
            }
        }
    }

    /// A ranking that obeys everything said of a box, otherwise in the order it had.
    func obedient(_ ranking: [Int], in box: Region) -> [Int] {
        let rules = rules(for: box)
        let mandatory = rules.first(where: \.isMandatory)?.action
        func place(_ action: Int) -> Int {
            if action == mandatory { return 0 }
            return rules.contains { !$0.isMandatory && $0.action == action } ? 2 : 1
        }
        return ranking.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
            .map(\.element)
    }
}

extension Region {
    /// Whether another region has the same bounds, but for the last bits; where missing values go is not asked.
    func isNearly(_ other: Region) -> Bool {
        func bounds(_ region: Region) -> [LeafRule.Condition] {
            region.conditions.filter { $0.low != nil || $0.high != nil }.sorted { $0.feature < $1.feature }
        }
        func near(_ a: Double?, _ b: Double?) -> Bool {
            guard let a, let b else { return a == nil && b == nil }
            return abs(a - b) <= 1e-9 * max(abs(a), abs(b))
        }
        let (mine, theirs) = (bounds(self), bounds(other))
        return mine.count == theirs.count
            && zip(mine, theirs).allSatisfy {
                $0.feature == $1.feature && near($0.low, $1.low) && near($0.high, $1.high)
            }
    }
}

// A part of what may be observed: an interval for some of the observations.

import Trees

/// Conditions that hold together, at most one an observation.
public struct Region: Sendable, Equatable {
    public var conditions: [LeafRule.Condition]

    public init(_ conditions: [LeafRule.Condition]) { self.conditions = conditions }

    public func contains(_ observation: [Double]) -> Bool {
        conditions.allSatisfy { $0.holds(for: observation[$0.feature]) }
    }

    /// Whether some observation lies in both.
    public func meets(_ other: Region) -> Bool {
        conditions.allSatisfy { mine in
            guard let theirs = other.conditions.first(where: { $0.feature == mine.feature }) else { return true }
            return mine.valuesMeet(theirs) || (mine.missingMeets && theirs.missingMeets)
        }
    }

    /// Whether all values that lie in both a region and a box lie in this region too.
    func covers(_ region: Region, within box: Region) -> Bool {
        conditions.allSatisfy { condition in
            let bounds = (region.conditions + box.conditions).filter { $0.feature == condition.feature }
            let low = bounds.compactMap(\.low).max()
            let high = bounds.compactMap(\.high).min()
            return condition.low.map { bound in low.map { $0 >= bound } ?? false } ?? true
                && condition.high.map { bound in high.map { $0 <= bound } ?? false } ?? true
        }
    }

    /// A split that parts what lies in a region from what does not.
    struct Cut: Equatable {
        var feature: Int
        var threshold: Double
        var missingGoesLeft: Bool
    }

    /// The first cut that this region makes through a leaf's box; nil where the box's values all lie in it. Missing values
    /// that end in such a box count as lying in the region too.
    func cut(through box: Region) -> Cut? {
        for condition in conditions {
            let feature = condition.feature
            let own =
                box.conditions.first { $0.feature == feature }
                ?? LeafRule.Condition(feature: feature, low: nil, high: nil, missingMeets: true)
            guard condition.valuesMeet(own) else {
                // They meet in missing values alone, which a threshold above all values tells apart.
                return Cut(feature: feature, threshold: .greatestFiniteMagnitude, missingGoesLeft: false)
            }
            if let low = condition.low, own.low.map({ $0 < low }) ?? true {
                return Cut(feature: feature, threshold: low, missingGoesLeft: !condition.missingMeets)
            }
            if let high = condition.high, own.high.map({ $0 > high }) ?? true {
                return Cut(feature: feature, threshold: high, missingGoesLeft: condition.missingMeets)
            }
        }
        return nil
    }

    /// Whether a split at a threshold is one that the region needs.
    func hasBoundary(feature: Int, threshold: Double) -> Bool {
        conditions.contains {
            $0.feature == feature
                && ($0.low == threshold || $0.high == threshold || threshold == .greatestFiniteMagnitude)
        }
    }
}

extension LeafRule.Condition {
    /// Whether some value lies in both intervals.
    func valuesMeet(_ other: LeafRule.Condition) -> Bool {
        max(low ?? -.infinity, other.low ?? -.infinity) < min(high ?? .infinity, other.high ?? .infinity)
    }
}

extension DecisionTree {
    /// The splits above a node and the side taken at each, from the root.
    func way(to node: Int) -> [PathStep] {
        let parents = parents
        var steps: [PathStep] = []
        var child = node
        while let parent = parents[child] {
            guard case .split(let feature, let threshold, let missingGoesLeft, let left, _) = self.node(parent) else {
                break
            }
            steps.append(
                PathStep(
                    feature: feature, threshold: threshold, missingGoesLeft: missingGoesLeft, goesLeft: child == left))
            child = parent
        }
        return steps.reversed()
    }

    /// What comes to a node.
    func region(of node: Int) -> Region { Region(way(to: node)) }
}

/// A split on the way to a node.
struct PathStep: Sendable, Equatable {
    var feature: Int
    var threshold: Double
    var missingGoesLeft: Bool
    var goesLeft: Bool
}

extension Region {
    /// The conditions along a way, merged per observation.
    init(_ way: [PathStep]) {
        var conditions: [LeafRule.Condition] = []
        for step in way {
            let place =
                conditions.firstIndex { $0.feature == step.feature }
                ?? {
                    conditions.append(.init(feature: step.feature, low: nil, high: nil, missingMeets: true))
                    return conditions.count - 1
                }()
            if step.goesLeft {
                conditions[place].high = min(conditions[place].high ?? step.threshold, step.threshold)
            } else {
                conditions[place].low = max(conditions[place].low ?? step.threshold, step.threshold)
            }
            if step.missingGoesLeft != step.goesLeft { conditions[place].missingMeets = false }
        }
        self.init(conditions)
    }
}

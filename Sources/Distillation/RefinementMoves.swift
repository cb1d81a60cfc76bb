// The changes that refinement tries.

import Trees

enum RefinementMoves {
    /// Every other action first, and every other action second: what the leaf does, and what it does where that is
    /// forbidden.
    static func rankings(of tree: DecisionTree, leaf: Int) -> [Candidate] {
        let ranking = tree.ranking(ofLeaf: leaf)
        var candidates: [Candidate] = []
        for (target, from) in [(0, 1), (1, 2)] where ranking.count > from {
            for place in from..<ranking.count {
                var changed = ranking
                let action = changed.remove(at: place)
                changed.insert(action, at: target)
                let words = changed.prefix(target + 1).map { tree.actions[$0] }.joined(separator: ", else ")
                candidates.append(
                    Candidate(
                        tree: tree.withRanking(changed, atLeaf: leaf),
                        change: "leaf \(leaf): \(words)"))
            }
        }
        return candidates
    }

    /// Shares of the visited values by which a threshold moves, up and down, in the first pass; half as far in the
    /// second, and so on.
    static let shares = [0.02, 0.05, 0.1, 0.2, 0.4]

    /// Thresholds that let more or fewer of the visited values pass: between the neighbouring values at shares away
    /// from where the threshold is now.
    ///
    /// - Parameter visited: values that came to the split, ascending.
    static func thresholds(
        of tree: DecisionTree, node: Int, visited: [Double], pass: Int, grid: ThresholdGrid
    ) -> [Candidate] {
        guard case .split(let feature, let now, _, _, _) = tree.node(node), visited.count > 1 else { return [] }
        let left = visited.partitioningIndex { $0 > now }
        let shrink = 1 / Double(1 << min(pass, 20))
        var proposals: [Double] = []
        for share in shares {
            for up in [false, true] {
                let distance = (share * shrink * Double(visited.count)).rounded(.up)
                let target = left + (up ? Int(distance) : -Int(distance))
                if let cut = cut(visited, target, up: up) { proposals.append(grid.nearest(cut, feature: feature)) }
            }
        }
        // On a coarse grid small shares come back to where the threshold is.
        proposals += [false, true].compactMap { grid.neighbour(of: now, feature: feature, up: $0) }
        var seen: Set<Double> = [now]
        return proposals.filter { seen.insert($0).inserted }.map { threshold in
            Candidate(
                tree: tree.withThreshold(threshold, at: node),
                change: "split \(node): \(tree.features[feature]) at \(threshold) instead of \(now)")
        }
    }

    /// A threshold that leaves about `count` of the ascending values on its left: midway between the distinct values
    /// around that place, or, in a run of equal values, beyond the run's end in the direction of the move; nil where
    /// all values would be on one side.
    static func cut(_ values: [Double], _ count: Int, up: Bool) -> Double? {
        guard let first = values.first, let last = values.last, first < last else { return nil }
        let place = max(1, min(values.count - 1, count))
        var low = values[place - 1]
        var high = values[place]
        if low == high {
            let above = values.partitioningIndex { $0 > low }
            let start = values.partitioningIndex { $0 >= low }
            if (up && above < values.count) || start == 0 {
                high = values[above]
            } else {
                high = low
                low = values[start - 1]
            }
        }
        let middle = low / 2 + high / 2
        return middle >= low && middle < high ? middle : low
    }

    /// Either side in the place of a split.
    static func removals(of tree: DecisionTree, node: Int) -> [Candidate] {
        guard case .split(let feature, let threshold, _, let left, let right) = tree.node(node) else { return [] }
        return [(left, "left"), (right, "right")].map { child, side in
            Candidate(
                tree: tree.replacing(node, byDescendant: child),
                change: "split \(node), \(tree.features[feature]) at \(threshold), gives way to its \(side) side")
        }
    }
}

extension Array {
    /// The first index whose element meets a condition that all later elements meet too; `count` where none does.
    func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

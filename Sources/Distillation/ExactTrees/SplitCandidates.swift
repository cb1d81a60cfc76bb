// The splits of a set of states that promise most, to first order.

/// A way to part a leaf's states, with an order of actions for either side.
struct SplitCandidate {
    var feature: Int
    var cut: Int
    var left: [Int32]
    var right: [Int32]
    /// By how much the value rises to first order.
    var promise: Double
}

/// Looks for splits. One thread's own.
struct SplitCandidates {
    let process: DecisionProcess
    let cuts: TreeCuts
    let search: RankingSearch
    /// Splits looked at closely, by their bound; at most two of a feature.
    private static let close = 16

    /// The best splits of a leaf, best first.
    ///
    /// - Parameters:
    ///   - gains: states × actions; what the states do now counts 0 where these are a valuation's.
    ///   - current: what the leaf's states do now, an order of actions.
    func best(_ states: [Int32], _ current: [Int32], _ gains: UnsafePointer<Double>, most: Int) -> [SplitCandidate] {
        guard states.count > 1 else { return [] }
        let actions = process.actions
        // Losses are gains with the sign changed.
        let losses = UnsafeMutableBufferPointer<Double>.allocate(capacity: process.count * actions)
        losses.initialize(repeating: 0)
        defer { losses.deallocate() }
        var isMember = Array(repeating: false, count: process.count)
        for state in states {
            isMember[Int(state)] = true
            for action in 0..<actions {
                losses[Int(state) * actions + action] = -gains[Int(state) * actions + action]
            }
        }
        let left = RegionLoss(process, losses.baseAddress!)
        let right = RegionLoss(process, losses.baseAddress!)
        var found: [(bound: Double, feature: Int, cut: Int)] = []
        for feature in 0..<cuts.features {
            let order = cuts.orders[feature].filter { isMember[Int($0)] }
            let ranks = order.map { Int(cuts.ranks[feature * cuts.count + Int($0)]) }
            guard let lowest = ranks.first, let highest = ranks.last, lowest < highest else { continue }
            left.clear()
            right.clear()
            for state in order { right.add(Int(state)) }
            var own: [(bound: Double, feature: Int, cut: Int)] = []
            for place in 0..<order.count - 1 {
                left.add(Int(order[place]))
                right.remove(Int(order[place]))
                guard ranks[place] < ranks[place + 1] else { continue }
                // In the middle between the neighbours that are here, so that others fall on the nearer side.
                own.append((left.bound + right.bound, feature, (ranks[place] + ranks[place + 1] - 1) / 2))
            }
            found += own.sorted { ($0.bound, $0.cut) < ($1.bound, $1.cut) }.prefix(2)
        }
        var now = 0.0
        for state in states { now += gains[Int(state) * actions + Int(search.action(Int(state), current))] }
        let chosen = found.sorted { ($0.bound, $0.feature, $0.cut) < ($1.bound, $1.feature, $1.cut) }
            .prefix(SplitCandidates.close)
        let candidates = chosen.map { item -> SplitCandidate in
            let sides = [true, false].map { side in
                states.filter { cuts.goesLeft(Int($0), item.feature, item.cut) == side }
            }
            let rankings = sides.map { side -> [Int32] in
                var other = current
                search.improve(&other, side, gains)
                let fresh = search.best(side, gains)
                return sum(side, fresh, gains) > sum(side, other, gains) ? fresh : other
            }
            return SplitCandidate(
                feature: item.feature, cut: item.cut, left: rankings[0], right: rankings[1],
                promise: sum(sides[0], rankings[0], gains) + sum(sides[1], rankings[1], gains) - now)
        }
        return Array(
            candidates.enumerated().sorted { ($1.element.promise, $0.offset) < ($0.element.promise, $1.offset) }
                .map(\.element).prefix(most))
    }

    /// What states gain under an order.
    func sum(_ states: [Int32], _ ranking: [Int32], _ gains: UnsafePointer<Double>) -> Double {
        states.reduce(0) { $0 + gains[Int($1) * process.actions + Int(search.action(Int($1), ranking))] }
    }
}

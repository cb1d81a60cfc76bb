// The order of a leaf's actions: each of its states takes the first that it is allowed.

/// Searches orders by moving one action at a time to its best place, until none moves. One thread's own.
struct RankingSearch {
    let process: DecisionProcess

    /// Improves an order for the sum of gains of what the states then do.
    ///
    /// - Parameters:
    ///   - gains: states × actions.
    func improve(_ ranking: inout [Int32], _ states: [Int32], _ gains: UnsafePointer<Double>) {
        let actions = process.actions
        var isPresent = Array(repeating: false, count: actions)
        for state in states {
            for action in process.masks[Int(process.mask[Int(state)])] { isPresent[action] = true }
        }
        var place = Array(repeating: 0, count: actions)
        var delta = Array(repeating: 0.0, count: actions)
        for _ in 0..<12 {
            var hasMoved = false
            for action in 0..<actions where isPresent[action] {
                // Places in the order without the action.
                let old = ranking.firstIndex(of: Int32(action)) ?? 0
                for (index, other) in ranking.enumerated() { place[Int(other)] = index < old ? index : index - 1 }
                for index in 0..<actions { delta[index] = 0 }
                for state in states where process.rowOf[Int(state) * actions + action] >= 0 {
                    var first = actions
                    var rival = -1
                    for other in process.masks[Int(process.mask[Int(state)])] where other != action {
                        if place[other] < first {
                            first = place[other]
                            rival = other
                        }
                    }
                    guard rival >= 0 else { continue }
                    delta[first] += gains[Int(state) * actions + action] - gains[Int(state) * actions + rival]
                }
                // Before the action at place p it takes over the states that would take p or a later one.
                var sum = 0.0
                var best = actions - 1
                var bestSum = 0.0
                var oldSum = 0.0
                for index in (0..<actions - 1).reversed() {
                    sum += delta[index]
                    if sum > bestSum {
                        bestSum = sum
                        best = index
                    }
                    if index == old { oldSum = sum }
                }
                if old == actions - 1 { oldSum = 0 }
                if bestSum > oldSum + 1e-14 {
                    ranking.remove(at: old)
                    ranking.insert(Int32(action), at: best)
                    hasMoved = true
                }
            }
            if !hasMoved { return }
        }
    }

    /// A first order: actions by their mean gain over the states that allow them; those that none allows come last.
    func initial(_ states: [Int32], _ gains: UnsafePointer<Double>) -> [Int32] {
        let actions = process.actions
        var sums = Array(repeating: 0.0, count: actions)
        var counts = sums
        for state in states {
            for action in process.masks[Int(process.mask[Int(state)])] {
                sums[action] += gains[Int(state) * actions + action]
                counts[action] += 1
            }
        }
        func mean(_ action: Int32) -> Double {
            counts[Int(action)] > 0 ? sums[Int(action)] / counts[Int(action)] : -Double.infinity
        }
        return (0..<Int32(actions)).sorted { (mean($1), $0) < (mean($0), $1) }
    }

    /// The best order that was found for states.
    func best(_ states: [Int32], _ gains: UnsafePointer<Double>) -> [Int32] {
        var ranking = initial(states, gains)
        improve(&ranking, states, gains)
        return ranking
    }

    /// What a state does under an order.
    @inline(__always)
    func action(_ state: Int, _ ranking: [Int32]) -> Int32 {
        let base = state * process.actions
        for action in ranking where process.rowOf[base + Int(action)] >= 0 { return action }
        return ranking[0]
    }
}

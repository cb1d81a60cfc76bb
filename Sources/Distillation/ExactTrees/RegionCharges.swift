// What a region of a partial tree must lose at least, whatever subtree of a given depth is put there.

/// Charges by the losses of a relaxation. One thread's own.
final class RegionCharges {
    let process: DecisionProcess
    let cuts: TreeCuts
    let losses: UnsafePointer<Double>
    private let left: RegionLoss
    private let right: RegionLoss
    private var isMember: [Bool]
    /// Distinct cuts up to which pairs of levels are tried.
    private static let fewCuts = 64

    init(_ process: DecisionProcess, _ cuts: TreeCuts, _ losses: UnsafePointer<Double>) {
        self.process = process
        self.cuts = cuts
        self.losses = losses
        left = RegionLoss(process, losses)
        right = RegionLoss(process, losses)
        isMember = Array(repeating: false, count: process.count)
    }

    /// The least loss of a region: of one leaf, of the best split of leaves, of the best two levels where cuts are few;
    /// of a deeper subtree what states lose that no tree can part.
    func charge(_ states: [Int32], depth: Int) -> Double {
        guard depth > 0, states.count > 1 else { return leaf(states) }
        if depth == 1 {
            var best = Double.infinity
            scan(states) { _, _, loss in best = min(best, loss) }
            return best.isFinite ? best : leaf(states)
        }
        guard depth == 2, cuts.distinct <= RegionCharges.fewCuts else { return inseparable(states) }
        var best = Double.infinity
        for (feature, cut) in splits(states) {
            let sides = [true, false].map { side in states.filter { cuts.goesLeft(Int($0), feature, cut) == side } }
            best = min(best, charge(sides[0], depth: 1) + charge(sides[1], depth: 1))
        }
        return best.isFinite ? best : leaf(states)
    }

    private func leaf(_ states: [Int32]) -> Double {
        left.clear()
        for state in states { left.add(Int(state)) }
        return left.bound
    }

    /// A leaf whose next ranked action is known.
    func leaf(_ states: [Int32], first action: Int) -> Double {
        var sum = 0.0
        var others: [Int32] = []
        for state in states {
            if process.row(Int(state), action) >= 0 {
                sum += losses[Int(state) * process.actions + action]
            } else {
                others.append(state)
            }
        }
        return others.isEmpty ? sum : sum + leaf(others)
    }

    private func inseparable(_ states: [Int32]) -> Double {
        var sums: [Int32: [Double]] = [:]
        for state in states {
            let allowed = process.allowed(Int(state))
            let own = allowed.map { losses[Int(state) * process.actions + $0] }
            if let known = sums[process.cell[Int(state)]] {
                sums[process.cell[Int(state)]] = zip(known, own).map { $0 + $1 }
            } else {
                sums[process.cell[Int(state)]] = own
            }
        }
        return sums.sorted { $0.key < $1.key }.reduce(0) { $0 + ($1.value.min() ?? 0) }
    }

    /// Every cut that parts the states, with the loss of a leaf on either side.
    func scan(_ states: [Int32], _ body: (Int, Int, Double) -> Void) {
        for state in states { isMember[Int(state)] = true }
        defer { for state in states { isMember[Int(state)] = false } }
        for feature in 0..<cuts.features {
            let order = cuts.orders[feature].filter { isMember[Int($0)] }
            guard let first = order.first, let last = order.last else { continue }
            let base = feature * cuts.count
            guard cuts.ranks[base + Int(first)] < cuts.ranks[base + Int(last)] else { continue }
            left.clear()
            right.clear()
            for state in order { right.add(Int(state)) }
            for place in 0..<order.count - 1 {
                let state = Int(order[place])
                left.add(state)
                right.remove(state)
                let rank = cuts.ranks[base + state]
                if rank < cuts.ranks[base + Int(order[place + 1])] {
                    body(feature, Int(rank), left.bound + right.bound)
                }
            }
        }
    }

    /// The cuts that part the states, of those that part them alike the first.
    func splits(_ states: [Int32]) -> [(feature: Int, cut: Int)] {
        var seen: Set<[UInt64]> = []
        var found: [(feature: Int, cut: Int)] = []
        for feature in 0..<cuts.features {
            let base = feature * cuts.count
            let own = states.map { cuts.ranks[base + Int($0)] }
            for rank in Set(own).sorted().dropLast()
            where seen.insert(TreeCuts.partition(own.map { $0 <= rank })).inserted {
                found.append((feature, Int(rank)))
            }
        }
        return found
    }
}

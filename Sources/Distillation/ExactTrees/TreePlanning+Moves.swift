// The moves that improve a planned tree within its size, and those that make it smaller.

extension TreePlanning {
    /// Goes through the nodes until nothing rises any more.
    func improve(sweeps: Int = 30) {
        for _ in 0..<sweeps {
            let before = value
            var members = tree.members(cuts)
            for node in tree.nodes.indices {
                if tree.nodes[node].isLeaf {
                    rerank(node, members[node])
                } else if ask(node, members[node]) {
                    members = tree.members(cuts)
                }
            }
            if value <= before + 1e-9 { return }
        }
    }

    /// A better order of a leaf's actions.
    private func rerank(_ leaf: Int, _ states: [Int32]) {
        let gains = UnsafePointer(valuation.gains.baseAddress!)
        var improved = tree.nodes[leaf].ranking
        search.improve(&improved, states, gains)
        var best: (ranking: [Int32], changes: [PolicyChange], value: Double)?
        for ranking in [improved, search.best(states, gains)] {
            let changes = changes(states) { self.search.action($0, ranking) }
            guard !changes.isEmpty else { continue }
            let value = valued(changes)
            if value > (best?.value ?? self.value + TreePlanning.least) { best = (ranking, changes, value) }
        }
        guard let best else { return }
        tree.nodes[leaf].ranking = best.ranking
        valuation.apply(best.changes)
    }

    /// A better question at a node, its subtrees staying as they are or changing sides.
    private func ask(_ node: Int, _ states: [Int32]) -> Bool {
        guard states.count > 1 else { return false }
        let own = tree.nodes[node]
        let gains = UnsafePointer(valuation.gains.baseAddress!)
        // What each state would do on either side, and the difference in gain.
        var sides = Array(repeating: (left: Int32(0), right: Int32(0), difference: 0.0), count: process.count)
        var isMember = Array(repeating: false, count: process.count)
        var rightSum = 0.0
        for number in states {
            let state = Int(number)
            let left = search.action(state, tree.nodes[tree.leaf(state, cuts, from: Int(own.left))].ranking)
            let right = search.action(state, tree.nodes[tree.leaf(state, cuts, from: Int(own.right))].ranking)
            let (leftGain, rightGain) = (
                gains[state * process.actions + Int(left)], gains[state * process.actions + Int(right)]
            )
            sides[state] = (left, right, leftGain - rightGain)
            isMember[state] = true
            rightSum += rightGain
        }
        let all = states.reduce(0) { $0 + sides[Int($1)].difference }
        var found: [(promise: Double, feature: Int, cut: Int, isSwapped: Bool)] = []
        for feature in 0..<cuts.features {
            var sum = 0.0
            var previous = -1
            var best: [(promise: Double, feature: Int, cut: Int, isSwapped: Bool)] = []
            for number in cuts.orders[feature] where isMember[Int(number)] {
                let rank = Int(cuts.ranks[feature * cuts.count + Int(number)])
                if previous >= 0, rank > previous {
                    let cut = (previous + rank - 1) / 2
                    for (promise, isSwapped) in [(rightSum + sum, false), (rightSum + all - sum, true)]
                    where best.count < 2 || promise > best[1].promise {
                        best.append((promise, feature, cut, isSwapped))
                        best.sort { $0.promise > $1.promise }
                        if best.count > 2 { best.removeLast() }
                    }
                }
                sum += sides[Int(number)].difference
                previous = rank
            }
            found += best
        }
        found.sort { ($1.promise, $0.feature, $0.cut) < ($0.promise, $1.feature, $1.cut) }
        var best:
            (item: (promise: Double, feature: Int, cut: Int, isSwapped: Bool), changes: [PolicyChange], value: Double)?
        for item in found.prefix(6) where item.promise > TreePlanning.least {
            let changes = changes(states) { state in
                let isLeft = self.cuts.goesLeft(state, item.feature, item.cut) != item.isSwapped
                return isLeft ? sides[state].left : sides[state].right
            }
            let value = valued(changes)
            if value > (best?.value ?? self.value + TreePlanning.least) { best = (item, changes, value) }
        }
        guard let best else { return false }
        tree.nodes[node].feature = Int32(best.item.feature)
        tree.nodes[node].cut = Int32(best.item.cut)
        if best.item.isSwapped {
            tree.nodes[node].left = own.right
            tree.nodes[node].right = own.left
        }
        valuation.apply(best.changes)
        return true
    }

    /// A split that may give way to one of its sides.
    private struct Removal {
        var node: Int
        var kept: Int
        var leaves: Int
        var loss: Double
        /// Where the kept side is a leaf: its order for all states that now come to it.
        var ranking: [Int32]?
    }

    /// Removes splits, the one that costs least for each leaf first, until the tree is small enough and every split is
    /// worth something.
    func prune(to leaves: Int) {
        while tree.leafCount > 1 {
            let isLarge = tree.leafCount > leaves
            let surplus = isLarge ? tree.leafCount - leaves : tree.leafCount
            let members = tree.members(cuts)
            let below = tree.leavesBelow
            let gains = UnsafePointer(valuation.gains.baseAddress!)
            var found: [Removal] = []
            for (node, own) in tree.nodes.enumerated() where !own.isLeaf {
                for (kept, gone) in [(Int(own.left), Int(own.right)), (Int(own.right), Int(own.left))]
                where below[gone] <= surplus {
                    var ranking: [Int32]?
                    if tree.nodes[kept].isLeaf {
                        var joint = tree.nodes[kept].ranking
                        search.improve(&joint, members[node], gains)
                        ranking = joint
                    }
                    let states = ranking == nil ? members[gone] : members[node]
                    let gain = states.reduce(0.0) { sum, state in
                        sum
                            + gains[
                                Int(state) * process.actions + Int(action(Int(state), below: kept, ranking))]
                    }
                    found.append(
                        Removal(node: node, kept: kept, leaves: below[gone], loss: -gain, ranking: ranking))
                }
            }
            found.sort {
                ($0.loss / Double($0.leaves), $0.node, $0.kept) < ($1.loss / Double($1.leaves), $1.node, $1.kept)
            }
            var best: (removal: Removal, changes: [PolicyChange], loss: Double)?
            for removal in found.prefix(8) {
                let changes = changes(members[removal.node]) { state in
                    self.action(state, below: removal.kept, removal.ranking)
                }
                let loss = (value - valued(changes)) / Double(removal.leaves)
                if best.map({ loss < $0.loss }) ?? true { best = (removal, changes, loss) }
            }
            guard let best, isLarge || best.loss <= 0 else { return }
            if let ranking = best.removal.ranking { tree.nodes[best.removal.kept].ranking = ranking }
            tree = tree.replacing(best.removal.node, by: best.removal.kept)
            valuation.apply(best.changes)
        }
    }

    /// Makes a given tree one within the limits.
    func fit() {
        while let deep = tree.depths.firstIndex(where: { $0 > limits.depth }) {
            // The split above the leaf that is too deep becomes the leaf.
            guard let parent = tree.nodes.firstIndex(where: { Int($0.left) == deep || Int($0.right) == deep }) else {
                break
            }
            tree = tree.replacing(parent, by: deep)
        }
        take(tree)
        prune(to: limits.leaves)
    }

    /// What a state would do if it came to a node; a ranking takes the place of the leaf's own.
    private func action(_ state: Int, below node: Int, _ ranking: [Int32]?) -> Int32 {
        search.action(state, ranking ?? tree.nodes[tree.leaf(state, cuts, from: node)].ranking)
    }
}

// Branch and bound over decision trees: the best tree within limits, or how far from it the best known one can be.

import Numerics

/// One search. Best first, without chance; the budget counts relaxations solved, so that a result does not depend on
/// the machine. What is asked is that of Vos and Verwer, "Optimal decision tree policies for Markov decision processes",
/// IJCAI 2023, arXiv 2301.13185, there with a commercial solver of mixed-integer programs.
///
/// A node is a partial tree. Its bound is that of the relaxation in which states of undecided regions act freely, less
/// what every region loses at least by being a tree (`ProcessRelaxation`, `RegionCharges`). Cuts that part a region
/// alike are one; of two trees that ask the same two questions in either order one is searched.
final class TreeBranching {
    private struct Node {
        var bound: Double
        var isRefined: Bool
        var tree: PartialTree
        /// Over endless time: values that bound this node's.
        var values: [Double]?
        var order: Int
    }

    private let process: DecisionProcess
    private let cuts: TreeCuts
    private let limits: TreeLimits
    private let relaxation: ProcessRelaxation
    private let charges: RegionCharges
    private let isEndless: Bool
    private var heap: [Node] = []
    private var made = 0
    private(set) var best: (tree: PlannedTree, value: Double)
    /// No tree within the limits is worth more.
    private(set) var upper = Double.infinity

    /// Trees whose values are nearer than this count as equally good.
    static let tolerance = 1e-9

    var solved: Int { relaxation.solutions }

    init(_ process: DecisionProcess, _ cuts: TreeCuts, _ limits: TreeLimits, best: (tree: PlannedTree, value: Double)) {
        self.process = process
        self.cuts = cuts
        self.limits = limits
        self.best = best
        relaxation = ProcessRelaxation(process)
        charges = RegionCharges(process, cuts, UnsafePointer(relaxation.losses.baseAddress!))
        if case .endless = process.objective { isEndless = true } else { isEndless = false }
        push(Node(bound: .infinity, isRefined: false, tree: PartialTree(), values: nil, order: 0))
    }

    /// Searches until nothing better is left, the budget is spent, or `stop` says so; true where the best tree was
    /// found to be the best there is. At least the bound of the whole problem is computed.
    func run(budget: Int, stop: () -> Bool = { false }, report: (TreeBranching) -> Void = { _ in }) -> Bool {
        while let node = pop() {
            upper = max(best.value, min(upper, node.bound))
            if node.bound <= best.value + TreeBranching.tolerance { return true }
            if solved > 0, solved >= budget || stop() { return false }
            visit(node)
            if solved & (solved - 1) == 0 {
                upper = max(best.value, min(upper, heap.first?.bound ?? best.value))
                report(self)
            }
        }
        upper = best.value
        return true
    }

    private func visit(_ node: Node) {
        let (fixed, regions) = node.tree.decided(process, cuts, limits)
        relaxation.solve(fixed, warm: node.values)
        if regions.isEmpty {
            // Everything is decided: the value is that of the tree.
            if relaxation.value > best.value {
                best = (node.tree.planned(process.actions), relaxation.value)
            }
            return
        }
        let values = isEndless ? relaxation.values : nil
        let own = regions.map { charges.charge($0.states, depth: $0.depth) }
        let all = own.reduce(0, +)
        let bound = min(node.bound, relaxation.value - all)
        guard bound > best.value + TreeBranching.tolerance else { return }
        if !node.isRefined, let next = heap.first, next.bound > bound {
            var later = node
            later.bound = bound
            later.isRefined = true
            later.values = values
            return push(later)
        }
        // Leaves that are begun are finished first; then the region that loses most.
        var chosen = 0
        for index in regions.indices.dropFirst() {
            let (a, b) = (regions[index], regions[chosen])
            if (a.isRanked ? 1 : 0, own[index], a.states.count) > (b.isRanked ? 1 : 0, own[chosen], b.states.count) {
                chosen = index
            }
        }
        let region = regions[chosen]
        let base = relaxation.value - (all - own[chosen])
        func child(_ tree: PartialTree, _ loss: Double) {
            let limit = min(bound, base - loss)
            guard limit > best.value + TreeBranching.tolerance else { return }
            made += 1
            push(Node(bound: limit, isRefined: false, tree: tree, values: values, order: made))
        }
        var isSplit = false
        if region.depth > 0 {
            var losses: [Int: Double] = [:]
            if region.depth == 1 {
                charges.scan(region.states) { losses[$0 << 16 | $1] = $2 }
            }
            for (feature, cut) in charges.splits(region.states) {
                isSplit = true
                guard !node.tree.mirrorsAnother(region.node, feature, cut) else { continue }
                let loss = losses[feature << 16 | cut] ?? own[chosen]
                child(node.tree.splitting(region.node, feature, cut), loss)
            }
        }
        // Where leaves are not scarce, a leaf is no better than a split with the same on both sides.
        guard !isSplit || limits.leaves < 1 << min(limits.depth, 62) else { return }
        var isAllowed = Array(repeating: false, count: process.actions)
        for state in region.states { for action in process.allowed(Int(state)) { isAllowed[action] = true } }
        for action in 0..<process.actions where isAllowed[action] {
            child(
                node.tree.ranking(action, at: region.node),
                charges.leaf(region.states, first: action))
        }
    }

    // MARK: The heap: the highest bound first, of equals the one made last.

    private func precedes(_ a: Node, _ b: Node) -> Bool { (a.bound, a.order) > (b.bound, b.order) }

    private func push(_ node: Node) {
        heap.append(node)
        var place = heap.count - 1
        while place > 0, precedes(heap[place], heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func pop() -> Node? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return top }
        heap[0] = last
        var place = 0
        while true {
            var next = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if precedes(heap[child], heap[next]) { next = child }
            }
            if next == place { return top }
            heap.swapAt(place, next)
            place = next
        }
    }
}

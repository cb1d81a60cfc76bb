// A tree over the ranks of observations, as planning changes it.

import Trees

struct PlannedTree: Sendable, Equatable {
    struct Node: Sendable, Equatable {
        /// −1 at a leaf
        var feature: Int32 = -1
        var cut: Int32 = 0
        var left: Int32 = -1
        var right: Int32 = -1
        /// At a leaf: the actions from best to worst.
        var ranking: [Int32] = []

        var isLeaf: Bool { feature < 0 }
    }

    /// The root is first, children come after their parents.
    var nodes: [Node]

    init(ranking: [Int32]) { nodes = [Node(ranking: ranking)] }

    var leafCount: Int { (nodes.count + 1) / 2 }

    func leaf(_ state: Int, _ cuts: TreeCuts, from start: Int = 0) -> Int {
        var node = start
        while !nodes[node].isLeaf {
            let own = nodes[node]
            node = Int(cuts.goesLeft(state, Int(own.feature), Int(own.cut)) ? own.left : own.right)
        }
        return node
    }

    /// By node: the states that come to it, ascending.
    func members(_ cuts: TreeCuts) -> [[Int32]] {
        var members = Array(repeating: [Int32](), count: nodes.count)
        members[0] = (0..<Int32(cuts.count)).map { $0 }
        for (number, node) in nodes.enumerated() where !node.isLeaf {
            for state in members[number] {
                let side = cuts.goesLeft(Int(state), Int(node.feature), Int(node.cut)) ? node.left : node.right
                members[Int(side)].append(state)
            }
        }
        return members
    }

    var depths: [Int] {
        var depths = Array(repeating: 0, count: nodes.count)
        for (number, node) in nodes.enumerated() where !node.isLeaf {
            depths[Int(node.left)] = depths[number] + 1
            depths[Int(node.right)] = depths[number] + 1
        }
        return depths
    }

    /// By node: leaves below it, itself included.
    var leavesBelow: [Int] {
        var below = Array(repeating: 1, count: nodes.count)
        for number in nodes.indices.reversed() where !nodes[number].isLeaf {
            below[number] = below[Int(nodes[number].left)] + below[Int(nodes[number].right)]
        }
        return below
    }

    /// The tree with a leaf split.
    func splitting(_ leaf: Int, _ feature: Int, _ cut: Int, left: [Int32], right: [Int32]) -> PlannedTree {
        var tree = self
        tree.nodes[leaf] = Node(
            feature: Int32(feature), cut: Int32(cut), left: Int32(nodes.count), right: Int32(nodes.count + 1))
        tree.nodes.append(Node(ranking: left))
        tree.nodes.append(Node(ranking: right))
        return tree
    }

    /// The tree in which a node below takes the place of a split, numbered anew from the root.
    func replacing(_ node: Int, by descendant: Int) -> PlannedTree {
        var result = PlannedTree(ranking: [])
        var pending = [(old: node == 0 ? descendant : 0, new: 0)]
        while let (old, new) = pending.popLast() {
            result.nodes[new] = nodes[old]
            guard !nodes[old].isLeaf else { continue }
            for (child, isLeft) in [(nodes[old].left, true), (nodes[old].right, false)] {
                let number = result.nodes.count
                result.nodes.append(Node())
                if isLeft { result.nodes[new].left = Int32(number) } else { result.nodes[new].right = Int32(number) }
                pending.append((Int(child) == node ? descendant : Int(child), number))
            }
        }
        return result
    }

    /// What every state does.
    func policy(_ cuts: TreeCuts, _ search: RankingSearch) -> [Int32] {
        (0..<cuts.count).map { search.action($0, nodes[leaf($0, cuts)].ranking) }
    }

    /// The tree over observations. Scores of a leaf are (n − place) / n, its weight the visits of its states.
    func decisionTree(_ process: DecisionProcess, _ cuts: TreeCuts, visits: [Double]) throws -> DecisionTree {
        let members = members(cuts)
        let weights = members.map { $0.reduce(0.0) { $0 + visits[Int($1)] } }
        return try DecisionTree(
            features: process.model.task.observations.map(\.name), actions: process.model.task.actions.map(\.name),
            nodes: nodes.enumerated().map { number, node in
                guard node.isLeaf else {
                    let (left, right) = (Int(node.left), Int(node.right))
                    return .split(
                        feature: Int(node.feature), threshold: cuts.threshold(Int(node.feature), Int(node.cut)),
                        missingGoesLeft: weights[left] >= weights[right], left: left, right: right)
                }
                var scores = Array(repeating: 0.0, count: process.actions)
                for (place, action) in node.ranking.enumerated() {
                    scores[Int(action)] = Double(process.actions - place) / Double(process.actions)
                }
                return .leaf(scores: scores, weight: weights[number])
            })
    }

    /// A tree over observations as one over ranks. A threshold that no state's value comes near is passed by.
    init(_ tree: DecisionTree, _ cuts: TreeCuts) {
        nodes = [Node()]
        var pending = [(old: 0, new: 0)]
        while let (old, new) = pending.popLast() {
            switch tree.node(old) {
            case .leaf: nodes[new].ranking = tree.ranking(ofLeaf: old).map(Int32.init)
            case .split(let feature, let threshold, _, let left, let right):
                if let cut = cuts.cut(feature, threshold) {
                    let number = nodes.count
                    nodes[new] = Node(
                        feature: Int32(feature), cut: Int32(cut), left: Int32(number), right: Int32(number + 1))
                    nodes += [Node(), Node()]
                    pending += [(left, number), (right, number + 1)]
                } else {
                    // All states go one way.
                    pending.append(((cuts.values[feature].first ?? 0) <= threshold ? left : right, new))
                }
            }
        }
    }
}

// The decision tree: what a clinician reads and a policy acts on. Binary splits of one observation each, a score per
// action at every leaf.

/// A binary decision tree over named features, whose leaves score named actions.
///
/// An observation goes left at a split when its value is at most the threshold; a missing value (NaN) goes where
/// `missingGoesLeft` says. A leaf holds a score per action, higher is better; its action is the best-scored one that
/// is allowed, so that a forbidden first choice leaves a second. Nodes are numbered in preorder, the root is 0 and a
/// node's left child follows it: two trees that decide alike node by node are equal.
public struct DecisionTree: Sendable, Equatable {
    /// Names of the observations, in the order of their values.
    public let features: [String]
    /// Names of the actions, in the order of their scores.
    public let actions: [String]

    /// What a walk needs of a node, together in memory.
    @usableFromInline struct Step: Sendable, Equatable {
        @usableFromInline var threshold: Double
        /// 0 at a leaf
        @usableFromInline var feature: Int32
        /// A leaf leads to itself, so that several observations can walk in step.
        @usableFromInline var left: Int32
        @usableFromInline var right: Int32
        @usableFromInline var missingGoesLeft: Bool
        @usableFromInline var isLeaf: Bool
    }
    @usableFromInline private(set) var steps: [Step]
    /// Splits on the longest way from the root to a leaf.
    public private(set) var depth: Int
    /// nodes × actions: the actions from best to worst; rows of splits are unused
    @usableFromInline private(set) var ranking: [Int32]
    /// nodes × actions; rows of splits are zero
    private(set) var scores: [Double]
    /// Sample weight that reached each node.
    private(set) var weights: [Double]
    /// Sample weight × fall of impurity at each split; 0 at leaves and where not known.
    private(set) var gains: [Double]

    /// By leaf that abstains, the protocol to follow there: its own actions are not recommended. A change of the tree's
    /// shape takes these marks away, since they rest on who came to which leaf.
    public private(set) var abstentions: [Int: String] = [:]

    /// A node as exporters see it.
    public enum Node: Sendable, Equatable {
        /// `left` and `right` are node numbers.
        case split(feature: Int, threshold: Double, missingGoesLeft: Bool, left: Int, right: Int)
        /// A score per action, higher is better; and the sample weight behind it.
        case leaf(scores: [Double], weight: Double)
    }

    /// A tree from its nodes, of which the first is the root, in any other order.
    ///
    /// - Parameter gains: of the nodes, where known (see `gain(of:)`).
    /// - Throws: the first `TreeError` if the nodes do not form one tree with finite numbers.
    public init(features: [String], actions: [String], nodes: [Node], gains: [Double]? = nil) throws(TreeError) {
        if let problem = TreeError.all(features: features, actions: actions, nodes: nodes).first { throw problem }
        self.init(features: features, actions: actions, valid: nodes, gains: gains, root: 0) { $0 }
    }

    /// A tree that always decides alike.
    public init(features: [String], actions: [String], scores: [Double], weight: Double = 0) {
        precondition(scores.count == actions.count, "a leaf needs a score per action")
        self.init(features: features, actions: actions, valid: [.leaf(scores: scores, weight: weight)], gains: nil) {
            $0
        }
    }

    /// Lays valid nodes out in preorder, starting at `root`; wherever a child is named, `redirect` may name another.
    init(
        features: [String], actions: [String], valid nodes: [Node], gains known: [Double]?, root: Int = 0,
        abstentions marks: [Int: String] = [:], redirect: (Int) -> Int
    ) {
        self.features = features
        self.actions = actions
        depth = 0
        steps = []
        ranking = []
        scores = []
        weights = []
        gains = []
        // (old number, parent's new number, whether it is the parent's right child); the left child is pushed last
        var pending = [(node: redirect(root), parent: -1, isRight: false)]
        while let (old, parent, isRight) = pending.popLast() {
            let number = steps.count
            if parent >= 0 {
                if isRight { steps[parent].right = Int32(number) } else { steps[parent].left = Int32(number) }
            }
            switch nodes[old] {
            case .split(let feature, let threshold, let missingGoesLeft, let left, let right):
                steps.append(
                    Step(
                        threshold: threshold, feature: Int32(feature), left: -1, right: -1,
                        missingGoesLeft: missingGoesLeft, isLeaf: false))
                scores += Array(repeating: 0, count: actions.count)
                ranking += Array(repeating: 0, count: actions.count)
                weights.append(0)
                gains.append(known?[old] ?? 0)
                pending.append((redirect(right), number, true))
                pending.append((redirect(left), number, false))
            case .leaf(let leafScores, let weight):
                if let mark = marks[old] { abstentions[number] = mark }
                steps.append(
                    Step(
                        threshold: 0, feature: 0, left: Int32(number), right: Int32(number), missingGoesLeft: false,
                        isLeaf: true))
                scores += leafScores
                ranking += DecisionTree.ranking(of: leafScores)
                weights.append(weight)
                gains.append(0)
            }
        }
        for node in steps.indices.reversed() where !steps[node].isLeaf {
            weights[node] = weights[Int(steps[node].left)] + weights[Int(steps[node].right)]
        }
        depth = depths.max() ?? 0
    }

    /// Actions from best to worst; ties go to the lower index.
    static func ranking(of scores: [Double]) -> [Int32] {
        scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }.map(Int32.init)
    }

    // MARK: Shape

    public var nodeCount: Int { steps.count }
    public var leafCount: Int { (steps.count + 1) / 2 }

    /// Node numbers of the leaves, from left to right.
    public var leaves: [Int] { steps.indices.filter { steps[$0].isLeaf } }

    /// Splits above each node.
    public var depths: [Int] {
        var depths = Array(repeating: 0, count: steps.count)
        for node in steps.indices where !steps[node].isLeaf {
            depths[Int(steps[node].left)] = depths[node] + 1
            depths[Int(steps[node].right)] = depths[node] + 1
        }
        return depths
    }

    /// The parent of each node; nil for the root.
    public var parents: [Int?] {
        var parents = [Int?](repeating: nil, count: steps.count)
        for node in steps.indices where !steps[node].isLeaf {
            parents[Int(steps[node].left)] = node
            parents[Int(steps[node].right)] = node
        }
        return parents
    }

    /// Indices of the features that some split asks for, ascending.
    public var usedFeatures: [Int] {
        Set(steps.filter { !$0.isLeaf }.map { Int($0.feature) }).sorted()
    }

    public func isLeaf(_ node: Int) -> Bool { steps[node].isLeaf }

    public func node(_ number: Int) -> Node {
        let step = steps[number]
        if step.isLeaf { return .leaf(scores: scores(ofLeaf: number), weight: weights[number]) }
        return .split(
            feature: Int(step.feature), threshold: step.threshold, missingGoesLeft: step.missingGoesLeft,
            left: Int(step.left), right: Int(step.right))
    }

    public var nodes: [Node] { steps.indices.map(node) }

    /// Sample weight that reached a node when the tree was made.
    public func weight(of node: Int) -> Double { weights[node] }

    /// Sample weight × fall of impurity at a split (bits for entropy); 0 at a leaf and where it is not known.
    public func gain(of node: Int) -> Double { gains[node] }

    /// Scores of a leaf, one per action.
    public func scores(ofLeaf node: Int) -> [Double] {
        Array(scores[node * actions.count..<(node + 1) * actions.count])
    }

    /// The actions of a leaf from best to worst.
    public func ranking(ofLeaf node: Int) -> [Int] {
        ranking[node * actions.count..<(node + 1) * actions.count].map(Int.init)
    }

    // MARK: Changes that keep the shape

    mutating func set(threshold: Double, at node: Int) { steps[node].threshold = threshold }

    mutating func set(scores new: [Double], atLeaf node: Int) {
        scores.replaceSubrange(node * actions.count..<(node + 1) * actions.count, with: new)
        ranking.replaceSubrange(
            node * actions.count..<(node + 1) * actions.count, with: DecisionTree.ranking(of: new))
    }

    mutating func set(abstentions: [Int: String]) { self.abstentions = abstentions }

    mutating func set(gain: Double, at node: Int) { gains[node] = gain }

    /// Gains in node order, for a rebuild from `nodes`.
    var knownGains: [Double] { gains }
}

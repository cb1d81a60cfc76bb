// Walks from the root to a leaf, and the choice made there.

extension DecisionTree {
    /// The leaf that an observation (a value per feature) falls into, as a node number.
    @inlinable
    public func leaf(of observation: UnsafePointer<Double>) -> Int {
        steps.withUnsafeBufferPointer { DecisionTree.walk($0.baseAddress!, observation) }
    }

    /// The leaf that an observation falls into.
    public func leaf(of observation: [Double]) -> Int {
        precondition(observation.count == features.count, "an observation has a value per feature")
        return observation.withUnsafeBufferPointer { leaf(of: $0.baseAddress!) }
    }

    @inlinable @inline(__always)
    static func walk(_ steps: UnsafePointer<Step>, _ observation: UnsafePointer<Double>) -> Int {
        var node = 0
        while !steps[node].isLeaf { node = next(steps, node, observation) }
        return node
    }

    /// The child that an observation goes to, by arithmetic: which way it goes cannot be guessed, so a branch would be
    /// wrong half of the time. A leaf leads to itself.
    @inlinable @inline(__always)
    static func next(_ steps: UnsafePointer<Step>, _ node: Int, _ observation: UnsafePointer<Double>) -> Int {
        let step = steps + node
        let value = observation[Int(step.pointee.feature)]
        // NaN compares false with everything.
        let isBelow: Int32 = value <= step.pointee.threshold ? 1 : 0
        let isMissing: Int32 = value != value ? 1 : 0
        let staysLeft: Int32 = step.pointee.missingGoesLeft ? 1 : 0
        let left = step.pointee.left
        let right = step.pointee.right
        return Int(right ^ ((left ^ right) & (0 &- (isBelow | (isMissing & staysLeft)))))
    }

    /// The best-scored action of a leaf that is allowed; the best of all where none is.
    @inlinable
    public func action(atLeaf node: Int, allowed: UnsafePointer<Bool>) -> Int32 {
        ranking.withUnsafeBufferPointer {
            DecisionTree.choose($0.baseAddress! + node * actions.count, actions.count, allowed)
        }
    }

    /// Whether another tree over the same features ranks the actions alike in every one of some states.
    ///
    /// - Parameter observations: rows of `features.count`.
    public func decidesAlike(_ other: DecisionTree, _ observations: [Double]) -> Bool {
        let (width, choices) = (features.count, actions.count)
        return observations.withUnsafeBufferPointer { observations in
            (0..<observations.count / width).allSatisfy { state in
                let row = observations.baseAddress! + state * width
                let (mine, theirs) = (leaf(of: row) * choices, other.leaf(of: row) * choices)
                return (0..<choices).allSatisfy { ranking[mine + $0] == other.ranking[theirs + $0] }
            }
        }
    }

    /// The best-scored action of a leaf when everything is allowed.
    public func action(atLeaf node: Int) -> Int { Int(ranking[node * actions.count]) }

    @inlinable @inline(__always)
    static func choose(_ ranking: UnsafePointer<Int32>, _ count: Int, _ allowed: UnsafePointer<Bool>) -> Int32 {
        for place in 0..<count where allowed[Int(ranking[place])] { return ranking[place] }
        return ranking[0]
    }

    /// Decides for many at once: rows of `features.count` observations and of `actions.count` permissions.
    public func act(
        observations: UnsafePointer<Double>, allowed: UnsafePointer<Bool>, count: Int,
        actions chosen: UnsafeMutablePointer<Int32>
    ) {
        let (width, choices, depth) = (features.count, actions.count, depth)
        steps.withUnsafeBufferPointer { steps in
            ranking.withUnsafeBufferPointer { ranking in
                let (steps, ranking) = (steps.baseAddress!, ranking.baseAddress!)
                var row = 0
                // Four walk in step: the processor works on one while it waits for another.
                while row + 4 <= count {
                    let first = observations + row &* width
                    var (a, b, c, d) = (0, 0, 0, 0)
                    var level = 0
                    while level < depth {
                        let before = (a, b, c, d)
                        a = DecisionTree.next(steps, a, first)
                        b = DecisionTree.next(steps, b, first + width)
                        c = DecisionTree.next(steps, c, first + 2 &* width)
                        d = DecisionTree.next(steps, d, first + 3 &* width)
                        level &+= 1
                        // In a deep tree most ways are short.
                        if level >= 8, before == (a, b, c, d) { break }
                    }
                    chosen[row] = DecisionTree.choose(ranking + a &* choices, choices, allowed + row &* choices)
                    chosen[row &+ 1] = DecisionTree.choose(
                        ranking + b &* choices, choices, allowed + (row &+ 1) &* choices)
                    chosen[row &+ 2] = DecisionTree.choose(
                        ranking + c &* choices, choices, allowed + (row &+ 2) &* choices)
                    chosen[row &+ 3] = DecisionTree.choose(
                        ranking + d &* choices, choices, allowed + (row &+ 3) &* choices)
                    row &+= 4
                }
                while row < count {
                    let leaf = DecisionTree.walk(steps, observations + row &* width)
                    chosen[row] = DecisionTree.choose(ranking + leaf &* choices, choices, allowed + row &* choices)
                    row &+= 1
                }
            }
        }
    }
}

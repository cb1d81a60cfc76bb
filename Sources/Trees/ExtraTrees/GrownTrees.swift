// An ensemble together with what refitting its leaves needs.

/// An ensemble with the leaves that its samples are in.
public struct GrownTrees: Sendable {
    public var ensemble: ExtraTrees
    /// trees × samples: the number, in its tree, of the leaf that a sample helped to make.
    public var leafOfSample: [Int32]

    /// Keeps every tree's splits and makes the leaves' values the means of other targets of the same samples.
    public mutating func refit(_ targets: [Double]) {
        let count = targets.count
        precondition(leafOfSample.count == count * ensemble.trees, "a target for every sample")
        let most = (0..<ensemble.trees).map { ensemble.leafStarts[$0 + 1] - ensemble.leafStarts[$0] }.max() ?? 0
        withUnsafeTemporaryAllocation(of: SIMD2<Double>.self, capacity: max(1, most)) { sums in
            let sums = sums.baseAddress!
            for tree in 0..<ensemble.trees {
                let start = ensemble.leafStarts[tree]
                let leaves = ensemble.leafStarts[tree + 1] - start
                sums.initialize(repeating: .zero, count: leaves)
                leafOfSample.withUnsafeBufferPointer { leafOfSample in
                    targets.withUnsafeBufferPointer { targets in
                        let own = leafOfSample.baseAddress! + tree * count
                        for sample in 0..<count { sums[Int(own[sample])] += SIMD2(targets[sample], 1) }
                    }
                }
                ensemble.values.withUnsafeMutableBufferPointer { values in
                    for leaf in 0..<leaves { values[start + leaf] = Float(sums[leaf].x / sums[leaf].y) }
                }
            }
        }
    }
}
